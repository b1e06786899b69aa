"""An agent without streaming, webhooks and extended card: each is refused, and the rest works.

The client itself keeps to the card. So it is given one that promises everything.
"""

from collections.abc import Awaitable, Callable

from a2a.client import Client
from a2a.types.a2a_pb2 import (
    AgentCard,
    DeleteTaskPushNotificationConfigRequest,
    GetExtendedAgentCardRequest,
    GetTaskPushNotificationConfigRequest,
    ListTaskPushNotificationConfigsRequest,
    SubscribeToTaskRequest,
    TaskPushNotificationConfig,
)
from a2a.utils.errors import PushNotificationNotSupportedError, UnsupportedOperationError

from agent import NOWHERE, Agent, asking, collect, kinds, modern, state
from checks import Checks, equal, holds

check = Checks()


def deceived(agent: Agent) -> Client:
    card = AgentCard()
    card.CopyFrom(agent.card)
    card.capabilities.streaming = True
    card.capabilities.push_notifications = True
    card.capabilities.extended_agent_card = True
    return agent.other(streaming=True, card=card)


@check("card: declares none of them")
async def _(agent: Agent) -> None:
    capabilities = agent.card.capabilities
    holds(not capabilities.streaming, "streaming is declared")
    holds(not capabilities.push_notifications, "webhooks are declared")
    holds(not capabilities.extended_agent_card, "an extended card is declared")


@check("send: works, and a client that would stream is answered at once")
async def _(agent: Agent) -> None:
    equal(state(await agent.send("tck-complete-task")), "COMPLETED", "state")
    equal(kinds(await collect(agent.stream("tck-stream-001"))), ["task"], "events")


@check("stream: is refused")
async def _(agent: Agent) -> None:
    client = deceived(agent)
    stream = collect(client.send_message(asking("tck-stream-001")))
    await agent.refused(UnsupportedOperationError, stream, "streaming")
    waiting = await agent.send("tck-input-required")
    stream = collect(client.subscribe(SubscribeToTaskRequest(id=waiting.id)))
    await agent.refused(UnsupportedOperationError, stream, "subscribing")


@check("push: everything is refused, whether there is such a task or not")
async def _(agent: Agent) -> None:
    waiting = await agent.send("tck-input-required")
    for task in [waiting.id, NOWHERE]:
        for what, call in push_calls(agent, task).items():
            await agent.refused(PushNotificationNotSupportedError, call(), what)


def push_calls(agent: Agent, task: str) -> dict[str, Callable[[], Awaitable[object]]]:
    """Every call about the webhooks of a task that this client has."""
    client = agent.plain
    wanted = TaskPushNotificationConfig(task_id=task, url="https://example.com/hook")
    one = GetTaskPushNotificationConfigRequest(task_id=task, id="mine")
    all_ = ListTaskPushNotificationConfigsRequest(task_id=task)
    gone = DeleteTaskPushNotificationConfigRequest(task_id=task, id="mine")
    calls = {
        "creating": lambda: client.create_task_push_notification_config(wanted),
        "reading": lambda: client.get_task_push_notification_config(one),
    }
    # The client of 0.3 has neither over HTTP+JSON.
    if modern(agent) or agent.binding != "HTTP+JSON":
        calls["listing"] = lambda: client.list_task_push_notification_configs(all_)
        calls["deleting"] = lambda: client.delete_task_push_notification_config(gone)
    return calls


@check("card: the extended one is refused")
async def _(agent: Agent) -> None:
    call = deceived(agent).get_extended_agent_card(GetExtendedAgentCardRequest())
    await agent.refused(UnsupportedOperationError, call, "asking for it")
