"""SendMessage from 32 senders at once, with the tasks in a SQLite file on both sides.

A load of its own program: Python would be slower than what is measured. The two take turns, so that
what else the machine does falls on both.
"""

import json
import subprocess

from report import Row
from servers import Running, post_message
from sizes import Subjects

GROUP = "SendMessage, 32 senders, SQLite"
SENDERS = 32
SECONDS = 5
TURNS = 3
AT_LEAST = 50


def measure(subjects: Subjects) -> list[Row]:
    ours, peer = [], []
    for _ in range(TURNS):
        ours.append(loaded(subjects, lambda: subjects.host.serve(subjects.cwasm)))
        peer.append(loaded(subjects, lambda: subjects.reference.serve(on_disk=True)))
    rows = [
        Row(
            GROUP,
            "completed tasks per second",
            "1/s",
            per_second(ours),
            per_second(peer),
            more_is_better=True,
            at_least=AT_LEAST,
        )
    ]
    for name in ["p50", "p95", "p99"]:
        rows.append(Row(GROUP, name, "ms", middle(ours, name), middle(peer, name)))
    rows.append(Row(GROUP, "errors", "", total(ours, "errors"), total(peer, "errors")))
    for whose, runs in [("ours", ours), ("the peer's", peer)]:
        error = next((run["first_error"] for run in runs if run["first_error"]), None)
        if error:
            print(f"The first error of {whose}: {error[:200]}")
    return rows


def loaded(subjects: Subjects, serve) -> dict:
    with serve() as server:
        server.first(post_message)
        return load(subjects, server, SECONDS)


def load(subjects: Subjects, server: Running, seconds: int) -> dict:
    """What the senders saw of a server."""
    command = [
        *[subjects.load, f"127.0.0.1:{server.port}"],
        *["--senders", str(SENDERS), "--seconds", str(seconds)],
    ]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def total(runs: list[dict], name: str) -> float:
    return sum(run[name] for run in runs)


def per_second(runs: list[dict]) -> float:
    return total(runs, "requests") / total(runs, "seconds")


def middle(runs: list[dict], name: str) -> float:
    return sorted(run[name] for run in runs)[len(runs) // 2]
