"""Memory of a server that has answered and now waits."""

import time
from pathlib import Path

from report import Row
from servers import post_message
from sizes import Subjects

SETTLE_SECONDS = 2.0


def measure(subjects: Subjects) -> list[Row]:
    ours = idle(lambda: subjects.host.serve(subjects.cwasm))
    peer = idle(subjects.reference.serve)
    return [
        Row("idle memory", name, "MB", ours[field], peer[field])
        for name, field in [("resident (RSS)", "Rss"), ("proportional (PSS)", "Pss")]
    ]


def idle(serve) -> dict[str, float]:
    """The process's memory in MB, by the names of /proc/PID/smaps_rollup."""
    with serve() as server:
        server.first(post_message)
        time.sleep(SETTLE_SECONDS)
        rollup = Path(f"/proc/{server.process.pid}/smaps_rollup").read_text()
    fields = (line.split() for line in rollup.splitlines()[1:])
    return {name.rstrip(":"): int(kilobytes) * 1024 / 1e6 for name, kilobytes, _ in fields}
