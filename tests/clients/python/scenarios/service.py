"""What goes with every call: extensions and tenants."""

import uuid

from a2a.client import ClientCallContext
from a2a.client.service_parameters import ServiceParametersFactory, with_a2a_extensions
from a2a.types.a2a_pb2 import (
    CancelTaskRequest,
    GetTaskRequest,
    ListTasksRequest,
    SubscribeToTaskRequest,
)
from a2a.utils.errors import TaskNotFoundError

from agent import Agent, asking, collect, modern, state
from checks import Checks, equal

check = Checks()


def naming(*extensions: str) -> ClientCallContext:
    """What a call is made with, to name extensions."""
    parameters = ServiceParametersFactory.create([with_a2a_extensions(list(extensions))])
    return ClientCallContext(service_parameters=parameters)


@check("extensions: those that the agent does not know change nothing")
async def _(agent: Agent) -> None:
    context = naming("urn:test:one", "https://example.com/extensions/two/v1")
    sent = agent.plain.send_message(asking("tck-complete-task"), context=context)
    task = (await collect(sent))[0].task
    equal(state(task), "COMPLETED", "state")
    events = agent.streaming.send_message(asking("tck-stream-001"), context=context)
    equal((await collect(events))[-1].status_update.status.state, task.status.state, "the stream's")
    found = await agent.plain.get_task(GetTaskRequest(id=task.id), context=context)
    equal(found.id, task.id, "the task that is read")


@check("tenant: its tasks are seen with it, and not without it or with another", only=modern)
async def _(agent: Agent) -> None:
    tenant = f"tenant-{uuid.uuid4()}"
    task = await agent.send("tck-input-required", tenant=tenant)
    equal((await agent.get(task.id, tenant=tenant)).id, task.id, "read with the tenant")
    for other in ["", f"{tenant}-2"]:
        await agent.refused(TaskNotFoundError, agent.get(task.id, tenant=other), f"as {other!r}")
        cancel = agent.plain.cancel_task(CancelTaskRequest(id=task.id, tenant=other))
        await agent.refused(TaskNotFoundError, cancel, f"canceling as {other!r}")
        subscription = agent.streaming.subscribe(SubscribeToTaskRequest(id=task.id, tenant=other))
        await agent.refused(TaskNotFoundError, collect(subscription), f"subscribing as {other!r}")
        continued = agent.send("tck-complete-task", task=task.id, tenant=other)
        await agent.refused(TaskNotFoundError, continued, f"continuing as {other!r}")
    done = await agent.send("tck-complete-task", task=task.id, tenant=tenant)
    equal((done.id, state(done)), (task.id, "COMPLETED"), "continued with the tenant")


@check("tenant: only its tasks are listed", only=modern)
async def _(agent: Agent) -> None:
    tenant, context = f"tenant-{uuid.uuid4()}", str(uuid.uuid4())
    inside = await agent.send("tck-complete-task", context=context, tenant=tenant)
    outside = await agent.send("tck-complete-task", context=context)
    for name, expected in [(tenant, inside), ("", outside)]:
        request = ListTasksRequest(context_id=context, tenant=name)
        page = await agent.plain.list_tasks(request)
        equal([task.id for task in page.tasks], [expected.id], f"the tasks of {name!r}")
        equal(page.total_size, 1, "total")


@check("tenant: streams", only=modern)
async def _(agent: Agent) -> None:
    tenant = f"tenant-{uuid.uuid4()}"
    events = await collect(agent.stream("tck-stream-001", tenant=tenant))
    task = events[0].task.id
    equal(state(await agent.get(task, tenant=tenant)), "COMPLETED", "the stored state")
