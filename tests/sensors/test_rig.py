"""Rigs: the shipped ones are right, and wrong ones are refused with a message that helps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

from sensors.geometry import project, transformed
from sensors.rig import RigError, load_rig, rig_names


def text_of(name: str) -> str:
    """A shipped rig's text."""
    return (Path(__file__).parents[2] / "sensors" / "rigs" / f"{name}.yaml").read_text()


def test_shipped_rigs() -> None:
    assert rig_names() == ("kitti", "kitti_stereo", "nuscenes", "surround")
    kitti, nuscenes = load_rig("kitti"), load_rig("nuscenes")
    assert (kitti.period_ticks(10), nuscenes.period_ticks(20), nuscenes.period_ticks(2)) == (2, 1, 10)
    assert {camera.name for camera in nuscenes.cameras} == {
        f"CAM_{side}" for side in ("FRONT", "FRONT_RIGHT", "BACK_RIGHT", "BACK", "BACK_LEFT", "FRONT_LEFT")
    }
    assert kitti.cameras[0].pinhole.matrix.tolist() == [[721.5377, 0, 609.5593], [0, 721.5377, 172.854], [0, 0, 1]]


@pytest.mark.parametrize("name", ["kitti", "nuscenes"])
def test_cameras_look_where_their_names_say(name: str) -> None:
    angles = {"FRONT": 0, "FRONT_LEFT": 55, "BACK_LEFT": 110, "BACK": 180, "BACK_RIGHT": -110, "FRONT_RIGHT": -55}
    for camera in load_rig(name).cameras:
        axis = camera.mount.matrix[:3, 2]
        off = np.degrees(np.arctan2(axis[1], axis[0])) - angles[camera.name.removeprefix("CAM_")]
        assert abs((off + 180) % 360 - 180) < 4, camera.name
        assert camera.mount.matrix[2, 1] < -0.99  # y points down: the picture is upright


@pytest.mark.parametrize("name", ["kitti", "nuscenes"])
def test_lidar_looks_forward_and_sees_what_the_camera_sees(name: str) -> None:
    rig = load_rig(name)
    lidar, camera = rig.lidars[0].mount.matrix, next(each for each in rig.cameras if each.name == "CAM_FRONT")
    assert lidar[:3, :3] == pytest.approx(np.eye(3), abs=0.03)
    camera_from_lidar = np.linalg.inv(camera.mount.matrix) @ lidar
    pixels, depth = project(camera.pinhole, transformed(camera_from_lidar, np.array([[30.0, 0, 0]])))
    assert depth[0] == pytest.approx(30, abs=1)
    assert abs(pixels[0, 0] - camera.cx) < 25
    assert abs(pixels[0, 1] - camera.cy) < 45


def test_kittis_published_transform_from_lidar_to_camera() -> None:
    """Camera 2 in the Velodyne's frame: 0.27 ahead, 0.06 to the left, 0.08 below (setup figure)."""
    rig = load_rig("kitti")
    offset = rig.cameras[0].mount.matrix[:3, 3] - rig.lidars[0].mount.matrix[:3, 3]
    assert offset == pytest.approx([0.27, 0.06, -0.08])


def test_the_stereo_pairs_published_baseline() -> None:
    left, right = (camera.mount.matrix[:3, 3] for camera in load_rig("kitti_stereo").cameras)
    assert left - right == pytest.approx([0, 0.5327, 0], abs=1e-4)


@pytest.mark.parametrize("name", ["nuscenes", "surround"])
def test_radars_look_where_their_names_say(name: str) -> None:
    angles = {"FRONT": 0, "FRONT_LEFT": 90, "FRONT_RIGHT": -90, "BACK_LEFT": 175, "BACK_RIGHT": -175}
    radars = load_rig(name).radars
    assert len(radars) == 5
    for radar in radars:
        axis = radar.mount.matrix[:3, 0]
        off = np.degrees(np.arctan2(axis[1], axis[0])) - angles[radar.name.removeprefix("RADAR_")]
        assert abs(off) < 3, radar.name


def test_fisheyes_look_sideways_and_upright() -> None:
    left, right = (camera.mount.matrix for camera in load_rig("surround").cameras[-2:])
    assert left[:3, 2] == pytest.approx([0, 1, 0], abs=1e-6)
    assert right[:3, 2] == pytest.approx([0, -1, 0], abs=1e-6)
    assert left[2, 1] == right[2, 1] == pytest.approx(-1)


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text_of("kitti").replace("name: kitti", "name: mine"))
    assert load_rig(path).name == "mine"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("width: 1242", "width: -1", r":\d+: cameras\.0\.width: .*greater than 0"),
        ("    fx: 721.5377\n", "", r":\d+: cameras\.0\.fx: is missing; add it"),
        ("keyframe_rate: 2", "keyframe_rate: 2\ncolour: red", r":9: colour: is no field"),
        ("[0.5, -0.5, 0.5, -0.5]", "[0.5, 0.5, 0.5, 0.6]", r"rotation: is not a unit quaternion.*divide"),
        ("beam_table: HDL-64E", "beam_table: HDL-65", r"beam_table: 'HDL-65' is unknown; choose one of HDL-64E"),
        ("tick: 0.05", "tick: 0.2", r"faster than the tick of 0\.2 s; set tick to 0\.1 or less"),
        ("tick: 0.05", "tick: 0.03", r"LIDAR_TOP turns in 3\.33333 ticks; .* set tick to a divisor of 0\.1"),
        ("tick: 0.05", "tick: 0.1", r"reference time falls 0\.5 ticks"),
        ("keyframe_rate: 2", "keyframe_rate: 8", r"a keyframe comes every 3 ticks, but CAM_FRONT measures every 2"),
        ("name: LIDAR_TOP", "name: CAM_FRONT", r"names CAM_FRONT more than once"),
        ("name: LIDAR_TOP", "name: LIDAR/TOP", r":\d+: lidars\.0\.name: "),
        ("    range: 120", "    range: 120\n    dropout: 1.5", r":\d+: lidars\.0\.dropout: .*less than 1"),
        ("    range: 120", "    range: 120\n    echoes: 3", r":\d+: lidars\.0\.echoes: "),
        ("tilt_noise: 0.03", "tilt_noise: -1", r":\d+: imus\.0\.tilt_noise: .*greater than or equal to 0"),
        ("gyroscope: {white", "gyroscope: {wite", r":\d+: imus\.0\.gyroscope\.wite: is no field"),
        ("keyframe_rate: 2", "keyframe_rate: 2\nego_pose_error: {drift: 1}", r":9: ego_pose_error\.drift: is no field"),
        (
            "    rate: 10\n    mount",
            "    rate: 10\n    distortion: {model: cubic}\n    mount",
            r"cameras\.0\.distortion.*brown_con",
        ),
        (
            "    rate: 10\n    mount",
            "    rate: 10\n    distortion: {model: brown_conrady, k1: -0.9}\n    mount",
            r":\d+: cameras\.0: these coefficients fold the picture before its border",
        ),
        ("name: kitti", "name: [kitti", r"mine\.yaml:\d+: this is not YAML"),
    ],
)
def test_a_wrong_rig_is_refused_with_file_line_and_field(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = text_of("kitti")
    assert old in text
    path = tmp_path / "mine.yaml"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(RigError, match=message) as caught:
        load_rig(path)
    assert str(caught.value).startswith(str(path))


def test_the_line_is_the_fields_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text_of("nuscenes").replace("cy: 481.77842384512485", "cy: wide"))
    line = next(number for number, row in enumerate(path.read_text().splitlines(), 1) if "cy: wide" in row)
    with pytest.raises(RigError, match=rf"mine\.yaml:{line}: cameras\.3\.cy: "):
        load_rig(path)


def test_every_complaint_is_told(tmp_path: Path) -> None:
    data = yaml.safe_load(text_of("kitti"))
    data["cameras"][0]["width"] = 0
    data["lidars"][0]["range"] = 0
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(data))
    with pytest.raises(RigError, match=r"(?s)cameras\.0\.width.*lidars\.0\.range"):
        load_rig(path)


def test_an_unknown_rig_lists_the_shipped_ones() -> None:
    with pytest.raises(RigError, match="kitti, kitti_stereo, nuscenes, surround"):
        load_rig("kity")


def test_not_a_mapping(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("- 1\n")
    with pytest.raises(RigError, match="a rig is a mapping with the fields name, tick"):
        load_rig(tmp_path / "mine.yaml")
