"""Dog runs from behind a parked car

A dog runs into the road from behind a car that is parked at the roadside.

Rare: a small, low and fast animal that is hidden until it is in the way.
Tags: animal, dog, occlusion, rural, daytime, darting out, parked vehicle
Source: NHTSA pre-crash scenario 8, animal crash (DOT HS 810 767).
Expect: the dog comes out from behind the car and runs through the ego's path within 40 m.
Event: in_path(animal.dog, within=45, across=1)
"""

import assets.maps

param map = str(assets.maps.path("outback_road"))
model scenarios.model

# The event
param ego_speed = Range(50, 80) / 3.6                         # m/s
param run = Range(3, 5)                               # m/s

# The road: the ego, then the event, then room to drive on
REACH = 300
lane = Uniform(*two_way_lanes(network, REACH))
start = place_on(lane, Range(0, 1), REACH)
gap = Range(55, 65)
speed = globalParameters.ego_speed

ego = new EgoCar at on_lane(lane, start), with behavior DriveLane(speed, reaction_time=Range(0.6, 1.5))

parked = new Parked at off_centre(lane, start + gap - 4, 5.4), facing heading_of(lane, start + gap - 4), with behavior Stand()
dog = new Dog at off_centre(lane, start + gap, 5.4), facing heading_of(lane, start + gap) + 90 deg,
    with behavior CrossRoad(ego, heading_of(lane, start + gap) + 90 deg, globalParameters.run, time=Range(2.0, 2.6))

terminate when elapsed() >= 4.5
