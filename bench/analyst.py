"""The data analyst, asked about a table of ten megabytes that comes with the question."""

import base64
import json
import time

import processes
from bench import Bench, middle
from report import Table
from servers import Connection, get_card, sending

BYTES = 10_000_000
TOWNS = ["Aachen", "Bern", "Como", "Dijon"]
QUESTION = "SELECT town, COUNT(*) AS n, SUM(amount) AS sum FROM sales GROUP BY town ORDER BY town"
COLUMNS = ["rows", "ms", "ms of CPU", "most memory MB"]


def measure(bench: Bench) -> None:
    table, expected = sales()
    part = {
        "raw": base64.b64encode(table).decode(),
        "filename": "sales.csv",
        "mediaType": "text/csv",
    }
    rows = {}
    with bench.host.serve(bench.image_agent) as server:
        server.first(get_card)
        connection = Connection(server.port)
        for name, question in [("SQL", QUESTION), ("profile", "Profile this table")]:
            turns = []
            for _ in range(bench.plan.rounds):
                body = sending({"text": question}, part)
                before, began = server.processor_seconds(), time.perf_counter()
                answer = connection.post(body)
                seconds = time.perf_counter() - began
                used = server.processor_seconds() - before
                turns.append({"ms": seconds * 1e3, "cpu": used * 1e3})
                check(json.loads(answer), expected if name == "SQL" else None)
            memory = processes.peak(server.process.pid)
            count = sum(count for _, count, _ in expected)
            rows[name] = [count, middle(turns, "ms"), middle(turns, "cpu"), memory]
        connection.close()
    title = f"the data analyst, a CSV file of {BYTES / 1e6:.0f} MB in the message"
    bench.report.table(Table(title, COLUMNS, rows))


def sales() -> tuple[bytes, list[list]]:
    """A table, and what the question finds in it."""
    lines, length = ["id,town,amount,day"], 0
    found = {town: [town, 0, 0] for town in TOWNS}
    for number in range(BYTES):
        town, amount = TOWNS[number % len(TOWNS)], number * 7919 % 1000
        found[town][1] += 1
        found[town][2] += amount
        lines.append(f"{number},{town},{amount},2026-{number % 12 + 1:02}-{number % 28 + 1:02}")
        length += len(lines[-1]) + 1
        if length > BYTES:
            break
    return "\n".join(lines).encode(), list(found.values())


def check(answer: dict, expected: list[list] | None) -> None:
    task = answer.get("result", {}).get("task", {})
    parts = [part for made in task.get("artifacts", []) for part in made["parts"]]
    found = next((part["data"] for part in parts if "data" in part), {})
    is_right = bool(found) if expected is None else found.get("rows") == expected
    if task.get("status", {}).get("state") != "TASK_STATE_COMPLETED" or not is_right:
        raise RuntimeError(f"not what was asked for: {json.dumps(answer)[-500:]}")
