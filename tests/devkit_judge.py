"""Runs in nuscenes-devkit's own environment and prints one line of JSON. The devkit is used as it is.

    devkit_judge.py DATAROOT OUT SPLIT...

It writes ``sample.png`` and the evaluation's files into the folder OUT.
"""

import contextlib
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from nuscenes.can_bus.can_bus_api import NuScenesCanBus
from nuscenes.eval.common.config import config_factory
from nuscenes.eval.detection.evaluate import DetectionEval
from nuscenes.eval.detection.utils import category_to_detection_name
from nuscenes.eval.lidarseg import utils as lidarseg_utils
from nuscenes.eval.lidarseg.evaluate import LidarSegEval
from nuscenes.eval.lidarseg.utils import LidarsegClassMapper
from nuscenes.eval.panoptic import utils as panoptic_utils
from nuscenes.eval.panoptic.evaluate import NuScenesPanopticEval
from nuscenes.eval.panoptic.utils import PanopticClassMapper
from nuscenes.eval.tracking.evaluate import TrackingEval
from nuscenes.eval.tracking.utils import category_to_tracking_name
from nuscenes.map_expansion import map_api
from nuscenes.map_expansion.arcline_path_utils import discretize
from nuscenes.nuscenes import NuScenes
from nuscenes.utils.data_classes import LidarPointCloud
from nuscenes.utils.data_io import load_bin_file
from nuscenes.utils.geometry_utils import points_in_box, view_points
from nuscenes.utils.splits import get_scenes_of_split
from PIL import Image

VERSION = "v1.0-trainval"


def tables(nusc: NuScenes) -> dict:
    """Follows every token of every record, and decodes every file."""
    # Names of tokens that are not the name of the table they point to.
    special = {
        "prev": None,
        "next": None,
        "first_sample_token": "sample",
        "last_sample_token": "sample",
        "first_annotation_token": "sample_annotation",
        "last_annotation_token": "sample_annotation",
    }
    followed = 0
    for table in nusc.table_names:
        for record in getattr(nusc, table):
            for key, value in record.items():
                if key in ("prev", "next"):
                    targets, goal = [value] if value else [], table
                elif key in special or key.endswith("_token"):
                    targets, goal = [value], special.get(key) or key[: -len("_token")]
                elif key.endswith("_tokens"):
                    targets, goal = value, key[: -len("_tokens")]
                else:
                    continue
                for target in targets:
                    assert nusc.get(goal, target)["token"] == target
                    followed += 1
    for record in nusc.sample_data:
        path = nusc.get_sample_data_path(record["token"])
        if record["sensor_modality"] == "camera":
            with Image.open(path) as picture:
                assert picture.size == (record["width"], record["height"]), path
                picture.load()
        else:
            assert LidarPointCloud.from_file(path).points.shape[0] == 4
    return {
        "followed": followed,
        **{table: len(getattr(nusc, table)) for table in nusc.table_names},
        "keyframes": sum(record["is_key_frame"] for record in nusc.sample_data),
        "splits": {name: get_scenes_of_split(name, nusc) for name in ("longtail_train", "longtail_val")},
        "in_official": {
            name: [s["name"] for s in nusc.scene if s["name"] in get_scenes_of_split(name, nusc)]
            for name in ("train", "val")
        },
    }


def boxes(nusc: NuScenes) -> list:
    """For each annotation what the devkit makes of it: points of the LiDAR file inside its box, counted by geometry,
    its velocity, and the colour of each picture where its centre falls."""
    found = []
    for sample in nusc.sample:
        path, lidar_boxes, _ = nusc.get_sample_data(sample["data"]["LIDAR_TOP"])
        points = LidarPointCloud.from_file(path).points[:3]
        colors: dict = {}
        for channel, name in sample["data"].items():
            if channel.startswith("CAM"):
                file, camera_boxes, intrinsic = nusc.get_sample_data(name)
                image = np.array(Image.open(file))
                for box in camera_boxes:
                    u, v, _ = np.rint(view_points(box.center[:, None], intrinsic, normalize=True)[:, 0]).astype(int)
                    if 0 <= u < image.shape[1] and 0 <= v < image.shape[0]:
                        colors.setdefault(box.token, []).append(image[v, u].tolist())
        for box in lidar_boxes:
            record = nusc.get("sample_annotation", box.token)
            found.append(
                {
                    "category": box.name,
                    "num_lidar_pts": record["num_lidar_pts"],
                    "inside": int(points_in_box(box, points).sum()),
                    "center": box.center.tolist(),
                    "velocity": np.nan_to_num(nusc.box_velocity(box.token)).tolist(),
                    "colors": colors.get(box.token, []),
                    "visibility": nusc.get("visibility", record["visibility_token"])["level"],
                    "attributes": [nusc.get("attribute", name)["name"] for name in record["attribute_tokens"]],
                }
            )
    return found


def on_map(nusc: NuScenes) -> dict:
    mask = nusc.map[0]["mask"]
    poses = np.array([record["translation"] for record in nusc.ego_pose])
    across = np.array([-np.sin(0.3), np.cos(0.3)])
    off = poses[:, :2] + 20 * across
    return {
        "on": float(mask.is_on_mask(poses[:, 0], poses[:, 1]).mean()),
        "beside": float(mask.is_on_mask(off[:, 0], off[:, 1]).mean()),
    }


def predictions(nusc: NuScenes, split: str, path: Path, name_of: Callable, describe: Callable) -> str:
    """Writes a split's annotations as predictions and returns the file's name. Those without a return are left out, as
    the evaluations leave them out of the ground truth (``filter_eval_boxes``); everything else, ranges included, is
    left to the devkit.

    ``name_of``: a category's name in the task, None for those it leaves out. ``describe``: fields of the task from an
    annotation and that name.
    """
    scenes = set(get_scenes_of_split(split, nusc))
    results: dict = {}
    for sample in nusc.sample:
        if nusc.get("scene", sample["scene_token"])["name"] not in scenes:
            continue
        results[sample["token"]] = []
        for token in sample["anns"]:
            record = nusc.get("sample_annotation", token)
            name = name_of(record["category_name"])
            if name is None or record["num_lidar_pts"] + record["num_radar_pts"] == 0:
                continue
            box = {field: record[field] for field in ("sample_token", "translation", "size", "rotation")}
            box["velocity"] = np.nan_to_num(nusc.box_velocity(token)[:2]).tolist()
            results[sample["token"]].append({**box, **describe(record, name)})
    modality = dict.fromkeys(("use_camera", "use_lidar", "use_radar", "use_map", "use_external"), False)
    path.write_text(json.dumps({"meta": modality, "results": results}))
    return str(path)


def detection(nusc: NuScenes, split: str, out: str) -> dict:
    """The annotations as predictions of score 1, judged by the devkit's DetectionEval."""

    def describe(record: dict, name: str) -> dict:
        attributes = [nusc.get("attribute", token)["name"] for token in record["attribute_tokens"]]
        return {"detection_name": name, "detection_score": 1.0, "attribute_name": "".join(attributes)}

    path = predictions(nusc, split, Path(out) / "predictions.json", category_to_detection_name, describe)
    judge = DetectionEval(nusc, config_factory("detection_cvpr_2019"), path, split, out, verbose=False)
    present: dict = {}
    for box in judge.gt_boxes.all:
        present[box.detection_name] = present.get(box.detection_name, 0) + 1
    summary = judge.main(render_curves=False)
    return {
        "mean_ap": summary["mean_ap"],
        "ap": summary["mean_dist_aps"],
        "errors": summary["tp_errors"],
        "nds": summary["nd_score"],
        "present": present,
    }


def tracking(nusc: NuScenes, split: str, out: str) -> dict:
    """The annotations as tracks of score 1, judged by the devkit's TrackingEval."""

    def describe(record: dict, name: str) -> dict:
        return {"tracking_id": record["instance_token"], "tracking_name": name, "tracking_score": 1.0}

    path = predictions(nusc, split, Path(out) / "tracks.json", category_to_tracking_name, describe)
    judge = TrackingEval(config_factory("tracking_nips_2019"), path, split, out, VERSION, nusc.dataroot, verbose=False)
    summary = judge.main(render_curves=False)
    return {
        "amota": summary["amota"],
        "motp": summary["motp"],
        "ids": summary["ids"],
        "amota_of": summary["label_metrics"]["amota"],
    }


def segmentation(nusc: NuScenes, split: str, out: str) -> dict:
    """The returns' classes and objects as predictions, judged by LidarSegEval and NuScenesPanopticEval.

    These two insist on all 150 scenes of ``val``; they are told which of them this dataset has.
    """
    present = {split: [s["name"] for s in nusc.scene if s["name"] in get_scenes_of_split(split, nusc)]}
    for module in (lidarseg_utils, panoptic_utils):
        module.create_splits_scenes = lambda verbose=False: present
    answers = Path(out) / "answers"
    for folder in ("lidarseg", "panoptic"):
        (answers / folder / split).mkdir(parents=True, exist_ok=True)
    to_class, to_thing = LidarsegClassMapper(nusc), PanopticClassMapper(nusc)
    for record in nusc.lidarseg:
        labels = load_bin_file(str(Path(nusc.dataroot) / record["filename"]))
        points = LidarPointCloud.from_file(nusc.get_sample_data_path(record["sample_data_token"])).points
        assert len(labels) == points.shape[1]
        name = record["sample_data_token"]
        # what the evaluation ignores (0) is no answer that it allows
        answer = np.maximum(to_class.convert_label(labels), 1).astype(np.uint8)
        answer.tofile(answers / "lidarseg" / split / f"{name}_lidarseg.bin")
        codes = load_bin_file(str(Path(nusc.dataroot) / nusc.get("panoptic", name)["filename"]), type="panoptic")
        assert (codes // 1000 == labels).all()
        answer = (to_thing.convert_label(codes // 1000) * 1000 + codes % 1000).astype(np.uint16)
        np.savez_compressed(answers / "panoptic" / split / f"{name}_panoptic.npz", data=answer)
    iou = LidarSegEval(nusc, str(answers), split).evaluate()["iou_per_class"]
    judge = NuScenesPanopticEval(nusc, str(answers), split, "segmentation", 15, out)
    quality = judge.evaluate_segmentation()
    nusc.render_sample_data(
        nusc.sample[0]["data"]["LIDAR_TOP"], with_anns=False, out_path=str(Path(out) / "lidarseg.png"),
        show_lidarseg=True, verbose=False,
    )  # fmt: skip
    return {"iou": iou, "pq": {name: row["PQ"] for name, row in quality.items()}}


def bus(nusc: NuScenes, out: str) -> dict:
    """What ``NuScenesCanBus`` reads of the first scene; its plots and statistics must work."""
    can, scene = NuScenesCanBus(nusc.dataroot), nusc.scene[0]["name"]
    can.plot_message_data(scene, "pose", "vel", out_path=str(Path(out) / "velocity.png"))
    with contextlib.redirect_stdout(io.StringIO()):
        can.print_message_stats(scene, "ms_imu")
    return {name: can.get_messages(scene, name) for name in ("pose", "ms_imu", "meta")}


def expansion(nusc: NuScenes) -> dict:
    """What ``NuScenesMap`` answers. It knows four places by name and must be told of ours."""
    name = nusc.log[0]["location"]
    map_api.locations.append(name)
    roads = map_api.NuScenesMap(nusc.dataroot, name)
    pose = np.array(nusc.ego_pose[0]["translation"])
    lane = roads.get_closest_lane(pose[0], pose[1], radius=5)
    path = np.array(roads.discretize_lanes([lane], 0.5)[lane])
    ends = [
        np.hypot(*(np.array(discretize(arc, 0.1)[-1][:2]) - arc["end_pose"][:2]))
        for each in roads.arcline_path_3.values()
        for arc in each
    ]
    near = roads.get_records_in_radius(pose[0], pose[1], 30, ["lane", "walkway", "road_divider"])
    return {
        "rows": {layer: len(getattr(roads, layer)) for layer in roads.layer_names},
        "on": roads.layers_on_point(pose[0], pose[1]),
        "from_path": float(np.hypot(*(path[:, :2] - pose[:2]).T).min()),
        "next": roads.get_next_roads(*path[2, :2]),
        "outgoing": roads.get_outgoing_lane_ids(lane),
        "arcs": float(max(ends)),
        "near": {layer: len(found) for layer, found in near.items()},
    }


def main() -> None:
    dataroot, out, *splits = sys.argv[1:]
    nusc = NuScenes(VERSION, dataroot, verbose=False)
    nusc.render_sample(nusc.sample[0]["token"], out_path=str(Path(out) / "sample.png"), verbose=False)
    verdict = {
        "tables": tables(nusc),
        "boxes": boxes(nusc),
        "map": on_map(nusc),
        "expansion": expansion(nusc),
        "bus": bus(nusc, out),
        "detection": {split: detection(nusc, split, out) for split in splits},
        "tracking": tracking(nusc, "val", out) if "val" in splits else None,
        "segmentation": segmentation(nusc, "val", out) if "val" in splits else None,
    }
    print(json.dumps(verdict))


main()
