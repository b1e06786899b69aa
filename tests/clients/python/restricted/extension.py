"""An agent that requires an extension: who does not name it is refused, by its name."""

from collections.abc import Awaitable

from a2a.client import ClientCallContext
from a2a.client.errors import A2AClientError
from a2a.client.service_parameters import ServiceParametersFactory, with_a2a_extensions
from a2a.types.a2a_pb2 import GetTaskRequest
from a2a.utils.errors import ExtensionSupportRequiredError

from agent import Agent, asking, collect, kinds, modern, state
from checks import Checks, equal, holds, refused

check = Checks()


def required(agent: Agent) -> str:
    return next(each.uri for each in agent.card.capabilities.extensions if each.required)


def naming(agent: Agent) -> ClientCallContext:
    parameters = ServiceParametersFactory.create(
        [with_a2a_extensions(["urn:test:another", required(agent)])]
    )
    return ClientCallContext(service_parameters=parameters)


async def refused_for_it(agent: Agent, call: Awaitable[object], what: str) -> None:
    """Version 0.3 has no error of its own for this: there, any refusal will do."""

    def any_refusal(error: Exception) -> bool:
        return isinstance(error, A2AClientError) or type(error).__module__.startswith("a2a.utils")

    error = await refused(
        ExtensionSupportRequiredError if modern(agent) else any_refusal, call, what
    )
    if modern(agent):
        holds(required(agent) in str(error), f"{what}: {error} does not name {required(agent)}")


@check("card: declares the extension")
async def _(agent: Agent) -> None:
    holds(required(agent), "no required extension")


@check("send: without the extension is refused")
async def _(agent: Agent) -> None:
    await refused_for_it(agent, agent.send("tck-complete-task"), "sending")


@check("stream: without the extension is refused")
async def _(agent: Agent) -> None:
    await refused_for_it(agent, collect(agent.stream("tck-stream-001")), "streaming")


@check("send and stream: with the extension work")
async def _(agent: Agent) -> None:
    context = naming(agent)
    sent = await collect(agent.plain.send_message(asking("tck-complete-task"), context=context))
    equal(state(sent[0].task), "COMPLETED", "state")
    found = await agent.plain.get_task(GetTaskRequest(id=sent[0].task.id), context=context)
    equal(found.id, sent[0].task.id, "the task that is read")
    stream = agent.streaming.send_message(asking("tck-stream-001"), context=context)
    equal(kinds(await collect(stream))[-1], "COMPLETED", "the end of the stream")


@check("send: the answer names the extension, and no other", only=lambda a: a.binding != "GRPC")
async def _(agent: Agent) -> None:
    sent = agent.plain.send_message(asking("tck-complete-task"), context=naming(agent))
    await collect(sent)
    equal(agent.activated, {required(agent)}, "the extensions of the answer")
