"""Worker steps out between cones

A row of cones closes the edge of the lane; a worker steps out between them, looking the other way.

Rare: people at work stand where nobody else does, in clothes that look like the cones.
Tags: works, road worker, pedestrian, cones, rural, daytime, dry
Source: NHTSA pre-crash scenario 10 in a work zone (DOT HS 810 767).
Expect: the worker is in the ego's path within 45 m, cones beside.
Event: in_path(construction_worker, within=45, across=0.3) and near(traffic_cone, within=60, count=3)
"""

import assets.maps

param map = str(assets.maps.path("outback_road"))
model scenarios.model

# The event
param ego_speed = Range(35, 55) / 3.6                         # m/s
param walk = Range(1.0, 1.8)                          # m/s

# The road: the ego, then the event, then room to drive on
REACH = 300
lane = Uniform(*two_way_lanes(network, REACH))
start = place_on(lane, Range(0, 1), REACH)
gap = Range(42, 52)
speed = globalParameters.ego_speed

ego = new EgoCar at on_lane(lane, start), with behavior DriveLane(speed, reaction_time=Range(0.6, 1.5))

for rank in range(6):
    new WorkCone at off_centre(lane, start + gap - 14 + 5 * rank, 1.6 + 0.02 * rank), facing 0 deg
worker = new Worker at off_centre(lane, start + gap, 2.6), facing heading_of(lane, start + gap),
    with behavior CrossRoad(ego, heading_of(lane, start + gap) + 90 deg, globalParameters.walk, time=Range(2.6, 3.2))

terminate when elapsed() >= 4.5
