"""An agent behind a limit of one request in an hour: the next is refused, and the client says so."""

from collections.abc import Awaitable

import httpx
from a2a.client.errors import A2AClientError
from a2a.types.a2a_pb2 import GetTaskRequest
from a2a.utils.errors import TaskNotFoundError

from agent import NOWHERE, Agent, asking, collect, modern
from checks import Checks, equal, holds, refused

check = Checks()


def is_told(error: Exception) -> bool:
    """The status is all that the client's error says over HTTP; gRPC has it by name."""
    said = str(error)
    return isinstance(error, A2AClientError) and ("429" in said or "RESOURCE_EXHAUSTED" in said)


async def refused_for_it(agent: Agent, call: Awaitable[object], what: str) -> None:
    error = await refused(is_told, call, what)
    if agent.binding == "GRPC":
        holds("try again in" in str(error), f"{what}: {error} does not say when to try again")
    elif modern(agent):
        # What a program reads that wants to try again.
        cause = error.__cause__
        holds(isinstance(cause, httpx.HTTPStatusError), f"{what}: the cause is {cause!r}")
        answer = cause.response
        holds(int(answer.headers["retry-after"]) > 0, f"{what}: no Retry-After")
        equal(answer.json()["error"]["status"], "RESOURCE_EXHAUSTED", f"{what}: the status")


@check("the card: is not counted")
async def _(agent: Agent) -> None:
    holds(agent.interfaces(), "the card names no interface")


@check("every call: is refused")
async def _(agent: Agent) -> None:
    request = GetTaskRequest(id=NOWHERE)
    try:
        await agent.plain.get_task(request)
    except (A2AClientError, TaskNotFoundError):
        # The one request that may come, unless another client was before.
        pass
    await refused_for_it(agent, agent.plain.get_task(request), "reading")
    await refused_for_it(agent, agent.send("tck-complete-task"), "sending")
    streamed = agent.streaming.send_message(asking("tck-stream-001"))
    await refused_for_it(agent, collect(streamed), "streaming")
