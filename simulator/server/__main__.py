"""``python -m simulator.server --port P --map NAME``: runs the embedded server."""

import typer

from simulator.serve import serve

if __name__ == "__main__":
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(serve)
    app()
