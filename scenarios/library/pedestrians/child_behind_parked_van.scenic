"""Child runs out from behind a parked van

A van is parked at the roadside. The child behind it cannot be seen from the ego, and then runs across.

Rare: the pedestrian is hidden until about two seconds before the ego arrives.
Tags: pedestrian, child, occlusion, darting out, parked vehicle, rural, daytime, dry
Source: NHTSA pre-crash scenario 9/10, pedestrian crash (DOT HS 810 767); Euro NCAP CPNCO-50 (running child from
    obstruction).
Expect: the child is hidden for at least half a second, appears from behind the van, and is in the ego's path within
    45 m.
Event: emerges(child, hidden=0.5, within=60) and in_path(child, within=45, across=0.5)
"""

import assets.maps

param map = str(assets.maps.path("outback_road"))
model scenarios.model

# The event
param ego_speed = Range(40, 60) / 3.6                         # m/s
param run = Range(2, 3)                            # m/s

# The road: the ego, then the event, then room to drive on
REACH = 300
lane = Uniform(*two_way_lanes(network, REACH))
start = place_on(lane, Range(0, 1), REACH)
gap = Range(46, 56)
speed = globalParameters.ego_speed

ego = new EgoCar at on_lane(lane, start), with behavior DriveLane(speed, reaction_time=Range(0.6, 1.5))

van = new ParkedVan at off_centre(lane, start + gap - 4.5, 5.4), facing heading_of(lane, start + gap - 4.5),
    with behavior Stand()
pedestrian = new Child at off_centre(lane, start + gap, 6.3), facing heading_of(lane, start + gap) + 90 deg,
    with behavior CrossRoad(ego, heading_of(lane, start + gap) + 90 deg, globalParameters.run, time=Range(2.3, 2.8))

terminate when elapsed() >= 4.5
