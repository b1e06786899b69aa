"""The same computations by another tool: DuckDB, on the same bytes.

Everything is read as text first and each column is then one of numbers, dates, booleans or text by
all of its values, so that no second type inference stands between the two results.
"""

import json
import math
from pathlib import Path

import duckdb

MISSING = {"", "na", "n/a", "null", "nan"}


class Truth:
    """One table in DuckDB."""

    def __init__(self, path: Path) -> None:
        self.name = path.stem.replace("-", "_")
        self.db = duckdb.connect()
        if path.suffix == ".json":
            self._load_records(json.loads(path.read_text()))
        else:
            self._load_delimited(path)
        self.rows = self.db.execute("SELECT COUNT(*) FROM texts").fetchone()[0]
        typed = ", ".join(f'"{n}"::{self._type(n)} AS "{n}"' for n in self.columns)
        self.db.execute(f'CREATE VIEW "{self.name}" AS SELECT {typed} FROM texts')

    def _load_records(self, records: list[dict]) -> None:
        self.columns = list(dict.fromkeys(name for record in records for name in record))
        rows = [[self._text(record.get(name)) for name in self.columns] for record in records]
        fields = ", ".join(f'"{name}" VARCHAR' for name in self.columns)
        self.db.execute(f"CREATE TABLE texts ({fields})")
        marks = ", ".join("?" for _ in self.columns)
        self.db.executemany(f"INSERT INTO texts VALUES ({marks})", rows)

    def _load_delimited(self, path: Path) -> None:
        read = f"read_csv('{path}', header = true, all_varchar = true)"
        self.columns = [c[0] for c in self.db.execute(f"SELECT * FROM {read} LIMIT 0").description]
        markers = ", ".join(f"'{marker}'" for marker in MISSING)
        present = ", ".join(
            f'CASE WHEN lower("{n}") NOT IN ({markers}) THEN "{n}" END AS "{n}"'
            for n in self.columns
        )
        self.db.execute(f"CREATE TABLE texts AS SELECT {present} FROM {read}")

    @staticmethod
    def _text(value: object) -> str | None:
        return value if value is None or isinstance(value, str) else json.dumps(value)

    def _type(self, column: str) -> str:
        """DOUBLE for a column whose every value is a number; a leading zero makes it text."""
        numbers, zeros = self.db.execute(
            f'SELECT bool_and(TRY_CAST("{column}" AS DOUBLE) IS NOT NULL),'
            f" bool_or(regexp_matches(\"{column}\", '^[+-]?0[0-9]'))"
            f' FROM texts WHERE "{column}" IS NOT NULL'
        ).fetchone()
        return "DOUBLE" if numbers and not zeros else "VARCHAR"

    def is_number(self, column: str) -> bool:
        return self._type(column) == "DOUBLE"

    def missing_and_distinct(self, column: str) -> tuple[int, int]:
        return self.db.execute(
            f'SELECT COUNT(*) - COUNT("{column}"), COUNT(DISTINCT "{column}") FROM "{self.name}"'
        ).fetchone()

    def figures(self, column: str) -> dict[str, float]:
        """Minimum, quartiles (linear interpolation), maximum, mean, deviation of a sample."""
        names = ["min", "p25", "p50", "p75", "max", "mean", "stddev"]
        found = self.db.execute(
            f'SELECT MIN("{column}"), quantile_cont("{column}", 0.25),'
            f' quantile_cont("{column}", 0.5), quantile_cont("{column}", 0.75),'
            f' MAX("{column}"), favg("{column}"), stddev_samp("{column}") FROM "{self.name}"'
        ).fetchone()
        return dict(zip(names, found, strict=True))

    def query(self, sql: str) -> tuple[list[str], list[list[object]]]:
        found = self.db.execute(sql)
        return [column[0] for column in found.description], [list(r) for r in found.fetchall()]


def same(one: object, other: object) -> bool:
    """Equal; numbers up to a billionth of their size."""
    if isinstance(one, int | float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)
    return one == other
