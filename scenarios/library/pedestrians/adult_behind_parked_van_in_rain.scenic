"""Adult steps out from behind a parked van in rain

A van is parked at the roadside. The adult behind it cannot be seen from the ego, and then hurries across.

Rare: the pedestrian is hidden until about two seconds before the ego arrives. Rain lowers contrast.
Tags: pedestrian, adult, occlusion, darting out, parked vehicle, rural, rain, wet road
Source: NHTSA pre-crash scenario 9/10, pedestrian crash (DOT HS 810 767); Euro NCAP CPNCO-50 (running child from
    obstruction).
Expect: the adult is hidden for at least half a second, appears from behind the van, and is in the ego's path within
    45 m.
Event: emerges(adult, hidden=0.5, within=60) and in_path(adult, within=45, across=0.5)
"""

import assets.maps
from scenarios.weather import in_rain

param map = str(assets.maps.path("outback_road"))
param weather = in_rain()
model scenarios.model

# The event
param ego_speed = Range(40, 60) / 3.6                         # m/s
param run = Range(1.8, 2.6)                            # m/s

# The road: the ego, then the event, then room to drive on
REACH = 300
lane = Uniform(*two_way_lanes(network, REACH))
start = place_on(lane, Range(0, 1), REACH)
gap = Range(46, 56)
speed = globalParameters.ego_speed

ego = new EgoCar at on_lane(lane, start), with behavior DriveLane(speed, reaction_time=Range(0.6, 1.5), lights=LOW_BEAM)

van = new ParkedVan at off_centre(lane, start + gap - 4.5, 5.4), facing heading_of(lane, start + gap - 4.5),
    with behavior Stand()
pedestrian = new Person at off_centre(lane, start + gap, 6.3), facing heading_of(lane, start + gap) + 90 deg,
    with behavior CrossRoad(ego, heading_of(lane, start + gap) + 90 deg, globalParameters.run, time=Range(2.6, 3.2))

terminate when elapsed() >= 4.5
