"""What reading costs when a thousand, a hundred thousand and a million tasks are stored.

As a client sees it, through the host and the agent; and at the log itself, where nothing hides a
difference. There, a page of tasks that nobody read for long costs up to twice as much in the midst of
a million as in a database that fits into a processor's cache: its trees are two levels deeper, and
what it reads is in the system's memory only. What is compared is measured in turns.

On SQLite and on PostgreSQL: the server of TEST_DATABASE_URL, else one that scripts/postgres starts.
"""

import itertools
import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bench import Bench
from report import Table
from servers import Connection, call, get_card

SCRIPT = str(Path(__file__).parent.parent / "scripts" / "postgres")
AT_MOST = 1.5
# Requests of each kind before the measurement: a host that has served for a while has the inner pages
# of its trees in memory.
WARM_UP = 500
ROUNDS = 100
REQUESTS = 5


@dataclass
class Filled:
    """A database with so many tasks, and the settings with which the host uses it."""

    database: str
    size: int
    settings: dict[str, str]


def measure(bench: Bench) -> None:
    of_kind("SQLite", bench, list(sqlite(bench)))
    if not bench.plan.is_whole:
        return
    try:
        with server() as url:
            of_kind("PostgreSQL", bench, list(postgres(bench, url)))
    except subprocess.CalledProcessError as error:
        # The command may hold a password.
        program = Path(error.cmd[0]).name
        bench.report.skip(f"PostgreSQL: {program}: {(error.stderr or 'failed').strip()}")


def of_kind(kind: str, bench: Bench, filled: list[Filled]) -> None:
    sizes = bench.plan.stored
    columns = [f"{size:,}" for size in sizes] + [f"of {sizes[0]:,}" for _ in sizes[1:]]
    whole = [("at the log", of_the_log)] if bench.plan.is_whole else []
    for where, costs_of in [("through the host", through_the_host), *whole]:
        rows = {}
        for what, costs in costs_of(bench, filled).items():
            rows[what] = [*costs, *(cost / costs[0] for cost in costs[1:])]
            if where == "through the host":
                name = f"{what}, {kind}: among {sizes[-1]:,} tasks to among {sizes[0]:,}"
                bench.report.ratio(name, costs[-1], costs[0], at_most=AT_MOST)
        title = f"reading among many tasks, {kind}, {where}, µs"
        bench.report.table(Table(title, columns, rows))


def sqlite(bench: Bench) -> Iterator[Filled]:
    for size in bench.plan.stored:
        folder = bench.scratch / f"stored-{size}"
        database = str(folder / "tasks.db")
        fill(bench, database, size)
        keep_in_memory(Path(database))
        yield Filled(database, size, {"ATTACHE_DATA_DIR": str(folder)})


def keep_in_memory(file: Path) -> None:
    """Reads a file, so that the system has it in memory: what a disk costs is not measured here."""
    with file.open("rb") as blocks:
        while blocks.read(1 << 20):
            pass


def postgres(bench: Bench, server: str) -> Iterator[Filled]:
    for size in bench.plan.stored:
        name = f"attache_bench_{size}"
        url = urlsplit(server)._replace(path=f"/{name}").geturl()
        psql(server, f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name}")
        fill(bench, url, size)
        # As the server does by itself, some time later.
        psql(url, "VACUUM ANALYZE")
        yield Filled(url, size, {"DATABASE_URL": url})


@contextmanager
def server() -> Iterator[str]:
    """The URL of a server on which databases may be created."""
    if url := os.environ.get("TEST_DATABASE_URL"):
        yield url
        return
    with tempfile.TemporaryDirectory(prefix="attache-bench-") as folder:
        # PostgreSQL runs as another user.
        Path(folder).chmod(0o755)
        data = f"{folder}/server"
        try:
            yield called(SCRIPT, "start", data, "shared_buffers=256MB").strip()
        finally:
            subprocess.run([SCRIPT, "stop", data], check=False)


def psql(url: str, *statements: str) -> None:
    commands = [argument for statement in statements for argument in ["-c", statement]]
    called(f"{called(SCRIPT, 'binaries').strip()}/psql", "-X", "-q", "-d", url, *commands)


def called(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def fill(bench: Bench, database: str, size: int) -> None:
    subprocess.run(
        [bench.stored, "seed", database, str(size)], check=True, stdout=subprocess.DEVNULL
    )


def of_the_log(bench: Bench, filled: list[Filled]) -> dict[str, list[float]]:
    databases = [f"{one.database}={one.size}" for one in filled]
    command = [bench.stored, "read", *databases]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def through_the_host(bench: Bench, filled: list[Filled]) -> dict[str, list[float]]:
    with ExitStack() as running:
        readers = []
        for one in filled:
            server = running.enter_context(bench.host.serve(bench.cwasm, **one.settings))
            server.first(get_card)
            names = subprocess.run(
                [bench.stored, "names", str(one.size)], check=True, stdout=subprocess.PIPE
            )
            readers.append(Reader(server.port, one.size, json.loads(names.stdout)))
        microseconds = {kind: [[] for _ in readers] for kind in Reader.KINDS}
        warm_up, rounds = (WARM_UP, ROUNDS) if bench.plan.is_whole else (WARM_UP // 5, ROUNDS // 5)
        for reader, kind, _ in itertools.product(readers, Reader.KINDS, range(warm_up)):
            reader.read(kind)
        for _, kind in itertools.product(range(rounds), Reader.KINDS):
            for reader, measured in zip(readers, microseconds[kind], strict=True):
                measured += [reader.read(kind) * 1e6 for _ in range(REQUESTS)]
    return {
        kind: [statistics.median(times) for times in measured]
        for kind, measured in microseconds.items()
    }


class Reader:
    """A client that reads from one host."""

    KINDS = [
        "GetTask, any",
        "ListTasks, 50",
        "ListTasks, 100",
        "ListTasks, the page after",
        "ListTasks, 50 in a state",
        "ListTasks, a context",
    ]

    def __init__(self, port: int, size: int, names: list[list[str]]) -> None:
        self.connection = Connection(port)
        self.size = size
        self.names = itertools.cycle(names)
        first, _ = self.ask("ListTasks", {})
        self.token = first["nextPageToken"]

    def read(self, kind: str) -> float:
        """Seconds. The answer has to be what was stored."""
        task, context = next(self.names)
        method, params, expected = {
            "GetTask, any": ("GetTask", {"id": task}, task),
            "ListTasks, 50": ("ListTasks", {"pageSize": 50}, (50, self.size)),
            "ListTasks, 100": ("ListTasks", {"pageSize": 100}, (100, self.size)),
            "ListTasks, the page after": ("ListTasks", {"pageToken": self.token}, (50, self.size)),
            "ListTasks, 50 in a state": (
                "ListTasks",
                {"status": "TASK_STATE_FAILED"},
                (50, self.size // 10),
            ),
            "ListTasks, a context": ("ListTasks", {"contextId": context}, (10, 10)),
        }[kind]
        result, seconds = self.ask(method, params)
        found = result["id"] if method == "GetTask" else (len(result["tasks"]), result["totalSize"])
        if found != expected:
            raise RuntimeError(f"{kind} of {self.size}: {found} instead of {expected}")
        return seconds

    def ask(self, method: str, params: dict) -> tuple[dict, float]:
        """The result, and after how many seconds it was there."""
        body = call(method, params)
        before = time.perf_counter()
        body = self.connection.post(body)
        seconds = time.perf_counter() - before
        answer = json.loads(body)
        if "result" not in answer:
            raise RuntimeError(f"{method} {params}: {answer}")
        return answer["result"], seconds
