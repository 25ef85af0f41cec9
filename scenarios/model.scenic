"""World model of Longtail's scenarios: Scenic's CARLA model, animals, and drivers for country-road speeds.

Set the ``map`` parameter before the ``model`` statement, e.g. ``param map = str(assets.maps.path("outback_road"))``.

Blueprints of animals (``walker.animal.*``) exist on Longtail's embedded server. On an Unreal CARLA server such a scenario
runs only where an asset of that name has been imported; otherwise Scenic stops with the name of the missing blueprint.
"""

import carla

from scenarios.actions import ActAction
from scenarios.driving import Attention, Driver, Steering
from scenarios.roads import (beside_road, heading_of, off_centre, on_lane, on_other_side, place_on, route_against,
                             route_from, two_way_lanes)
from scenarios.weather import at_dusk, by_day, by_night, dry_weather, facing_sun, in_fog, in_rain, sky

# Before the import below: a parameter's first definition holds. A script's own values, set before `model`, come first too.
param render = 0
param timestep = 0.05
param snapToGroundDefault = True
param weather = dry_weather(Range(0, 70), Range(0, 360), Range(18, 75), Range(0, 40))

from scenic.simulators.carla.model import *


## Who is there

class EgoCar(Car):
    """The car that carries the rig."""
    blueprint: "vehicle.tesla.model3"
    rolename: "hero"

class OtherCar(Car):
    """Other traffic: passenger cars whose true dimensions Scenic knows."""
    blueprint: Uniform("vehicle.audi.tt", "vehicle.audi.a2", "vehicle.nissan.patrol_2021", "vehicle.toyota.prius",
                       "vehicle.lincoln.mkz_2020", "vehicle.seat.leon", "vehicle.citroen.c3")

class Parked(OtherCar):
    """A car that stands, on the road or beside it."""
    regionContainedIn: everywhere

class ParkedVan(Parked):
    """A van high enough to hide a grown person."""
    blueprint: Uniform("vehicle.mercedes.sprinter", "vehicle.volkswagen.t2")
    defaultLength: 6.0

class StoppedBus(Parked):
    """A bus at a stop."""
    blueprint: "vehicle.mitsubishi.fusorosa"
    defaultLength: 10.3
    defaultWidth: 3.9
    defaultHeight: 4.3

class Cyclist(Bicycle):
    """A bicycle with its rider."""
    blueprint: Uniform("vehicle.bh.crossbike", "vehicle.diamondback.century", "vehicle.gazelle.omafiets")

class Person(Pedestrian):
    """An adult. As all people here, may stand anywhere, on the carriageway too."""
    blueprint: Uniform(*(f"walker.person.{number:04d}" for number in range(1, 13)))
    regionContainedIn: everywhere
    defaultHeight: 1.75

class Child(Person):
    """A child of primary school age."""
    blueprint: Uniform(*(f"walker.pedestrian.{number:04d}" for number in (9, 10, 11, 12, 13, 14, 48, 49)))
    defaultHeight: 1.2

class Elder(Person):
    """An old person; comfortable at 0.9 m/s."""
    blueprint: Uniform(*(f"walker.elderly.{number:04d}" for number in range(1, 5)))

class Worker(Person):
    """A road worker in high-visibility clothing."""
    blueprint: Uniform(*(f"walker.worker.{number:04d}" for number in range(1, 5)))

class Animal(Pedestrian):
    """An animal. To CARLA it is a walker; unlike people it may stand anywhere."""
    regionContainedIn: everywhere

class Kangaroo(Animal):
    """A grown kangaroo, tail included."""
    blueprint: "walker.animal.kangaroo"
    defaultWidth: 0.5
    defaultLength: 1.6
    defaultHeight: 1.5

class Cow(Animal):
    """A grown cow."""
    blueprint: "walker.animal.cow"
    defaultWidth: 0.8
    defaultLength: 2.4
    defaultHeight: 1.5

class Deer(Animal):
    """A grown deer."""
    blueprint: "walker.animal.deer"
    defaultWidth: 0.5
    defaultLength: 1.8
    defaultHeight: 1.5

class Dog(Animal):
    """A dog of middle size."""
    blueprint: "walker.animal.dog"
    defaultWidth: 0.3
    defaultLength: 0.9
    defaultHeight: 0.6

class Thing(Prop):
    """Something that lies in the way, by its blueprint; Longtail's ``static.prop.debris_*`` or CARLA's own."""
    regionContainedIn: everywhere
    defaultWidth: 1.0
    defaultLength: 1.0

class WorkCone(Thing):
    """A traffic cone."""
    blueprint: "static.prop.trafficcone01"
    defaultWidth: 0.5
    defaultLength: 0.5


## What they do

LIGHTS_OFF = carla.VehicleLightState.NONE
LOW_BEAM = carla.VehicleLightState(carla.VehicleLightState.Position | carla.VehicleLightState.LowBeam)
HAZARD_LIGHTS = carla.VehicleLightState(carla.VehicleLightState.LeftBlinker | carla.VehicleLightState.RightBlinker
                                        | carla.VehicleLightState.Position)
EMERGENCY_LIGHTS = carla.VehicleLightState(carla.VehicleLightState.Special1 | carla.VehicleLightState.Position
                                           | carla.VehicleLightState.LowBeam)

behavior Hop(heading, speed):
    """Hops (or walks, as its body has it) on in the direction ``heading`` [rad] at ``speed`` [m/s]."""
    while True:
        take SetWalkingDirectionAction(heading), SetWalkingSpeedAction(speed)

behavior CrossRoad(threat, heading, speed, distance=0, time=0):
    """Grazes until ``threat`` is nearer than ``distance`` [m] or would arrive in less than ``time`` [s]; then bolts in
    the direction ``heading`` [rad] at ``speed`` [m/s], over the road and away."""
    while (distance from self to threat) > max(distance, time * threat.speed):
        wait
    do Hop(heading, speed)

behavior Act(name):
    """Stands and does ``name``: ``sit`` (on the ground), ``crouch``, ``wave``, or ``halt`` (palm ahead, as police)."""
    take ActAction(name)
    while True:
        wait

behavior CrossAndFreeze(threat, heading, speed, metres, distance=0, time=0):
    """As `CrossRoad`, but stands still after ``metres``, as a deer in headlights does."""
    begun = self.position
    do CrossRoad(threat, heading, speed, distance, time) until (distance from self to begun) >= metres
    while True:
        take SetWalkingSpeedAction(0)

behavior DriveRoute(route, speed, attentive=True, reaction_time=0.9):
    """Follows a line (see ``scenarios.roads``) at ``speed`` [m/s] with CARLA controls. An attentive driver brakes for what
    is in the way or about to be, ``reaction_time`` [s] after it could be seen; the other kind brakes for nobody."""
    driver = Driver(route, speed, Steering.from_actor(self.carlaActor), simulation().timestep,
                    Attention(reaction_time) if attentive else None)
    while True:
        others = [other for other in simulation().objects if other is not self]
        pedals = driver.pedals((self.position.x, self.position.y), self.heading, self.speed, others)
        take SetThrottleAction(pedals.throttle), SetBrakeAction(pedals.brake), SetSteerAction(pedals.steer)

behavior DriveLane(speed, attentive=True, reaction_time=0.9, lights=LIGHTS_OFF):
    """Follows its lane at ``speed`` [m/s] from a rolling start; see `DriveRoute`."""
    take SetSpeedAction(speed), SetVehicleLightStateAction(lights)
    do DriveRoute(route_from(self.lane, self.position, 1000), speed, attentive, reaction_time)

behavior DriveWrongWay(lane, speed, lights=LIGHTS_OFF):
    """Drives against the direction of ``lane`` at ``speed`` [m/s] from a rolling start, and brakes for nobody."""
    take SetSpeedAction(speed), SetVehicleLightStateAction(lights)
    do DriveRoute(route_against(lane, self.position), speed, False)

behavior OvertakeTowards(lane, speed, threat, time):
    """Overtakes in ``lane``, against its direction, and goes back to its own side when ``threat`` would be met in less
    than ``time`` [s]."""
    do DriveWrongWay(lane, speed) until (distance from self to threat) < time * (self.speed + threat.speed)
    own = min(lane.group._opposite.lanes, key=lambda other: distance from self to other)
    do DriveRoute(route_from(own, self.position, 1000), speed, False)

behavior BrakeHard(speed, after, pedal=1.0):
    """Drives in its lane at ``speed`` [m/s] for ``after`` [s], then brakes to a stop and stands."""
    do DriveLane(speed, False) until elapsed() >= after
    while True:
        take SetThrottleAction(0), SetBrakeAction(pedal)

behavior Stand(lights=LIGHTS_OFF):
    """A vehicle that stands with its hand brake on."""
    take SetHandBrakeAction(True), SetVehicleLightStateAction(lights)
    while True:
        wait

behavior DriveWithTraffic(speed):
    """Drives with CARLA's Traffic Manager at ``speed`` [m/s] from a rolling start."""
    take SetSpeedAction(speed), SetAutopilotAction(True, speed=speed)


## Time

def elapsed():
    """Seconds since the scene began; for ``terminate when`` and ``require`` statements."""
    return simulation().currentTime * simulation().timestep
