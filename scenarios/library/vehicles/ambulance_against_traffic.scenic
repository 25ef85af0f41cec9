"""Ambulance passes the ego on the wrong side

An ambulance with its blue lights on comes towards the ego, half in the ego's lane.

Rare: emergency vehicles take the middle of the road and appear in a few frames of any dataset.
Tags: vehicle, emergency vehicle, ambulance, oncoming, rural, daytime
Source: ISO 34503 special vehicles; NHTSA pre-crash scenario 20/21 (DOT HS 810 767).
Expect: the ambulance comes towards the ego in the ego's path within 80 m.
Event: in_path(ambulance, within=80, towards=5)
"""

import assets.maps

param map = str(assets.maps.path("outback_road"))
model scenarios.model

# The event
param ego_speed = Range(50, 80) / 3.6                         # m/s
param other_speed = Range(60, 90) / 3.6                # m/s

# The road: the ego, then the event, then room to drive on
REACH = 300
lane = Uniform(*two_way_lanes(network, REACH))
start = place_on(lane, Range(0, 1), REACH)
gap = Range(110, 140)
speed = globalParameters.ego_speed

ego = new EgoCar at on_lane(lane, start), with behavior DriveLane(speed, reaction_time=Range(0.6, 1.5))

ambulance = new Parked at on_lane(lane, start + gap), facing heading_of(lane, start + gap) + 180 deg,
    with blueprint "vehicle.ford.ambulance", with behavior DriveWrongWay(lane, globalParameters.other_speed, EMERGENCY_LIGHTS)

terminate when elapsed() >= 3.5
