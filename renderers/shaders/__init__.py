"""GLSL of the passes, read by ``renderers.context``. ``.glsl`` files are included by others."""
