"""Broken-down car in the lane in fog

A car with its hazard lights on stands in the ego's lane; its driver stands beside it on the road.

Rare: a stationary vehicle on the open road, in fog, with somebody on foot beside it.
Tags: vehicle, car, stopped, pedestrian, fog, rural, low visibility
Source: NHTSA pre-crash scenario 26, lead vehicle stopped (DOT HS 810 767).
Expect: the car stands in the ego's path within 50 m.
Event: in_path(car, within=50, slower=0.5) and weather(fog_density, least=20)
"""

import assets.maps
from scenarios.weather import in_fog

param map = str(assets.maps.path("outback_road"))
param weather = in_fog()
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

broken = new Parked at off_centre(lane, start + gap, Range(-0.3, 0.8)), facing heading_of(lane, start + gap) + Range(-15, 15) deg,
    with behavior Stand(HAZARD_LIGHTS)
driver = new Person at off_centre(lane, start + gap - Range(0, 3), -2.6), facing Range(0, 360) deg

terminate when elapsed() >= 5
