"""SendStreamingMessage: how soon the first event is there, what a stream costs, and how much memory
one takes that is open and silent."""

import json
import subprocess
import time
from contextlib import ExitStack

from bench import MEMORY, SQLITE, Bench, middle, times, total
from peers import NATIVE, UVICORN_MEMORY
from report import Table
from servers import Kind, Running, post_message

SENDERS = 8
EVENTS = [10, 1000]
COLUMNS = [
    *["streams/s", "µs of CPU", "µs an event", "first event p50 ms", "p99"],
    *["whole p50 ms", "p99", "errors", "SQLite per core"],
]
# How many requests at a time the host takes, and their instances.
ROOM = {"ATTACHE_MAX_INSTANCES": "1200"}


def measure(bench: Bench) -> None:
    kinds = bench.ours + bench.peers.some(UVICORN_MEMORY, NATIVE)
    for events in EVENTS:
        whole(bench, kinds, events)
    open_kinds = [
        bench.host.kind(SQLITE, bench.cwasm, **ROOM),
        bench.host.kind(MEMORY, bench.cwasm, on_disk=False, **ROOM),
        *bench.peers.some(UVICORN_MEMORY, NATIVE),
    ]
    for streams in bench.plan.streams:
        held(bench, open_kinds, streams)


def whole(bench: Bench, kinds: list[Kind], events: int) -> None:
    def turn(server: Running) -> dict:
        return bench.load(server, "stream", "--events", events, senders=SENDERS)

    turns = bench.take_turns(kinds, turn)
    cpu = {name: middle(seen, "cpu") for name, seen in turns.items()}
    rows = {}
    for name, seen in turns.items():
        figures = [
            middle(seen, figure) for figure in ["first_event_p50", "first_event_p99", "p50", "p99"]
        ]
        errors, ratio = total(seen, "errors"), times(cpu[name], cpu[SQLITE])
        an_event = cpu[name] and cpu[name] / events
        rows[name] = [middle(seen, "per_second"), cpu[name], an_event, *figures, errors, ratio]
    title = f"SendStreamingMessage, {events:,} events, {SENDERS} connections"
    bench.report.table(Table(title, COLUMNS, rows))
    for name in [UVICORN_MEMORY, NATIVE]:
        ratio = f"{title}, per core: {SQLITE} to {name}"
        bench.report.ratio(ratio, cpu.get(name), cpu[SQLITE])


def held(bench: Bench, kinds: list[Kind], streams: int) -> None:
    """Each after the other; the wait for what memory is given back is one for all."""
    pause = bench.plan.pause
    columns = [
        *["idle MB", "open MB", "kB a stream", f"{pause:.0f} s after, MB", "of idle"],
        *["opened in s", "first event p50 ms", "errors"],
    ]
    rows: dict[str, list] = {}
    with ExitStack() as stack:
        servers = [(kind, stack.enter_context(kind.serve())) for kind in kinds]
        for kind, server in servers:
            rows[kind.name] = one(bench, server, streams)
        time.sleep(pause)
        for kind, server in servers:
            idle, opened, *more = rows[kind.name]
            after = server.memory()["Pss"]
            each = (opened - idle) * 1000 / streams
            rows[kind.name] = [idle, opened, each, after, after / idle, *more]
    title = f"{streams:,} open streams that are silent"
    note = (
        "Proportional memory (PSS) of all processes of the server: what instances share, such as the"
        " component's data, counts once, where the resident size counts it for each."
    )
    bench.report.table(Table(title, columns, rows, note))
    for name in [SQLITE, MEMORY]:
        idle, _, each, after, *_ = rows[name]
        wanted = {"at_most": 150, "goal": 100} if streams == 1000 else {}
        ratio = f"{title}, {name}: kB for each"
        bench.report.ratio(ratio, each, 1, more_is_better=False, **wanted)
        ratio = f"{title}, {name}: memory {pause:.0f} s after, to idle"
        bench.report.ratio(ratio, after, idle, at_most=1.2)


def one(bench: Bench, server: Running, streams: int) -> list[float]:
    """Idle and open MB, seconds until all were open, the first event, and errors."""
    server.first(post_message)
    time.sleep(bench.plan.settle)
    idle = server.memory()["Pss"]
    command = bench.command([server], "open", streams, "--seconds", bench.plan.hold)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as load:
        opened = json.loads(load.stdout.readline())
        time.sleep(bench.plan.settle)
        memory = server.memory()["Pss"]
        ended = json.loads(load.stdout.readline())
    if ended["first_error"]:
        print(f"The first error of {streams} streams: {ended['first_error'][:200]}")
    return [idle, memory, opened["seconds"], ended["p50"], ended["errors"]]
