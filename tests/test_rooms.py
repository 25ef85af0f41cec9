"""The rooms' floors: an import may only point downward, and never sideways."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]
FLOOR = {"assets": 1, "renderers": 2, "sensors": 3, "simulator": 4, "exporters": 4, "scenarios": 4, "orchestrator": 5}


def imported_rooms(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.split(".")[0])
    return names & FLOOR.keys()


def test_imports_point_downward() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {room}"
        for home in FLOOR
        for path in sorted((ROOT / home).rglob("*.py"))
        for room in sorted(imported_rooms(path) - {home})
        if FLOOR[room] >= FLOOR[home]
    ]
    assert not wrong, wrong


def test_every_room_is_read() -> None:
    assert all(list((ROOT / home).glob("*.py")) for home in FLOOR)
