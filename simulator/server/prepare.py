"""Makes all models of the blueprint library before they are needed, and compiles the physics: ``longtail prepare``.

A model that no process has made yet on this machine is made when it is first spawned, which takes up to ten seconds for
a car; so does compiling the physics for the first vehicle's first step. A client whose time-out is shorter gives up.
What is made lies in the user's cache folder from then on.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

from simulator.server.blueprints import DRIVERS, Library


def model(type_id: str, values: dict[str, str]) -> str:
    """Makes one blueprint's model, or finds it made; returns the blueprint's id."""
    blueprint = Library().by_id[type_id]
    blueprint.model(blueprint.complete(values))
    return type_id


def compile_physics() -> None:
    """Compiles the inner loops of vehicle physics, or finds them compiled."""
    from simulator.world import dynamics, motion, touching  # noqa: F401


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


def prepare() -> Iterator[str]:
    """Makes all of them on every core; gives each blueprint's id when its model is there."""
    todo = wanted()
    # fresh processes: forking one that runs threads (OpenMP's, Embree's) may hang
    with ProcessPoolExecutor(os.cpu_count(), mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(model, *zip(*todo, strict=True))
