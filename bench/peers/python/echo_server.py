"""The bench's agent on the official Python SDK, for uvicorn and for gunicorn.

    uvicorn --app-dir FOLDER echo_server:app

Tasks are kept in memory, or in the SQLite file that BENCH_DATABASE names, by the SDK's own stores.
What is around the agent is that of the tests' reference server.
"""

import asyncio
import os
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[3] / "tests" / "clients" / "python"))

from a2a.server.agent_execution import AgentExecutor, RequestContext
from a2a.server.events import EventQueue
from a2a.server.request_handlers import DefaultRequestHandler
from a2a.server.tasks import InMemoryTaskStore, TaskUpdater
from a2a.types.a2a_pb2 import AgentCapabilities, Part, Task, TaskState, TaskStatus
from reference_server import ContextOfTask, card, in_database, interfaces, routes
from starlette.applications import Starlette


class Echo(AgentExecutor):
    """Does what the text says, as `bench/agent` does."""

    async def execute(self, context: RequestContext, event_queue: EventQueue) -> None:
        # The SDK wants the task from the agent.
        task = Task(
            id=context.task_id,
            context_id=context.context_id,
            status=TaskStatus(state=TaskState.TASK_STATE_SUBMITTED),
            history=[context.message],
        )
        await event_queue.enqueue_event(task)
        updater = TaskUpdater(event_queue, context.task_id, context.context_id)
        words = context.get_user_input()
        match words.split(" "):
            case ["events", count]:
                await self.events(updater, int(count))
            case ["hold", seconds]:
                await updater.start_work()
                await asyncio.sleep(int(seconds))
            case _:
                await updater.add_artifact([Part(text=words)], "echo")
        await updater.complete()

    @staticmethod
    async def events(updater: TaskUpdater, count: int) -> None:
        for number in range(count):
            await updater.add_artifact(
                [Part(text=f"{number} ")],
                "events",
                append=number > 0,
                last_chunk=number == count - 1,
            )

    async def cancel(self, context: RequestContext, event_queue: EventQueue) -> None:
        await TaskUpdater(event_queue, context.task_id, context.context_id).cancel()


def make() -> Starlette:
    database = os.environ.get("BENCH_DATABASE")
    tasks = in_database(database) if database else InMemoryTaskStore()
    public = card(interfaces("http://127.0.0.1", None), AgentCapabilities(streaming=True))
    handler = DefaultRequestHandler(
        agent_executor=Echo(),
        task_store=tasks,
        agent_card=public,
        request_context_builder=ContextOfTask(tasks),
    )
    return Starlette(routes=routes(handler, public, old=False))


app = make()
