"""Memory of a server that has answered and now waits."""

import time
from pathlib import Path

from report import Row
from servers import get_card, post_message
from sizes import Subjects

SETTLE_SECONDS = 2.0


def measure(subjects: Subjects) -> list[Row]:
    ours = idle(lambda: subjects.host.serve(subjects.cwasm), post_message)
    peer = idle(subjects.reference.serve, post_message)
    image = idle(lambda: subjects.host.serve(subjects.image_agent), get_card)
    return [
        Row("idle memory", "resident (RSS)", "MB", ours["Rss"], peer["Rss"]),
        Row("idle memory", "proportional (PSS)", "MB", ours["Pss"], peer["Pss"]),
        Row("idle memory", "resident, the image's agent", "MB", image["Rss"]),
    ]


def idle(serve, request) -> dict[str, float]:
    """The process's memory in MB, by the names of /proc/PID/smaps_rollup."""
    with serve() as server:
        server.first(request)
        time.sleep(SETTLE_SECONDS)
        rollup = Path(f"/proc/{server.process.pid}/smaps_rollup").read_text()
    fields = (line.split() for line in rollup.splitlines()[1:])
    return {name.rstrip(":"): int(kilobytes) * 1024 / 1e6 for name, kilobytes, _ in fields}
