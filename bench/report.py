"""Rows of figures, and the table that shows them."""

from dataclasses import dataclass


@dataclass
class Row:
    """One figure of ours, and the peer's where there is one to compare with."""

    group: str
    what: str
    unit: str
    ours: float
    peer: float | None = None

    def as_dict(self) -> dict:
        return {
            "group": self.group,
            "what": self.what,
            "unit": self.unit,
            "ours": self.ours,
            "peer": self.peer,
        }


def figure(value: float) -> str:
    """Three significant digits; whole numbers from a hundred on."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def ratio(row: Row) -> str:
    """How many times the peer's figure is ours."""
    if row.peer is None or not row.ours:
        return ""
    return f"{figure(row.peer / row.ours)}x"


def show(rows: list[Row]) -> None:
    width = max(len(row.what) for row in rows)
    group = None
    for row in rows:
        if row.group != group:
            group = row.group
            print(f"\n{group:<{width + 2}}{'ours':>10}{'peer':>10}         peer/ours")
        peer = "" if row.peer is None else figure(row.peer)
        print(f"  {row.what:<{width}}{figure(row.ours):>10}{peer:>10} {row.unit:<8}{ratio(row):>9}")
    print()
