"""``longtail bench labels``: how exact labels are, and what labelling and exporting cost of a frame's time."""

from __future__ import annotations

from pydantic import BaseModel, computed_field
from rich.table import Column, Table

from orchestrator.bench import Measurement
from orchestrator.exactness import Exactness

SHARE = 0.25
"""Of a frame's time, for labels and all datasets."""


class LabelBench(BaseModel):
    """What ``longtail bench labels`` found."""

    exactness: Exactness
    cost: Measurement

    @computed_field  # type: ignore[prop-decorator]
    @property
    def kept(self) -> bool:
        """Whether everything is as it must be."""
        return self.cost.label_share <= SHARE and all(tally.kept for tally in self.exactness.tallies)


def table(result: LabelBench) -> Table:
    """One row a demand: what was found, what is needed."""
    found = result.exactness
    shown = Table(
        "what holds", Column("cases", justify="right"), Column("found", justify="right"),
        Column("needed", justify="right"), "", title=f"labels of {found.objects} objects in {found.scenes} scenes",
    )  # fmt: skip
    for tally in found.tallies:
        share = tally.holds / max(tally.cases, 1)
        shown.add_row(tally.what, f"{tally.cases}", f"{share:.3%}", f"{tally.needed:.1%}", _mark(tally.kept))
    shown.add_section()
    for what, value in (
        ("the worst vertex lies outside by", f"{max(0.0, 1000 * found.outside):.3f} mm"),
        ("the worst 3D box exceeds its object by", f"{1000 * found.overhang:.3f} mm"),
        ("the worst visible fraction is off by", f"{found.difference:.3%}"),
    ):
        shown.add_row(what, "", value, "", "", style="dim")
    cost, frames = result.cost, max(result.cost.frames, 1)
    shown.add_section()
    stages = {"label calls": cost.driver.get("label calls", 0.0)}
    stages |= {f"export {name}": seconds for name, seconds in cost.exports.items()}
    for stage, seconds in stages.items():
        shown.add_row(stage, f"{frames}", f"{1000 * seconds / frames:.1f} ms", "", "", style="dim")
    whole, kept = "labels and all exports, of a frame's time", cost.label_share <= SHARE
    shown.add_row(whole, f"{frames}", f"{cost.label_share:.1%}", f"≤ {SHARE:.0%}", _mark(kept))
    return shown


def _mark(kept: bool) -> str:
    return "[green]yes[/green]" if kept else "[red]no[/red]"
