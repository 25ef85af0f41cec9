"""CARLA's sensors over the world: one module a kind, one table from blueprint to class."""

from __future__ import annotations

from collections.abc import Mapping

from simulator.server.sensors import cameras, contact, cosmos, events, inertial, lidar, radar, v2x
from simulator.server.sensors.sensor import Moment, Sensor
from simulator.server.streams import StreamServer
from simulator.server.wire import Refusal

__all__ = ["Moment", "Sensor", "make_sensor", "measure"]

SENSORS: dict[str, type[Sensor]] = {
    "sensor.camera.rgb": cameras.ColorCamera,
    "sensor.camera.depth": cameras.DepthCamera,
    "sensor.camera.semantic_segmentation": cameras.SemanticCamera,
    "sensor.camera.instance_segmentation": cameras.InstanceCamera,
    "sensor.camera.normals": cameras.NormalsCamera,
    "sensor.camera.optical_flow": cameras.FlowCamera,
    "sensor.camera.cosmos_visualization": cosmos.CosmosCamera,
    "sensor.camera.dvs": events.EventCamera,
    "sensor.lidar.ray_cast": lidar.Lidar,
    "sensor.lidar.ray_cast_semantic": lidar.SemanticLidar,
    "sensor.other.collision": contact.CollisionSensor,
    "sensor.other.obstacle": contact.ObstacleSensor,
    "sensor.other.radar": radar.Radar,
    "sensor.other.gnss": inertial.Gnss,
    "sensor.other.imu": inertial.Imu,
    "sensor.other.v2x": v2x.AwarenessRadio,
    "sensor.other.v2x_custom": v2x.CustomRadio,
}
CLIENT_SIDE = ("sensor.other.lane_invasion", "sensor.other.rss")
"""The client itself detects lane invasions (and has RSS, if it was built in): a stream would mislead it."""


def make_sensor(
    type_id: str, values: Mapping[str, str], seed: int, actor_id: int, streams: StreamServer
) -> Sensor | None:
    """The sensor of a blueprint; None for one that the client runs. Raises Refusal for values that are no numbers."""
    if type_id in CLIENT_SIDE:
        return None
    try:
        return SENSORS[type_id](values, seed, actor_id, streams)
    except ValueError as error:
        raise Refusal(f"Spawn failed because of invalid actor description: {error}") from error


def measure(moment: Moment) -> None:
    """Let all due sensors measure, whatever becomes of one. Cameras that share a picture are drawn together."""
    sensors = [(actor, actor.sensor) for actor in moment.actors.values() if actor.sensor is not None]
    if not sensors:
        return
    due = [(actor, sensor) for actor, sensor in sensors if not isinstance(sensor, v2x.Radio) and sensor.due(moment)]
    if not moment.rendering:
        due = [(actor, sensor) for actor, sensor in due if not isinstance(sensor, cameras.Camera)]
    with moment.stopwatch.stage("cameras"), moment.faults.outlived("the cameras"):
        cameras.measure_all(moment, [(actor, sensor) for actor, sensor in due if isinstance(sensor, cameras.Camera)])
    with moment.stopwatch.stage("other sensors"), moment.faults.outlived("the V2X radios"):
        v2x.exchange(moment)
    for actor, sensor in due:
        if not isinstance(sensor, cameras.Camera):
            with moment.stopwatch.stage(sensor.stage), moment.faults.outlived(actor.blueprint.type_id):
                sensor.measure(moment, actor)
