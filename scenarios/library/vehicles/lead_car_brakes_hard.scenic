"""The car ahead brakes to a stop

The ego follows a car that brakes as hard as it can, for no visible reason.

Rare: decelerations above 6 m/s² are almost absent from recorded driving.
Tags: vehicle, car, following, emergency braking, rural, daytime, dry
Source: NHTSA pre-crash scenario 25, lead vehicle decelerating (DOT HS 810 767); Euro NCAP CCRb.
Expect: the lead car brakes with at least 4 m/s² in the ego's path within 50 m.
Event: in_path(car, within=50, braking=4)
"""

import assets.maps

param map = str(assets.maps.path("outback_road"))
model scenarios.model

# The event
param ego_speed = Range(50, 80) / 3.6                         # m/s
param brake_after = Range(0.8, 1.8)                   # s

# The road: the ego, then the event, then room to drive on
REACH = 300
lane = Uniform(*two_way_lanes(network, REACH))
start = place_on(lane, Range(0, 1), REACH)
gap = Range(25, 38)
speed = globalParameters.ego_speed

ego = new EgoCar at on_lane(lane, start), with behavior DriveLane(speed, reaction_time=Range(0.6, 1.5))

lead = new OtherCar at on_lane(lane, start + gap), with behavior BrakeHard(speed, globalParameters.brake_after)

terminate when elapsed() >= 4.5
