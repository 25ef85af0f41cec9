"""A kangaroo crosses at once

A short scene for the tests: everything that the kangaroo crossing of the library has, in a second and a half.

Rare: an animal in the air in front of the ego.
Tags: animal, kangaroo
Source: none
Expect: the kangaroo is in the ego's view from the first frame on, and some of the time in the air.
"""

import assets.maps

param map = str(assets.maps.path("outback_road"))
model scenarios.model

lane = Uniform(*two_way_lanes(network, 200))
start = place_on(lane, Range(0, 1), 200)
gap = Range(16, 24)

ego = new EgoCar at on_lane(lane, start), with behavior DriveLane(12)
kangaroo = new Kangaroo at beside_road(lane, start + gap, 1, Range(0.5, 1.5)), facing Range(0, 360) deg,
    with behavior CrossRoad(ego, distance=80, speed=6, heading=heading_of(lane, start + gap) + 90 deg)
oncoming = new OtherCar at on_other_side(lane, start + gap + Range(10, 30)), with behavior DriveWithTraffic(12)

terminate when elapsed() >= 1.5
