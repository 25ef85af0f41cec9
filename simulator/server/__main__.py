"""``python -m simulator.server --port P --map NAME``: runs the embedded server."""

import typer

from simulator.serve import serve

if __name__ == "__main__":
    typer.run(serve)
