"""Puts a scene into Rerun, laid out to be understood at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from orchestrator.dataset import DatasetError
from orchestrator.snapshots import Picture, Show, Snapshot, Solid
from sensors.geometry import matrix_quaternion

try:
    import rerun as rr
    import rerun.blueprint as rrb
except ImportError as error:
    raise DatasetError(
        "longtail view needs Rerun, which is not installed here: pip install 'longtail[view]'"
    ) from error

TIMELINE = "scene_time"
EGO, TRACK, EVENT = (240, 240, 245), (150, 160, 175), (255, 210, 60)


def open_stage(show: Show) -> rr.RecordingStream:
    """A Rerun recording for a scene, with nothing in it yet."""
    return rr.RecordingStream("longtail", recording_id=show.name, send_properties=True)


def perform(show: Show, stream: rr.RecordingStream) -> None:
    """Logs the whole scene.

    Raises:
        sensors.recording.RecordingError, DatasetError: what it is read from is damaged.
    """
    stream.send_recording_name(show.name)
    stream.log("world", rr.ViewCoordinates.RIGHT_HAND_Z_UP, static=True)
    stream.log(
        "/", rr.AnnotationContext([(kind, name, color) for kind, (name, color) in show.palette.items()]), static=True
    )
    stream.log("world/path", rr.LineStrips3D([show.path], colors=[EGO], radii=[0.06]), static=True)
    for event in show.events:
        stream.set_time(TIMELINE, duration=event.time)
        stream.log("events", rr.TextLog(event.text, level="WARN"))
        stream.log(
            "world/event",
            rr.Points3D([event.position + np.array([0, 0, 2.5])], labels=["event"], colors=[EVENT], radii=[0.25]),
        )
    trails: dict[str, list[np.ndarray]] = defaultdict(list)
    gone: set[str] = set()
    for snapshot in show.snapshots():
        stream.set_time(TIMELINE, duration=snapshot.time)
        _ego(stream, snapshot)
        for picture in snapshot.pictures:
            _picture(stream, picture)
        for cloud in snapshot.clouds:
            stream.log(
                f"world/{cloud.sensor}",
                rr.Points3D(cloud.points, class_ids=cloud.kinds, radii=rr.Radius.ui_points(1.3)),
            )
        _solids(stream, snapshot.solids)
        here = set()
        for solid in snapshot.solids:
            if not solid.key:
                continue
            here.add(solid.key)
            if solid.key not in trails:
                _name_plot(stream, solid, show)
            trails[solid.key].append(solid.world_from_box[:3, 3])
            _track(stream, solid, trails[solid.key])
        for key in (trails.keys() - here) - gone:
            stream.log(f"world/tracks/{_slug(key)}", rr.Clear(recursive=False))
        gone = trails.keys() - here


def layout(show: Show) -> rrb.Blueprint:
    """What is where: cameras over plots on one side, the world on the other, the event's words below."""
    pictures: list[rrb.View | rrb.Container] = [
        rrb.Spatial2DView(origin=f"world/cameras/{camera}", name=camera, contents=["$origin/image", "$origin/boxes"])
        for camera in show.cameras[:6]
    ]
    depth = [
        rrb.Spatial2DView(origin=f"world/cameras/{camera}", name=f"depth {camera}", contents="$origin/depth")
        for camera in show.cameras[:1]
    ]
    left: rrb.Container = (
        rrb.Grid(*pictures, grid_columns=2, name="cameras") if len(pictures) > 1 else rrb.Tabs(*pictures)
    )
    if show.measured:
        left = rrb.Tabs(left, *depth) if len(pictures) > 1 else rrb.Vertical(left, *depth)
    start = show.path[0] if len(show.path) else np.zeros(3)
    ahead = _heading(show.path)
    world = rrb.Spatial3DView(
        origin="world",
        name="world",
        contents=[
            "+ $origin/**",
            *(f"- $origin/cameras/{c}/{part}" for c in show.cameras for part in ("depth", "boxes")),
        ],
        background=rrb.Background(kind=rrb.BackgroundKind.SolidColor, color=(18, 22, 28)),
        line_grid=False,
        eye_controls=rrb.EyeControls3D(
            kind=rrb.Eye3DKind.Orbital,
            position=start - 16 * ahead + (0, 0, 9),
            look_target=start + 14 * ahead,
            eye_up=(0, 0, 1),
            tracking_entity="world/ego/car",
        ),
    )
    right: rrb.View | rrb.Container = world
    if show.measured:
        visible = rrb.TimeSeriesView(
            origin="plots/visible", name="visible share [%]", axis_y=rrb.ScalarAxis(range=(0, 105), zoom_lock=True)
        )
        speed = rrb.TimeSeriesView(origin="plots/ego", name="ego speed [km/h]")
        left = rrb.Vertical(left, rrb.Tabs(visible, speed), row_shares=[3, 2])
        right = rrb.Vertical(world, rrb.TextLogView(origin="events", name="events"), row_shares=[6, 1])
    return rrb.Blueprint(
        rrb.Horizontal(left, right, column_shares=[5, 6]),
        rrb.TimePanel(timeline=TIMELINE, state="collapsed", play_state="playing", loop_mode="all"),
        collapse_panels=True,
    )


def save(show: Show, out: Path) -> None:
    """Writes a scene as an ``.rrd`` file, whole or not at all.

    Raises:
        sensors.recording.RecordingError, DatasetError: what it is read from is damaged.
    """
    aside = out.with_name(f".{out.name}.partial")
    stream = open_stage(show)
    try:
        stream.save(aside, default_blueprint=layout(show))
        perform(show, stream)
        stream.flush()
        stream.disconnect()
        aside.replace(out)
    finally:
        aside.unlink(missing_ok=True)


def _heading(path: np.ndarray) -> np.ndarray:
    """(3,) unit vector in which the ego sets out."""
    way = path[-1] - path[0] if len(path) else np.zeros(3)
    way = way * (1, 1, 0)
    length = np.linalg.norm(way)
    return way / length if length > 0.5 else np.array([1.0, 0, 0])


def _ego(stream: rr.RecordingStream, snapshot: Snapshot) -> None:
    pose = snapshot.world_from_ego
    stream.log("world/ego", rr.Transform3D(translation=pose[:3, 3], mat3x3=pose[:3, :3]))
    stream.log(
        "world/ego/car",
        rr.Boxes3D(centers=[(1.4, 0, 0.75)], half_sizes=[(2.3, 0.95, 0.75)], colors=[EGO], labels=["ego"]),
    )
    if snapshot.speed is not None:
        stream.log("plots/ego/speed", rr.Scalars(3.6 * snapshot.speed))


def _picture(stream: rr.RecordingStream, picture: Picture) -> None:
    root, pose = f"world/cameras/{picture.camera}", picture.world_from_camera
    stream.log(root, rr.Transform3D(translation=pose[:3, 3], mat3x3=pose[:3, :3]))
    stream.log(
        root,
        rr.Pinhole(
            image_from_camera=picture.matrix,
            resolution=picture.size,
            camera_xyz=rr.ViewCoordinates.RDF,
            image_plane_distance=2.5,
        ),
    )
    stream.log(f"{root}/image", rr.EncodedImage(contents=picture.file, media_type=picture.media_type))
    if picture.depth is not None:
        depth = np.where(np.isfinite(picture.depth), picture.depth, 0).astype(
            np.float16
        )  # 0 is shown as no measurement
        stream.log(f"{root}/depth", rr.DepthImage(depth, meter=1.0, depth_range=(0, 80)))
    kinds = [kind for kind, _, _ in picture.boxes]
    stream.log(
        f"{root}/boxes",
        rr.Boxes2D(
            array=np.array([box for *_, box in picture.boxes], np.float32).reshape(-1, 4),
            array_format=rr.Box2DFormat.XYXY,
            labels=[text for _, text, _ in picture.boxes],
            class_ids=kinds,
        ),
    )


def _solids(stream: rr.RecordingStream, solids: Sequence[Solid]) -> None:
    poses = [solid.world_from_box for solid in solids]
    stream.log(
        "world/objects",
        rr.Boxes3D(
            centers=[pose[:3, 3] for pose in poses],
            half_sizes=[np.array(solid.size) / 2 for solid in solids],
            quaternions=[rr.Quaternion(xyzw=np.roll(matrix_quaternion(pose), -1)) for pose in poses],
            labels=[solid.text for solid in solids],
            class_ids=[solid.kind for solid in solids],
        ),
    )


def _track(stream: rr.RecordingStream, solid: Solid, trail: list[np.ndarray]) -> None:
    stream.log(
        f"world/tracks/{_slug(solid.key)}",
        rr.LineStrips3D([np.array(trail)], class_ids=[solid.kind], radii=[0.04], show_labels=False),
    )
    if solid.share is not None:
        stream.log(f"plots/visible/{_slug(solid.key)}", rr.Scalars(100 * solid.share))


def _name_plot(stream: rr.RecordingStream, solid: Solid, show: Show) -> None:
    line = rr.SeriesLines(colors=[show.palette[solid.kind][1]], names=[solid.key], widths=[2.0])
    stream.log(f"plots/visible/{_slug(solid.key)}", line, static=True)


def _slug(key: str) -> str:
    return key.replace(" ", "_")
