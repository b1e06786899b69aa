"""An agent on the official SDK that does what the text of a message says, for agents that ask it."""

import argparse
import asyncio
import socket

from a2a.server.agent_execution import AgentExecutor, RequestContext
from a2a.server.events import EventQueue
from a2a.server.request_handlers import DefaultRequestHandler
from a2a.server.tasks import InMemoryTaskStore, TaskUpdater
from a2a.types.a2a_pb2 import (
    AgentCapabilities,
    AgentCard,
    AgentInterface,
    AgentSkill,
    Part,
    Role,
    Message,
    Task,
    TaskState,
    TaskStatus,
)
from reference_server import answer, origin_of, routes
from starlette.applications import Starlette


class Asked(AgentExecutor):
    async def execute(self, context: RequestContext, event_queue: EventQueue) -> None:
        wanted = context.get_user_input()
        updater = TaskUpdater(event_queue, context.task_id, context.context_id)

        def words(text: str) -> Message:
            return updater.new_agent_message([Part(text=text)])

        if wanted == "message":
            await event_queue.enqueue_event(
                Message(
                    role=Role.ROLE_AGENT,
                    message_id="m",
                    context_id=context.context_id,
                    parts=[Part(text="at once")],
                )
            )
            return
        follow_up = context.current_task is not None
        if not follow_up:
            await event_queue.enqueue_event(
                Task(
                    id=context.task_id,
                    context_id=context.context_id,
                    status=TaskStatus(state=TaskState.TASK_STATE_SUBMITTED),
                    history=[context.message],
                )
            )
        await updater.start_work()
        if wanted == "question":
            await updater.requires_input(words("Which colour?"))
        elif wanted == "fail":
            await updater.failed(words("it is broken"))
        elif wanted == "wait":
            # What was said so far leaves before anyone can react to the line.
            await asyncio.sleep(1)
            print("the wait has begun", flush=True)
            await asyncio.sleep(60)
            await updater.complete()
        elif follow_up:
            await updater.complete(words(f"painted {wanted}"))
        else:
            await updater.add_artifact([Part(text="for")], "a", append=False)
            await updater.add_artifact([Part(text="ty-two")], "a", append=True, last_chunk=True)
            await updater.complete()

    async def cancel(self, context: RequestContext, event_queue: EventQueue) -> None:
        print("told to cancel", flush=True)
        await TaskUpdater(event_queue, context.task_id, context.context_id).cancel()


async def serve(binding: str, version: str, *, streaming: bool, elsewhere: bool) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    url = "http://127.0.0.2:1" if elsewhere else origin_of(listener)
    card = AgentCard(
        name="Asked",
        description="Answers.",
        version="1.0.0",
        supported_interfaces=[
            AgentInterface(url=url, protocol_binding=binding, protocol_version=version)
        ],
        capabilities=AgentCapabilities(streaming=streaming),
        default_input_modes=["text/plain"],
        default_output_modes=["text/plain"],
        skills=[AgentSkill(id="answer", name="Answer", description="Answers", tags=["test"])],
    )
    handler = DefaultRequestHandler(
        agent_executor=Asked(), task_store=InMemoryTaskStore(), agent_card=card
    )
    await answer(listener, Starlette(routes=routes(handler, card, old=version == "0.3")))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binding", default="JSONRPC")
    parser.add_argument("--protocol-version", default="1.0")
    parser.add_argument("--no-streaming", action="store_true")
    parser.add_argument("--elsewhere", action="store_true", help="a card that points away")
    arguments = parser.parse_args()
    asyncio.run(
        serve(
            arguments.binding,
            arguments.protocol_version,
            streaming=not arguments.no_streaming,
            elsewhere=arguments.elsewhere,
        )
    )


if __name__ == "__main__":
    main()
