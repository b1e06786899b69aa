"""Sending, and conversations of several turns."""

import asyncio
import time
import uuid

from a2a.types.a2a_pb2 import Part, Role
from a2a.utils.errors import (
    InvalidParamsError,
    TaskNotFoundError,
    UnsupportedOperationError,
)
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.struct_pb2 import Value

from agent import NOWHERE, Agent, asking, collect, modern, state, texts
from checks import Checks, equal, holds

check = Checks()


@check("send: waits until the task is completed")
async def _(agent: Agent) -> None:
    request = asking("tck-complete-task", "what I said")
    task = [answer async for answer in agent.plain.send_message(request)][0].task
    equal(state(task), "COMPLETED", "state")
    equal(texts(task.status.message.parts), "Hello from TCK", "what the agent said")
    equal(task.status.message.role, Role.ROLE_AGENT, "who said it")
    holds(task.id and task.context_id, "no task id or no context id")
    holds(abs(task.status.timestamp.seconds - time.time()) < 120, "the timestamp is not now")
    holds(task.history, "no history")
    equal(task.history[0].message_id, request.message.message_id, "the first message's id")
    equal(texts(task.history[0].parts), "what I said", "the first message's text")
    equal(task.history[0].context_id, task.context_id, "the first message's context")


@check("send: keeps the client's contextId")
async def _(agent: Agent) -> None:
    context = f"context-{uuid.uuid4()}"
    task = await agent.send("tck-complete-task", context=context)
    equal(task.context_id, context, "context")


@check("send: returnImmediately answers before the work is done, and the work goes on")
async def _(agent: Agent) -> None:
    task = await agent.send("tck-slow-1", return_immediately=True)
    holds(state(task) in {"SUBMITTED", "WORKING"}, f"the first answer is {state(task)}")
    done = await agent.reaches(task.id, "COMPLETED")
    equal(texts(done.artifacts[0].parts), "0 1 2 3 4 5 6 7 8 9 ", "the whole artifact")


@check("send: an agent may answer with a message instead of a task")
async def _(agent: Agent) -> None:
    answer = await agent.answer("tck-message-response")
    equal(answer.WhichOneof("payload"), "message", "the answer")
    equal(texts(answer.message.parts), "Direct message response", "text")
    equal(answer.message.role, Role.ROLE_AGENT, "role")
    holds(answer.message.message_id and answer.message.context_id, "no message id or context id")


@check("send: a rejected task")
async def _(agent: Agent) -> None:
    equal(state(await agent.send("tck-reject-task")), "REJECTED", "state")


@check("send: returns when input is required")
async def _(agent: Agent) -> None:
    task = await agent.send("tck-input-required")
    equal(state(task), "INPUT_REQUIRED", "state")


@check("send: a text artifact")
async def _(agent: Agent) -> None:
    task = await agent.send("tck-artifact-text")
    equal(state(task), "COMPLETED", "state")
    equal(len(task.artifacts), 1, "artifacts")
    holds(task.artifacts[0].artifact_id, "no artifact id")
    equal(texts(task.artifacts[0].parts), "Generated text content", "text")


@check("send: a data artifact")
async def _(agent: Agent) -> None:
    task = await agent.send("tck-artifact-data")
    part = task.artifacts[0].parts[0]
    equal(part.WhichOneof("content"), "data", "content")
    equal(MessageToDict(part.data), {"key": "value", "count": 42.0}, "data")


@check("send: a file artifact by value and by URL")
async def _(agent: Agent) -> None:
    by_value = (await agent.send("tck-artifact-file")).artifacts[0].parts[0]
    equal(by_value.raw, b"tck", "bytes")
    equal((by_value.filename, by_value.media_type), ("output.txt", "text/plain"), "name and type")
    by_url = (await agent.send("tck-artifact-file-url")).artifacts[0].parts[0]
    equal(by_url.url, "https://example.com/output.txt", "url")
    equal((by_url.filename, by_url.media_type), ("output.txt", "text/plain"), "name and type")


@check("send: what the user sent is kept exactly")
async def _(agent: Agent) -> None:
    said = 'naïve — 東京 🛰️ \u202eright to left\u202c e\u0301 \\ "quoted"\n\ttabbed \u2028'
    value = {"big": 9007199254740991, "nested": [1, [2, {"three": None}]], "yes": True, "": ""}
    parts = [
        Part(text=said),
        Part(raw=bytes(range(256)), filename="ünï.bin", media_type="application/octet-stream"),
        Part(data=ParseDict(value, Value())),
        Part(data=ParseDict(None, Value())),
        Part(url="https://example.com/a%20b?c=d#e", media_type="text/csv"),
    ]
    sent = await agent.send("tck-complete-task", parts=parts, metadata={"trace": {"id": 7}})
    stored = (await agent.get(sent.id)).history[0]
    equal(len(stored.parts), len(parts), "parts")
    equal(stored.parts[0].text, said, "text")
    equal(stored.parts[1].raw, bytes(range(256)), "bytes")
    equal(stored.parts[1].filename, "ünï.bin", "file name")
    equal(MessageToDict(stored.parts[2].data), value, "data")
    equal(stored.parts[3].WhichOneof("content"), "data", "a null is data")
    equal(stored.parts[4].url, parts[4].url, "url")
    equal(MessageToDict(stored.metadata), {"trace": {"id": 7.0}}, "metadata")


@check("send: the same message id with another text is another message")
async def _(agent: Agent) -> None:
    same = f"tck-complete-task-{uuid.uuid4()}"
    first = await agent.send("", "one", message_id=same)
    second = await agent.send("", "two", message_id=same)
    holds(first.id != second.id, "both messages are in one task")


@check("send: twenty at once are twenty tasks")
async def _(agent: Agent) -> None:
    context = str(uuid.uuid4())
    sent = [agent.send("tck-complete-task", f"{n}", context=context) for n in range(20)]
    tasks = await asyncio.gather(*sent)
    equal({state(task) for task in tasks}, {"COMPLETED"}, "states")
    equal(len({task.id for task in tasks}), 20, "different tasks")
    equal([texts(task.history[0].parts) for task in tasks], [f"{n}" for n in range(20)], "texts")
    equal((await agent.list(context_id=context)).total_size, 20, "stored tasks")


@check("send: to a finished task is refused")
async def _(agent: Agent) -> None:
    task = await agent.send("tck-complete-task")
    await agent.refused(
        UnsupportedOperationError, agent.send("tck-complete-task", task=task.id), "sending"
    )
    equal(state(await agent.get(task.id)), "COMPLETED", "state afterwards")


@check("send: to an unknown task is refused")
async def _(agent: Agent) -> None:
    await agent.refused(TaskNotFoundError, agent.send("tck-complete-task", task=NOWHERE), "sending")


@check("send: a message without parts is refused")
async def _(agent: Agent) -> None:
    request = asking("tck-complete-task")
    del request.message.parts[:]
    await agent.refused(InvalidParamsError, collect(agent.plain.send_message(request)), "sending")


@check("send: historyLength 0 leaves the history out", only=modern)
async def _(agent: Agent) -> None:
    equal(len((await agent.send("tck-complete-task", history_length=0)).history), 0, "messages")


@check("turns: the answer to a question continues the task, named by its id alone")
async def _(agent: Agent) -> None:
    asked = await agent.send("tck-input-required", "first")
    done = await agent.send("tck-complete-task", "second", task=asked.id)
    equal(done.id, asked.id, "task")
    equal(done.context_id, asked.context_id, "context")
    equal(state(done), "COMPLETED", "state")
    stored = await agent.get(asked.id)
    mine = [texts(m.parts) for m in stored.history if m.role == Role.ROLE_USER]
    equal(mine, ["first", "second"], "the user's messages, in order")
    equal({m.context_id for m in stored.history}, {asked.context_id}, "contexts in the history")


@check("turns: another context than the task's is refused")
async def _(agent: Agent) -> None:
    asked = await agent.send("tck-input-required")
    await agent.refused(
        InvalidParamsError,
        agent.send("tck-complete-task", task=asked.id, context=str(uuid.uuid4())),
        "sending",
    )
    equal(state(await agent.get(asked.id)), "INPUT_REQUIRED", "state afterwards")


@check("turns: a later task shares the context and not the history")
async def _(agent: Agent) -> None:
    first = await agent.send("tck-complete-task", "one")
    second = await agent.send("tck-complete-task", "two", context=first.context_id)
    holds(first.id != second.id, "the same task")
    said = [texts(m.parts) for m in second.history if m.role == Role.ROLE_USER]
    equal(said, ["two"], "the second task's messages")
