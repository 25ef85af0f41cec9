"""Pedestrian crosses against a low sun

The ego drives into a sun just above the horizon; somebody crosses in front of it.

Rare: glare and silhouettes: the person is dark before the brightest part of the picture.
Tags: pedestrian, adult, low sun, glare, crossing, rural, daytime, dry
Source: NHTSA pre-crash scenario 10 (DOT HS 810 767); sun glare is the commonest environmental factor after wet roads
    (NMVCCS).
Expect: the sun is within 15 degrees of the ego's heading and the person is in the ego's path within 45 m.
Event: in_path(adult, within=45, across=0.5) and into_sun(within=25)
"""

import assets.maps

param map = str(assets.maps.path("outback_road"))
model scenarios.model

# The event
param ego_speed = Range(40, 60) / 3.6                         # m/s
param side = Uniform(-1, 1)                           # where it starts: 1 right of the ego, -1 left
param walk = Range(1.3, 2.0)                          # m/s

# The road: the ego, then the event, then room to drive on
REACH = 300
lane = Uniform(*two_way_lanes(network, REACH))
start = place_on(lane, Range(0, 1), REACH)
gap = Range(42, 55)
speed = globalParameters.ego_speed

ego = new EgoCar at on_lane(lane, start), with behavior DriveLane(speed, reaction_time=Range(0.6, 1.5))

param weather = facing_sun(heading_of(lane, start + gap / 2), Range(-8, 8), Range(2, 8))
side = globalParameters.side
pedestrian = new Person at off_centre(lane, start + gap, side * 4), facing heading_of(lane, start + gap) + side * 90 deg,
    with behavior CrossRoad(ego, heading_of(lane, start + gap) + side * 90 deg, globalParameters.walk, time=Range(2.4, 3.2))

terminate when elapsed() >= 4.5
