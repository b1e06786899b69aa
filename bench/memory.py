"""Memory of a server that waits, of one that is loaded, and of one whose load has gone."""

import time
from contextlib import ExitStack

from bench import MEMORY, SQLITE, Bench
from peers import LIMIT, NATIVE, UVICORN_MEMORY, UVICORN_SQLITE
from report import Table
from servers import get_card, post_message

SENDERS = 32
IMAGE = "Attaché, the image's agent"


def measure(bench: Bench) -> None:
    pause = bench.plan.pause
    kinds = bench.ours + bench.peers.some(UVICORN_MEMORY, UVICORN_SQLITE, NATIVE, LIMIT)
    columns = ["idle RSS", "idle PSS", "loaded RSS", f"{pause:.0f} s after", "of idle", "tasks"]
    rows: dict[str, list] = {}
    with ExitStack() as stack:
        servers = [(kind, stack.enter_context(kind.serve())) for kind in kinds]
        for kind, server in servers:
            server.first(post_message)
            time.sleep(bench.plan.settle)
            idle = server.memory()
            seen = bench.load(server, senders=SENDERS)
            loaded = server.memory()["Rss"]
            rows[kind.name] = [idle["Rss"], idle["Pss"], loaded, seen["answers"]]
        time.sleep(pause)
        for kind, server in servers:
            idle, proportional, loaded, tasks = rows[kind.name]
            after = server.memory()["Rss"]
            rows[kind.name] = [idle, proportional, loaded, after, after / idle, tasks]
    with bench.host.serve(bench.image_agent) as server:
        server.first(get_card)
        time.sleep(bench.plan.settle)
        idle = server.memory()
        rows[IMAGE] = [idle["Rss"], idle["Pss"], None, None, None, None]
    title = f"memory in MB, under SendMessage over {SENDERS} connections"
    note = "A store in memory keeps every task."
    bench.report.table(Table(title, columns, rows, note))
    ratio = bench.report.ratio
    ratio(f"idle memory of {SQLITE}, MB", rows[SQLITE][0], 1, at_most=25)
    what = f"memory of {SQLITE} {pause:.0f} s after SendMessage, to idle"
    ratio(what, rows[SQLITE][3], rows[SQLITE][0], at_most=1.2)
    ratio(f"idle memory of {MEMORY}, MB", rows[MEMORY][0], 1, more_is_better=False)
    for name in [UVICORN_MEMORY, NATIVE]:
        if name in rows:
            ratio(f"idle memory: {name} to {SQLITE}", rows[name][0], rows[SQLITE][0])
