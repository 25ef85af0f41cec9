"""A mob of kangaroos crosses at dusk

Three kangaroos cross one after another; the driver who lets the first pass meets the next.

Rare: several hopping animals at once, at the hour at which most of them are hit.
Tags: animal, kangaroo, herd, rural, dusk, low sun, crossing
Source: Australian insurers: most kangaroo collisions are between 5 and 10 p.m.; NHTSA pre-crash scenario 8 (DOT HS
    810 767).
Expect: two or more kangaroos in sight at once; one in the ego's path within 50 m.
Event: in_path(animal.kangaroo, within=50, across=1) and near(animal.kangaroo, within=70, count=2)
"""

import assets.maps
from scenarios.weather import at_dusk

param map = str(assets.maps.path("outback_road"))
param weather = at_dusk()
model scenarios.model

# The event
param ego_speed = Range(50, 80) / 3.6                         # m/s
param side = Uniform(-1, 1)                           # where it starts: 1 right of the ego, -1 left
param hop_speed = Range(5, 8)                          # m/s

# The road: the ego, then the event, then room to drive on
REACH = 300
lane = Uniform(*two_way_lanes(network, REACH))
start = place_on(lane, Range(0, 1), REACH)
gap = Range(55, 65)
speed = globalParameters.ego_speed

ego = new EgoCar at on_lane(lane, start), with behavior DriveLane(speed, reaction_time=Range(0.6, 1.5), lights=LOW_BEAM)

side = globalParameters.side
for rank in range(3):
    new Kangaroo at off_centre(lane, start + gap + 3 * rank, side * (6 + 2.5 * rank)), facing Range(0, 360) deg,
        with behavior CrossRoad(ego, heading_of(lane, start + gap) + side * 90 deg + Range(-10, 10) deg,
            globalParameters.hop_speed, distance=Range(35, 45))

terminate when elapsed() >= 4.5
