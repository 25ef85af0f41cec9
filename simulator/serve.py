"""``longtail serve`` and ``python -m simulator.server``: the embedded server in the foreground.

What the server needs is imported when it starts, so that a command line that only lists its commands answers at once.
"""

from __future__ import annotations

import gc
import logging
import resource
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import typer

OPEN_FILES = 16384
"""Sockets for thousands of clients; systems allow as little as 256 unless they are asked."""
WRONG_USE = 2
"""Exit code for what the caller can put right: a taken port, an unknown map."""


def serve(
    host: Annotated[
        str, typer.Option(metavar="ADDR", help="Address to listen on; 0.0.0.0 lets the whole network in.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65534, help="RPC port; streams use the next one. 0 picks a free pair.")
    ] = 2000,
    map_name: Annotated[
        str | None,
        typer.Option(
            "--map",
            metavar="NAME|FILE",
            help="Map to start with: a name, or an OpenDRIVE file (*.xodr).",
            show_default="the first built-in one",
        ),
    ] = None,
    maps: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Every *.xodr file in it is a map, too, by its name.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Without Longtail's extensions, as an Unreal CARLA.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of all random draws.")] = 0,
    owned: Annotated[
        bool, typer.Option("--owned", hidden=True, help="Stop when standard input ends, as when its owner dies.")
    ] = False,
) -> None:
    """Serve CARLA 0.9.16: any client, its Traffic Manager and Scenic connect to it.

    Prints "listening on HOST:PORT" once it is ready, and serves until it is
    interrupted or terminated.

    Example: longtail serve --map outback_road
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = OPEN_FILES if most == resource.RLIM_INFINITY else min(OPEN_FILES, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, most))
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    from simulator.server.atlas import open_atlas
    from simulator.server.server import PortInUse, Server

    try:
        atlas, name = open_atlas(map_name, maps)
        server = Server(atlas, name, port, host, strict, seed)
    except PortInUse as error:
        _refuse(f"{error}; choose another --port")
    except (ValueError, OSError) as error:
        _refuse(f"--map {map_name}: {error}" if map_name else str(error))
    gc.collect()
    gc.freeze()  # the map's millions of objects stay: looking through them again would hold up ticks
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: server.stop())
    if owned:
        try:
            server.stop_with(sys.stdin)
        except PermissionError:
            _refuse("--owned needs a pipe as standard input")
    print(f"listening on {server.host}:{server.port}", flush=True)
    server.run()


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    """Told to stop before there is anything to close."""
    raise SystemExit(0)


def _refuse(message: str) -> NoReturn:
    print(f"error: {message}", file=sys.stderr)
    raise typer.Exit(WRONG_USE)
