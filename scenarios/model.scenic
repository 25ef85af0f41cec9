"""World model of Longtail's scenarios: Scenic's CARLA model, animals, and drivers for country-road speeds.

Set the ``map`` parameter before the ``model`` statement, e.g. ``param map = str(assets.maps.path("outback_road"))``.

Blueprints of animals (``walker.animal.*``) exist on Longtail's embedded server. On an Unreal CARLA server such a scenario
runs only where an asset of that name has been imported; otherwise Scenic stops with the name of the missing blueprint.
"""

from scenarios.driving import Attention, Driver, Steering
from scenarios.roads import beside_road, heading_of, on_lane, on_other_side, place_on, route_from, two_way_lanes
from scenarios.weather import dry_weather

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

class Animal(Pedestrian):
    """An animal. To CARLA it is a walker; unlike people it may stand anywhere."""
    regionContainedIn: everywhere

class Kangaroo(Animal):
    """A grown kangaroo, tail included."""
    blueprint: "walker.animal.kangaroo"
    defaultWidth: 0.5
    defaultLength: 1.6
    defaultHeight: 1.5


## What they do

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

behavior DriveLane(speed, attentive=True, reaction_time=0.9):
    """Follows its lane at ``speed`` [m/s] from a rolling start, with CARLA controls. An attentive driver brakes for what is
    in the way or about to be, ``reaction_time`` [s] after it could be seen; the other kind brakes for nobody."""
    driver = Driver(route_from(self.lane, self.position, 1000), speed, Steering.from_actor(self.carlaActor),
                    simulation().timestep, Attention(reaction_time) if attentive else None)
    take SetSpeedAction(speed)
    while True:
        others = [other for other in simulation().objects if other is not self]
        pedals = driver.pedals((self.position.x, self.position.y), self.heading, self.speed, others)
        take SetThrottleAction(pedals.throttle), SetBrakeAction(pedals.brake), SetSteerAction(pedals.steer)

behavior DriveWithTraffic(speed):
    """Drives with CARLA's Traffic Manager at ``speed`` [m/s] from a rolling start."""
    take SetSpeedAction(speed), SetAutopilotAction(True, speed=speed)


## Time

def elapsed():
    """Seconds since the scene began; for ``terminate when`` and ``require`` statements."""
    return simulation().currentTime * simulation().timestep
