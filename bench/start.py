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
GUNICORN = "a2a-sdk, gunicorn of 1, memory"
CARD, MESSAGE = "card", "SendMessage"


def measure(bench: Bench) -> None:
    whole = bench.plan.is_whole
    gunicorn = [GUNICORN] if whole else []
    kinds = [
        bench.host.kind(SQLITE, bench.cwasm),
        bench.host.kind(COMPILES, bench.wasm),
        *bench.ours[2:],
        *bench.peers.some(UVICORN_MEMORY, *gunicorn, NATIVE, LIMIT),
    ]
    # The peers have no such agent, and it answers no echo.
    image = bench.host.kind(IMAGE, bench.image_agent)
    columns: dict[str, dict[str, float]] = {}
    for is_cold in [False, True] if whole else [False]:
        disk = ", cold disk" if is_cold else ""
        if whole:
            columns[CARD + disk] = in_turn(bench, [*kinds, image], get_card, is_cold)
        columns[MESSAGE + disk] = in_turn(bench, kinds, post_message, is_cold)
    names = [kind.name for kind in kinds] + ([IMAGE] if whole else [])
    rows = {name: [column.get(name) for column in columns.values()] for name in names}
    title = "start of the process to its first answer, ms"
    bench.report.table(Table(title, list(columns), rows))
    compare(bench, columns[MESSAGE])


def compare(bench: Bench, first: dict[str, float]) -> None:
    ratio, what = bench.report.ratio, "start to the first SendMessage"
    peer, native = first.get(UVICORN_MEMORY), first.get(NATIVE)
    ratio(f"{what}: {UVICORN_MEMORY} to {SQLITE}, precompiled", peer, first[SQLITE], at_least=25)
    ratio(f"{what}: {SQLITE}, precompiled, to {NATIVE}", first[SQLITE], native, at_most=3)
    ratio(f"{what}: {UVICORN_MEMORY} to {COMPILES}", peer, first[COMPILES], at_least=3)


def in_turn(bench: Bench, kinds: list[Kind], request, is_cold: bool) -> dict[str, float]:
    """Milliseconds."""
    measured: dict[str, list[float]] = {kind.name: [] for kind in kinds}
    # The first of all fills the system's memory.
    for number in range(bench.plan.starts + 1):
        for kind in kinds:
            if is_cold:
                forget(kind)
            with kind.serve() as server:
                took = server.first(request)
            if number > 0:
                measured[kind.name].append(took * 1000)
    return {name: statistics.median(times) for name, times in measured.items()}


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
