"""Plays scenes on a CARLA server, Unreal's or the embedded one, and records them."""
