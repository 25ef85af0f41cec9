"""Fallen tree across the road

After a storm a tree lies across the lane, its crown on the road.

Rare: a large, porous obstacle of no known class in the rain.
Tags: debris, tree, obstacle, rural, rain, wet road
Source: NHTSA pre-crash scenario 29/30, object crash (DOT HS 810 767).
Expect: the tree lies in the ego's path within 50 m.
Event: in_path(debris, within=50)
"""

import assets.maps
from scenarios.weather import in_rain

param map = str(assets.maps.path("outback_road"))
param weather = in_rain()
model scenarios.model

# The event
param ego_speed = Range(40, 65) / 3.6                         # m/s

# The road: the ego, then the event, then room to drive on
REACH = 300
lane = Uniform(*two_way_lanes(network, REACH))
start = place_on(lane, Range(0, 1), REACH)
gap = Range(50, 65)
speed = globalParameters.ego_speed

ego = new EgoCar at on_lane(lane, start), with behavior DriveLane(speed, reaction_time=Range(0.6, 1.5), lights=LOW_BEAM)

tree = new Thing at off_centre(lane, start + gap, Range(0, 3)), facing heading_of(lane, start + gap) + Range(60, 120) deg,
    with blueprint "static.prop.debris_tree", with requireVisible False

terminate when elapsed() >= 4.5
