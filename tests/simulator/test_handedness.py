import carla
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from simulator.handedness import MIRROR, carla_from_matrix, matrix_from_carla

ANGLE = st.floats(-179, 179)
PITCH = st.floats(-89, 89)
METRES = st.floats(-1000, 1000)


@given(METRES, METRES, METRES, PITCH, ANGLE, ANGLE)
def test_agrees_with_the_official_client(x, y, z, pitch, yaw, roll):
    theirs = np.array(carla.Transform(carla.Location(x, y, z), carla.Rotation(pitch, yaw, roll)).get_matrix())
    ours = matrix_from_carla(x, y, z, pitch, yaw, roll)
    assert np.allclose(ours[:3, :3], MIRROR @ theirs[:3, :3] @ MIRROR, atol=2e-6)
    assert np.allclose(ours[:3, 3], MIRROR @ theirs[:3, 3], atol=1e-3)


@given(METRES, METRES, METRES, PITCH, ANGLE, ANGLE)
def test_there_and_back(x, y, z, pitch, yaw, roll):
    assert np.allclose(
        carla_from_matrix(matrix_from_carla(x, y, z, pitch, yaw, roll)), (x, y, z, pitch, yaw, roll), atol=1e-6
    )


def test_a_left_turn_is_positive_with_us_and_negative_with_carla():
    pose = matrix_from_carla(0, 0, 0, 0, -90, 0)
    assert np.allclose(pose[:3, :3] @ [1, 0, 0], [0, 1, 0])
