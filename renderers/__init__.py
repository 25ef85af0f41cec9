"""Pictures, label targets and rays from a scene of meshes. Knows nothing of CARLA's protocol or of recordings."""
