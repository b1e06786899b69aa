"""A swap of the component under load: does a request fail, and how long do the slowest take."""

import os
import shutil
import signal
import threading
import time
from pathlib import Path

from bench import Bench
from report import Table
from servers import Running, get_card, post_message

SENDERS = 32
PATIENCE_SECONDS = 60
# The time between two swaps: each has to be seen in the figures beside what is between them.
BETWEEN_SECONDS = 0.3
COLUMNS = ["1/s", "p50 ms", "p99 ms", "errors", "swaps", "slowest ms"]


def measure(bench: Bench) -> None:
    versions = [version(bench, name) for name in ["one", "two"]]
    served = bench.scratch / "swapped.cwasm"
    shutil.copy(versions[0], served)
    with bench.host.serve(served) as server:
        server.first(post_message)
        seconds = bench.plan.swaps * BETWEEN_SECONDS
        bench.load(server, senders=SENDERS, seconds=seconds)
        quiet = bench.load(server, senders=SENDERS, seconds=seconds)
        swapping = Swapping(server, served, versions)
        swapping.start()
        swapped = bench.load(server, senders=SENDERS, seconds=seconds)
        swapping.end()
    rows = {
        name: [seen["per_second"], seen["p50"], seen["p99"], seen["errors"], *more]
        for name, seen, more in [
            ("before", quiet, [None, None]),
            ("meanwhile", swapped, [len(swapping.took), max(swapping.took) * 1000]),
        ]
    }
    if swapped["first_error"]:
        print(f"The first error: {swapped['first_error'][:200]}")
    note = "A swap takes from the signal until the card names the new component."
    title = f"swaps of the component, {SENDERS} connections"
    bench.report.table(Table(title, COLUMNS, rows, note))
    ratio = bench.report.ratio
    # That it was better meanwhile is chance.
    slowest = max(swapped["p99"], quiet["p99"])
    ratio("p99 of SendMessage under swaps, to before", slowest, quiet["p99"], at_most=10)
    ratio("errors under swaps", swapped["errors"], 1, at_most=0)


def version(bench: Bench, name: str) -> Path:
    """The agent, with a section that only changes its digest."""
    wasm = bench.scratch / f"swapped-{name}.wasm"
    section = bytes([0, len(name) + 1, len(name)]) + name.encode()
    wasm.write_bytes(bench.wasm.read_bytes() + section)
    return bench.host.compile(wasm)


class Swapping(threading.Thread):
    """Puts one version after the other in place until it is told to end."""

    def __init__(self, server: Running, served: Path, versions: list[Path]) -> None:
        super().__init__()
        self.server = server
        self.served = served
        self.versions = versions
        self.over = threading.Event()
        self.took: list[float] = []
        """Seconds that each swap took."""
        self.failure: Exception | None = None

    def run(self) -> None:
        try:
            while not self.over.wait(BETWEEN_SECONDS):
                self.took.append(self.swap())
        # It is raised again where it is waited for.
        except Exception as error:
            self.failure = error

    def end(self) -> None:
        self.over.set()
        self.join()
        if self.failure:
            raise self.failure

    def swap(self) -> float:
        before = get_card(self.server.port)
        partial = self.served.with_suffix(".partial")
        shutil.copy(self.versions[(len(self.took) + 1) % len(self.versions)], partial)
        partial.rename(self.served)
        began = time.perf_counter()
        os.kill(self.server.process.pid, signal.SIGHUP)
        while get_card(self.server.port) == before:
            if time.perf_counter() - began > PATIENCE_SECONDS:
                raise RuntimeError("the new component is not served")
            time.sleep(0.002)
        return time.perf_counter() - began
