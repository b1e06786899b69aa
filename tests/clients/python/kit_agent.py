"""The agent of the conformance kit on the official Python SDK, and two behaviours more."""

import asyncio

from a2a.server.agent_execution import AgentExecutor, RequestContext
from a2a.server.events import EventQueue
from a2a.server.tasks import TaskUpdater
from a2a.types.a2a_pb2 import Message, Part, Role, Task, TaskState, TaskStatus
from google.protobuf.json_format import ParseDict
from google.protobuf.struct_pb2 import Value

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
