"""What is asked about tasks that exist: get, list, cancel."""

import asyncio
import uuid

from a2a.types.a2a_pb2 import (
    ListTasksResponse,
    TaskState,
)
from a2a.utils.errors import (
    InvalidParamsError,
    TaskNotCancelableError,
    TaskNotFoundError,
    UnsupportedOperationError,
)
from google.protobuf.json_format import MessageToDict

from agent import NOWHERE, Agent, modern, state, texts
from checks import Checks, equal, holds

check = Checks()


@check("get: is what the send answered")
async def _(agent: Agent) -> None:
    for prefix in [
        "tck-complete-task",
        "tck-artifact-data",
        "tck-reject-task",
        "tck-input-required",
    ]:
        sent = await agent.send(prefix)
        equal(MessageToDict(await agent.get(sent.id)), MessageToDict(sent), prefix)


@check("get: historyLength keeps the newest messages")
async def _(agent: Agent) -> None:
    asked = await agent.send("tck-input-required", "first")
    await agent.send("tck-complete-task", "second", task=asked.id)
    whole = list((await agent.get(asked.id)).history)
    holds(len(whole) >= 2, f"{len(whole)} messages are stored")
    if modern(agent):  # In 0.3 this is no limit.
        equal(len((await agent.get(asked.id, history_length=0)).history), 0, "messages with 0")
    one = (await agent.get(asked.id, history_length=1)).history
    equal([m.message_id for m in one], [whole[-1].message_id], "the newest message")
    many = (await agent.get(asked.id, history_length=1000)).history
    equal([m.message_id for m in many], [m.message_id for m in whole], "all messages")


@check("get: an unknown task, and a negative historyLength, are refused")
async def _(agent: Agent) -> None:
    await agent.refused(TaskNotFoundError, agent.get(NOWHERE), "unknown")
    await agent.refused(
        TaskNotFoundError, agent.get("nö such:täsk"), "an id with unusual characters"
    )
    task = await agent.send("tck-complete-task")
    await agent.refused(InvalidParamsError, agent.get(task.id, history_length=-1), "negative")


async def pages(agent: Agent, size: int, **filters: object) -> list[ListTasksResponse]:
    """Follows the page tokens to the end."""
    found: list[ListTasksResponse] = []
    token = ""
    while True:
        page = await agent.list(page_size=size, page_token=token, **filters)
        equal(page.page_size, size, "the page size that was applied")
        found.append(page)
        token = page.next_page_token
        if not token:
            return found
        holds(len(found) < 50, "the pages do not end")


@check("list: every task of a context once, newest status first, page by page", only=modern)
async def _(agent: Agent) -> None:
    context = str(uuid.uuid4())
    ids = {(await agent.send("tck-artifact-text", context=context)).id for _ in range(7)}
    order: list[str] = []
    for size, lengths in [(3, [3, 3, 1]), (7, [7]), (100, [7]), (1, [1] * 7)]:
        found = await pages(agent, size, context_id=context)
        equal([len(page.tasks) for page in found], lengths, f"pages of {size}")
        equal({page.total_size for page in found}, {7}, "total")
        tasks = [task for page in found for task in page.tasks]
        equal({task.id for task in tasks}, ids, f"tasks in pages of {size}")
        order = order or [task.id for task in tasks]
        equal([task.id for task in tasks], order, f"order in pages of {size}")
        times = [task.status.timestamp.ToNanoseconds() for task in tasks]
        equal(times, sorted(times, reverse=True), "timestamps")
        holds(not any(task.artifacts for task in tasks), "artifacts were not asked for")


@check("list: tasks that arrive meanwhile leave no gap and no duplicate", only=modern)
async def _(agent: Agent) -> None:
    context = str(uuid.uuid4())
    ids = {(await agent.send("tck-complete-task", context=context)).id for _ in range(5)}
    seen: list[str] = []
    token = ""
    while True:
        page = await agent.list(context_id=context, page_size=2, page_token=token)
        seen += [task.id for task in page.tasks]
        token = page.next_page_token
        if not token:
            break
        await agent.send("tck-complete-task", context=context)
    equal(len(seen), len(set(seen)), "tasks seen twice")
    holds(ids <= set(seen), "tasks that were there from the start are missing")


@check("list: artifacts and history when they are asked for", only=modern)
async def _(agent: Agent) -> None:
    context = str(uuid.uuid4())
    sent = await agent.send("tck-artifact-text", context=context)
    task = (await agent.list(context_id=context, include_artifacts=True)).tasks[0]
    equal(task.artifacts[0].artifact_id, sent.artifacts[0].artifact_id, "artifact")
    equal(texts(task.artifacts[0].parts), "Generated text content", "text")
    task = (await agent.list(context_id=context, history_length=0)).tasks[0]
    equal(len(task.history), 0, "messages with historyLength 0")


@check("list: by state", only=modern)
async def _(agent: Agent) -> None:
    context = str(uuid.uuid4())
    done = await agent.send("tck-complete-task", context=context)
    waiting = await agent.send("tck-input-required", context=context)
    rejected = await agent.send("tck-reject-task", context=context)
    for wanted, task in [("COMPLETED", done), ("INPUT_REQUIRED", waiting), ("REJECTED", rejected)]:
        page = await agent.list(context_id=context, status=TaskState.Value(f"TASK_STATE_{wanted}"))
        equal([found.id for found in page.tasks], [task.id], wanted)
        equal(page.total_size, 1, f"total of {wanted}")
    page = await agent.list(context_id=context, status=TaskState.TASK_STATE_FAILED)
    equal((len(page.tasks), page.total_size, page.next_page_token), (0, 0, ""), "none failed")


@check("list: by the time of the status", only=modern)
async def _(agent: Agent) -> None:
    context = str(uuid.uuid4())
    tasks = [await agent.send("tck-complete-task", context=context) for _ in range(5)]
    for task in tasks:
        since = task.status.timestamp
        expected = {
            t.id for t in tasks if t.status.timestamp.ToNanoseconds() >= since.ToNanoseconds()
        }
        page = await agent.list(context_id=context, status_timestamp_after=since)
        equal({found.id for found in page.tasks}, expected, f"at or after {since.ToJsonString()}")
        equal(page.total_size, len(expected), "total")


@check("list: an unknown context is an empty page", only=modern)
async def _(agent: Agent) -> None:
    page = await agent.list(context_id=str(uuid.uuid4()))
    equal((len(page.tasks), page.total_size, page.next_page_token), (0, 0, ""), "page")


@check("list: page sizes and tokens that cannot be are refused", only=modern)
async def _(agent: Agent) -> None:
    for size in [0, -1, 101, 2_000_000_000]:
        await agent.refused(InvalidParamsError, agent.list(page_size=size), f"page size {size}")
    await agent.refused(InvalidParamsError, agent.list(page_token="%%%"), "page token")
    await agent.refused(InvalidParamsError, agent.list(history_length=-1), "history length")


@check("cancel: a running task is canceled and stays so")
async def _(agent: Agent) -> None:
    task = await agent.send("test-resubscribe-message-id", return_immediately=True)
    canceled = await agent.cancel(task.id)
    equal((canceled.id, state(canceled)), (task.id, "CANCELED"), "the answer")
    equal(state(await agent.get(task.id)), "CANCELED", "state afterwards")
    await agent.refused(TaskNotCancelableError, agent.cancel(task.id), "canceling again")


@check("cancel: a task that waits for input")
async def _(agent: Agent) -> None:
    task = await agent.send("tck-input-required")
    equal(state(await agent.cancel(task.id)), "CANCELED", "state")
    await agent.refused(
        UnsupportedOperationError, agent.send("tck-complete-task", task=task.id), "continuing it"
    )


@check("cancel: a blocking send returns with the canceled task")
async def _(agent: Agent) -> None:
    context = str(uuid.uuid4())
    sending = asyncio.create_task(agent.send("test-resubscribe-message-id", context=context))
    while not (page := await agent.list(context_id=context)).tasks:
        await asyncio.sleep(0.05)
    await agent.cancel(page.tasks[0].id)
    equal(state(await sending), "CANCELED", "what the send answered")


@check("cancel: a finished and an unknown task are refused")
async def _(agent: Agent) -> None:
    task = await agent.send("tck-complete-task")
    await agent.refused(TaskNotCancelableError, agent.cancel(task.id), "finished")
    await agent.refused(TaskNotFoundError, agent.cancel(NOWHERE), "unknown")
