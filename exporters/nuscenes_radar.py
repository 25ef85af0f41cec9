"""nuScenes' radar files: binary PCD v0.7 with the 18 fields of a Continental ARS 408, for ``RadarPointCloud``."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sensors.frames import RadarScan
from sensors.labels import STILL

POINT = np.dtype(
    [
        ("x", "<f4"), ("y", "<f4"), ("z", "<f4"), ("dyn_prop", "i1"), ("id", "<i2"), ("rcs", "<f4"), ("vx", "<f4"),
        ("vy", "<f4"), ("vx_comp", "<f4"), ("vy_comp", "<f4"), ("is_quality_valid", "i1"), ("ambig_state", "i1"),
        ("x_rms", "i1"), ("y_rms", "i1"), ("invalid_state", "i1"), ("pdh0", "i1"), ("vx_rms", "i1"), ("vy_rms", "i1"),
    ]
)  # fmt: skip

MOVING, STATIONARY, ONCOMING = 0, 1, 2
"""``dyn_prop`` of what goes away, stands and comes nearer."""

END = b"\n"
"""After the last point: the devkit insists that something follows it."""

UNAMBIGUOUS, VALID, LEAST_FALSE_ALARM, UNTOLD = 3, 0, 1, 31
"""``ambig_state``, ``invalid_state``, ``pdh0``, and the ``*_rms`` that tell no deviation."""


def pcd(scan: RadarScan) -> bytes:
    """The file of a scan; x forward, y left. One without a return holds a single point of NaN, as nuScenes' do."""
    returns = scan.returns
    points = np.zeros(max(1, len(returns)), POINT)
    points["x"] = np.nan
    if len(returns):
        for name, source in (("rcs", "rcs"), ("vx_comp", "compensated_vx"), ("vy_comp", "compensated_vy")):
            points[name] = returns[source]
        for name in ("x", "y", "z"):
            points[name] = returns[name]
        distance = np.maximum(np.hypot(returns["x"], returns["y"]), 1e-6)
        points["vx"] = returns["radial_velocity"] * returns["x"] / distance
        points["vy"] = returns["radial_velocity"] * returns["y"] / distance
        leaving = returns["compensated_vx"] * returns["x"] + returns["compensated_vy"] * returns["y"]
        speed = np.hypot(returns["compensated_vx"], returns["compensated_vy"])
        points["dyn_prop"] = np.where(speed <= STILL, STATIONARY, np.where(leaving < 0, ONCOMING, MOVING))
    points["id"] = np.arange(len(points))
    points["is_quality_valid"], points["ambig_state"] = 1, UNAMBIGUOUS
    points["invalid_state"], points["pdh0"] = VALID, LEAST_FALSE_ALARM
    for name in ("x_rms", "y_rms", "vx_rms", "vy_rms"):
        points[name] = UNTOLD
    return _header(len(points)) + points.tobytes() + END


def _header(count: int) -> bytes:
    fields = [(name, POINT[name]) for name in POINT.names or ()]
    lines = [
        "# .PCD v0.7 - Point Cloud Data file format",
        "VERSION 0.7",
        "FIELDS " + " ".join(name for name, _ in fields),
        "SIZE " + " ".join(str(kind.itemsize) for _, kind in fields),
        "TYPE " + " ".join(kind.kind.upper() for _, kind in fields),
        "COUNT " + " ".join("1" for _ in fields),
        f"WIDTH {count}",
        "HEIGHT 1",
        "VIEWPOINT 0 0 0 1 0 0 0",
        f"POINTS {count}",
        "DATA binary",
    ]
    return ("\n".join(lines) + "\n").encode("ascii")


def read_pcd(data: bytes) -> NDArray[np.void]:
    """The points (N,) of dtype POINT of such a file. Raises ValueError for one of another form."""
    head, mark, body = data.partition(b"DATA binary\n")
    count = len(body) // POINT.itemsize
    if head + mark != _header(count) or len(body) != count * POINT.itemsize + len(END):
        raise ValueError("is no binary PCD file with nuScenes' 18 fields and as many points as its header tells")
    return np.frombuffer(body, POINT, count)
