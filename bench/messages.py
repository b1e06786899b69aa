"""SendMessage, which makes a task, gives it an artifact, completes it and answers with it.

The load program and the server share the machine, so what a server can do is best seen in the time
on processors that an answer takes. Its reciprocal, per core, is what the servers are compared by.
"""

from functools import partial

from bench import BEFORE, MEMORY, SQLITE, Bench, middle, times, total
from peers import LIMIT, NATIVE, SPIN, UVICORN_MEMORY, UVICORN_SQLITE, WASMTIME
from report import Table

COLUMNS = ["1/s", "µs of CPU", "1/s per core", "p50 ms", "p99 ms", "errors", "SQLite per core"]
COMPARED = 32


def measure(bench: Bench) -> None:
    kinds = bench.ours + list(bench.peers.kinds.values())
    for why in bench.peers.missing:
        bench.report.skip(why)
    for senders in bench.plan.senders:
        turns = bench.take_turns(kinds, partial(bench.load, senders=senders))
        cpu = {name: middle(seen, "cpu") for name, seen in turns.items()}
        rows = {name: row(seen, times(cpu[name], cpu[SQLITE])) for name, seen in turns.items()}
        title = f"SendMessage, {senders} connection{'s' if senders > 1 else ''}"
        note = "The last column: how many times as much Attaché with SQLite does per core."
        bench.report.table(Table(title, COLUMNS, rows, note))
        if senders == COMPARED:
            per_second = {name: middle(seen, "per_second") for name, seen in turns.items()}
            compare(bench, cpu, per_second)


def row(seen: list[dict], ratio: float | None) -> list[float | None]:
    cpu = middle(seen, "cpu")
    latency = [middle(seen, name) for name in ["p50", "p99"]]
    per_core = 1e6 / cpu if cpu else None
    return [middle(seen, "per_second"), cpu, per_core, *latency, total(seen, "errors"), ratio]


def compare(bench: Bench, cpu: dict, per_second: dict) -> None:
    ratio, what = bench.report.ratio, f"SendMessage, {COMPARED} connections"
    for name, wanted in [
        (UVICORN_MEMORY, {"at_least": 10}),
        (UVICORN_SQLITE, {"at_least": 100}),
        (NATIVE, {"at_least": 0.7, "goal": 1.0}),
        (LIMIT, {}),
        (BEFORE, {}),
    ]:
        ratio(f"{what}, per core: {SQLITE} to {name}", cpu.get(name), cpu[SQLITE], **wanted)
    for name in [NATIVE, LIMIT]:
        ratio(f"{what}, per core: {MEMORY} to {name}", cpu.get(name), cpu[MEMORY])
    for name in [SPIN, WASMTIME]:
        over = f"{SQLITE} to {name}"
        ratio(f"{what}, per core: {over}", cpu.get(name), cpu[SQLITE], at_least=2)
        ratio(f"{what}, per second: {over}", per_second[SQLITE], per_second.get(name), at_least=2)
    ratio(f"{what}, per core: {MEMORY} to {WASMTIME}", cpu.get(WASMTIME), cpu[MEMORY])
