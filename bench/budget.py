"""Where the processor time of a SendMessage goes, by perf: a budget that adds up, and a flame graph.

A sample belongs to the first item of the budget that one of its frames names, so the items do not
overlap, and together they are all there is. The host has to be built with frame pointers and the
feature `perf-map`, as `make profile` does: the stacks then go through the component's code, too.

    budget.py --host FILE --agent WASM --load PROGRAM --results DIR [--memory] [--seconds 10]
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from servers import Host, Running, post_message

SENDERS = 32
WARM_UP_SECONDS = 3
# Not a divisor of any timer's rate.
SAMPLES_PER_SECOND = 1997

# What the engine calls to enter a component, and what a component calls to enter the host.
INTO_THE_COMPONENT = "array_to_wasm_trampoline"
INTO_THE_HOST = ("HostFn::cabi_entrypoint", "wasmtime_builtin", "resource_drop_trampoline")
WAITING = ("epoll_wait", "park", "futex", "notify_one", "schedule", "wake")

# Item, and the frames of which one has to be there. The first item that fits counts.
WRITER = [
    ("task log: commits, and the file", ("sqlite3VdbeHalt", "sqlite3WalCheckpoint", "pagerWalFrames")),
    ("task log: statements", ("sqlite3_step", "rusqlite", "task_store::sqlite::job")),
    ("task log: taking and answering operations", ("",)),
]
HOST = [
    ("logs, traces and metrics", ("attache_host::telemetry", "tracing_subscriber", "tracing_core")),
    (
        "an instance is made",
        ("instantiate_async", "InstancePre<T>::_instantiate", "Agent::store", "Instance::new"),
    ),
    (
        "an instance is given back",
        ("drop_in_place<wasmtime::runtime::store::Store", "Store<T> as core::ops::drop", "deallocate"),
    ),
    ("HTTP: the answer is written", ("poll_flush", "writev", "poll_shutdown")),
    ("HTTP: the request is read", ("hyper::proto", "hyper_util", "recv")),
    ("routing, limits and identity", ("attache_host::service", "attache_host::server")),
    ("waiting and waking", WAITING),
    ("the rest of the host", ("",)),
]


@dataclass(frozen=True)
class Sample:
    thread: str
    """Its name."""
    frames: tuple[str, ...]
    """The innermost first."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--host", type=Path, required=True, help="attache-host, built for perf")
    parser.add_argument("--agent", type=Path, required=True, help="the bench's agent, .wasm")
    parser.add_argument("--load", type=Path, required=True, help="the load program")
    parser.add_argument("--results", type=Path, required=True, help="where the files go")
    parser.add_argument("--memory", action="store_true", help="keep tasks in memory, not in SQLite")
    parser.add_argument("--seconds", type=float, default=10, help="how long it is watched")
    arguments = parser.parse_args()
    arguments.results.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="attache-profile-") as scratch:
        host = Host(arguments.host, Path(scratch))
        component = host.compile(arguments.agent)
        recorded = Path(scratch) / "perf.data"
        with host.serve(component, on_disk=not arguments.memory) as server:
            server.first(post_message)
            load(arguments.load, server, WARM_UP_SECONDS)
            # Without perf beside it, which takes time itself.
            microseconds = cost(arguments.load, server, arguments.seconds)
            with recording(server, recorded):
                load(arguments.load, server, arguments.seconds)
            # While the process lives, perf finds the names of the component's functions.
            samples = Counter(read(recorded))
    show(samples, microseconds)
    draw(samples, arguments.results)


def load(program: Path, server: Running, seconds: float) -> dict:
    command = [program, server.address, "--senders", str(SENDERS), "--seconds", str(seconds)]
    said = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    if said["errors"]:
        raise RuntimeError(f"{said['errors']} errors, the first: {said['first_error']}")
    return said


def cost(program: Path, server: Running, seconds: float) -> float:
    """Microseconds of the processor for a request."""
    began = server.processor_seconds()
    said = load(program, server, seconds)
    return (server.processor_seconds() - began) * 1e6 / said["answers"]


class recording:
    """Samples the server's stacks by time; it works where the processor's counters are hidden."""

    def __init__(self, server: Running, out: Path) -> None:
        rate = str(SAMPLES_PER_SECOND)
        options = ["-q", "-F", rate, "-e", "cpu-clock", "--call-graph", "fp", "-o", str(out)]
        self.command = ["perf", "record", *options, "-p", str(server.process.pid)]

    def __enter__(self) -> None:
        self.process = subprocess.Popen(self.command)

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait()


def read(recorded: Path) -> Iterator[Sample]:
    command = ["perf", "script", "-i", str(recorded), "-F", "comm,ip,sym"]
    script = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    thread, frames = "", []
    for line in script.stdout:
        words = line.split(None, 1)
        if not words:
            if frames:
                yield Sample(thread, tuple(frames))
            thread, frames = "", []
        elif not line[0].isspace() or not thread:
            thread = line.strip()
        else:
            frames.append(words[1].strip() if len(words) > 1 else "?")
    if script.wait():
        raise RuntimeError("perf script failed: is perf of this kernel's version?")


def item(sample: Sample) -> str:
    if sample.thread.startswith("task-writer"):
        return first(WRITER, sample.frames)
    if sample.thread.startswith("epoch"):
        return "the engine's clock"
    for depth, frame in enumerate(sample.frames):
        if any(name in frame for name in INTO_THE_HOST):
            return "what the component calls of the host"
        if INTO_THE_COMPONENT in frame:
            inner = sample.frames[:depth]
            return "the component" if inner else "the rest of the host"
    return first(HOST, sample.frames)


def first(items: list, frames: tuple[str, ...]) -> str:
    return next(
        item
        for item, names in items
        if any(name in frame for name in names for frame in frames)
    )


def show(samples: Counter, microseconds: float) -> None:
    total = samples.total()
    budget: Counter = Counter()
    for sample, count in samples.items():
        budget[item(sample)] += count
    width = max(map(len, budget))
    print(f"A SendMessage, {SENDERS} at a time: {microseconds:.0f} µs of the processor\n")
    for name, count in budget.most_common():
        share = count / total
        print(f"  {name:<{width}} {share * microseconds:7.1f} µs {share:6.1%}")
    print(f"  {'together':<{width}} {microseconds:7.1f} µs   {total:,} samples\n")


def draw(samples: Counter, results: Path) -> None:
    folded = results / "profile.folded"
    lines = (
        ";".join([sample.thread, *(frame.replace(";", ":") for frame in reversed(sample.frames))])
        + f" {count}\n"
        for sample, count in samples.items()
    )
    folded.write_text("".join(lines))
    graph = results / "profile.svg"
    title = ["--title", "SendMessage: host and component"]
    drawn = subprocess.run(
        ["inferno-flamegraph", *title, folded], check=True, stdout=subprocess.PIPE
    )
    graph.write_bytes(drawn.stdout)
    print(f"{graph} is the flame graph.")


if __name__ == "__main__":
    sys.exit(main())
