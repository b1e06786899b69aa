"""What a message costs the host in processor time, and how soon it answers, beside an older host.

With everything that is on in production: JSON logs, and metrics on the admin port. `--before PATH` names
another attache-host, such as that of the last release; the two take turns, so that what else the machine
does falls on both. Without it there are our own figures alone.
"""

import json
import os
import statistics
import subprocess
from pathlib import Path

from report import Row
from servers import Host, get_card, post_message
from sizes import Subjects

SENDERS = 32
SECONDS = 3
TURNS = 7
WITH = {"ATTACHE_LOG_FORMAT": "json", "RUST_LOG": "info", "ATTACHE_IDEMPOTENCY_WINDOW": "0"}
METRICS = {"ATTACHE_ADMIN_ADDRESS": "127.0.0.1:0"}


def measure(subjects: Subjects) -> list[Row]:
    settings = WITH | METRICS
    ours = [(subjects.host, subjects.cwasm, settings)]
    if subjects.before:
        # An older host may know nothing of metrics; then it has less to do.
        before = Host(subjects.before, subjects.scratch / "before")
        before.scratch.mkdir()
        ours.append((before, before.compile(subjects.wasm), settings))
    costs, starts = [[] for _ in ours], [[] for _ in ours]
    for _ in range(TURNS):
        for (host, component, settings), cost, start in zip(ours, costs, starts):
            with host.serve(component, on_disk=False, **settings) as server:
                start.append(server.first(get_card) * 1e3)
                server.first(post_message)
                cost.append(loaded(subjects, server))
    group = "processor time and start" + (", beside the host before" if subjects.before else "")
    rows = []
    for what, unit, figures in [
        ("SendMessage, 32 senders, in memory", "µs", costs),
        ("start to card, precompiled", "ms", starts),
    ]:
        middle = [statistics.median(of_one) for of_one in figures]
        rows.append(Row(group, what, unit, middle[0], middle[1] if len(middle) > 1 else None))
    return rows


def loaded(subjects: Subjects, server) -> float:
    """Microseconds of the processor for each request."""
    began = processor_time(server.process.pid)
    command = [
        *[subjects.load, f"127.0.0.1:{server.port}"],
        *["--senders", str(SENDERS), "--seconds", str(SECONDS)],
    ]
    said = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    if said["errors"]:
        raise RuntimeError(f"{said['errors']} errors, the first: {said['first_error']}")
    return (processor_time(server.process.pid) - began) * 1e6 / said["requests"]


def processor_time(pid: int) -> float:
    """Seconds, of all threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
