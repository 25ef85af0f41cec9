"""Kangaroo hops across a country road

A kangaroo grazes beside an outback road. When the ego comes near, it bolts across at an angle.

Rare: animals that leave the ground. Detectors that judge range by where an object touches the road are wrong by tens of
    metres while a kangaroo is in the air, and few datasets show one at all.
Tags: animal, kangaroo, rural, daytime, crossing, vulnerable
Source: Volvo's 2017 report from Australian trials that its large-animal detection was thrown off by hopping; Australian
    insurers count kangaroos in four of five animal collisions.
Expect: the kangaroo, first standing, is in the ego's view 28 to 55 m ahead when it starts; it crosses the ego's lane in
    front of or just behind the ego; other cars come towards it and go ahead of it.
Event: in_path(animal.kangaroo, within=60, across=1)
"""

import assets.maps

param map = str(assets.maps.path("outback_road"))
model scenarios.model

# The event
param ego_speed = Range(60, 90) / 3.6                 # m/s
param trigger_distance = Range(28, 55)                # m between ego and kangaroo when it bolts
param calm = Range(1.5, 3.0)                          # s before that
param side = Uniform(-1, 1)                           # where it stands: 1 right of the ego, -1 left
param verge = Range(2, 7)                             # m off the road's edge
param hop_speed = Range(5, 10)                        # m/s; comfortable is 6, fleeing 11
param hop_angle = Range(-35, 35)                      # deg from straight across, positive along the ego's way
param reaction_time = Range(0.6, 1.5)                 # s
param attentive = Discrete({True: 3, False: 1})       # whether the ego's driver brakes at all
param duration = Range(5, 8)                          # s

# The road: the ego, then the kangaroo, then room to drive on
REACH = 470
lane = Uniform(*two_way_lanes(network, REACH))
start = place_on(lane, Range(0, 1), REACH)
gap = globalParameters.trigger_distance + globalParameters.calm * globalParameters.ego_speed
side = globalParameters.side

ego = new EgoCar at on_lane(lane, start),
    with behavior DriveLane(globalParameters.ego_speed, globalParameters.attentive, globalParameters.reaction_time)

kangaroo = new Kangaroo at beside_road(lane, start + gap, side, globalParameters.verge),
    facing Range(0, 360) deg,
    with behavior CrossRoad(ego, distance=globalParameters.trigger_distance, speed=globalParameters.hop_speed,
        heading=heading_of(lane, start + gap) + side * (90 - globalParameters.hop_angle) deg)

# Traffic: one car comes after the kangaroo has crossed, a second some way behind it, one is ahead of the ego
soon = gap + Range(80, 170)
oncoming = new OtherCar at on_other_side(lane, start + soon), with behavior DriveWithTraffic(Range(55, 85) / 3.6)
later = new OtherCar at on_other_side(lane, start + soon + Range(25, 150)),
    with behavior DriveWithTraffic(Range(55, 85) / 3.6)
ahead = new OtherCar at on_lane(lane, start + gap + Range(15, 120)), with behavior DriveWithTraffic(Range(60, 90) / 3.6)

require 45 <= (distance from ego to kangaroo) <= 150
require abs(relative heading of (angle from ego to kangaroo) from ego.heading) <= 30 deg     # in view of a front camera
terminate when elapsed() >= globalParameters.duration
