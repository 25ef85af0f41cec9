"""Pedestrian crosses behind a stopped oncoming bus

A bus has stopped in the oncoming lane. Somebody who got off crosses behind it, into the ego's lane.

Rare: the bus hides the whole person, who looks at the other lane.
Tags: pedestrian, adult, occlusion, bus, crossing, rural, daytime, dry
Source: NHTSA pre-crash scenario 10, pedestrian crash without prior vehicle manoeuvre (DOT HS 810 767).
Expect: the pedestrian is hidden by the bus for at least half a second, and then in the ego's path within 45 m.
Event: emerges(adult, hidden=0.5, within=60) and in_path(adult, within=45, across=0.5)
"""

import assets.maps

param map = str(assets.maps.path("outback_road"))
model scenarios.model

# The event
param ego_speed = Range(40, 60) / 3.6                         # m/s
param walk = Range(1.6, 2.6)                          # m/s

# The road: the ego, then the event, then room to drive on
REACH = 300
lane = Uniform(*two_way_lanes(network, REACH))
start = place_on(lane, Range(0, 1), REACH)
gap = Range(44, 54)
speed = globalParameters.ego_speed

ego = new EgoCar at on_lane(lane, start), with behavior DriveLane(speed, reaction_time=Range(0.6, 1.5))

bus = new StoppedBus at off_centre(lane, start + gap - 6.5, -4.6), facing heading_of(lane, start + gap - 6.5) + 180 deg,
    with behavior Stand(HAZARD_LIGHTS)
pedestrian = new Person at off_centre(lane, start + gap, -4.8), facing heading_of(lane, start + gap) - 90 deg,
    with behavior CrossRoad(ego, heading_of(lane, start + gap) - 90 deg, globalParameters.walk, time=Range(2.2, 2.8))

terminate when elapsed() >= 4.5
