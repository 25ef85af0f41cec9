"""Golden bytes: what CARLA 0.9.16's client and server say, byte by byte, after the wire protocol's description.

Each case is written out by hand, so that an error in the codec cannot hide in the test as well.
"""

import logging
import struct
from types import SimpleNamespace

import msgpack
import numpy as np
import pytest

from simulator.handedness import matrix_from_carla
from simulator.server import wire
from simulator.server.actors import Actor
from simulator.server.blueprints import SPECTATOR
from simulator.server.faults import Faults
from simulator.server.handlers import METHODS
from simulator.server.rpc import plain
from simulator.server.snapshot import TRAFFIC_LIGHT, VEHICLE, WALKER, Roster, snapshot

F0 = "ca00000000"  # float32 0


def unhex(text: str) -> bytes:
    return bytes.fromhex(text.replace(" ", ""))


def unpacked(text: str):
    return msgpack.unpackb(unhex(text), raw=False)


@pytest.mark.parametrize(
    ("envelope", "golden"),
    [
        (wire.success(7), "91 92 01 07"),
        (wire.failure("no"), "91 92 00 91 a2 6e6f"),
        (wire.done(), "91 91 c2"),
        (wire.undone("no"), "91 92 c3 91 a2 6e6f"),
        (wire.success([b"\x01\x02"]), "91 92 01 91 c4 02 0102"),  # a token is bin, not an array of numbers
    ],
)
def test_result_envelopes(envelope, golden):
    assert msgpack.packb(envelope, use_bin_type=True) == unhex(golden)


def test_transforms_cross_into_our_frame():
    # [[1.5, -2, 3], [0, 90, 0]] as the client packs it: float32
    pose = wire.transform(unpacked(f"92 93 ca3fc00000 cac0000000 ca40400000 93 {F0} ca42b40000 {F0}"))
    assert np.allclose(pose[:3, 3], [1.5, 2, 3])
    assert np.allclose(pose[:3, 0], [0, -1, 0])  # CARLA's yaw 90 looks south: y right
    assert np.allclose(np.array(wire.encode_transform(pose)), [[1.5, -2, 3], [0, 90, 0]], atol=1e-12)


def test_axial_vectors_turn_the_other_way():
    assert np.allclose(wire.axial([0, 0, 180]), [0, 0, -np.pi])
    assert np.allclose(wire.axial([180, 180, 0]), [-np.pi, np.pi, 0])


def test_vehicle_control():
    golden = f"97 ca3f000000 cabe800000 {F0} c3 c2 c3 ff"
    control = wire.vehicle_control(unpacked(golden))
    assert control == (0.5, -0.25, 0.0, True, False, True, -1)
    with pytest.raises(wire.Malformed, match="7 fields"):
        wire.vehicle_control([0.0] * 8)  # later trees have a time stamp


def test_episode_settings_there_and_back():
    default = wire.EpisodeSettings()
    golden = [False, False, [False], True, 0.01, 10, 0.0, True, 3000.0, 2000.0, True]
    assert default.encode() == golden
    fixed = [True, False, [True, 0.05], *golden[3:]]
    assert wire.episode_settings(fixed).encode() == fixed


def test_boxes_have_four_fields():
    assert wire.encode_box(np.eye(4), (4, 2, 1), 9) == [[0, 0, 0], [2, 1, 0.5], [0, 0, 0], 9]


def test_descriptions_keep_only_names_and_values():
    golden = [3, "vehicle.tesla.model3", [["role_name", 4, "hero"], ["number_of_wheels", 2, "4"]]]
    description = wire.description(golden)
    assert description.attributes == {"role_name": "hero", "number_of_wheels": "4"}


@pytest.mark.parametrize("value", [None, "x", float("nan"), [1]])
def test_numbers_must_be_numbers(value):
    with pytest.raises(wire.Malformed):
        wire.number(value)


def test_snapshot_bytes():
    pose = matrix_from_carla(1, 2, 3, 10, 20, 30)
    table = Roster([Actor(5, SPECTATOR, {}, pose)]).records()
    message = snapshot(table, episode_id=9, frame=77, elapsed=1.5, dt=0.05, map_changed=True)
    assert len(message) == 48 + 36 + 119
    kind, frame, elapsed, *transform = struct.unpack_from("<QQd6f", message)
    assert (kind, frame, elapsed, transform) == (17, 77, 1.5, [0.0] * 6)
    episode, _, delta, x, y, z, state = struct.unpack_from("<Qdf3iI", message, 48)
    assert (episode, delta, x, y, z, state) == (9, np.float32(0.05), 0, 0, 0, 1)
    actor_id, alive, *pose_again = struct.unpack_from("<IB6f", message, 84)
    assert (actor_id, alive) == (5, 1)
    assert np.allclose(pose_again, [1, 2, 3, 10, 20, 30], atol=1e-5)
    assert message[84 + 29 :] == bytes(90)  # at rest, without details


def test_records_are_119_bytes():
    assert len(Roster([Actor(k, SPECTATOR, {}, np.eye(4)) for k in range(1, 4)]).records().tobytes()) == 3 * 119


def test_details_are_packed():
    vehicle = np.array([(0.5, -0.25, 0.125, True, False, True, 3, 30.0, 2, True, 77, 0)], VEHICLE)
    assert vehicle.tobytes()[:30] == struct.pack(
        "<3f3?ifB?IB", 0.5, -0.25, 0.125, True, False, True, 3, 30, 2, True, 77, 0
    )
    walker = np.array([(1.0, 0.0, 0.0, 1.5, True)], WALKER)
    assert walker.tobytes()[:17] == struct.pack("<4f?", 1, 0, 0, 1.5, True)
    light = np.array([(b"17", 10.0, 3.0, 9.0, 1.25, 2, True, 1)], TRAFFIC_LIGHT)
    assert light.tobytes() == struct.pack("<32s4fI?B", b"17", 10, 3, 9, 1.25, 2, True, 1)
    assert all(kind.itemsize == 54 for kind in (VEHICLE, WALKER, TRAFFIC_LIGHT))


PROTOCOL_METHODS = [
    "version",
    "get_available_maps",
    "load_new_episode",
    "load_map_layer",
    "unload_map_layer",
    "copy_opendrive_to_file",
    "get_episode_info",
    "get_map_info",
    "get_map_data",
    "get_navigation_mesh",
    "get_required_files",
    "request_file",
    "get_episode_settings",
    "set_episode_settings",
    "get_weather_parameters",
    "set_weather_parameters",
    "get_imui_gravity",
    "set_imui_gravity",
    "tick_cue",
    "get_spectator",
    "get_names_of_all_objects",
    "apply_color_texture_to_objects",
    "apply_float_color_texture_to_objects",
    "get_all_level_BBs",
    "get_environment_objects",
    "enable_environment_objects",
    "set_annotations_traverse_translucency",
    "draw_debug_shape",
    "clear_debug_shape",
    "clear_debug_string",
    "project_point",
    "cast_ray",
    "query_lights_state",
    "update_lights_state",
    "update_day_night_cycle",
    "is_traffic_manager_running",
    "get_traffic_manager_running",
    "add_traffic_manager_running",
    "destroy_traffic_manager",
    "get_actor_definitions",
    "get_actors_by_id",
    "spawn_actor",
    "spawn_actor_with_parent",
    "destroy_actor",
    "set_actor_location",
    "set_actor_transform",
    "set_actor_target_velocity",
    "set_actor_target_angular_velocity",
    "enable_actor_constant_velocity",
    "disable_actor_constant_velocity",
    "add_actor_impulse",
    "add_actor_impulse_at_location",
    "add_actor_force",
    "add_actor_force_at_location",
    "add_actor_angular_impulse",
    "add_actor_torque",
    "set_actor_simulate_physics",
    "set_actor_collisions",
    "set_actor_dead",
    "set_actor_enable_gravity",
    "get_actor_bounding_box",
    "get_actor_component_world_transform",
    "get_actor_component_relative_transform",
    "get_actor_component_names",
    "get_actor_bone_names",
    "get_actor_bone_world_transforms",
    "get_actor_bone_relative_transforms",
    "get_vehicle_bone_world_transforms",
    "get_actor_socket_names",
    "get_actor_socket_world_transforms",
    "get_actor_socket_relative_transforms",
    "apply_control_to_vehicle",
    "apply_ackermann_control_to_vehicle",
    "get_ackermann_controller_settings",
    "apply_ackermann_controller_settings",
    "get_physics_control",
    "apply_physics_control",
    "get_telemetry_data",
    "show_vehicle_debug_telemetry",
    "get_vehicle_light_state",
    "set_vehicle_light_state",
    "get_vehicle_light_states",
    "open_vehicle_door",
    "close_vehicle_door",
    "set_wheel_steer_direction",
    "get_wheel_steer_angle",
    "set_wheel_pitch_angle",
    "get_wheel_pitch_angle",
    "set_actor_autopilot",
    "enable_carsim",
    "use_carsim_road",
    "enable_chrono_physics",
    "restore_physx_physics",
    "apply_control_to_walker",
    "get_bones_transform",
    "set_bones_transform",
    "blend_pose",
    "get_pose_from_animation",
    "set_traffic_light_state",
    "set_traffic_light_green_time",
    "set_traffic_light_yellow_time",
    "set_traffic_light_red_time",
    "freeze_traffic_light",
    "freeze_all_traffic_lights",
    "reset_traffic_light_group",
    "reset_all_traffic_lights",
    "get_group_traffic_lights",
    "get_light_boxes",
    "get_sensor_token",
    "enable_sensor_for_ros",
    "disable_sensor_for_ros",
    "is_sensor_enabled_for_ros",
    "send",
    "set_ignored_vehicles",
    "enable_gbuffers",
    "are_gbuffers_enabled",
    "get_gbuffer_token",
    "start_recorder",
    "stop_recorder",
    "show_recorder_file_info",
    "show_recorder_collisions",
    "show_recorder_actors_blocked",
    "replay_file",
    "stop_replayer",
    "set_replayer_time_factor",
    "set_replayer_ignore_hero",
    "set_replayer_ignore_spectator",
    "apply_batch",
]


def test_every_method_of_the_protocol_has_an_answer_and_no_other_does():
    assert sorted(METHODS) == sorted(PROTOCOL_METHODS)


def test_arguments_of_the_wrong_shape_are_an_error_not_a_crash():
    server = SimpleNamespace(faults=Faults(logging.getLogger(__name__)))
    for name in ("spawn_actor", "apply_batch", "set_actor_transform", "tick_cue"):
        answer = METHODS[name](server, [[False], "nonsense", 1, 2, 3, 4, 5])
        assert "expected" in str(answer)


def test_numpy_numbers_can_be_packed():
    assert msgpack.packb([np.float64(1.5), np.int64(3)], default=plain) == msgpack.packb([1.5, 3])
