"""Rows of figures, and the tables that show them."""

from dataclasses import dataclass
from itertools import groupby


@dataclass
class Row:
    """One figure of ours, and the peer's where there is one to compare with."""

    group: str
    what: str
    unit: str
    ours: float
    peer: float | None = None
    more_is_better: bool = False
    at_least: float | None = None
    """How many times better than the peer's it has to be."""

    HEADING = f"{'ours':>10}{'peer':>10}         better by"

    def better(self) -> float | None:
        better, worse = self.ours, self.peer
        if not self.more_is_better:
            better, worse = worse, better
        return better / worse if better and worse else None

    def line(self) -> str:
        better = self.better()
        peer = "" if self.peer is None else figure(self.peer)
        line = f"{figure(self.ours):>10}{peer:>10} {self.unit:<8}"
        line += "" if better is None else f"{figure(better):>9}x"
        if self.at_least is not None and (better is None or better < self.at_least):
            line += f"  FAILS: less than {figure(self.at_least)}x"
        return line.rstrip()

    def as_dict(self) -> dict:
        return {
            "group": self.group,
            "what": self.what,
            "unit": self.unit,
            "ours": self.ours,
            "peer": self.peer,
        }


@dataclass
class Growth:
    """What one thing costs when few, more, and many tasks are stored."""

    group: str
    what: str
    unit: str
    costs: list[float]
    at_most: float | None
    """How many times the first cost the others may be."""

    HEADING = f"{'1,000':>10}{'100,000':>10}{'1,000,000':>10}"

    def line(self) -> str:
        ratios = [cost / self.costs[0] for cost in self.costs[1:]]
        line = "".join(f"{figure(cost):>10}" for cost in self.costs) + f" {self.unit:<8}"
        line += "".join(f"{figure(ratio):>8}x" for ratio in ratios)
        if self.at_most is not None and max(ratios) > self.at_most:
            line += f"  FAILS: more than {figure(self.at_most)}x"
        return line

    def as_dict(self) -> dict:
        return {
            "group": self.group,
            "what": self.what,
            "unit": self.unit,
            "costs": self.costs,
        }


def figure(value: float) -> str:
    """Three significant digits; whole numbers from a hundred on."""
    if not value:
        return "0"
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def show(rows: list[Row | Growth]) -> None:
    width = max(len(row.what) for row in rows)
    for group, members in groupby(rows, key=lambda row: row.group):
        members = list(members)
        print(f"\n{group}")
        print(f"  {'':<{width}}{members[0].HEADING}")
        for row in members:
            print(f"  {row.what:<{width}}{row.line()}")
    print()
