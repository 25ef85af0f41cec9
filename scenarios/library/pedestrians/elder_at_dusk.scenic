"""Old person crosses slowly at dusk

An old person is already on the road when the ego comes, and needs long to leave it.

Rare: far slower than the pedestrians of datasets; dark clothes before a dim road.
Tags: pedestrian, elderly, crossing, dusk, low ambient light, rural
Source: NHTSA pre-crash scenario 10 (DOT HS 810 767); fatality rate per mile walked is highest above 75 years (FARS).
Expect: the old person walks in the ego's path within 50 m.
Event: in_path(adult, within=50, across=0.3)
"""

import assets.maps
from scenarios.weather import at_dusk

param map = str(assets.maps.path("outback_road"))
param weather = at_dusk()
model scenarios.model

# The event
param ego_speed = Range(40, 65) / 3.6                         # m/s
param side = Uniform(-1, 1)                           # where it starts: 1 right of the ego, -1 left
param walk = Range(0.6, 1.0)                          # m/s

# The road: the ego, then the event, then room to drive on
REACH = 300
lane = Uniform(*two_way_lanes(network, REACH))
start = place_on(lane, Range(0, 1), REACH)
gap = Range(50, 65)
speed = globalParameters.ego_speed

ego = new EgoCar at on_lane(lane, start), with behavior DriveLane(speed, reaction_time=Range(0.6, 1.5), lights=LOW_BEAM)

side = globalParameters.side
elder = new Elder at off_centre(lane, start + gap, side * Range(1.2, 2.4)), facing heading_of(lane, start + gap) + side * 90 deg,
    with behavior Hop(heading_of(lane, start + gap) + side * 90 deg, globalParameters.walk)

terminate when elapsed() >= 4.5
