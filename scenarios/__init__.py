"""Rare events as Scenic scripts: the world model, the library, and the sampler that draws scenes from a script.

Scripts are compiled in Scenic's 2D mode with objects snapped to the ground. Scenic 3.1 has no 3D road networks, so on
a hilly map every height it computes is 0; in 2D mode it says so itself, reasons in plan (exact for lanes, distances and
overlaps up to the road's slope) and lets the CARLA interface ask the map for the height at which each actor is put
down. In 3D mode actors would be spawned at z = 0, inside the hills. While a scene runs, heights come from the server.
"""

import warnings

# Scenic wants to format uncaught errors itself and complains when Typer or pytest already does; ours are caught.
warnings.filterwarnings("ignore", message="unable to install sys.excepthook")
