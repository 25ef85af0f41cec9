"""Runs in an environment of its own and prints one line of JSON: what MMDetection3D makes of a KITTI object dataset.

    kitti_judge.py DATAROOT

Its loader reads everything, and its port of KITTI's official evaluation scores the labels as detections of score 1.
Both are used as they are, without the rest of the package, which would need torch; only the overlap of turned boxes,
which is a CUDA kernel there, is computed with Shapely.
"""

import importlib.util
import json
import sys
import types
from pathlib import Path

import numpy as np
from shapely.affinity import rotate, translate
from shapely.geometry import box

HOME = Path(importlib.util.find_spec("mmdet3d").submodule_search_locations[0])
CLASSES = ["Car", "Pedestrian", "Cyclist"]


def module(name: str, path: str) -> types.ModuleType:
    """One file of the package, by itself."""
    spec = importlib.util.spec_from_file_location(name, HOME / path)
    made = importlib.util.module_from_spec(spec)
    sys.modules[name] = made
    spec.loader.exec_module(made)
    return made


def overlaps(boxes: np.ndarray, others: np.ndarray, criterion: int = -1) -> np.ndarray:
    """The kernel's contract: x, z, length, width, angle (clockwise); -1 is over the union, 2 the area itself."""
    first, second = ([upright(row) for row in rows] for rows in (boxes, others))
    found = np.zeros((len(first), len(second)), np.float32)
    for i, one in enumerate(first):
        for j, other in enumerate(second):
            shared = one.intersection(other).area
            union = one.area + other.area - shared
            found[i, j] = shared / {-1: union, 0: one.area, 1: other.area, 2: 1.0}[criterion]
    return found


def upright(row: np.ndarray) -> object:
    x, z, length, width, angle = map(float, row)
    outline = box(-length / 2, -width / 2, length / 2, width / 2)
    return translate(rotate(outline, -angle, origin=(0, 0), use_radians=True), x, z)


def main() -> None:
    root = Path(sys.argv[1])
    reader = module("kitti_data_utils", ".mim/tools/dataset_converters/kitti_data_utils.py")
    package = types.ModuleType("kitti_utils")
    package.__path__ = []
    sys.modules["kitti_utils"] = package
    kernel = types.ModuleType("kitti_utils.rotate_iou")
    kernel.rotate_iou_gpu_eval = overlaps
    sys.modules["kitti_utils.rotate_iou"] = kernel
    judge = module("kitti_utils.eval", "evaluation/functional/kitti_utils/eval.py")

    frames = [int(name) for name in (root / "ImageSets" / "trainval.txt").read_text().split()]
    infos = reader.get_kitti_image_info(
        root, velodyne=True, calib=True, with_plane=True, image_ids=frames, num_worker=1
    )
    truth = [info["annos"] for info in infos]
    found = [{**annos, "score": np.ones(len(annos["name"]))} for annos in truth]
    shown = [{key: value[annos["name"] != "DontCare"] for key, value in annos.items()} for annos in found]
    _, scores = judge.kitti_eval(truth, shown, CLASSES, eval_types=["bbox", "bev", "3d", "aos"])
    first = infos[0]
    points = np.fromfile(root / first["point_cloud"]["velodyne_path"], np.float32).reshape(-1, 4)
    verdict = {
        "frames": len(infos),
        "shape": first["image"]["image_shape"].tolist(),
        "points": len(points),
        "plane": first["plane"].tolist(),
        "P2": first["calib"]["P2"].tolist(),
        "objects": {name: int(sum((annos["name"] == name).sum() for annos in truth)) for name in CLASSES},
        "scores": {name: float(value) for name, value in scores.items()},
    }
    print(json.dumps(verdict))


main()
