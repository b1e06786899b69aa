"""SendMessage over one kept-alive connection, one request after the other."""

import statistics
import time

from report import Row
from servers import Connection, post_message
from sizes import Subjects

WARM_UP = 200
SECONDS = 5.0


def measure(subjects: Subjects) -> list[Row]:
    peer = one_after_the_other(subjects.reference.serve)
    rows = []
    for store, on_disk in [("tasks on disk", True), ("tasks in memory", False)]:
        ours = one_after_the_other(lambda d=on_disk: subjects.host.serve(subjects.cwasm, on_disk=d))
        rows += [
            Row("SendMessage, 1 connection", f"{name}, {store}", "ms", ours[name], peer[name])
            for name in ["p50", "p99"]
        ]
    return rows


def one_after_the_other(serve) -> dict[str, float]:
    """Percentiles in milliseconds. The peer keeps its tasks in memory in every row."""
    with serve() as server:
        server.first(post_message)
        connection = Connection(server.port)
        for _ in range(WARM_UP):
            connection.send_message()
        milliseconds = []
        end = time.perf_counter() + SECONDS
        while time.perf_counter() < end:
            before = time.perf_counter()
            connection.send_message()
            milliseconds.append((time.perf_counter() - before) * 1000)
        connection.close()
    cuts = statistics.quantiles(milliseconds, n=100)
    return {"p50": cuts[49], "p99": cuts[98]}
