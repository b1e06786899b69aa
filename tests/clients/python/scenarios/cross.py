"""One agent, however it is reached: the same tasks over every binding and in every version."""

import asyncio
import uuid

from a2a.types.a2a_pb2 import (
    ListTaskPushNotificationConfigsRequest,
    Role,
    SubscribeToTaskRequest,
    Task,
    TaskPushNotificationConfig,
)
from google.protobuf.json_format import MessageToDict

from agent import BINDINGS, Agent, collect, kinds, modern, state, texts
from checks import Checks, equal, holds

check = Checks()


def old(agent: Agent) -> bool:
    return not modern(agent)


@check("bindings: a task is the same over all of them", only=modern)
async def _(agent: Agent) -> None:
    sent = await agent.send("tck-artifact-data", "over one binding", metadata={"n": 7})
    offered = {i.protocol_binding for i in agent.card.supported_interfaces}
    holds(len(offered) > 1, f"only {offered} is offered")
    for name, binding in BINDINGS.items():
        if binding in offered:
            other = await agent.sibling(binding=name)
            equal(MessageToDict(await other.get(sent.id)), MessageToDict(sent), binding)


@check("bindings: a task is continued over another", only=modern)
async def _(agent: Agent) -> None:
    other = await agent.sibling(binding="rest" if agent.binding == "JSONRPC" else "jsonrpc")
    asked = await agent.send("tck-input-required", "here")
    done = await other.send("tck-complete-task", "there", task=asked.id)
    equal((done.id, state(done)), (asked.id, "COMPLETED"), "what the other binding answers")
    equal(said(await agent.get(asked.id)), ["here", "there"], "the history")


def said(task: Task) -> list[str]:
    return [texts(m.parts) for m in task.history if m.role == Role.ROLE_USER]


async def both_ways(agent: Agent) -> list[tuple[Agent, Agent, str]]:
    """Who begins, who goes on, and what to call it."""
    new = await agent.sibling(version="1.0")
    return [(agent, new, "from 0.3 to 1.0"), (new, agent, "from 1.0 to 0.3")]


@check("versions: a task of one is read in the other", only=old)
async def _(agent: Agent) -> None:
    for first, second, way in await both_ways(agent):
        for prefix in [
            "tck-complete-task",
            "tck-artifact-text",
            "tck-artifact-data",
            "tck-artifact-file",
            "tck-artifact-file-url",
            "tck-input-required",
            "tck-reject-task",
        ]:
            sent = await first.send(prefix)
            read = await second.get(sent.id)
            equal(common(read), common(sent), f"{prefix} {way}")


def common(task: Task) -> dict[str, object]:
    """The task without what 0.3 has no place for: the media type of what is no file."""
    known = Task()
    known.CopyFrom(task)
    for part in (part for artifact in known.artifacts for part in artifact.parts):
        if part.WhichOneof("content") in ("text", "data"):
            part.media_type = ""
    return MessageToDict(known)


@check("versions: tasks of both are in one list", only=old)
async def _(agent: Agent) -> None:
    context = str(uuid.uuid4())
    new = await agent.sibling(version="1.0")
    ids = [(await each.send("tck-complete-task", context=context)).id for each in [agent, new]]
    page = await new.list(context_id=context)
    equal([task.id for task in page.tasks], ids[::-1], "the tasks of the context, newest first")


@check("versions: a task of one is continued in the other", only=old)
async def _(agent: Agent) -> None:
    for first, second, way in await both_ways(agent):
        asked = await first.send("tck-input-required", "one")
        done = await second.send("tck-complete-task", "two", task=asked.id)
        equal((done.id, done.context_id), (asked.id, asked.context_id), f"ids {way}")
        for each in [first, second]:
            stored = await each.get(asked.id)
            equal((state(stored), said(stored)), ("COMPLETED", ["one", "two"]), way)


@check("versions: a task that runs in one is followed, and canceled, in the other", only=old)
async def _(agent: Agent) -> None:
    for first, second, way in await both_ways(agent):
        task = await first.send("tck-slow-6", return_immediately=True)
        request = SubscribeToTaskRequest(id=task.id)
        following = asyncio.create_task(collect(second.streaming.subscribe(request)))
        events = await following
        equal(kinds(events)[-1], "COMPLETED", f"the last event {way}")
        before = events[0].task.artifacts if events[0].HasField("task") else []
        pieces = [texts(artifact.parts) for artifact in before] + [
            texts(e.artifact_update.artifact.parts) for e in events if e.HasField("artifact_update")
        ]
        equal("".join(pieces), "0 1 2 3 4 5 6 7 8 9 ", f"the artifact {way}")
        task = await first.send("test-resubscribe-message-id", return_immediately=True)
        equal(state(await second.cancel(task.id)), "CANCELED", f"canceled {way}")
        equal(state(await first.get(task.id)), "CANCELED", f"read after that {way}")


@check("versions: a webhook of one is listed in the other", only=old)
async def _(agent: Agent) -> None:
    new = await agent.sibling(version="1.0")
    task = await agent.send("tck-input-required")
    wanted = TaskPushNotificationConfig(
        task_id=task.id, id="mine", url="https://example.com/hook", token="token"
    )
    created = await agent.plain.create_task_push_notification_config(wanted)
    request = ListTaskPushNotificationConfigsRequest(task_id=task.id)
    found = await new.plain.list_task_push_notification_configs(request)
    equal(
        [(c.id, c.url, c.token) for c in found.configs],
        [(created.id, wanted.url, wanted.token)],
        "what a client of 1.0 sees",
    )
