"""Ten simulated minutes of town traffic: nobody runs a red light, leaves the road, or stands in a knot."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from simulator.process import ServerProcess

from .clients import MAPS, fresh_world, rested, traffic_manager
from .soak import STEP, Watch
from .walker_soak import start_walkers

TOWN = "Town10HD"
CARS, WALKERS, MINUTES, SEED = 50, 30, 10, 1
PATIENCE = 120.0
"""[s] that a car may stand without a red light before it."""

GROWTH = 1.05
"""The server's memory at the end over that after the first minute, at most."""

pytestmark = pytest.mark.skipif(not (MAPS / f"{TOWN}.xodr").exists(), reason="the town's OpenDRIVE file is not at hand")


def start_cars(world, manager, count, seed):
    """Cars under a Traffic Manager, at places and of models drawn by ``seed``."""
    draw = random.Random(seed)
    manager.set_global_distance_to_leading_vehicle(2.5)
    models = sorted(world.get_blueprint_library().filter("vehicle.*"), key=lambda model: model.id)
    models = [model for model in models if model.get_attribute("base_type") == "car"]
    places = world.get_map().get_spawn_points()
    draw.shuffle(places)
    cars = []
    for place in places:
        place.location.z += 0.2
        car = world.try_spawn_actor(draw.choice(models), place)
        cars += [] if car is None else [car]
        if len(cars) == count:
            break
    world.tick()
    for car in cars:
        car.set_autopilot(True, manager.get_port())
    return cars


def resident(pid):
    """Resident memory of a process [MiB]."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmRSS"))) / 1024


def watched(cars, walkers, seconds):
    """What went wrong in ``seconds`` of traffic, and the server's memory [MiB] after each whole minute."""
    with (
        ServerProcess(TOWN, seed=3, maps=MAPS) as server,
        fresh_world(server, TOWN) as (client, world),
        traffic_manager(client, world, SEED) as manager,
    ):
        rested(server)
        driven = start_cars(world, manager, cars, SEED)
        people = start_walkers(world, walkers)
        watch = Watch(world, driven)
        memory = []
        for tick in range(1, round(seconds / STEP) + 1):
            world.tick()
            watch.look()
            if tick % round(60 / STEP) == 0:
                memory.append(resident(server.pid))
        people.destroy()
    assert len(driven) == cars and len(people.people) == walkers
    return watch.findings, memory


def test_half_a_minute_of_traffic_and_walkers():
    found, _ = watched(20, 10, 30)
    assert found.crossings >= 3 and sum(found.metres.values()) > 1000
    assert not found.red_runs and not found.off_road and not found.lost


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_ten_minutes_of_traffic_and_walkers():
    found, memory = watched(CARS, WALKERS, 60 * MINUTES)
    assert found.crossings > 10 * MINUTES
    assert not found.red_runs and not found.off_road and not found.lost
    assert {car: stood for car, stood in found.standing.items() if stood[0] > PATIENCE} == {}
    assert memory[-1] < GROWTH * memory[0]
