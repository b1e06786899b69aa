"""SendMessage with the tasks in PostgreSQL, by one host and by two that share them.

The database is on the same machine: what it takes is taken from the hosts.
"""

import subprocess
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import processes
from bench import Bench, middle, total
from report import Table
from servers import post_message
from stored import SCRIPT, called, psql, server

SENDERS = 32
COLUMNS = ["1/s", "µs of CPU, hosts", "µs of CPU, database", "p50 ms", "p99 ms", "errors"]


def measure(bench: Bench) -> None:
    try:
        with server() as url:
            with_server(bench, url)
    except subprocess.CalledProcessError as error:
        # The command may hold a password.
        program = Path(error.cmd[0]).name
        bench.report.skip(f"PostgreSQL: {program}: {(error.stderr or 'failed').strip()}")


def with_server(bench: Bench, url: str) -> None:
    name = "attache_bench_messages"
    database = urlsplit(url)._replace(path=f"/{name}").geturl()
    psql(url, f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name}")
    database_pid = postmaster(url)
    turns: dict[int, list[dict]] = {1: [], 2: []}
    with ExitStack() as stack:
        hosts = []
        for _ in range(2):
            kind = bench.host.kind("", bench.cwasm, DATABASE_URL=database)
            hosts.append(stack.enter_context(kind.serve()))
            hosts[-1].first(post_message)
        for number in range(bench.plan.rounds + 1):
            for count, seen in turns.items():
                began = processes.processor_seconds(database_pid) if database_pid else 0.0
                turn = bench.load(hosts[:count], senders=SENDERS)
                if database_pid and turn["answers"]:
                    took = processes.processor_seconds(database_pid) - began
                    turn["database"] = took * 1e6 / turn["answers"]
                if number > 0:
                    seen.append(turn)
    psql(url, f"DROP DATABASE {name} WITH (FORCE)")
    rows = {}
    for count, seen in turns.items():
        figures = [middle(seen, it) for it in ["per_second", "cpu", "database", "p50", "p99"]]
        rows[f"{count} host{'s' if count > 1 else ''}"] = [*figures, total(seen, "errors")]
    title = f"SendMessage with PostgreSQL on the same machine, {SENDERS} connections"
    bench.report.table(Table(title, COLUMNS, rows))
    one, two = (middle(turns[count], "per_second") for count in [1, 2])
    bench.report.ratio(f"{title}: 2 hosts to 1, per second", two, one)


def postmaster(url: str) -> int | None:
    """The process of the server, where it is on this machine and says so."""
    program = f"{called(SCRIPT, 'binaries').strip()}/psql"
    query = "SELECT pg_read_file('postmaster.pid')"
    try:
        said = called(program, "-X", "-q", "-A", "-t", "-d", url, "-c", query)
        pid = int(said.split()[0])
        name = (processes.PROC / str(pid) / "comm").read_text()
    except (OSError, ValueError, subprocess.CalledProcessError):
        return None
    return pid if name.startswith("postgres") else None
