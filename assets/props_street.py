"""What stands on pavements: benches, shelters, kiosks, machines, signs, fountains, chains between posts."""

from __future__ import annotations

import numpy as np

from assets.joinery import (
    BLACK,
    BLUE,
    CREAM,
    DARK,
    GLASS,
    GREEN,
    GREY,
    LIGHT,
    METAL,
    ORANGE,
    PAINTED,
    PALE_TIMBER,
    PLASTIC,
    RED,
    RUBBER,
    STONE,
    TIMBER,
    WHITE,
    WOOD,
    YELLOW,
    Kit,
    Recipe,
    lettered,
    placed,
    printed,
)  # fmt: skip
from assets.mesh import Material
from assets.tags import Tag

PI = np.pi


def bench_with_back(kit: Kit, variant: int) -> None:
    """Wooden slats on two cast feet, with a back."""
    for x in (-0.62, 0.62):
        kit.beam((x, 0.30, 0.0), (x, 0.26, 0.45), 0.05, 0.06, PAINTED, DARK)
        kit.beam((x, -0.28, 0.0), (x, -0.22, 0.45), 0.05, 0.06, PAINTED, DARK)
        kit.beam((x, 0.30, 0.43), (x, -0.26, 0.41), 0.05, 0.05, PAINTED, DARK)
        kit.beam((x, -0.22, 0.42), (x, -0.36, 0.95), 0.05, 0.05, PAINTED, DARK)
        kit.beam((x, 0.30, 0.62), (x, -0.27, 0.66), 0.06, 0.035, PAINTED, DARK)
        kit.beam((x, 0.29, 0.43), (x, 0.29, 0.63), 0.04, 0.04, PAINTED, DARK)
    for y in (0.27, 0.16, 0.05, -0.06, -0.17):
        kit.box((1.544, 0.095, 0.035), (0, y, 0.46), WOOD, TIMBER)
    for z in (0.60, 0.72, 0.84, 0.94):
        kit.box((1.544, 0.03, 0.085), (0, -0.245 - 0.27 * (z - 0.42), z), WOOD, TIMBER)


def bench_flat(kit: Kit, variant: int) -> None:
    """A bench without a back: thick planks on two stone blocks."""
    for x in (-0.55, 0.55):
        kit.box((0.16, 0.46, 0.42), (x, 0, 0.21), STONE, (168, 164, 156))
    for y in (-0.19, 0.0, 0.19):
        kit.box((1.564, 0.165, 0.08), (0, y, 0.469), WOOD, PALE_TIMBER)


def bench_log(kit: Kit, variant: int) -> None:
    """A park bench: a halved log on two stumps."""
    for x in (-0.5, 0.5):
        kit.turned([(0, 0), (0.19, 0), (0.17, 0.36), (0, 0.36)], WOOD, (96, 70, 48), (x, 0, 0))
    outline = [(0.26 * np.cos(a), -0.17 * np.sin(a)) for a in np.linspace(0, PI, 9)]
    lying = placed((-0.79, 0, 0.51), tilt=PI / 2, roll=0) @ placed((0, 0, 0), turn=PI / 2)
    kit.plate([(x, y) for x, y in outline], 1.583, WOOD, (124, 92, 62), lying)
    kit.box((1.575, 0.50, 0.012), (0, 0, 0.511), WOOD, PALE_TIMBER)


def bus_stop(kit: Kit, variant: int) -> None:
    """A glazed shelter with a roof, a bench, a timetable and a lit poster at one end; open towards +y."""
    for x in (-1.85, 0.0, 1.85):
        kit.box((0.08, 0.08, 2.55), (x, -0.85, 1.275), PAINTED, DARK)
    for x in (-1.85, 1.85):
        kit.box((0.08, 0.08, 2.55), (x, 0.35, 1.275), PAINTED, DARK)
    kit.box((3.876, 1.894, 0.12), (0, 0, 2.66), PAINTED, DARK)
    kit.box((3.70, 1.72, 0.04), (0, 0, 2.58), PAINTED, WHITE)
    for x in (-0.93, 0.93):
        kit.box((1.75, 0.02, 1.95), (x, -0.85, 1.20), GLASS, WHITE)
    kit.box((0.02, 1.10, 1.95), (-1.85, -0.25, 1.20), GLASS, WHITE)
    kit.box((0.14, 1.15, 2.0), (1.85, -0.25, 1.25), PAINTED, DARK)
    poster = lettered("poster.bus", "CITY\nLINES\n24/7", (40, 90, 160), WHITE, wide=False)
    kit.picture(poster, (1.925, -0.25, 1.28), (0.98, 1.70), 0.0)
    kit.picture(poster, (1.775, -0.25, 1.28), (0.98, 1.70), PI)
    for y in (-0.62, -0.50, -0.38):
        kit.box((2.6, 0.10, 0.035), (-0.3, y, 0.48), WOOD, PALE_TIMBER)
    for x in (-1.3, 0.7):
        kit.box((0.06, 0.34, 0.46), (x, -0.50, 0.23), PAINTED, DARK)
    kit.picture(lettered("sign.bus", "BUS STOP", BLUE, WHITE), (0, 0.951, 2.66), (1.2, 0.11), PI / 2)


def turned_bus_stop(kit: Kit, variant: int) -> None:
    """The same shelter along y."""
    bench = Kit(kit.level, kit.random)
    bus_stop(bench, variant)
    kit.pieces += [piece.moved(placed((0, 0, 0), PI / 2)) for piece in bench.pieces]


def kiosk(kit: Kit, variant: int) -> None:
    """A six-sided news kiosk with a counter, an awning and a pointed roof."""
    kit.turned([(0, 0), (0.75, 0), (0.75, 0.12), (0, 0.12)], STONE, GREY, sides=6)
    kit.turned([(0.68, 0.12), (0.68, 2.35), (0, 2.35)], PAINTED, (28, 70, 52), sides=6)
    kit.turned([(0.69, 1.05), (0.69, 2.0), (0.68, 2.0)], GLASS, WHITE, sides=6)
    kit.turned([(0.0, 2.35), (0.83, 2.35), (0.83, 2.47), (0.55, 2.65), (0.12, 3.05), (0, 3.06)], PAINTED, (24, 58, 46),
               sides=6)  # fmt: skip
    kit.turned([(0, 3.04), (0.05, 3.04), (0.03, 3.20), (0, 3.245)], METAL, YELLOW)
    kit.box((0.35, 0.80, 0.05), (0.62, 0, 1.02), WOOD, TIMBER)
    kit.box((0.45, 0.95, 0.03), (0.62, 0, 2.10), PAINTED, RED, tilt=0.5)
    for y in (-0.24, 0.0, 0.24):
        kit.picture(lettered(f"paper{y}", "NEWS", WHITE, BLACK, wide=False), (0.62, y, 0.70), (0.2, 0.3), 0.0)


def mailbox(kit: Kit, variant: int) -> None:
    """A pillar-mounted letter box with a rounded top."""
    arch = [(-0.22, 0.0), *((0.22 * np.cos(a), 0.62 + 0.20 * np.sin(a)) for a in np.linspace(0, PI, 9)[::-1])]
    arch = [(0.22, 0.0), *((0.22 * np.cos(a), 0.52 + 0.22 * np.sin(a)) for a in np.linspace(0, PI, 9)), (-0.22, 0.0)]
    kit.plate(arch, 0.50, PAINTED, (188, 24, 30), placed((-0.25, 0, 0.40)) @ placed((0, 0, 0), PI / 2, 0, PI / 2))
    for x, y in ((-0.18, -0.15), (0.18, -0.15), (-0.18, 0.15), (0.18, 0.15)):
        kit.box((0.06, 0.06, 0.42), (x, y, 0.21), PAINTED, DARK)
    kit.box((0.02, 0.30, 0.03), (0.255, 0, 0.95), PAINTED, BLACK)
    kit.box((0.03, 0.34, 0.05), (0.26, 0, 0.99), PAINTED, (150, 18, 24))
    kit.picture(lettered("post", "POST", (188, 24, 30), YELLOW), (0.252, 0, 0.75), (0.30, 0.15), 0.0)


def atm(kit: Kit, variant: int) -> None:
    """A cash machine: screen, keys, slots, a lit head."""
    kit.box((0.66, 0.874, 1.95), (-0.02, 0, 0.975), PAINTED, (52, 60, 74))
    kit.box((0.713, 0.874, 0.33), (0, 0, 2.11), PLASTIC, BLUE)
    kit.picture(lettered("atm", "ATM", BLUE, WHITE), (0.358, 0, 2.11), (0.70, 0.26), 0.0)
    kit.box((0.05, 0.62, 0.85), (0.30, 0, 1.30), PLASTIC, BLACK)
    kit.picture(lettered("atm.screen", "WELCOME", (30, 90, 160), WHITE), (0.327, 0.06, 1.45), (0.36, 0.28), 0.0)
    kit.box((0.20, 0.52, 0.03), (0.26, 0, 1.02), METAL, GREY, tilt=0.25)
    if kit.fine:
        for row in range(4):
            for column in range(3):
                kit.box((0.03, 0.04, 0.015), (0.22 + 0.035 * row, 0.05 - 0.055 * column, 1.045 - 0.009 * row), PLASTIC,
                        WHITE, tilt=0.25)  # fmt: skip
    kit.box((0.04, 0.30, 0.03), (0.33, 0, 1.17), METAL, GREY)


def advertisement(kit: Kit, variant: int) -> None:
    """A lit city poster in a steel case on a foot; readable from both sides (+y, -y)."""
    kit.box((0.50, 0.20, 0.55), (0, 0, 0.275), PAINTED, DARK)
    kit.box((1.549, 0.22, 1.95), (0, 0, 1.468), PAINTED, DARK)
    look = np.zeros((512, 256, 3), np.uint8)
    look[:] = np.linspace([250, 170, 60], [200, 40, 80], 512)[:, None]
    look[90:300, 60:196] = (250, 240, 220)
    look[330:350, 30:226] = look[380:392, 60:196] = (255, 255, 255)
    poster = printed("poster.street", look, emission=0.25)
    kit.picture(poster, (0, 0.1435, 1.47), (1.36, 1.76), PI / 2)
    kit.picture(poster, (0, -0.1435, 1.47), (1.36, 1.76), -PI / 2)
    kit.box((1.42, 0.285, 0.04), (0, 0, 0.56), METAL, GREY)
    kit.box((1.42, 0.285, 0.04), (0, 0, 2.38), METAL, GREY)


def vending_machine(kit: Kit, variant: int) -> None:
    """A drinks machine with rows of bottles behind glass; its front faces +x."""
    kit.box((0.80, 1.102, 2.05), (-0.03, 0, 1.055), PAINTED, (176, 24, 28))
    kit.box((0.76, 1.06, 0.06), (-0.03, 0, 0.03), PAINTED, BLACK)
    kit.box((0.03, 0.70, 1.45), (0.375, 0.14, 1.22), PLASTIC, BLACK)
    colors = (RED, GREEN, ORANGE, BLUE, YELLOW, WHITE, (110, 60, 30))
    for shelf in range(5):
        z = 0.60 + 0.28 * shelf
        kit.box((0.02, 0.68, 0.02), (0.395, 0.14, z), METAL, WHITE)
        for slot in range(6 if kit.level < 2 else 3):
            y = 0.14 + (slot / (5 if kit.level < 2 else 2) - 0.5) * 0.55
            kit.box((0.02, 0.07, 0.19), (0.40, y, z + 0.105), PLASTIC, colors[(shelf * 2 + slot) % 7])
    kit.box((0.012, 0.70, 1.45), (0.412, 0.14, 1.22), GLASS, WHITE)
    kit.box((0.04, 0.60, 0.16), (0.385, 0.10, 0.36), PLASTIC, BLACK)
    kit.box((0.03, 0.16, 0.40), (0.39, -0.40, 1.35), METAL, GREY)
    kit.picture(lettered("drinks", "COLD DRINKS", (176, 24, 28), WHITE), (0.437, 0, 2.02), (0.9, 0.1), 0.0)
    kit.box((0.03, 1.0, 0.12), (0.42, 0, 2.02), PLASTIC, WHITE)


def map_table(kit: Kit, variant: int) -> None:
    """A sloping board with a map on two posts."""
    for x in (-0.6, 0.6):
        kit.box((0.10, 0.10, 0.95), (x, 0.0, 0.475), WOOD, TIMBER)
    kit.box((1.573, 0.617, 0.05), (0, 0, 1.02), WOOD, TIMBER, turn=0.0)
    board = kit.pieces[-1]
    kit.pieces[-1] = board.moved(placed((0, 0, 1.0)) @ placed((0, 0, 0), roll=0.5) @ placed((0, 0, -1.02)))
    look = np.full((256, 512, 3), (214, 222, 190), np.uint8)
    for k in range(9):
        look[(28 * k + 10) % 256 : (28 * k + 14) % 256 or None] = (240, 236, 226)
        look[:, (57 * k + 20) % 512 : (57 * k + 27) % 512 or None] = (240, 236, 226)
    look[120:150] = (128, 170, 210)
    sheet = Kit(kit.level, kit.random)
    sheet.picture(printed("map", look), (0, 0, 0), (1.48, 0.54), -PI / 2, PI / 2 - 0.5)
    out = np.array([0.0, -np.sin(0.5), np.cos(0.5)]) * 0.027
    kit.pieces += [piece.moved(placed((0.0, float(out[1]), 1.0 + float(out[2])))) for piece in sheet.pieces]


def street_fountain(kit: Kit, variant: int) -> None:
    """A drinking fountain of cast iron with a bowl and a tap."""
    kit.box((0.287, 0.36, 0.06), (0, -0.12, 0.03), STONE, GREY)
    kit.turned([(0, 0.06), (0.13, 0.06), (0.10, 0.16), (0.09, 1.05), (0.13, 1.10), (0.09, 1.2), (0, 1.259)], PAINTED,
               (34, 66, 52), (0, -0.16, 0))  # fmt: skip
    kit.turned(
        [(0.03, 0.02), (0.13, 0.22), (0.14, 0.26), (0.12, 0.26), (0.0, 0.18)], PAINTED, (34, 66, 52), (0, 0.18, 0)
    )
    kit.pipe([(0, -0.10, 0.86), (0, 0.10, 0.86), (0, 0.12, 0.80)], 0.018, METAL, YELLOW)
    kit.rod((0, 0.02, 0.86), (0, 0.02, 0.93), 0.014, METAL, YELLOW)


def fountain(kit: Kit, variant: int) -> None:
    """A round basin with two bowls above each other and water."""
    water = Material("water", (0.10, 0.20, 0.22), 0.05, clear_coat=1.0, lidar_reflectance=0.05)
    stone = (186, 178, 164)
    kit.turned([(0, 0), (4.2, 0), (4.2, 0.25), (3.95, 0.25), (3.95, 0.75), (4.05, 0.82), (3.6, 0.82), (3.55, 0.3)],
               STONE, stone, sides=32 if kit.fine else 14)  # fmt: skip
    kit.turned([(3.6, 0.62), (0, 0.62)], water, WHITE, sides=32 if kit.fine else 14)
    kit.turned([(1.1, 0.3), (0.9, 1.0), (0.5, 1.4), (0.45, 2.6), (0.8, 2.9), (2.1, 3.35), (2.2, 3.5), (2.0, 3.5),
                (0.6, 3.2)], STONE, stone)  # fmt: skip
    kit.turned([(2.02, 3.44), (0, 3.44)], water, WHITE)
    kit.turned([(0.5, 3.2), (0.32, 3.6), (0.28, 4.9), (0.5, 5.1), (1.15, 5.4), (1.2, 5.5), (0.3, 5.3)], STONE, stone)
    kit.turned(
        [(0.30, 5.3), (0.22, 5.7), (0.34, 5.95), (0.20, 6.3), (0.30, 6.5), (0.16, 6.8), (0, 6.924)], STONE, stone
    )


def street_sign(kit: Kit, variant: int) -> None:
    """Two street names on a post."""
    kit.rod((0, 0, 0), (0, 0, 2.154), 0.03, METAL, GREY)
    for z, words, shift in ((2.02, "OAK STREET", 0.0), (1.80, "HILL ROAD", 0.0)):
        kit.box((1.064, 0.03, 0.18), (shift, 0, z), PAINTED, GREEN)
        sheet = lettered("street." + words, words, GREEN, WHITE, reflectance=2.0)
        kit.picture(sheet, (shift, 0.0165, z), (1.03, 0.165), PI / 2)
        kit.picture(sheet, (shift, -0.0165, z), (1.03, 0.165), -PI / 2)
    kit.box((0.10, 0.125, 0.10), (0, 0, 1.91), METAL, GREY)


def direction_sign(kit: Kit, variant: int) -> None:
    """A large direction board on two posts."""
    for x in (-0.85, 0.85):
        kit.rod((x, 0, 0), (x, 0, 3.878), 0.05, METAL, GREY)
    kit.box((2.47, 0.06, 1.5), (0, 0.09, 3.05), PAINTED, BLUE)
    board = lettered("board", "CENTRE  2\nAIRPORT  9\nHARBOUR  5", BLUE, WHITE, reflectance=2.5)
    kit.picture(board, (0, 0.122, 3.05), (2.42, 1.45), PI / 2)
    for z in (2.6, 3.5):
        kit.box((2.3, 0.06, 0.06), (0, 0.03, z), METAL, GREY)
    for x in (-0.85, 0.85):
        kit.box((0.303, 0.303, 0.06), (x, 0, 0.03), METAL, GREY)


def parking_sign(kit: Kit, variant: int) -> None:
    """A parking board on one post."""
    kit.rod((0, -0.03, 0), (0, -0.03, 2.773), 0.032, METAL, GREY)
    kit.box((1.171, 0.03, 0.75), (0, 0.02, 2.38), PAINTED, BLUE)
    kit.picture(lettered("parking", "P\n2 H", BLUE, WHITE, reflectance=2.5), (0, 0.036, 2.38), (1.14, 0.72), PI / 2)
    kit.box((0.10, 0.125, 0.06), (0, 0, 2.55), METAL, GREY)


def food_cart(kit: Kit, variant: int) -> None:
    """A vendor's cart with a striped canopy; along y."""
    kit.box((1.35, 2.5, 0.85), (0, 0, 0.95), PAINTED, (196, 44, 40))
    kit.box((1.6, 2.75, 0.06), (0, 0, 1.40), METAL, GREY)
    for x, y in ((-0.6, -1.2), (0.6, -1.2), (-0.6, 1.2), (0.6, 1.2)):
        kit.rod((x, y, 1.4), (x, y, 2.9), 0.03, METAL, WHITE)
    for k in range(10):
        y = -2.09 + 0.464 * k
        color = RED if k % 2 else WHITE
        kit.beam((0, y, 3.50), (1.1, y, 2.85), 0.464, 0.05, PLASTIC, color)
        kit.beam((0, y, 3.50), (-1.1, y, 2.85), 0.464, 0.05, PLASTIC, color)
    for x in (-0.55, 0.55):
        kit.rod((x, -0.06 + 0.9, 0.42), (x, 0.9, 0.42), 0.05, METAL, DARK)
    for x in (-0.72, 0.72):
        for y in (-0.8, 0.8):
            kit.rod((x - 0.04, y, 0.40), (x + 0.04, y, 0.40), 0.40, RUBBER, BLACK)
            kit.rod((x - 0.045, y, 0.40), (x + 0.045, y, 0.40), 0.30, METAL, YELLOW)
    kit.pipe([(-0.5, 1.3, 1.2), (-0.5, 2.2, 1.1), (0.5, 2.2, 1.1), (0.5, 1.3, 1.2)], 0.03, METAL, GREY)
    kit.picture(lettered("hotdog", "HOT DOGS", CREAM, RED), (0.681, 0, 0.95), (2.0, 0.5), 0.0)
    kit.box((0.5, 0.9, 0.35), (-0.1, 0.5, 1.6), METAL, GREY)


def chain_post(kit: Kit, x: float) -> None:
    kit.turned([(0, 0), (0.12, 0), (0.12, 0.05), (0.05, 0.10), (0.045, 0.80), (0.065, 0.82), (0.05, 0.86), (0, 0.889)],
               PAINTED, BLACK, (x, 0, 0))  # fmt: skip


def chain_barrier(kit: Kit, variant: int) -> None:
    """A post with a chain to where the next one stands."""
    chain_post(kit, -0.6275)
    x = np.linspace(-0.60, 0.747, (15, 7, 4)[kit.level])
    z = 0.74 - 0.22 * (1 - ((x - 0.07) / 0.67) ** 2)
    kit.pipe(np.column_stack([x, np.zeros(len(x)), z]), 0.016, METAL, GREY)


def chain_end(kit: Kit, variant: int) -> None:
    """The last post."""
    chain_post(kit, 0.0)


def lamp_post_light(kit: Kit, variant: int) -> None:
    """A garden lamp: a lantern on a short post."""
    kit.turned([(0, 0), (0.10, 0), (0.05, 0.05), (0.03, 0.08), (0.03, 0.36), (0.06, 0.38), (0.0, 0.38)], PAINTED, BLACK)
    kit.turned([(0.07, 0.38), (0.10, 0.54), (0, 0.54)], LIGHT, (250, 236, 200), sides=6)
    kit.turned([(0, 0.54), (0.148, 0.54), (0.05, 0.61), (0, 0.648)], PAINTED, BLACK)


RECIPES: dict[str, Recipe] = {
    "bench01": Recipe(bench_with_back),
    "bench02": Recipe(bench_flat),
    "bench03": Recipe(bench_log),
    "busstop": Recipe(bus_stop),
    "busstoplb": Recipe(turned_bus_stop),
    "kiosk_01": Recipe(kiosk),
    "mailbox": Recipe(mailbox),
    "atm": Recipe(atm),
    "advertisement": Recipe(advertisement),
    "vendingmachine": Recipe(vending_machine),
    "maptable": Recipe(map_table),
    "streetfountain": Recipe(street_fountain),
    "fountain": Recipe(fountain),
    "streetsign": Recipe(street_sign, Tag.TRAFFIC_SIGNS),
    "streetsign01": Recipe(direction_sign, Tag.TRAFFIC_SIGNS),
    "streetsign04": Recipe(parking_sign, Tag.TRAFFIC_SIGNS),
    "foodcart": Recipe(food_cart, Tag.DYNAMIC),
    "chainbarrier": Recipe(chain_barrier, category="barrier"),
    "chainbarrierend": Recipe(chain_end, category="barrier"),
    "gardenlamp": Recipe(lamp_post_light),
}
