"""``python -m simulator.server --port P --map NAME``: runs the embedded server."""

from __future__ import annotations

import argparse
import logging
import signal
import sys

from assets import maps
from simulator.server.server import PortInUse, Server


def main() -> int:
    """Parse the command line and serve until SIGTERM or SIGINT; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m simulator.server", description=__doc__)
    parser.add_argument("--port", type=int, default=2000, help="RPC port, streams use the next; 0 picks a free pair")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    parser.add_argument("--map", default=maps.names()[0], choices=maps.names(), help="map to start with")
    parser.add_argument("--seed", type=int, default=0, help="of all random draws")
    parser.add_argument("--strict", action="store_true", help="no Longtail extensions: as an Unreal CARLA")
    parser.add_argument("--owned", action="store_true", help="stop when standard input ends, as when its owner dies")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    try:
        server = Server(arguments.map, arguments.port, arguments.host, arguments.strict, arguments.seed)
    except PortInUse as error:
        print(f"{error}; choose another --port", file=sys.stderr)
        return 2
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: server.stop())
    if arguments.owned:
        try:
            server.stop_with(sys.stdin)
        except PermissionError:
            parser.error("--owned needs a pipe as standard input")
    print(f"listening on {server.host}:{server.port}", flush=True)
    server.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
