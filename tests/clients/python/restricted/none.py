"""An agent without streaming, webhooks and extended card: each is refused, and the rest works.

The client itself keeps to the card. So it is given one that promises everything.
"""

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
        wanted = TaskPushNotificationConfig(task_id=task, url="https://example.com/hook")
        named = {"task_id": task, "id": "mine"}
        calls = {
            "creating": agent.plain.create_task_push_notification_config(wanted),
            "reading": agent.plain.get_task_push_notification_config(
                GetTaskPushNotificationConfigRequest(**named)
            ),
        }
        # The client of 0.3 has neither over HTTP+JSON.
        if modern(agent) or agent.binding != "HTTP+JSON":
            calls["listing"] = agent.plain.list_task_push_notification_configs(
                ListTaskPushNotificationConfigsRequest(task_id=task)
            )
            calls["deleting"] = agent.plain.delete_task_push_notification_config(
                DeleteTaskPushNotificationConfigRequest(**named)
            )
        for what, call in calls.items():
            await agent.refused(PushNotificationNotSupportedError, call, what)


@check("card: the extended one is refused")
async def _(agent: Agent) -> None:
    call = deceived(agent).get_extended_agent_card(GetExtendedAgentCardRequest())
    await agent.refused(UnsupportedOperationError, call, "asking for it")
