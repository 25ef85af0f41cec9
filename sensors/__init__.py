"""Rigs, sensor models, the taxonomy, labels and the recording format.

Frames: camera x right, y down, z forward (OpenCV); LiDAR x forward, y left, z up; ego x forward, y left, z up with its
origin on the ground under the middle of the rear axle (nuScenes').
"""
