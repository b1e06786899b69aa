"""An agent as the official client sees it: connecting, asking, and reading what it answers."""

import asyncio
import uuid
from collections.abc import AsyncIterator

import httpx
from a2a.client import A2ACardResolver, Client, ClientConfig, ClientFactory
from a2a.types.a2a_pb2 import (
    AgentCard,
    CancelTaskRequest,
    GetTaskRequest,
    ListTasksRequest,
    ListTasksResponse,
    Message,
    Part,
    Role,
    SendMessageConfiguration,
    SendMessageRequest,
    StreamResponse,
    Task,
    TaskState,
)

from checks import equal, holds

BINDINGS = {"jsonrpc": "JSONRPC", "rest": "HTTP+JSON"}
ENDED = {"COMPLETED", "FAILED", "CANCELED", "REJECTED"}
NOWHERE = "00000000-0000-4000-8000-000000000000"
"""The id of no task."""


class Agent:
    """One agent as a client sees it, over one binding. `other()` is a second connection."""

    def __init__(self, base: str, binding: str) -> None:
        self.base = base.rstrip("/")
        self.binding = BINDINGS[binding]
        self.card: AgentCard | None = None
        self._https: list[httpx.AsyncClient] = []
        self.plain: Client
        self.streaming: Client

    async def connect(self) -> None:
        async with httpx.AsyncClient(timeout=30) as http:
            self.card = await A2ACardResolver(http, self.base).get_agent_card()
        self.plain = self.other(streaming=False)
        self.streaming = self.other(streaming=True)

    def other(self, *, streaming: bool) -> Client:
        http = httpx.AsyncClient(timeout=30)
        self._https.append(http)
        config = ClientConfig(
            streaming=streaming, httpx_client=http, supported_protocol_bindings=[self.binding]
        )
        return ClientFactory(config).create(self.card)

    async def close(self) -> None:
        for http in self._https:
            await http.aclose()

    async def send(self, prefix: str, said: str = "hi", **fields: object) -> Task:
        """Sends a message and expects a task."""
        answer = await self.answer(prefix, said, **fields)
        equal(answer.WhichOneof("payload"), "task", f"the answer to {prefix}")
        return answer.task

    async def answer(self, prefix: str, said: str = "hi", **fields: object) -> StreamResponse:
        request = asking(prefix, said, **fields)
        answers = [answer async for answer in self.plain.send_message(request)]
        equal(len(answers), 1, "answers to one message")
        return answers[0]

    def stream(
        self, prefix: str, said: str = "hi", **fields: object
    ) -> AsyncIterator[StreamResponse]:
        return self.streaming.send_message(asking(prefix, said, **fields))

    async def get(self, task: str, **fields: object) -> Task:
        return await self.plain.get_task(GetTaskRequest(id=task, **fields))

    async def list(self, **fields: object) -> ListTasksResponse:
        return await self.plain.list_tasks(ListTasksRequest(**fields))

    async def cancel(self, task: str) -> Task:
        return await self.plain.cancel_task(CancelTaskRequest(id=task))

    async def reaches(self, task: str, wanted: str) -> Task:
        """Polls until the task is in the state; the deadline is the check's own."""
        while True:
            found = await self.get(task)
            if state(found) == wanted:
                return found
            holds(state(found) not in ENDED, f"the task ended {state(found)}, expected {wanted}")
            await asyncio.sleep(0.05)


def asking(
    prefix: str,
    said: str = "hi",
    *,
    parts: list[Part] | None = None,
    task: str = "",
    context: str = "",
    message_id: str = "",
    metadata: dict[str, object] | None = None,
    **configuration: object,
) -> SendMessageRequest:
    return SendMessageRequest(
        message=Message(
            message_id=message_id or f"{prefix}-{uuid.uuid4()}",
            role=Role.ROLE_USER,
            parts=parts or [Part(text=said)],
            task_id=task,
            context_id=context,
            metadata=metadata,
        ),
        configuration=SendMessageConfiguration(**configuration),
    )


def state(task: Task) -> str:
    return TaskState.Name(task.status.state).removeprefix("TASK_STATE_")


def texts(parts: object) -> str:
    return "".join(part.text for part in parts)


def kinds(events: list[StreamResponse]) -> list[str]:
    """The events as words: the member that is set, and for a status the state."""
    words = []
    for event in events:
        kind = event.WhichOneof("payload")
        words.append(state(event.status_update) if kind == "status_update" else str(kind))
    return words


def task_of(event: StreamResponse) -> str:
    kind = event.WhichOneof("payload")
    return event.task.id if kind == "task" else getattr(event, kind).task_id


async def collect(stream: AsyncIterator[StreamResponse]) -> list[StreamResponse]:
    return [event async for event in stream]
