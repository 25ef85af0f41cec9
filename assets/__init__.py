"""Content made by code: meshes, materials, skeletons, gaits, OpenDRIVE maps.

Conventions of all rooms (see docs/rooms.md):

* Units: metres, seconds, radians, kilograms.
* World frame: right-handed, x east, y north, z up (OpenDRIVE's).
* Body frame: x forward, y left, z up; origin on the ground under the body's middle
  (vehicles: midway between the axles; people and animals: under the hips).
* Poses: (4, 4) float64, named right to left: ``world_from_body``.
* Quaternions: w, x, y, z.
* Random numbers come from a ``numpy.random.Generator`` that is passed in.
"""
