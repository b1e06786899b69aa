"""Tables of figures, ratios, and what has to hold of them."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

Figure = float | str | None
WORSE = 1.25


@dataclass
class Table:
    """A row for each subject."""

    title: str
    columns: list[str]
    rows: dict[str, list[Figure]] = field(default_factory=dict)
    note: str = ""

    def lines(self) -> list[str]:
        cells = [["", *self.columns]]
        cells += [[name, *map(figure, row)] for name, row in self.rows.items()]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        shown = [self.title]
        for name, *row in cells:
            figures = "".join(f"{cell:>{w + 2}}" for cell, w in zip(row, widths[1:], strict=True))
            shown.append(f"  {name:<{widths[0]}}{figures}".rstrip())
        return shown + ([f"  {self.note}"] if self.note else [])

    def markdown(self) -> list[str]:
        rows = [f"| {name} | {' | '.join(map(figure, row))} |" for name, row in self.rows.items()]
        return [
            f"### {self.title}",
            "",
            f"| | {' | '.join(self.columns)} |",
            "|---|" + "---:|" * len(self.columns),
            *rows,
            "",
            *([self.note, ""] if self.note else []),
        ]


@dataclass
class Ratio:
    """A figure that is the same on any machine, more or less, and what it has to be."""

    name: str
    value: float
    at_least: float | None = None
    at_most: float | None = None
    goal: float | None = None
    more_is_better: bool = True

    def __post_init__(self) -> None:
        if self.at_most is not None:
            self.more_is_better = False

    def is_limited(self) -> bool:
        return self.at_least is not None or self.at_most is not None

    def holds(self) -> bool:
        if self.at_most is not None:
            return self.value <= self.at_most
        return self.at_least is None or self.value >= self.at_least

    def verdict(self) -> str:
        wanted = (
            f"at least {figure(self.at_least)}"
            if self.at_most is None
            else f"at most {figure(self.at_most)}"
        )
        goal = f", the goal is {figure(self.goal)}" if self.goal else ""
        return f"{figure(self.value)} ({wanted}{goal})"

    def times_worse(self, then: float) -> float:
        """How many times worse than it was."""
        now, then = max(self.value, 1e-9), max(then, 1e-9)
        return then / now if self.more_is_better else now / then


@dataclass
class Report:
    """What was measured, printed when it is known."""

    tables: list[Table] = field(default_factory=list)
    ratios: list[Ratio] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    """Ratios that have to be something, and were not measured."""
    skipped: list[str] = field(default_factory=list)

    def table(self, table: Table) -> None:
        self.tables.append(table)
        print("\n" + "\n".join(table.lines()), flush=True)

    def ratio(self, name: str, over: Figure, under: Figure, **wanted) -> None:
        """A ratio of two figures; none where one of them is missing."""
        if isinstance(over, float | int) and isinstance(under, float | int) and under:
            self.ratios.append(Ratio(name, over / under, **wanted))
        elif "at_least" in wanted or "at_most" in wanted:
            self.unknown.append(name)

    def skip(self, what: str) -> None:
        self.skipped.append(what)
        print(f"Not measured: {what}", flush=True)

    def show(self, then: dict[str, float], file: str, *, with_limits: bool = True) -> None:
        """What has to hold, and the ratios beside those that stand in a file."""
        shown = [self.check_list()] if with_limits else []
        if self.ratios or self.unknown:
            for lines in [*shown, self.compared(then, file)]:
                print("\n" + "\n".join(lines), flush=True)

    def check_list(self) -> list[str]:
        lines = ["What has to hold"]
        for ratio in self.ratios:
            if ratio.is_limited():
                holds = "holds" if ratio.holds() else "DOES NOT HOLD"
                lines.append(f"  {holds:<13}  {ratio.name}: {ratio.verdict()}")
        return lines + [f"  not measured   {name}" for name in self.unknown]

    def compared(self, then: dict[str, float], file: str) -> list[str]:
        """A report, and no verdict: another machine, or another load of it, has other ratios."""
        table = Table(f"Ratios, beside those in bench/{file}", ["now", "then", ""])
        for ratio in self.ratios:
            before = then.get(ratio.name)
            worse = ratio.times_worse(before) if before is not None else 1.0
            mark = f"WORSE by {(min(worse, 100) - 1) * 100:.0f} %" if worse > WORSE else ""
            table.rows[ratio.name] = [ratio.value, before, mark]
        return table.lines()

    def as_dict(self) -> dict:
        return {
            "tables": [asdict(table) for table in self.tables],
            "unknown": self.unknown,
            "ratios": [asdict(ratio) | {"holds": ratio.holds()} for ratio in self.ratios],
            "skipped": self.skipped,
        }

    def markdown(self, head: list[str]) -> str:
        lines = [*head, ""]
        if held := [ratio for ratio in self.ratios if ratio.is_limited()]:
            lines += ["### What has to hold", "", "| | measured | |", "|---|---|---|"]
            lines += [
                f"| {r.name} | {r.verdict()} | {'holds' if r.holds() else '**does not hold**'} |"
                for r in held
            ]
            lines += [f"| {name} | | not measured |" for name in self.unknown]
            lines.append("")
        for table in self.tables:
            lines += table.markdown()
        lines += [f"Not measured: {what}\n" for what in self.skipped]
        return "\n".join(lines).rstrip() + "\n"


def figure(value: Figure) -> str:
    """Three significant digits; whole numbers from a hundred on."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    if not value:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    if float(value).is_integer():
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def known(file: Path) -> dict[str, float]:
    """The ratios of an earlier run."""
    return json.loads(file.read_text()) if file.exists() else {}
