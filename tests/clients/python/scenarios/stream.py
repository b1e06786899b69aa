"""Streams: of a message just sent, and of a task that runs already."""

import asyncio
import time
from collections.abc import AsyncIterator

from a2a.client import Client
from a2a.types.a2a_pb2 import (
    StreamResponse,
    SubscribeToTaskRequest,
)
from a2a.utils.errors import (
    TaskNotFoundError,
    UnsupportedOperationError,
)
from google.protobuf.json_format import MessageToDict

from agent import NOWHERE, Agent, collect, kinds, state, task_of, texts
from checks import Checks, equal, holds

check = Checks()


@check("stream: the task first, then every event in order, then the end")
async def _(agent: Agent) -> None:
    events = await collect(agent.stream("tck-stream-001"))
    holds(events, "no event")
    words = kinds(events)
    equal(words[0], "task", "the first event")
    holds(state(events[0].task) in {"SUBMITTED", "WORKING"}, "the first event shows a later state")
    holds(events[0].task.history, "the first event lacks the user's message")
    equal(words[-1], "COMPLETED", "the last event")
    equal(words.count("task"), 1, "snapshots")
    equal(
        [w for w in words[1:] if w != "SUBMITTED"],
        ["WORKING", "artifact_update", "COMPLETED"],
        "events",
    )
    equal({task_of(event) for event in events}, {events[0].task.id}, "task ids")
    times = [
        e.status_update.status.timestamp.ToNanoseconds()
        for e in events
        if e.HasField("status_update")
    ]
    equal(times, sorted(times), "timestamps")
    artifact = next(e.artifact_update.artifact for e in events if e.HasField("artifact_update"))
    equal(texts(artifact.parts), "Stream hello from TCK", "artifact")


@check("stream: what was streamed is what is stored")
async def _(agent: Agent) -> None:
    events = await collect(agent.stream("tck-stream-artifact-chunked"))
    chunks = [e.artifact_update for e in events if e.HasField("artifact_update")]
    equal([(c.append, c.last_chunk) for c in chunks], [(False, False), (True, True)], "chunks")
    equal(len({c.artifact.artifact_id for c in chunks}), 1, "artifact ids")
    stored = await agent.get(events[0].task.id)
    equal(len(stored.artifacts), 1, "stored artifacts")
    equal(
        texts(stored.artifacts[0].parts),
        "".join(texts(c.artifact.parts) for c in chunks),
        "stored text",
    )


@check("stream: a file artifact")
async def _(agent: Agent) -> None:
    events = await collect(agent.stream("tck-stream-artifact-file"))
    files = [
        e.artifact_update.artifact.parts[0].raw for e in events if e.HasField("artifact_update")
    ]
    equal(files, [b"tck"], "files")


@check("stream: a direct message is the only event")
async def _(agent: Agent) -> None:
    events = await collect(agent.stream("tck-message-response"))
    equal(kinds(events), ["message"], "events")
    equal(texts(events[0].message.parts), "Direct message response", "text")


@check("stream: ends when input is required")
async def _(agent: Agent) -> None:
    words = kinds(await collect(agent.stream("tck-input-required")))
    equal(words[0], "task", "the first event")
    equal(words[-1], "INPUT_REQUIRED", "the last event")


@check("stream: events arrive while the work goes on")
async def _(agent: Agent) -> None:
    arrived = [time.monotonic() async for _ in agent.stream("tck-slow-2")]
    spread = arrived[-1] - arrived[0]
    holds(spread > 1.0, f"{len(arrived)} events arrived within {spread:.2f} s of two seconds' work")


@check("stream: a client that goes away does not stop the work")
async def _(agent: Agent) -> None:
    stream = agent.stream("tck-slow-3")
    async for event in stream:
        if event.HasField("artifact_update"):
            break
    await stream.aclose()
    done = await agent.reaches(event.artifact_update.task_id, "COMPLETED")
    equal(texts(done.artifacts[0].parts), "0 1 2 3 4 5 6 7 8 9 ", "the whole artifact")


@check("stream: to a finished or unknown task is refused")
async def _(agent: Agent) -> None:
    done = await agent.send("tck-complete-task")
    await agent.refused(
        UnsupportedOperationError, collect(agent.stream("tck-stream-001", task=done.id)), "finished"
    )
    await agent.refused(
        TaskNotFoundError, collect(agent.stream("tck-stream-001", task=NOWHERE)), "unknown"
    )


def subscription(client: Client, task: str) -> AsyncIterator[StreamResponse]:
    return client.subscribe(SubscribeToTaskRequest(id=task))


@check("subscribe: a second connection sees the snapshot, then the same events to the end")
async def _(agent: Agent) -> None:
    first: list[StreamResponse] = []
    subscribed: list[asyncio.Task] = []
    async for event in agent.stream("tck-slow-4"):
        first.append(event)
        if event.HasField("artifact_update") and not subscribed:
            other = agent.other(streaming=True)
            for _ in range(2):
                subscribed.append(
                    asyncio.create_task(collect(subscription(other, event.artifact_update.task_id)))
                )
    equal(kinds(first)[-1], "COMPLETED", "the end of the first stream")
    for events in await asyncio.gather(*subscribed):
        words = kinds(events)
        equal((words[0], words[-1]), ("task", "COMPLETED"), "first and last event")
        equal(words.count("task"), 1, "snapshots")
        tail = [MessageToDict(event) for event in first[-len(events) + 1 :]]
        equal([MessageToDict(event) for event in events[1:]], tail, "events after the snapshot")
        before = texts(events[0].task.artifacts[0].parts) if events[0].task.artifacts else ""
        after = "".join(
            texts(e.artifact_update.artifact.parts) for e in events if e.HasField("artifact_update")
        )
        equal(before + after, "0 1 2 3 4 5 6 7 8 9 ", "snapshot and events together")


@check("subscribe: after a dropped stream, nothing is missing")
async def _(agent: Agent) -> None:
    stream = agent.stream("tck-slow-7")
    async for event in stream:
        if event.HasField("artifact_update"):
            break
    await stream.aclose()
    task = event.artifact_update.task_id
    events = await collect(subscription(agent.streaming, task))
    equal(kinds(events)[-1], "COMPLETED", "the last event")
    before = texts(events[0].task.artifacts[0].parts)
    after = [
        texts(e.artifact_update.artifact.parts) for e in events if e.HasField("artifact_update")
    ]
    holds(len(after) < 10, "the chunk that was seen is streamed again")
    equal(before + "".join(after), "0 1 2 3 4 5 6 7 8 9 ", "snapshot and events together")


@check("subscribe: to a task that was sent without waiting")
async def _(agent: Agent) -> None:
    task = await agent.send("test-resubscribe-message-id", return_immediately=True)
    events = await collect(subscription(agent.other(streaming=True), task.id))
    equal(kinds(events)[0], "task", "the first event")
    equal(events[0].task.id, task.id, "task")
    equal(kinds(events)[-1], "COMPLETED", "the last event")


@check("subscribe: sees a cancellation, and ends")
async def _(agent: Agent) -> None:
    task = await agent.send("test-resubscribe-message-id", return_immediately=True)
    words = []
    async for event in subscription(agent.other(streaming=True), task.id):
        words += kinds([event])
        if words == ["task"]:
            await agent.cancel(task.id)
    equal((words[0], words[-1]), ("task", "CANCELED"), "first and last event")


@check("subscribe: stays open while the task waits for input")
async def _(agent: Agent) -> None:
    task = await agent.send("tck-input-required")
    words = []
    async for event in subscription(agent.other(streaming=True), task.id):
        words += kinds([event])
        if words == ["task"]:
            done = await agent.send("tck-complete-task", task=task.id)
            equal(state(done), "COMPLETED", "the continued task")
    equal(words[-1], "COMPLETED", "the last event")


@check("subscribe: to a finished or unknown task is refused")
async def _(agent: Agent) -> None:
    done = await agent.send("tck-complete-task")
    await agent.refused(
        UnsupportedOperationError, collect(subscription(agent.streaming, done.id)), "finished"
    )
    await agent.refused(
        TaskNotFoundError, collect(subscription(agent.streaming, NOWHERE)), "unknown"
    )
