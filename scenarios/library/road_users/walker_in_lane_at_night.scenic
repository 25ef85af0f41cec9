"""Somebody walks in the lane at night

A person in everyday clothes walks along the ego's lane, with the back to the traffic.

Rare: no crossing, no sidewalk, no reflectors: the person is seen at the end of the low beam.
Tags: pedestrian, adult, walking along road, night, low ambient light, rural
Source: NHTSA pre-crash: pedestrian walking along or with traffic (DOT HS 810 767; FARS: a third of rural pedestrian
    deaths).
Expect: the person walks in the ego's path within 45 m, lit by the headlights.
Event: in_path(adult, within=45, along=0.5) and weather(sun_altitude_angle, most=-5)
"""

import assets.maps
from scenarios.weather import by_night

param map = str(assets.maps.path("outback_road"))
param weather = by_night()
model scenarios.model

# The event
param ego_speed = Range(45, 70) / 3.6                         # m/s
param walk = Range(1.0, 1.7)                          # m/s

# The road: the ego, then the event, then room to drive on
REACH = 300
lane = Uniform(*two_way_lanes(network, REACH))
start = place_on(lane, Range(0, 1), REACH)
gap = Range(50, 65)
speed = globalParameters.ego_speed

ego = new EgoCar at on_lane(lane, start), with behavior DriveLane(speed, reaction_time=Range(0.6, 1.5), lights=LOW_BEAM)

walker = new Person at off_centre(lane, start + gap, Range(-0.3, 1.2)), facing heading_of(lane, start + gap),
    with behavior Hop(heading_of(lane, start + gap), globalParameters.walk)

terminate when elapsed() >= 5
