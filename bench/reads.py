"""What else is asked for: a task, a page of tasks, the card; and a message of a mebibyte.

Of few stored tasks: what a page costs among many is what stored.py measures.
"""

from bench import MEMORY, SQLITE, Bench, middle, times, total
from peers import LIMIT, NATIVE, UVICORN_MEMORY, UVICORN_SQLITE
from report import Table
from servers import Connection, Running

SENDERS = 32
TASKS = 100
PAGE = 50
COLUMNS = ["1/s", "µs of CPU", "p50 ms", "p99 ms", "errors", "SQLite per core"]


def measure(bench: Bench) -> None:
    slow = [UVICORN_SQLITE] if bench.plan.is_whole else []
    kinds = bench.ours + bench.peers.some(UVICORN_MEMORY, *slow, NATIVE)
    limit = bench.peers.some(LIMIT)
    made: dict[int, list[str]] = {}

    def tasks(server: Running) -> list[str]:
        """Made when they are first asked for."""
        if server.port not in made:
            connection = Connection(server.port)
            made[server.port] = [connection.send_message() for _ in range(TASKS)]
            connection.close()
        return made[server.port]

    def get(server: Running) -> dict:
        return bench.load(server, "get", "--tasks", ",".join(tasks(server)), senders=SENDERS)

    def page(server: Running) -> dict:
        tasks(server)
        return bench.load(server, "list", "--page", PAGE, senders=SENDERS)

    def card(server: Running) -> dict:
        return bench.load(server, "card", senders=SENDERS)

    def mebibyte(server: Running) -> dict:
        return bench.load(server, "send", "--bytes", 1 << 20, senders=4)

    for title, subjects, turn in [
        (f"GetTask, {SENDERS} connections", kinds, get),
        (f"ListTasks, {PAGE} of {TASKS}, {SENDERS} connections", kinds, page),
        (f"the agent card, {SENDERS} connections", kinds + limit, card),
        ("SendMessage with a part of 1 MiB, 4 connections", kinds + limit, mebibyte),
    ]:
        turns = bench.take_turns(subjects, turn)
        cpu = {name: middle(seen, "cpu") for name, seen in turns.items()}
        rows = {name: row(seen, times(cpu[name], cpu[SQLITE])) for name, seen in turns.items()}
        bench.report.table(Table(title, COLUMNS, rows))
        for name in [UVICORN_MEMORY, NATIVE]:
            what = f"{title}, per core: {SQLITE} to {name}"
            bench.report.ratio(what, cpu.get(name), cpu[SQLITE])
        what = f"{title}, per core: {MEMORY} to {NATIVE}"
        bench.report.ratio(what, cpu.get(NATIVE), cpu[MEMORY])


def row(seen: list[dict], ratio: float | None) -> list[float | None]:
    figures = [middle(seen, name) for name in ["per_second", "cpu", "p50", "p99"]]
    return [*figures, total(seen, "errors"), ratio]
