"""The published vehicle that our physics takes its ratios from: CommonRoad's vehicle 2, a BMW 320i (Althoff, Koschi,
Manzinger, "CommonRoad: Composable benchmarks for motion planning on roads", IV 2017; parameters of its vehicle models).
Read once: it takes 40 ms.
"""

from __future__ import annotations

from vehiclemodels.parameters_vehicle2 import parameters_vehicle2

BMW_320I = parameters_vehicle2()
