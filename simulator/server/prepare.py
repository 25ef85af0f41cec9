"""Makes all models of the blueprint library before they are needed: ``python -m simulator.server.prepare``.

A model that no process has made yet on this machine is made when it is first spawned, which takes up to ten seconds for
a car; a client whose time-out is shorter gives up. What is made lies in the user's cache folder from then on.
"""

from __future__ import annotations

import os
import sys
from concurrent.futures import ProcessPoolExecutor

from simulator.server.blueprints import DRIVERS, Library


def model(type_id: str, values: dict[str, str]) -> str:
    """Makes one blueprint's model, or finds it made; returns the blueprint's id."""
    blueprint = Library().by_id[type_id]
    blueprint.model(blueprint.complete(values))
    return type_id


def wanted() -> list[tuple[str, dict[str, str]]]:
    """Blueprint ids and attributes of every model: each rider of a two-wheeler, and wheelchairs where they are used."""
    made: list[tuple[str, dict[str, str]]] = []
    for type_id, blueprint in Library().by_id.items():
        if blueprint.model_name is None:
            continue
        choices = {attribute.name: attribute.recommended for attribute in blueprint.attributes}
        made.append((type_id, {}))
        made += [(type_id, {"driver_id": driver}) for driver in DRIVERS[1:] if "driver_id" in choices]
        made += [(type_id, {"use_wheelchair": "true"})] if "true" in choices.get("use_wheelchair", ()) else []
    return made


def main() -> None:
    """All of them, on every core."""
    todo = wanted()
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for number, type_id in enumerate(pool.map(model, *zip(*todo, strict=True)), 1):
            sys.stderr.write(f"\r{number}/{len(todo)} {type_id:50}")
    sys.stderr.write("\n")


if __name__ == "__main__":
    main()
