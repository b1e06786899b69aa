"""From the start of the process to its first answer, its files in the system's memory or not."""

import os
import statistics
from pathlib import Path

from bench import SQLITE, Bench
from peers import LIMIT, NATIVE, UVICORN_MEMORY
from report import Table
from servers import Kind, get_card, post_message

COMPILES = "Attaché, SQLite, compiled at start"
IMAGE = "Attaché, the image's agent"
DROP = Path("/proc/sys/vm/drop_caches")
COLUMNS = ["card", "SendMessage", "card, cold disk", "SendMessage, cold disk"]


def measure(bench: Bench) -> None:
    kinds = [
        bench.host.kind(SQLITE, bench.cwasm),
        bench.host.kind(COMPILES, bench.wasm),
        *bench.ours[2:],
        *bench.peers.some(UVICORN_MEMORY, "a2a-sdk, gunicorn of 1, memory", NATIVE, LIMIT),
    ]
    cold = [False, True] if bench.plan.is_whole else [False]
    rows = {kind.name: [None] * len(COLUMNS) for kind in kinds}
    rows[IMAGE] = [None] * len(COLUMNS)
    for column, (is_cold, request) in enumerate(
        (is_cold, request) for is_cold in cold for request in [get_card, post_message]
    ):
        # The peers have no such agent, and it answers no echo.
        more = [bench.host.kind(IMAGE, bench.image_agent)] if request is get_card else []
        for name, seconds in in_turn(bench, kinds + more, request, is_cold).items():
            rows[name][column] = statistics.median(seconds) * 1000
    columns = COLUMNS[: 2 * len(cold)]
    shown = {name: row[: len(columns)] for name, row in rows.items()}
    bench.report.table(Table("start of the process to its first answer, ms", columns, shown))
    compare(bench, {name: row[1] for name, row in rows.items()})


def compare(bench: Bench, first: dict[str, float | None]) -> None:
    ratio, what = bench.report.ratio, "start to the first SendMessage"
    peer, native = first[UVICORN_MEMORY], first.get(NATIVE)
    ratio(f"{what}: {UVICORN_MEMORY} to {SQLITE}, precompiled", peer, first[SQLITE], at_least=25)
    ratio(f"{what}: {SQLITE}, precompiled, to {NATIVE}", first[SQLITE], native, at_most=3)
    ratio(f"{what}: {UVICORN_MEMORY} to {COMPILES}", peer, first[COMPILES], at_least=3)


def in_turn(bench: Bench, kinds: list[Kind], request, is_cold: bool) -> dict[str, list[float]]:
    seconds = {kind.name: [] for kind in kinds}
    # The first of all fills the system's memory.
    for number in range(bench.plan.starts + 1):
        for kind in kinds:
            if is_cold:
                forget(kind)
            with kind.serve() as server:
                took = server.first(request)
            if number > 0:
                seconds[kind.name].append(took)
    return seconds


def forget(kind: Kind) -> None:
    """Takes the server's files out of the system's memory: all that is there where that is allowed,
    else those that the server is known to read."""
    os.sync()
    if os.access(DROP, os.W_OK):
        DROP.write_text("1")
        return
    for path in kind.files:
        for file in path.rglob("*") if path.is_dir() else [path]:
            if file.is_file():
                with file.open("rb") as opened:
                    os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
