"""Lost load lies in the lane

Something that fell off a truck lies in the ego's lane: a mattress, a ladder, a couch, boxes, a pallet, a tyre or a tarpaulin.

Rare: no class of common taxonomies; flat things are road to a detector.
Tags: debris, lost cargo, obstacle, rural, daytime, dry
Source: NHTSA pre-crash scenario 29/30, object crash (DOT HS 810 767); AAA 2016: 50 000 debris crashes a year in the
    USA.
Expect: the thing lies in the ego's path within 40 m.
Event: in_path(debris, within=40)
"""

import assets.maps

param map = str(assets.maps.path("outback_road"))
model scenarios.model

# The event
param ego_speed = Range(50, 80) / 3.6                         # m/s
param thing = Uniform(*(f"static.prop.debris_{name}" for name in ("mattress", "ladder", "couch", "boxes", "pallet",
                                                                  "tyre", "tarpaulin", "tread")))

# The road: the ego, then the event, then room to drive on
REACH = 300
lane = Uniform(*two_way_lanes(network, REACH))
start = place_on(lane, Range(0, 1), REACH)
gap = Range(50, 65)
speed = globalParameters.ego_speed

ego = new EgoCar at on_lane(lane, start), with behavior DriveLane(speed, reaction_time=Range(0.6, 1.5))

thing = new Thing at off_centre(lane, start + gap, Range(-0.6, 0.6)), facing Range(0, 360) deg,
    with blueprint globalParameters.thing

terminate when elapsed() >= 4.5
