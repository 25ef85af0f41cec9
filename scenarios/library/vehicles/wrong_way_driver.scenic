"""Car comes the wrong way in the ego's lane

A car drives towards the ego in the ego's own lane and does not give way.

Rare: oncoming traffic where no detector's prior expects it; seconds to react.
Tags: vehicle, car, wrong way, head-on, rural, daytime
Source: NHTSA pre-crash scenario 20/21, vehicles travelling in opposite directions (DOT HS 810 767).
Expect: the car comes towards the ego in the ego's path within 60 m.
Event: in_path(car, within=60, towards=5)
"""

import assets.maps

param map = str(assets.maps.path("outback_road"))
model scenarios.model

# The event
param ego_speed = Range(50, 80) / 3.6                         # m/s
param other_speed = Range(50, 80) / 3.6                # m/s

# The road: the ego, then the event, then room to drive on
REACH = 300
lane = Uniform(*two_way_lanes(network, REACH))
start = place_on(lane, Range(0, 1), REACH)
gap = Range(110, 140)
speed = globalParameters.ego_speed

ego = new EgoCar at on_lane(lane, start), with behavior DriveLane(speed, reaction_time=Range(0.6, 1.5))

wrong = new OtherCar at on_lane(lane, start + gap), facing heading_of(lane, start + gap) + 180 deg,
    with behavior DriveWrongWay(lane, globalParameters.other_speed)

terminate when elapsed() >= 3.5
