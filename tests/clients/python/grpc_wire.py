"""gRPC as the official Python SDK has it on the wire.

    grpc_wire.py corpus               prints every message of A2A 1.0 with every field set, as hex
    grpc_wire.py calls BASE_URL       calls every method of an agent that is running

The corpus is a line per sample, in columns: the name of the message, its bytes, and a column for each
field that says by itself which one it is. A message with a oneof has a sample for each member, and one
with several flags a sample for each flag. After the messages come the enums: name, value, number.
"""

import asyncio
import json
import sys
import uuid

import grpc
from a2a.types import a2a_pb2, a2a_pb2_grpc
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from checks import Checks, equal, holds

PACKAGE = "lf.a2a.v1"


class Filler:
    """Sets every field to a value that no other field has; of several flags only `flag`, if given."""

    def __init__(self, flag: FieldDescriptor | None = None) -> None:
        self._next = 0
        self._flag = flag

    def number(self) -> int:
        self._next += 1
        return self._next

    def text(self, field: FieldDescriptor) -> str:
        return f"{field.name}-{self.number()}"

    def fill(self, message: Message, members: dict[str, str]) -> None:
        """`members` says which member of a oneof is set, by the oneof's full name."""
        if self.known(message):
            return
        for field in message.DESCRIPTOR.fields:
            oneof = field.containing_oneof
            if oneof and len(oneof.fields) > 1:
                wanted = members.get(oneof.full_name, oneof.fields[0].name)
                if field.name != wanted:
                    continue
            if self._flag and field.type == FieldDescriptor.TYPE_BOOL and field != self._flag:
                continue
            self.set(message, field, members)

    def known(self, message: Message) -> bool:
        """The types of protobuf itself."""
        match message.DESCRIPTOR.full_name:
            case "google.protobuf.Struct":
                message.update({"b": {"deep": [1.5, None, True]}, "a": f"s-{self.number()}"})
            case "google.protobuf.Value":
                message.list_value.extend([f"v-{self.number()}", 42, None, False, {"k": 0.5}])
            case "google.protobuf.Timestamp":
                message.seconds, message.nanos = 1_790_000_000 + self.number(), 123_000_000
            case _:
                return False
        return True

    def set(self, message: Message, field: FieldDescriptor, members: dict[str, str]) -> None:
        if field.message_type and field.message_type.GetOptions().map_entry:
            entries = getattr(message, field.name)
            value = field.message_type.fields_by_name["value"]
            for _ in range(2):
                key = self.text(field)
                if value.message_type:
                    self.fill(entries[key], members)
                else:
                    entries[key] = self.text(field)
        elif field.message_type and field.is_repeated:
            for _ in range(2):
                self.fill(getattr(message, field.name).add(), members)
        elif field.message_type:
            self.fill(getattr(message, field.name), members)
        elif field.is_repeated:
            getattr(message, field.name).extend([self.text(field), self.text(field)])
        else:
            setattr(message, field.name, self.scalar(field))

    def scalar(self, field: FieldDescriptor) -> object:
        match field.type:
            case FieldDescriptor.TYPE_STRING:
                return self.text(field)
            case FieldDescriptor.TYPE_BYTES:
                return self.text(field).encode()
            case FieldDescriptor.TYPE_BOOL:
                return True
            case FieldDescriptor.TYPE_INT32:
                return 1000 + self.number()
            case FieldDescriptor.TYPE_ENUM:
                return field.enum_type.values[-1].number
        raise TypeError(f"{field.full_name} has a type that the filler does not know")


def samples(descriptor: Descriptor) -> list[Message]:
    """The message with its first members, and once more for each other member and each flag."""
    choices: list[tuple[Filler, dict[str, str]]] = [(Filler(), {})]
    for oneof in descriptor.oneofs:
        choices += [(Filler(), {oneof.full_name: member.name}) for member in oneof.fields[1:]]
    flags = [field for field in descriptor.fields if field.type == FieldDescriptor.TYPE_BOOL]
    if len(flags) > 1:
        choices += [(Filler(flag), {}) for flag in flags]
    filled = []
    for filler, members in choices:
        message = getattr(a2a_pb2, descriptor.name)()
        filler.fill(message, members)
        filled.append(message)
    return filled


def facts(message: Message) -> list[str]:
    """`field: value` for scalars and lists of them, `oneof=member` for oneofs."""
    found = []
    for field, value in message.ListFields():
        oneof = field.containing_oneof
        if oneof and len(oneof.fields) > 1:
            found.append(f"{oneof.name}={field.name}")
        elif not field.message_type:
            found.append(f"{field.name}: {json.dumps(list(value) if field.is_repeated else value)}")
    return found


def corpus() -> None:
    for name, descriptor in sorted(a2a_pb2.DESCRIPTOR.message_types_by_name.items()):
        for message in samples(descriptor):
            written = message.SerializeToString(deterministic=True).hex()
            print(name, written, *facts(message), sep="\t")
    enum: EnumDescriptor
    for name, enum in sorted(a2a_pb2.DESCRIPTOR.enum_types_by_name.items()):
        for value in enum.values:
            print(name, value.name, value.number, sep="\t")


class Caller:
    """The generated stub, with nothing of the SDK around it."""

    def __init__(self, base: str) -> None:
        self.address = base.removeprefix("http://").rstrip("/")
        self.channel = grpc.aio.insecure_channel(self.address)
        self.stub = a2a_pb2_grpc.A2AServiceStub(self.channel)
        self.metadata = (("a2a-version", "1.0"),)

    def call(self, method: str, request: Message, **options: object) -> grpc.aio.Call:
        options.setdefault("metadata", self.metadata)
        return getattr(self.stub, method)(request, **options)

    async def send(self, prefix: str, **configuration: object) -> a2a_pb2.Task:
        return (await self.call("SendMessage", asking(prefix, **configuration))).task

    async def refused(
        self, code: grpc.StatusCode, reason: str | None, call: grpc.aio.Call
    ) -> grpc.aio.AioRpcError:
        """The call must fail with this code, and name this reason in its details."""
        try:
            if isinstance(call, grpc.aio.UnaryStreamCall):
                answer: object = [event async for event in call]
            else:
                answer = await call
        except grpc.aio.AioRpcError as error:
            equal(error.code(), code, f"the code ({error.details()})")
            holds(error.details(), "an error has a message")
            equal(reason_of(error), reason, "the reason")
            return error
        raise AssertionError(f"answered {answer!r}, expected {code}")


def asking(
    prefix: str, *, task: str = "", parts: list[a2a_pb2.Part] | None = None, **configuration: object
) -> a2a_pb2.SendMessageRequest:
    return a2a_pb2.SendMessageRequest(
        message=a2a_pb2.Message(
            message_id=f"{prefix}-{uuid.uuid4()}",
            role=a2a_pb2.ROLE_USER,
            task_id=task,
            parts=[a2a_pb2.Part(text="hi")] if parts is None else parts,
        ),
        configuration=a2a_pb2.SendMessageConfiguration(**configuration),
    )


def status_of(error: grpc.aio.AioRpcError) -> status_pb2.Status | None:
    for key, value in error.trailing_metadata():
        if key == "grpc-status-details-bin":
            return status_pb2.Status.FromString(value)
    return None


def detail(error: grpc.aio.AioRpcError, into: Message) -> Message | None:
    status = status_of(error)
    for one in status.details if status else []:
        if one.Unpack(into):
            return into
    return None


def reason_of(error: grpc.aio.AioRpcError) -> str | None:
    info = detail(error, error_details_pb2.ErrorInfo())
    if info is None:
        return None
    equal(info.domain, "a2a-protocol.org", "the domain")
    equal(status_of(error).message, error.details(), "the message of the details")
    return info.reason


def kinds(events: list[a2a_pb2.StreamResponse]) -> list[str]:
    return [event.WhichOneof("payload") for event in events]


check = Checks()
Code = grpc.StatusCode


@check("send: waits for the end, and gives the task with its history")
async def _(caller: Caller) -> None:
    task = await caller.send("tck-complete-task")
    equal(task.status.state, a2a_pb2.TASK_STATE_COMPLETED, "the state")
    equal(task.status.message.parts[0].text, "Hello from TCK", "the words")
    equal(task.history[0].role, a2a_pb2.ROLE_USER, "who began")
    holds(task.status.timestamp.seconds > 1_700_000_000, "the status has its time")
    none = await caller.send("tck-complete-task", history_length=0)
    equal(len(none.history), 0, "messages with historyLength 0")


@check("send: a direct answer is a message")
async def _(caller: Caller) -> None:
    answer = await caller.call("SendMessage", asking("tck-message-response"))
    equal(answer.message.parts[0].text, "Direct message response", "the words")


@check("send: text, bytes, link and data arrive as they are")
async def _(caller: Caller) -> None:
    part = (await caller.send("tck-artifact-file")).artifacts[0].parts[0]
    equal((part.raw, part.filename, part.media_type), (b"tck", "output.txt", "text/plain"), "file")
    part = (await caller.send("tck-artifact-file-url")).artifacts[0].parts[0]
    equal(part.url, "https://example.com/output.txt", "link")
    part = (await caller.send("tck-artifact-data")).artifacts[0].parts[0]
    equal(dict(part.data.struct_value), {"key": "value", "count": 42.0}, "data")


@check("send: returnImmediately answers at once, and the task goes on")
async def _(caller: Caller) -> None:
    task = await caller.send("tck-slow", return_immediately=True)
    holds(task.status.state < a2a_pb2.TASK_STATE_COMPLETED, "the task is in work")
    events = [e async for e in caller.call("SubscribeToTask", a2a_pb2.SubscribeToTaskRequest(id=task.id))]
    equal(kinds(events)[0], "task", "the first event")
    equal(events[-1].status_update.status.state, a2a_pb2.TASK_STATE_COMPLETED, "the last")


@check("send: a deadline ends the call and not the task")
async def _(caller: Caller) -> None:
    request = asking("tck-slow")
    request.message.context_id = str(uuid.uuid4())
    call = caller.call("SendMessage", request, timeout=0.7)
    await caller.refused(Code.DEADLINE_EXCEEDED, None, call)
    wanted = a2a_pb2.ListTasksRequest(context_id=request.message.context_id)
    while True:
        tasks = (await caller.call("ListTasks", wanted)).tasks
        equal(len(tasks), 1, "tasks of the context")
        if tasks[0].status.state == a2a_pb2.TASK_STATE_COMPLETED:
            return
        holds(tasks[0].status.state < a2a_pb2.TASK_STATE_COMPLETED, "the task goes on")
        await asyncio.sleep(0.05)


@check("stream: the task, then every event in order, then OK")
async def _(caller: Caller) -> None:
    call = caller.call("SendStreamingMessage", asking("tck-stream-artifact-chunked"))
    events = [event async for event in call]
    expected = ["task", "status_update", "artifact_update", "artifact_update", "status_update"]
    equal(kinds(events), expected, "the events")
    equal([e.artifact_update.append for e in events[2:4]], [False, True], "append")
    equal(events[3].artifact_update.last_chunk, True, "the last chunk")
    equal(await call.code(), Code.OK, "the status")


@check("stream: a client that leaves does not stop the task")
async def _(caller: Caller) -> None:
    call = caller.call("SendStreamingMessage", asking("tck-slow"))
    first = await call.read()
    call.cancel()
    events = [
        e async for e in caller.call("SubscribeToTask", a2a_pb2.SubscribeToTaskRequest(id=first.task.id))
    ]
    equal(events[-1].status_update.status.state, a2a_pb2.TASK_STATE_COMPLETED, "the last event")


@check("subscribe: last-event-id gives the events after it, also of a task that has ended")
async def _(caller: Caller) -> None:
    task = await caller.send("tck-stream-001")
    call = caller.call(
        "SubscribeToTask",
        a2a_pb2.SubscribeToTaskRequest(id=task.id),
        metadata=(*caller.metadata, ("last-event-id", "1")),
    )
    events = [event async for event in call]
    equal(kinds(events), ["status_update", "artifact_update", "status_update"], "the events")


@check("get and list: what was sent is there")
async def _(caller: Caller) -> None:
    task = await caller.send("tck-artifact-text")
    got = await caller.call("GetTask", a2a_pb2.GetTaskRequest(id=task.id))
    equal(got, task, "the task")
    wanted = a2a_pb2.ListTasksRequest(context_id=task.context_id, include_artifacts=True)
    page = await caller.call("ListTasks", wanted)
    equal((page.total_size, page.page_size, page.next_page_token), (1, 50, ""), "the page")
    equal(page.tasks[0], task, "the task in the list")
    wanted.include_artifacts = False
    equal(len((await caller.call("ListTasks", wanted)).tasks[0].artifacts), 0, "artifacts")


@check("cancel: ends a task once")
async def _(caller: Caller) -> None:
    task = await caller.send("tck-input-required")
    cancel = a2a_pb2.CancelTaskRequest(id=task.id)
    canceled = await caller.call("CancelTask", cancel)
    equal(canceled.status.state, a2a_pb2.TASK_STATE_CANCELED, "the state")
    call = caller.call("CancelTask", cancel)
    await caller.refused(Code.FAILED_PRECONDITION, "TASK_NOT_CANCELABLE", call)


@check("errors: an unknown task, whichever method names it")
async def _(caller: Caller) -> None:
    for method, request in [
        ("GetTask", a2a_pb2.GetTaskRequest(id="no\u00e9")),
        ("CancelTask", a2a_pb2.CancelTaskRequest(id="no\u00e9")),
        ("SubscribeToTask", a2a_pb2.SubscribeToTaskRequest(id="no\u00e9")),
        ("SendMessage", asking("tck-complete-task", task="no\u00e9")),
    ]:
        error = await caller.refused(
            Code.NOT_FOUND, "TASK_NOT_FOUND", caller.call(method, request)
        )
        holds("no\u00e9" in error.details(), f"{method}: {error.details()!r} names the task")


@check("errors: a field at fault is named")
async def _(caller: Caller) -> None:
    no_content = a2a_pb2.Part(filename="x")
    for request, field in [
        (asking("tck-complete-task", parts=[]), "message.parts"),
        (asking("tck-complete-task", parts=[no_content]), "message.parts[0]"),
    ]:
        call = caller.call("SendMessage", request)
        error = await caller.refused(Code.INVALID_ARGUMENT, "INVALID_PARAMS", call)
        bad = detail(error, error_details_pb2.BadRequest())
        equal([v.field for v in bad.field_violations], [field], "the field")


@check("errors: a call that names no version, or an unknown one, is refused")
async def _(caller: Caller) -> None:
    for metadata in [(), (("a2a-version", "99.0"),)]:
        call = caller.call("GetTask", a2a_pb2.GetTaskRequest(id="x"), metadata=metadata)
        await caller.refused(Code.FAILED_PRECONDITION, "VERSION_NOT_SUPPORTED", call)


@check("errors: an unknown method, and a compressed message, are not implemented")
async def _(caller: Caller) -> None:
    call = caller.channel.unary_unary(f"/{PACKAGE}.A2AService/Nope")(b"", metadata=caller.metadata)
    await caller.refused(Code.UNIMPLEMENTED, "METHOD_NOT_FOUND", call)
    request = a2a_pb2.GetTaskRequest(id="x" * 5000)
    call = caller.call("GetTask", request, compression=grpc.Compression.Gzip)
    await caller.refused(Code.UNIMPLEMENTED, None, call)


async def calls(base: str) -> int:
    caller = Caller(base)
    try:
        return await check.run(caller)
    finally:
        await caller.channel.close()


def main() -> int:
    match sys.argv[1:]:
        case ["corpus"]:
            corpus()
            return 0
        case ["calls", base]:
            return asyncio.run(calls(base))
    print(__doc__, file=sys.stderr)
    return 64


if __name__ == "__main__":
    sys.exit(main())
