"""What a message costs the host in processor time, and how soon it answers, beside an older host.

With everything that is on in production: JSON logs, and metrics on the admin port. `--before PATH` names
another attache-host, such as that of the last release; the two take turns. Without it there are our own
figures alone. The least of all turns counts, because what else the machine does only ever adds to it.
"""

import os
from pathlib import Path

from report import Row
from senders import load
from servers import Host, Running, get_card, post_message
from sizes import Subjects

SECONDS = 3
TURNS = 7
# An older host may know nothing of metrics; then it has less to do.
SETTINGS = {
    "ATTACHE_LOG_FORMAT": "json",
    "RUST_LOG": "info",
    "ATTACHE_IDEMPOTENCY_WINDOW": "0",
    "ATTACHE_ADMIN_ADDRESS": "127.0.0.1:0",
}


def measure(subjects: Subjects) -> list[Row]:
    hosts = [(subjects.host, subjects.cwasm)]
    if subjects.before:
        scratch = subjects.scratch / "before"
        scratch.mkdir()
        before = Host(subjects.before, scratch)
        hosts.append((before, before.compile(subjects.wasm)))
    costs, starts = [[] for _ in hosts], [[] for _ in hosts]
    for _ in range(TURNS):
        for (host, component), cost, start in zip(hosts, costs, starts):
            with host.serve(component, on_disk=False, **SETTINGS) as server:
                start.append(server.first(get_card) * 1e3)
                server.first(post_message)
                cost.append(microseconds(subjects, server))
    group = "processor time and start" + (", the peer is --before" if subjects.before else "")
    return [
        Row(group, what, unit, *map(min, figures))
        for what, unit, figures in [
            ("SendMessage, 32 senders, in memory", "µs", costs),
            ("start to card, precompiled", "ms", starts),
        ]
    ]


def microseconds(subjects: Subjects, server: Running) -> float:
    """Of the processor, for each request."""
    began = processor_time(server.process.pid)
    said = load(subjects, server, SECONDS)
    if said["errors"]:
        raise RuntimeError(f"{said['errors']} errors, the first: {said['first_error']}")
    return (processor_time(server.process.pid) - began) * 1e6 / said["requests"]


def processor_time(pid: int) -> float:
    """Seconds, of all threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
