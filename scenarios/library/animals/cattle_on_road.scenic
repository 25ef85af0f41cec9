"""Cattle walk across a country road

A small herd of cows crosses at a walk, strung out over both lanes.

Rare: large animals in a group that hide one another, slower than any pedestrian, and do not react to the car.
Tags: animal, cow, herd, rural, daytime, crossing, dry, two-way road
Source: NHTSA pre-crash scenario 8, animal crash without prior vehicle manoeuvre (Najm et al. 2007, DOT HS 810 767);
    unfenced grazing land.
Expect: two or more cows in sight at once; one stands or walks in the ego's path within 60 m.
Event: in_path(animal.cow, within=60) and near(animal.cow, within=70, count=2)
"""

import assets.maps

param map = str(assets.maps.path("outback_road"))
model scenarios.model

# The event
param ego_speed = Range(50, 80) / 3.6                         # m/s
param side = Uniform(-1, 1)                           # where it starts: 1 right of the ego, -1 left
param walk = Range(0.7, 1.4)                          # m/s

# The road: the ego, then the event, then room to drive on
REACH = 300
lane = Uniform(*two_way_lanes(network, REACH))
start = place_on(lane, Range(0, 1), REACH)
gap = Range(50, 65)
speed = globalParameters.ego_speed

ego = new EgoCar at on_lane(lane, start), with behavior DriveLane(speed, reaction_time=Range(0.6, 1.5))

side = globalParameters.side
for rank in range(4):
    new Cow at off_centre(lane, start + gap + rank * Range(2.5, 4), side * (Range(-1, 1) + 2.2 * (rank - 1))),
        facing heading_of(lane, start + gap) + side * 90 deg,
        with behavior Hop(heading_of(lane, start + gap) + side * 90 deg + Range(-10, 10) deg, globalParameters.walk)

terminate when elapsed() >= 4.5
