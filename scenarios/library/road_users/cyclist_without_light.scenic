"""Cyclist without light at night

A bicycle without any lamp rides ahead of the ego in its lane on an unlit road.

Rare: cyclists in datasets ride by day, in towns; nothing but the low beam shows this one.
Tags: cyclist, bicycle, night, low ambient light, rural, same direction
Source: NHTSA pre-crash scenario 12, pedalcyclist crash without prior vehicle manoeuvre (DOT HS 810 767).
Expect: the cyclist rides in the ego's path within 45 m.
Event: in_path(bicycle, within=45, along=1) and weather(sun_altitude_angle, most=-5)
"""

import assets.maps
from scenarios.weather import by_night

param map = str(assets.maps.path("outback_road"))
param weather = by_night()
model scenarios.model

# The event
param ego_speed = Range(50, 70) / 3.6                         # m/s
param ride = Range(3.5, 6)                            # m/s

# The road: the ego, then the event, then room to drive on
REACH = 300
lane = Uniform(*two_way_lanes(network, REACH))
start = place_on(lane, Range(0, 1), REACH)
gap = Range(45, 60)
speed = globalParameters.ego_speed

ego = new EgoCar at on_lane(lane, start), with behavior DriveLane(speed, reaction_time=Range(0.6, 1.5), lights=LOW_BEAM)

cyclist = new Cyclist at off_centre(lane, start + gap, Range(-0.2, 0.8)), facing heading_of(lane, start + gap),
    with behavior DriveLane(globalParameters.ride)

terminate when elapsed() >= 5
