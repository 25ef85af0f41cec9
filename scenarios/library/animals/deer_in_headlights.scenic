"""Deer freezes in the headlights

By night a deer steps from the verge into the ego's lane and freezes there.

Rare: an animal that stops in the lane in place of crossing it, seen by the light of the low beam alone.
Tags: animal, deer, rural, night, low ambient light, crossing, dry
Source: NHTSA pre-crash scenario 8, animal crash (DOT HS 810 767); deer strikes peak after dusk (IIHS).
Expect: the deer stands in the ego's path within 45 m, lit by the headlights.
Event: in_path(animal.deer, within=45, slower=0.5) and weather(sun_altitude_angle, most=-5)
"""

import assets.maps
from scenarios.weather import by_night

param map = str(assets.maps.path("outback_road"))
param weather = by_night()
model scenarios.model

# The event
param ego_speed = Range(50, 75) / 3.6                         # m/s
param side = Uniform(-1, 1)                           # where it starts: 1 right of the ego, -1 left
param walk = Range(3, 5)                              # m/s

# The road: the ego, then the event, then room to drive on
REACH = 300
lane = Uniform(*two_way_lanes(network, REACH))
start = place_on(lane, Range(0, 1), REACH)
gap = Range(55, 65)
speed = globalParameters.ego_speed

ego = new EgoCar at on_lane(lane, start), with behavior DriveLane(speed, reaction_time=Range(0.6, 1.5), lights=LOW_BEAM)

side = globalParameters.side
deer = new Deer at off_centre(lane, start + gap, side * 5.5), facing heading_of(lane, start + gap) + side * 90 deg,
    with behavior CrossAndFreeze(ego, heading_of(lane, start + gap) + side * 90 deg, globalParameters.walk, Range(4.6, 5.8),
        distance=Range(46, 54))

terminate when elapsed() >= 5
