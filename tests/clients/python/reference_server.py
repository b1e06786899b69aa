"""The official Python SDK's server, with the agent of the conformance kit.

It has two uses. The scenarios beside it run against it too, so that a check which fails here is a
wrong check and not a finding. And `make bench` starts it as the peer to compare with.

    reference_server.py PORT

Prints its base URL as the first line. Port 0 is a free one.
"""

import asyncio
import contextlib
import socket
import sys

import uvicorn
from a2a.server.agent_execution import AgentExecutor, RequestContext
from a2a.server.agent_execution.simple_request_context_builder import SimpleRequestContextBuilder
from a2a.server.events import EventQueue
from a2a.server.request_handlers import DefaultRequestHandler
from a2a.server.routes import create_agent_card_routes, create_jsonrpc_routes, create_rest_routes
from a2a.server.tasks import InMemoryTaskStore, TaskUpdater
from a2a.types.a2a_pb2 import (
    AgentCapabilities,
    AgentCard,
    AgentInterface,
    AgentSkill,
    Message,
    Part,
    Role,
    Task,
    TaskState,
    TaskStatus,
)
from google.protobuf.json_format import ParseDict
from google.protobuf.struct_pb2 import Value
from starlette.applications import Starlette

CHUNKS = 10
CHUNK_SECONDS = 0.2
LONG_SECONDS = 5.0


def text(value: str) -> Part:
    return Part(text=value)


def file() -> Part:
    return Part(raw=b"tck", filename="output.txt", media_type="text/plain")


class KitAgent(AgentExecutor):
    """Does what the prefix of the message's id says."""

    async def execute(self, context: RequestContext, event_queue: EventQueue) -> None:
        message = context.message
        prefix = message.message_id
        updater = TaskUpdater(event_queue, context.task_id, context.context_id)

        if prefix.startswith("tck-message-response"):
            await event_queue.enqueue_event(
                Message(
                    role=Role.ROLE_AGENT,
                    message_id=f"answer-to-{prefix}",
                    context_id=context.context_id,
                    parts=[text("Direct message response")],
                )
            )
            return

        if context.current_task is None:
            await event_queue.enqueue_event(
                Task(
                    id=context.task_id,
                    context_id=context.context_id,
                    status=TaskStatus(state=TaskState.TASK_STATE_SUBMITTED),
                    history=[message],
                )
            )
        if prefix.startswith("tck-input-required"):
            await updater.requires_input(updater.new_agent_message([text("Please say more")]))
        elif prefix.startswith("tck-reject-task"):
            await updater.reject(updater.new_agent_message([text("Rejected")]))
        elif prefix.startswith("tck-stream-002"):
            await updater.complete()
        elif prefix.startswith("test-resubscribe-message-id"):
            await updater.start_work()
            await asyncio.sleep(LONG_SECONDS)
            await updater.complete()
        elif prefix.startswith("tck-slow-"):
            await self.count(updater)
        elif prefix.startswith("tck-stream-artifact-chunked"):
            await updater.start_work()
            await updater.add_artifact([text("chunk-1 ")], "chunked", append=False)
            await updater.add_artifact([text("chunk-2")], "chunked", append=True, last_chunk=True)
            await updater.complete()
        elif (parts := self.artifact(prefix)) is not None:
            await updater.start_work()
            await updater.add_artifact(parts)
            await updater.complete()
        else:
            await updater.complete(updater.new_agent_message([text("Hello from TCK")]))

    @staticmethod
    def artifact(prefix: str) -> list[Part] | None:
        data = Part(data=ParseDict({"key": "value", "count": 42}, Value()))
        url = Part(
            url="https://example.com/output.txt", filename="output.txt", media_type="text/plain"
        )
        table = {
            "tck-artifact-text": text("Generated text content"),
            "tck-artifact-file-url": url,
            "tck-artifact-file": file(),
            "tck-artifact-data": data,
            "tck-stream-001": text("Stream hello from TCK"),
            "tck-stream-003": text("Stream task lifecycle"),
            "tck-stream-ordering-001": text("Ordered output"),
            "tck-stream-artifact-text": text("Streamed text content"),
            "tck-stream-artifact-file": file(),
        }
        found = [known for known in table if prefix.startswith(known)]
        return [table[max(found, key=len)]] if found else None

    @staticmethod
    async def count(updater: TaskUpdater) -> None:
        await updater.start_work()
        for number in range(CHUNKS):
            await asyncio.sleep(CHUNK_SECONDS)
            await updater.add_artifact(
                [text(f"{number} ")],
                "count",
                append=number > 0,
                last_chunk=number == CHUNKS - 1,
            )
        await updater.complete()

    async def cancel(self, context: RequestContext, event_queue: EventQueue) -> None:
        await TaskUpdater(event_queue, context.task_id, context.context_id).cancel()


class ContextOfTask(SimpleRequestContextBuilder):
    """Infers the context from the task when a message names only the task.

    The SDK 1.3.0 makes up a new context there, which section 3.4.3 of the protocol forbids.
    """

    def __init__(self, tasks: InMemoryTaskStore) -> None:
        super().__init__()
        self.tasks = tasks

    async def build(self, context, params=None, task_id=None, context_id=None, task=None):
        if task_id and not context_id:
            stored = await self.tasks.get(task_id, context)
            context_id = stored.context_id if stored else None
        return await super().build(context, params, task_id, context_id, task)


def card(origin: str) -> AgentCard:
    return AgentCard(
        name="Reference",
        description="The conformance kit's agent on the official Python SDK.",
        version="1.0.0",
        supported_interfaces=[
            AgentInterface(url=f"{origin}/", protocol_binding="JSONRPC", protocol_version="1.0"),
            AgentInterface(
                url=f"{origin}/rest", protocol_binding="HTTP+JSON", protocol_version="1.0"
            ),
        ],
        capabilities=AgentCapabilities(streaming=True),
        default_input_modes=["text/plain"],
        default_output_modes=["text/plain"],
        skills=[AgentSkill(id="kit", name="Kit", description="Conformance", tags=["test"])],
    )


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("usage: reference_server.py PORT")
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
    origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
    described = card(origin)
    tasks = InMemoryTaskStore()
    handler = DefaultRequestHandler(
        agent_executor=KitAgent(),
        task_store=tasks,
        agent_card=described,
        request_context_builder=ContextOfTask(tasks),
    )
    app = Starlette(
        routes=create_agent_card_routes(described)
        + create_jsonrpc_routes(handler, "/")
        + create_rest_routes(handler, path_prefix="/rest")
    )
    print(origin, flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])


if __name__ == "__main__":
    main()
