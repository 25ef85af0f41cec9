"""Pictures, label targets and rays from a scene of meshes. Knows nothing of CARLA's protocol or of recordings.

Frames: world x east, y north, z up; camera x right, y down, z forward (OpenCV). Inside the OpenGL part everything is
taken relative to the camera's position in float64 before it becomes float32, so that a town may be kilometres wide.
"""


class GraphicsError(RuntimeError):
    """There is no usable OpenGL, or it is used from a thread that does not own it; says what to do."""
