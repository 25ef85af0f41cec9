"""Puts a rig's sensors on an actor through the official client, and gathers what they measure into frames."""

from __future__ import annotations

import queue
import time
from typing import Any

import carla
import cv2
import numpy as np
from numpy.typing import NDArray

from sensors import camera, labels, taxonomy
from sensors.frames import CameraFrame, Frame, ObjectState, Sweep
from sensors.lidar import BEAM_TABLES
from sensors.rig import CameraSpec, LidarSpec, Rig
from simulator.conduct import Conduct
from simulator.extension import FrameLabels
from simulator.handedness import MIRROR, carla_from_matrix, matrix_from_carla
from simulator.instruments import Instruments
from simulator.laps import Laps
from simulator.witness import Framing, Witness

BODY_FROM_CAMERA = np.array([[0.0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1]])
"""CARLA hangs a camera by a frame with x forward; ours looks along z (OpenCV)."""

CAMERA_KINDS = ("rgb", "depth", "instance_segmentation")
DENSE_KINDS = {"normals": "normals", "flow": "optical_flow"}
"""Cameras for what a rig asks for beyond that."""
SHARP = {
    "motion_blur_intensity": 0.0,
    "bloom_intensity": 0.0,
    "lens_flare_intensity": 0.0,
    "focal_distance": 0.0,
    "exposure_speed_up": 20.0,
    "exposure_speed_down": 20.0,
}
"""CARLA's film effects that a recording must not have: labels lie on sharp edges, and a frame must not depend on the
light of those before it."""
PATIENCE = 120.0
"""[s] to wait for a sensor's message after a tick; a loaded software renderer takes seconds for a surround rig."""


class SessionError(RuntimeError):
    """A scene could not be played, and would fail again; the message says why and what to do."""


class SensorSilence(RuntimeError):
    """A sensor sent nothing for a tick on which it was due."""


class _Tap:
    """One CARLA sensor and the messages that its callback thread has delivered."""

    def __init__(self, actor: Any) -> None:
        self.actor = actor
        self._messages: queue.SimpleQueue[Any] = queue.SimpleQueue()
        actor.listen(self._messages.put)

    def take(self, frame: int) -> Any:
        """The message of that frame; raises SensorSilence."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                message = self._messages.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise SensorSilence(
                    f"{self.actor.type_id} sent nothing for frame {frame} in {PATIENCE:.0f} s"
                ) from None
            if message.frame == frame:
                return message
            if message.frame > frame:
                raise SensorSilence(f"{self.actor.type_id} skipped frame {frame} and sent {message.frame}")

    def close(self) -> None:
        self.actor.stop()
        self.actor.destroy()


class Recorder:
    """The rig on one ego, from the first tick after it is made.

    Args:
        world: the ``carla.World``, in synchronous mode with the rig's tick as its fixed time step.
        ego: the ``carla.Vehicle`` that carries the rig.
        rig: sensors and poses.
        witness: tells the labels.
        laps: told the stages of ``gather``.
        seed: of the noise that is not the server's.
    """

    def __init__(self, world: Any, ego: Any, rig: Rig, witness: Witness, laps: Laps, seed: int) -> None:
        self.world, self.ego, self.rig, self.witness, self.laps = world, ego, rig, witness, laps
        self.vehicle_from_ego = rear_axle(ego)
        self._tick = 0
        self._pending: list[tuple[int, Frame]] = []
        self._sweeps: dict[str, list[NDArray[np.void]]] = {spec.name: [] for spec in rig.lidars}
        self._poses: dict[int, NDArray[np.float64]] = {}
        self._descriptions: dict[int, tuple[str, str | None]] = {}
        self._conduct = Conduct()
        self._framing: dict[str, Framing] = {}
        self._cameras = {
            spec.name: {
                kind: self._hang_camera(spec, f"sensor.camera.{kind}")
                for kind in (*CAMERA_KINDS, *(DENSE_KINDS[target] for target in spec.dense))
            }
            for spec in rig.cameras
        }
        self._lidars = {spec.name: self._hang_lidar(spec) for spec in rig.lidars}
        library = world.get_blueprint_library()
        self._instruments = Instruments(
            rig, lambda name, attributes, pose: self._hang(library.find(name), attributes, pose), seed
        )

    def _hang(self, blueprint: Any, attributes: dict[str, object], ego_from_body: NDArray[np.float64]) -> _Tap:
        for name, value in attributes.items():
            if not blueprint.has_attribute(name):
                raise SessionError(
                    f"this server's {blueprint.id} has no attribute {name!r}, which rig {self.rig.name!r} needs; "
                    "use a rig that the server can carry, or the embedded server"
                )
            blueprint.set_attribute(name, str(value))
        x, y, z, pitch, yaw, roll = carla_from_matrix(self.vehicle_from_ego @ ego_from_body)
        transform = carla.Transform(carla.Location(x, y, z), carla.Rotation(pitch, yaw, roll))
        return _Tap(self.world.spawn_actor(blueprint, transform, attach_to=self.ego))

    def _hang_camera(self, spec: CameraSpec, blueprint: str) -> _Tap:
        if spec.fx != spec.fy:
            raise SessionError(
                f"camera {spec.name}: CARLA's pixels are square, but fx is {spec.fx}, fy {spec.fy}; give both one value"
            )
        try:
            framing, special = self.witness.framing(spec)
        except ValueError as error:
            raise SessionError(str(error)) from error
        self._framing[spec.name] = framing
        attributes: dict[str, object] = {
            "image_size_x": framing.width,
            "image_size_y": framing.height,
            "fov": repr(float(np.degrees(2 * np.arctan(framing.width / 2 / spec.fx)))),
            "sensor_tick": self.rig.period_ticks(spec.rate) * self.rig.tick,
            **special,
        }
        if blueprint == "sensor.camera.rgb":
            attributes |= SHARP
        return self._hang(
            self.world.get_blueprint_library().find(blueprint),
            attributes,
            spec.mount.matrix @ np.linalg.inv(BODY_FROM_CAMERA),
        )

    def _hang_lidar(self, spec: LidarSpec) -> _Tap:
        try:
            special = self.witness.scanning(spec)
        except ValueError as error:
            raise SessionError(str(error)) from error
        attributes: dict[str, object] = {
            "rotation_frequency": spec.rate,
            "range": spec.range,
            "points_per_second": round(spec.columns * spec.rate * BEAM_TABLES[spec.beam_table].channels),
            **special,
        }
        return self._hang(self.world.get_blueprint_library().find(self.witness.scanner), attributes, spec.mount.matrix)

    def gather(self, carla_frame: int) -> list[Frame]:
        """Takes the tick that just ended; returns the frames that are complete by now, in order.

        A frame is complete when every sweep whose reference time falls on it has turned to its end.
        """
        tick, self._tick = self._tick, self._tick + 1
        snapshot = self.world.get_snapshot()
        if snapshot.frame != carla_frame:
            raise RuntimeError(f"the world stands at frame {snapshot.frame}, expected {carla_frame}")
        due = [spec for spec in self.rig.cameras if tick % self.rig.period_ticks(spec.rate) == 0]
        marks = self.witness.testify(
            snapshot,
            [self._cameras[spec.name]["instance_segmentation"].actor.id for spec in due],
            [tap.actor.id for tap in self._lidars.values()],
            self._instruments.radars_due(tick),
        )
        if marks.frame != carla_frame:
            raise RuntimeError(f"labels are of frame {marks.frame}, expected {carla_frame}")
        self.laps.end("label calls")

        world_from_ego = self._world_from_vehicle(snapshot) @ self.vehicle_from_ego
        self._poses[tick] = world_from_ego
        for spec in self.rig.lidars:
            self._turn(spec, tick, carla_frame, marks)
        self.laps.end("points")

        sweeping = [
            spec for spec in self.rig.lidars if tick % self.rig.period_ticks(spec.rate) == self._reference(spec)
        ]
        if due or sweeping or self._instruments.due(tick):
            objects = self._objects(snapshot, marks)
            frame = self._frame(tick, snapshot, world_from_ego, objects)
            for shot in due:
                frame.cameras[shot.name] = self._expose(shot, carla_frame, world_from_ego, objects, marks)
            spin = world_from_ego[:3, :3] @ frame.ego_angular_velocity
            self._instruments.measure(tick, carla_frame, frame, marks, spin)
            self._pending.append((tick, frame))
        done = self._complete(tick)
        self.laps.end("pictures")
        return done

    def close(self) -> None:
        """Takes the sensors off the ego."""
        self._instruments.close()
        for tap in [*self._lidars.values(), *(tap for taps in self._cameras.values() for tap in taps.values())]:
            tap.close()

    def _world_from_vehicle(self, snapshot: Any) -> NDArray[np.float64]:
        return _pose(snapshot.find(self.ego.id).get_transform())

    def _reference(self, spec: LidarSpec) -> int:
        """The tick of a sweep, from 0, at whose end its reference time lies."""
        return round(spec.reference * self.rig.period_ticks(spec.rate)) - 1

    def _turn(self, spec: LidarSpec, tick: int, carla_frame: int, marks: FrameLabels) -> None:
        """Adds one tick's returns, still in the sensor's frame at that tick's end."""
        tap = self._lidars[spec.name]
        returns = self.witness.returns(tap.take(carla_frame), tap.actor.id, marks, spec)
        # The rig's own car is no obstacle: real rigs mask its returns as well.
        self._sweeps[spec.name].append(returns[returns["object_id"] != self.ego.id])

    def _complete(self, tick: int) -> list[Frame]:
        """Frames whose sweeps are all there; their sweeps are joined in the reference frame."""
        done = []
        while self._pending:
            at, frame = self._pending[0]
            ending = {}
            for spec in self.rig.lidars:
                period, reference = self.rig.period_ticks(spec.rate), self._reference(spec)
                if at % period == reference:
                    ending[spec.name] = (spec, at - reference, at - reference + period - 1)
            if any(last > tick for _, _, last in ending.values()):
                break
            for name, (spec, first, last) in ending.items():
                frame.sweeps[name] = self._join(spec, first, last, at)
            self._pending.pop(0)
            done.append(frame)
        return done

    def _join(self, spec: LidarSpec, first: int, last: int, reference: int) -> Sweep:
        world_from_lidar = {t: self._poses[t] @ spec.mount.matrix for t in range(first, last + 1)}
        lidar_from_world = np.linalg.inv(world_from_lidar[reference])
        pieces = self._sweeps[spec.name][: last - first + 1]
        del self._sweeps[spec.name][: last - first + 1]
        for t, returns in zip(range(first, last + 1), pieces, strict=True):
            reference_from_now = lidar_from_world @ world_from_lidar[t]
            points = np.stack([returns[axis] for axis in "xyz"], axis=1) @ reference_from_now[:3, :3].T
            for k, axis in enumerate("xyz"):
                returns[axis] = points[:, k] + reference_from_now[k, 3]
            returns["time"] += (t - reference) * self.rig.tick
        for t in [t for t in self._poses if t <= first - 1]:
            del self._poses[t]
        return Sweep(spec.name, world_from_lidar[reference], np.concatenate(pieces))

    def _describe(self, ids: list[int]) -> None:
        """Remembers blueprint and category of actors not met before."""
        for actor in self.world.get_actors([i for i in ids if i not in self._descriptions]):
            category = taxonomy.category_of(actor.type_id, actor.attributes)
            self._descriptions[actor.id] = (actor.type_id, category)
            self._conduct.meet(actor)

    def _objects(self, snapshot: Any, marks: FrameLabels) -> tuple[ObjectState, ...]:
        known = set(self._descriptions)
        self._describe([row.object_id for row in marks.objects])
        states = []
        for row in marks.objects:
            type_id, category = self._descriptions.get(row.object_id, ("", None))
            if row.object_id == self.ego.id or category is None:
                continue
            actor = snapshot.find(row.object_id)
            states.append(
                labels.object_state(
                    track_id=row.object_id,
                    category=category,
                    world_from_box=row.world_from_box,
                    size=row.size,
                    velocity=MIRROR @ _vector(actor.get_velocity()),
                    # of an object just met it is the jump to the velocity it was given
                    acceleration=MIRROR @ _vector(actor.get_acceleration()) * (row.object_id in known),
                    type_id=type_id,
                    **self._conduct.states(row.object_id, category, row.world_from_box, row.size),
                )
            )
        return tuple(states)

    def _frame(
        self, tick: int, snapshot: Any, world_from_ego: NDArray[np.float64], objects: tuple[ObjectState, ...]
    ) -> Frame:
        ego = snapshot.find(self.ego.id)
        # An axial vector turns the other way under a mirror.
        spin = -MIRROR @ np.radians(_vector(ego.get_angular_velocity()))
        return Frame(
            index=tick,
            time=tick * self.rig.tick,
            world_from_ego=world_from_ego,
            ego_velocity=MIRROR @ _vector(ego.get_velocity()),
            # at the start it is the jump to the velocity it was given
            ego_acceleration=MIRROR @ _vector(ego.get_acceleration()) * (tick > 0),
            ego_angular_velocity=world_from_ego[:3, :3].T @ spin,
            objects=objects,
            estimated_world_from_ego=self._instruments.estimated(world_from_ego, tick * self.rig.tick),
        )

    def _expose(
        self,
        spec: CameraSpec,
        carla_frame: int,
        world_from_ego: NDArray[np.float64],
        objects: tuple[ObjectState, ...],
        marks: FrameLabels,
    ) -> CameraFrame:
        taps = self._cameras[spec.name]
        pictures = {
            kind: self._framing[spec.name].cut(np.frombuffer(tap.take(carla_frame).raw_data, np.uint8), spec)
            for kind, tap in taps.items()
        }
        tag, instance = camera.decode_instance(pictures["instance_segmentation"])
        depth = camera.decode_depth(pictures["depth"])
        world_from_camera = world_from_ego @ spec.mount.matrix
        framing = self._framing[spec.name]
        normals = camera.decode_normals(pictures["normals"]) if "normals" in pictures else None
        flow = None
        if "optical_flow" in pictures:
            moved = np.ascontiguousarray(pictures["optical_flow"]).view("<f4")
            flow = camera.decode_flow(moved, framing.width, framing.height)
        seen_by = taps["instance_segmentation"].actor.id
        return CameraFrame(
            sensor=spec.name,
            world_from_camera=world_from_camera,
            image=cv2.cvtColor(pictures["rgb"], cv2.COLOR_BGRA2RGB),
            depth=depth,
            semantic=tag,
            instance=instance,
            views=self.witness.views(instance, depth, seen_by, marks, spec, world_from_camera, objects),
            normals=normals,
            flow=flow,
        )


def rear_axle(vehicle: Any) -> NDArray[np.float64]:
    """``vehicle_from_ego`` (4, 4): the ground under the middle of the rear axle, in the frame of a ``carla.Vehicle``.

    CARLA tells wheel positions in centimetres in the world (``WheelPhysicsControl.position``), rear ones last.
    """
    wheels = vehicle.get_physics_control().wheels
    vehicle_from_world = np.linalg.inv(_pose(vehicle.get_transform()))
    rear = np.mean([MIRROR @ _vector(wheel.position) / 100 for wheel in wheels[2:4]], axis=0)
    vehicle_from_ego = np.eye(4)
    vehicle_from_ego[0, 3] = (vehicle_from_world @ np.append(rear, 1.0))[0]
    return vehicle_from_ego


def _vector(v: Any) -> NDArray[np.float64]:
    return np.array([v.x, v.y, v.z], dtype=np.float64)


def _pose(transform: Any) -> NDArray[np.float64]:
    at, turn = transform.location, transform.rotation
    return matrix_from_carla(at.x, at.y, at.z, turn.pitch, turn.yaw, turn.roll)
