"""Webhooks: their configurations, and what is delivered to them."""

import uuid

from a2a.compat.v0_3.types import Task as OldTask
from a2a.types.a2a_pb2 import (
    AuthenticationInfo,
    DeleteTaskPushNotificationConfigRequest,
    GetTaskPushNotificationConfigRequest,
    ListTaskPushNotificationConfigsRequest,
    StreamResponse,
    Task,
    TaskPushNotificationConfig,
)
from a2a.utils.errors import InvalidParamsError, TaskNotFoundError
from google.protobuf.json_format import MessageToDict, ParseDict

from agent import NOWHERE, Agent, kinds, modern, task_of, texts
from checks import Checks, equal, holds
from webhook import Delivery, Webhook

check = Checks()

LONG = "test-resubscribe-message-id"
SLOW = "tck-slow-5"
FAR = "https://example.com/hook"
"""Is stored, and never reached: what is tested with it ends before anything is delivered."""


def manages(agent: Agent) -> bool:
    """The client of 0.3 has no listing and no deletion over HTTP+JSON."""
    return modern(agent) or agent.binding != "HTTP+JSON"


def delivers(agent: Agent) -> bool:
    return agent.delivers


def delivers_and_manages(agent: Agent) -> bool:
    return agent.delivers and manages(agent)


def delivers_modern(agent: Agent) -> bool:
    return agent.delivers and modern(agent)


def retries(agent: Agent) -> bool:
    return delivers_modern(agent) and agent.retries


def delivers_old(agent: Agent) -> bool:
    return agent.delivers and not modern(agent)


def config(task: str, url: str = FAR, **fields: object) -> TaskPushNotificationConfig:
    return TaskPushNotificationConfig(task_id=task, url=url, **fields)


def named(task: str, id: str) -> GetTaskPushNotificationConfigRequest:
    return GetTaskPushNotificationConfigRequest(task_id=task, id=id)


async def create(agent: Agent, wanted: TaskPushNotificationConfig) -> TaskPushNotificationConfig:
    return await agent.plain.create_task_push_notification_config(wanted)


async def listed(agent: Agent, task: str) -> list[TaskPushNotificationConfig]:
    request = ListTaskPushNotificationConfigsRequest(task_id=task)
    return list((await agent.plain.list_task_push_notification_configs(request)).configs)


async def delete(agent: Agent, task: str, id: str) -> None:
    request = DeleteTaskPushNotificationConfigRequest(task_id=task, id=id)
    await agent.plain.delete_task_push_notification_config(request)


async def waiting(agent: Agent) -> Task:
    """A task that does nothing, so that nothing is delivered meanwhile."""
    return await agent.send("tck-input-required")


@check("push: a configuration is created, and read as it was created")
async def _(agent: Agent) -> None:
    task = await waiting(agent)
    bearer = AuthenticationInfo(scheme="Bearer", credentials="secret")
    wanted = config(task.id, id="mine", token="token", authentication=bearer)
    created = await create(agent, wanted)
    equal((created.task_id, created.id, created.url), (task.id, "mine", FAR), "what was created")
    equal(created.authentication.scheme, "Bearer", "the scheme")
    read = await agent.plain.get_task_push_notification_config(named(task.id, "mine"))
    equal(MessageToDict(read), MessageToDict(created), "what is read")


@check("push: without an id it is given one")
async def _(agent: Agent) -> None:
    task = await waiting(agent)
    created = await create(agent, config(task.id))
    holds(created.id, "no id")
    read = await agent.plain.get_task_push_notification_config(named(task.id, created.id))
    equal(read.url, FAR, "url")


@check("push: the same id again replaces the configuration")
async def _(agent: Agent) -> None:
    task = await waiting(agent)
    await create(agent, config(task.id, id="mine"))
    await create(agent, config(task.id, f"{FAR}/2", id="mine"))
    read = await agent.plain.get_task_push_notification_config(named(task.id, "mine"))
    equal(read.url, f"{FAR}/2", "url")


@check("push: all are listed, and a deleted one is gone", only=manages)
async def _(agent: Agent) -> None:
    task = await waiting(agent)
    equal(await listed(agent, task.id), [], "before any was created")
    for id in ["a", "b", "c"]:
        await create(agent, config(task.id, f"{FAR}/{id}", id=id))
    found = {(c.id, c.url, c.task_id) for c in await listed(agent, task.id)}
    equal(found, {(id, f"{FAR}/{id}", task.id) for id in "abc"}, "what is listed")
    for _ in range(2):  # It is idempotent.
        await delete(agent, task.id, "b")
        equal({c.id for c in await listed(agent, task.id)}, {"a", "c"}, "what is left")
    await agent.refused(
        TaskNotFoundError,
        agent.plain.get_task_push_notification_config(named(task.id, "b")),
        "reading the deleted one",
    )


@check("push: another task's configurations are not seen", only=manages)
async def _(agent: Agent) -> None:
    one, two = await waiting(agent), await waiting(agent)
    await create(agent, config(one.id, id="mine"))
    equal(await listed(agent, two.id), [], "the other task's")


@check("push: for an unknown task everything is refused")
async def _(agent: Agent) -> None:
    await agent.refused(TaskNotFoundError, create(agent, config(NOWHERE)), "creating")
    get = agent.plain.get_task_push_notification_config
    await agent.refused(TaskNotFoundError, get(named(NOWHERE, "mine")), "reading")
    if manages(agent):
        await agent.refused(TaskNotFoundError, listed(agent, NOWHERE), "listing")


@check("push: an unknown configuration is refused")
async def _(agent: Agent) -> None:
    task = await waiting(agent)
    get = agent.plain.get_task_push_notification_config
    await agent.refused(TaskNotFoundError, get(named(task.id, "none")), "reading")


@check("push: a url that is none is refused")
async def _(agent: Agent) -> None:
    task = await waiting(agent)
    for url in ["not a url", "ftp://example.com/hook", "/hook"]:
        await agent.refused(InvalidParamsError, create(agent, config(task.id, url)), url)


@check("push: credentials that would end the header are refused")
async def _(agent: Agent) -> None:
    task = await waiting(agent)
    bearer = AuthenticationInfo(scheme="Bearer", credentials="x\r\nX-Other: y")
    wanted = config(task.id, authentication=bearer)
    await agent.refused(InvalidParamsError, create(agent, wanted), "creating")


def states(deliveries: list[Delivery]) -> list[str]:
    """What was delivered, as words; each must be one event and nothing else."""
    return kinds([ParseDict(delivery.body, StreamResponse()) for delivery in deliveries])


def ended(deliveries: list[Delivery]) -> bool:
    """Whether the end of the task was delivered, in whichever form."""
    accepted = [delivery.body for delivery in deliveries if delivery.status == 200]
    return any("COMPLETED" in str(body).upper() for body in accepted)


async def run_with_webhook(agent: Agent, webhook: Webhook, prefix: str = SLOW) -> Task:
    """A task of which nothing is done when the webhook is registered."""
    task = await agent.send(prefix, return_immediately=True)
    basic = AuthenticationInfo(scheme="Bearer", credentials="from-the-client")
    await create(agent, config(task.id, webhook.url(), token="a-token", authentication=basic))
    return task


@check("push: the token and the credentials are delivered with every event", only=delivers)
async def _(agent: Agent) -> None:
    with Webhook() as webhook:
        await run_with_webhook(agent, webhook)
        deliveries = await webhook.until(ended)
    holds(len(deliveries) > 1, "only the end was delivered")
    for delivery in deliveries:
        headers = delivery.headers
        equal(headers.get("authorization"), "Bearer from-the-client", "Authorization")
        equal(headers.get("x-a2a-notification-token"), "a-token", "X-A2A-Notification-Token")


@check("push: what is delivered are the events of the task, in order", only=delivers_modern)
async def _(agent: Agent) -> None:
    with Webhook() as webhook:
        task = await run_with_webhook(agent, webhook)
        deliveries = await webhook.until(ended)
    words = states(deliveries)
    equal(words[-1], "COMPLETED", "the last event")
    events = [ParseDict(delivery.body, StreamResponse()) for delivery in deliveries]
    equal({task_of(event) for event in events}, {task.id}, "the task of the events")
    updates = [e.artifact_update for e in events if e.HasField("artifact_update")]
    chunks = "".join(texts(update.artifact.parts) for update in updates)
    holds("0 1 2 3 4 5 6 7 8 9 ".endswith(chunks), f"the chunks are {chunks!r}")
    holds(chunks, "no chunk was delivered")


@check("push: the media type of a delivery is the protocol's", only=delivers_modern)
async def _(agent: Agent) -> None:
    with Webhook() as webhook:
        await run_with_webhook(agent, webhook)
        deliveries = await webhook.until(ended)
    types = {delivery.headers.get("content-type", "").split(";")[0] for delivery in deliveries}
    equal(types, {"application/a2a+json"}, "content types")


@check("push: a webhook of 0.3 is told the task in the form of 0.3", only=delivers_old)
async def _(agent: Agent) -> None:
    with Webhook() as webhook:
        task = await run_with_webhook(agent, webhook)
        deliveries = await webhook.until(ended)
    told = [OldTask.model_validate(delivery.body) for delivery in deliveries]
    equal({each.kind for each in told}, {"task"}, "kinds")
    equal({each.id for each in told}, {task.id}, "tasks")
    equal(told[-1].status.state.value, "completed", "the last state")


@check("push: a webhook that is sent with the message is told everything", only=delivers)
async def _(agent: Agent) -> None:
    with Webhook() as webhook:
        wanted = TaskPushNotificationConfig(url=webhook.url(), token=str(uuid.uuid4()))
        task = await agent.send("tck-artifact-text", task_push_notification_config=wanted)
        deliveries = await webhook.until(ended)
        tokens = {d.headers.get("x-a2a-notification-token") for d in deliveries}
        equal(tokens, {wanted.token}, "tokens")
    holds(task.id in str(deliveries[-1].body), "the end of another task")
    holds("Generated text content" in str([d.body for d in deliveries]), "no artifact")
    if manages(agent):
        equal([c.url for c in await listed(agent, task.id)], [wanted.url], "what is listed")


@check("push: a webhook that is streamed to is told too", only=delivers)
async def _(agent: Agent) -> None:
    with Webhook() as webhook:
        wanted = TaskPushNotificationConfig(url=webhook.url())
        stream = agent.stream("tck-stream-001", task_push_notification_config=wanted)
        words = kinds([event async for event in stream])
        equal(words[-1], "COMPLETED", "the last event of the stream")
        await webhook.until(ended)


@check("push: every webhook is told, a deleted one no more", only=delivers_and_manages)
async def _(agent: Agent) -> None:
    with Webhook() as webhook:
        task = await waiting(agent)
        for name in ["a", "b", "c"]:
            await create(agent, config(task.id, webhook.url(f"/{name}"), id=name))
        await delete(agent, task.id, "b")
        await agent.send("tck-artifact-text", task=task.id)
        for name in ["a", "c"]:
            await webhook.until(ended, f"/{name}")
        equal(webhook.to("/b"), [], "to the deleted one")


@check("push: a webhook that fails at first is tried again", only=retries)
async def _(agent: Agent) -> None:
    with Webhook(failures=1) as webhook:
        await run_with_webhook(agent, webhook)
        deliveries = await webhook.until(ended)
    refused = [delivery.body for delivery in deliveries if delivery.status != 200]
    accepted = [delivery.body for delivery in deliveries if delivery.status == 200]
    equal(len(refused), 1, "deliveries that the webhook refused")
    holds(refused[0] in accepted, "what was refused was not sent again")
