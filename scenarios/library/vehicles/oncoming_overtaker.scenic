"""Oncoming car overtakes into the ego's lane

A car overtakes a slower one and comes towards the ego in the ego's lane before it goes back to its own.

Rare: a near miss at the sum of both speeds.
Tags: vehicle, car, overtaking, head-on, rural, daytime
Source: NHTSA pre-crash scenario 20, vehicle(s) making a manoeuvre, opposite direction (DOT HS 810 767).
Expect: the overtaker comes towards the ego in the ego's path within 90 m.
Event: in_path(car, within=90, towards=5)
"""

import assets.maps

param map = str(assets.maps.path("outback_road"))
model scenarios.model

# The event
param ego_speed = Range(50, 80) / 3.6                         # m/s
param other_speed = Range(70, 90) / 3.6                # m/s
param return_time = Range(1.2, 2.0)                   # s before the meeting

# The road: the ego, then the event, then room to drive on
REACH = 300
lane = Uniform(*two_way_lanes(network, REACH))
start = place_on(lane, Range(0, 1), REACH)
gap = Range(130, 160)
speed = globalParameters.ego_speed

ego = new EgoCar at on_lane(lane, start), with behavior DriveLane(speed, reaction_time=Range(0.6, 1.5))

overtaker = new OtherCar at on_lane(lane, start + gap), facing heading_of(lane, start + gap) + 180 deg,
    with behavior OvertakeTowards(lane, globalParameters.other_speed, ego, globalParameters.return_time)
slower = new OtherCar at on_other_side(lane, start + gap - Range(5, 20)), with behavior DriveWithTraffic(Range(40, 50) / 3.6)

terminate when elapsed() >= 4
