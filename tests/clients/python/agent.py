"""An agent as the official client sees it: connecting, asking, and reading what it answers."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from urllib.parse import urlsplit

import grpc
import httpx
from a2a.client import A2ACardResolver, Client, ClientConfig, ClientFactory
from a2a.client.errors import A2AClientError
from a2a.types.a2a_pb2 import (
    AgentCard,
    AgentInterface,
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
from a2a.utils.errors import MethodNotFoundError, TaskNotFoundError

from checks import equal, holds, refused

BINDINGS = {"jsonrpc": "JSONRPC", "rest": "HTTP+JSON", "grpc": "GRPC"}
VERSIONS = ["1.0", "0.3"]
ENDED = {"COMPLETED", "FAILED", "CANCELED", "REJECTED"}
NOWHERE = "00000000-0000-4000-8000-000000000000"
"""The id of no task."""


class Agent:
    """One agent as a client sees it, over one binding in one version of the protocol.

    `other()` is a second connection, `sibling()` another binding or version of the same agent.
    """

    def __init__(
        self,
        base: str,
        binding: str,
        version: str = "1.0",
        *,
        delivers: bool = True,
        retries: bool = True,
    ):
        self.base = base.rstrip("/")
        self.binding = BINDINGS[binding]
        self.version = version
        self.delivers = delivers
        """True when what the agent posts reaches this machine."""
        self.retries = retries
        """True when the agent posts again what a webhook did not take."""
        self.card: AgentCard
        self.plain: Client
        self.streaming: Client
        self.activated: set[str] = set()
        """The extensions that the last answer names. Over gRPC they cannot be seen."""
        self._clients: list[Client] = []
        self._https: list[httpx.AsyncClient] = []
        self._siblings: dict[tuple[str, str], Agent] = {}

    async def connect(self) -> None:
        # As a client that names no version: the card must do for both.
        async with httpx.AsyncClient(timeout=30) as http:
            self.card = await A2ACardResolver(http, self.base).get_agent_card()
        self.plain = self.other(streaming=False)
        self.streaming = self.other(streaming=True)

    def other(self, *, streaming: bool, card: AgentCard | None = None) -> Client:
        """A client for the interfaces of the card that are in this version."""
        http = httpx.AsyncClient(timeout=30, event_hooks={"response": [self._hear]})
        self._https.append(http)
        config = ClientConfig(
            streaming=streaming,
            httpx_client=http,
            supported_protocol_bindings=[self.binding],
            grpc_channel_factory=channel,
        )
        offered = AgentCard()
        offered.CopyFrom(card or self.card)
        del offered.supported_interfaces[:]
        offered.supported_interfaces.extend(self.interfaces())
        client = ClientFactory(config).create(offered)
        self._clients.append(client)
        return client

    def interfaces(self) -> list[AgentInterface]:
        """Where the card says that this binding is spoken in this version."""
        return [
            interface
            for interface in self.card.supported_interfaces
            if interface.protocol_binding == self.binding
            and interface.protocol_version.startswith(self.version)
        ]

    async def sibling(self, *, binding: str = "", version: str = "") -> "Agent":
        """The same agent over another binding, or in another version. Connected once."""
        names = {name: key for key, name in BINDINGS.items()}
        wanted = (binding or names[self.binding], version or self.version)
        if wanted not in self._siblings:
            sibling = Agent(self.base, *wanted, delivers=self.delivers, retries=self.retries)
            await sibling.connect()
            self._siblings[wanted] = sibling
        return self._siblings[wanted]

    async def close(self) -> None:
        for sibling in self._siblings.values():
            await sibling.close()
        for client in self._clients:
            await client.close()
        for http in self._https:
            await http.aclose()

    async def _hear(self, answer: httpx.Response) -> None:
        # The second is what 0.3 calls it; its client sends both.
        named = [answer.headers.get(name, "") for name in ["a2a-extensions", "x-a2a-extensions"]]
        self.activated = {uri.strip() for uri in ",".join(named).split(",") if uri.strip()}

    async def refused(
        self, expected: type[Exception], call: Awaitable[object], what: str
    ) -> Exception:
        """The call must fail with this error, as far as the client can tell one from another."""
        if self.version == "0.3" and self.binding == "HTTP+JSON":
            return await refused(by_status(expected), call, what)
        return await refused(expected, call, what)

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
        """Version 0.3 has no such call: there, what a client of 1.0 is told."""
        modern_agent = self if modern(self) else await self.sibling(version="1.0")
        return await modern_agent.plain.list_tasks(ListTasksRequest(**fields))

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


def modern(agent: Agent) -> bool:
    return agent.version == "1.0"


def channel(url: str) -> grpc.aio.Channel:
    """gRPC wants the authority alone, which some cards give and others precede by a scheme."""
    return grpc.aio.insecure_channel(urlsplit(url).netloc if "://" in url else url)


def by_status(expected: type[Exception]) -> Callable[[Exception], bool]:
    """What the client of 0.3 makes of an HTTP status, which is all that it reads of an error."""

    def fits(error: Exception) -> bool:
        if type(error) is expected:
            return True
        if expected is TaskNotFoundError:
            return type(error) is MethodNotFoundError
        return type(error) is A2AClientError and str(error).startswith("HTTP Error 4")

    fits.__name__ = f"{expected.__name__} or its HTTP status"
    return fits


def asking(
    prefix: str,
    said: str = "hi",
    *,
    parts: list[Part] | None = None,
    task: str = "",
    context: str = "",
    message_id: str = "",
    metadata: dict[str, object] | None = None,
    tenant: str = "",
    **configuration: object,
) -> SendMessageRequest:
    return SendMessageRequest(
        tenant=tenant,
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
