"""Tables and questions that the analyst cannot use: it says why, in words that help."""

import base64
import uuid

from checks import Checks, equal, holds
from wire import Wire

check = Checks()


async def ask(wire: Wire, question: str, table: bytes, name: str) -> tuple[str, str]:
    """Sends a table and a question, and returns the task's state and what the agent said."""
    parts: list[dict] = [{"text": question}]
    if table:
        kind = "application/json" if name.endswith(".json") else "text/csv"
        raw = base64.b64encode(table).decode()
        parts.append({"raw": raw, "filename": name, "mediaType": kind})
    sent = {"messageId": str(uuid.uuid4()), "role": "ROLE_USER", "parts": parts}
    answer = await wire.call("SendMessage", {"message": sent})
    equal(answer.status_code, 200, f"status of {answer.text[:200]}")
    holds("result" in answer.json(), f"no result: {answer.text[:300]}")
    task = answer.json()["result"]["task"]
    said = "".join(p.get("text", "") for p in task["status"].get("message", {}).get("parts", []))
    return task["status"]["state"].removeprefix("TASK_STATE_"), said


async def refused(wire: Wire, question: str, table: bytes, name: str, *words: str) -> None:
    """The task must end without an answer, and the sentence must hold one of the words of each."""
    state, said = await ask(wire, question, table, name)
    holds(state in {"FAILED", "INPUT_REQUIRED"}, f"{name}: {state}: {said!r}")
    holds(len(said) > 20, f"{name}: {state} and says only {said!r}")
    for word in words:
        choices = word.split("|")
        holds(
            any(choice.lower() in said.lower() for choice in choices),
            f"{name}: {said!r} names none of {choices}",
        )


@check("tables: ragged rows are named by their line")
async def _(wire: Wire) -> None:
    table = b"a,b,c\n1,2,3\n4,5\n6,7,8\n"
    await refused(wire, "Profile this table", table, "ragged.csv", "ragged", "3|row 2")


@check("tables: bytes that are not UTF-8 are named")
async def _(wire: Wire) -> None:
    table = b"name,n\nAndr\xe9,1\nZo\xeb,2\n"
    await refused(wire, "Profile this table", table, "latin1.csv", "utf-8|utf8")


@check("tables: a column that is missing is named, and the ones that exist")
async def _(wire: Wire) -> None:
    table = b"city,inhabitants\nBern,134\nBasel,178\n"
    await refused(
        wire, "SELECT mayor FROM towns", table, "towns.csv", "mayor", "city", "inhabitants"
    )


@check("tables: SQL that cannot be parsed, or names another table, is refused")
async def _(wire: Wire) -> None:
    table = b"city,inhabitants\nBern,134\n"
    await refused(wire, "SELECT FROM WHERE", table, "towns.csv")
    await refused(wire, "SELECT * FROM villages", table, "towns.csv", "villages", "towns")


@check("tables: SQL that would change a table is refused")
async def _(wire: Wire) -> None:
    table = b"city,inhabitants\nBern,134\n"
    for statement in ["DROP TABLE towns", "DELETE FROM towns", "UPDATE towns SET city = 'x'"]:
        await refused(wire, statement, table, "towns.csv")


@check("tables: JSON that is no table is refused")
async def _(wire: Wire) -> None:
    ragged = b"[[1, 2], [3]]"
    for table in [b"{", b"5", b"null", b"[]", b'{"a": {"b": 1}}', b'[{"a": 1}, 5]', ragged]:
        await refused(wire, "Profile this table", table, "odd.json")


@check("tables: an empty file is refused")
async def _(wire: Wire) -> None:
    for table in [b"\n", b"\n\n\n", b"   "]:
        await refused(wire, "Profile this table", table, "empty.csv")


@check("tables: a header without rows is refused")
async def _(wire: Wire) -> None:
    await refused(wire, "Profile this table", b"first,second\n", "header.csv", "rows", "first")


@check("tables: a question that is not understood is asked again, with what would be")
async def _(wire: Wire) -> None:
    state, said = await ask(wire, "Make me a sandwich", b"city,n\nBern,134\n", "towns.csv")
    equal(state, "INPUT_REQUIRED", f"state ({said!r})")
    holds("sandwich" in said and "towns" in said, f"what it says: {said!r}")


@check("tables: a query without end is stopped")
async def _(wire: Wire) -> None:
    endless = (
        "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT COUNT(*) FROM t"
    )
    await refused(wire, endless, b"city,n\nBern,134\n", "towns.csv", "stopped|seconds")


@check("tables: after all this, a good table is answered")
async def _(wire: Wire) -> None:
    state, said = await ask(wire, "Profile this table", b"a,b\n1,2\n3,4\n", "good.csv")
    equal(state, "COMPLETED", f"state ({said!r})")
