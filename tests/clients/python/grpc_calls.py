"""Calls of gRPC for a runner that speaks none: a line of JSON asks on stdin, a line answers on stdout.

    grpc_calls.py BASE_URL

Asked is one of

    {"name": …, "method": …, "metadata": [[name, value], …], "request": a text of ProtoJSON, "messages": N or null}
    {"rest_of": the name of a call that was left open after N messages}
    {"leave": true}    every call that is still open

and the answer to the first two is

    {"head": metadata, "messages": [ProtoJSON, …], "end": null or {"code", "message", "status", "trailers"}}

or {"fault": …} when the request is none. Nothing is known here of what an answer should be: requests
are written, and answers read, by the official SDK's messages and google.rpc's alone.
"""

import json
import sys

import grpc
from a2a.types import a2a_pb2
from google.protobuf import descriptor_pool, json_format, message_factory
from google.protobuf.descriptor import Descriptor, MethodDescriptor
from google.protobuf.message import Message
from google.rpc import error_details_pb2  # noqa: F401 - a status names the types of its details
from google.rpc import status_pb2

SERVICE = a2a_pb2.DESCRIPTOR.services_by_name["A2AService"]
STATUS = "grpc-status-details-bin"


class Fault(Exception):
    """What was asked for cannot be sent."""


class Connection:
    """The calls over one channel, by the names of those that go on."""

    def __init__(self, base: str) -> None:
        address = base.removeprefix("http://").rstrip("/")
        self._channel = grpc.insecure_channel(address, [("grpc.enable_http_proxy", 0)])
        self._open: dict[str, grpc.Call] = {}

    def answer(self, asked: dict) -> dict:
        if asked.get("leave"):
            self.leave()
            return {}
        if name := asked.get("rest_of"):
            if name not in self._open:
                raise Fault(f"no call {name!r} is open; only one with `# events` can go on")
            return {"head": [], **self.read(name, self._open.pop(name), None)}
        method = SERVICE.methods_by_name.get(asked["method"])
        # On the wire an answer of one message is a stream of one; as a stream it is read as it came.
        begin = self._channel.unary_stream(
            f"/{SERVICE.full_name}/{asked['method']}",
            response_deserializer=read_by(method),
        )
        metadata = [(name, value) for name, value in asked["metadata"]]
        request = written(method, asked["request"])
        # No deadline, which would be told to the server: whoever asks has patience of their own.
        call = begin(request, metadata=metadata)
        answer = self.read(asked["name"], call, asked["messages"])
        return {"head": texts(call.initial_metadata()), **answer}

    def read(self, name: str, call: grpc.Call, most: int | None) -> dict:
        messages = []
        end = None
        try:
            while most is None or len(messages) < most:
                messages.append(next(call))
            self._open[name] = call
        except (StopIteration, grpc.RpcError):
            end = ended(call)
        return {"messages": messages, "end": end}

    def leave(self) -> None:
        for call in self._open.values():
            call.cancel()
        self._open.clear()


def written(method: MethodDescriptor | None, text: str) -> bytes:
    if method is None:
        return b""
    request = message_factory.GetMessageClass(method.input_type)()
    try:
        json_format.Parse(text or "{}", request)
    except json_format.ParseError as error:
        raise Fault(f"no {method.input_type.name}: {error}") from error
    return request.SerializeToString(deterministic=True)


def read_by(method: MethodDescriptor | None):
    if method is None:
        return bytes.hex
    message = message_factory.GetMessageClass(method.output_type)
    return lambda read: proto_json(message.FromString(read))


def proto_json(message: Message) -> object:
    return in_order(message.DESCRIPTOR, json_format.MessageToDict(message))


def in_order(descriptor: Descriptor | None, value: object) -> object:
    """Fields come in the order of their message, but maps in another one in every process: by name here."""
    if isinstance(value, list):
        return [in_order(descriptor, one) for one in value]
    if not isinstance(value, dict) or descriptor is None:
        return value
    if descriptor.full_name in ("google.protobuf.Struct", "google.protobuf.Value"):
        return {name: in_order(descriptor, value[name]) for name in sorted(value)}
    if descriptor.full_name == "google.protobuf.Any":
        name = value["@type"].rpartition("/")[2]
        descriptor = descriptor_pool.Default().FindMessageTypeByName(name)
    return {name: field_in_order(descriptor, name, one) for name, one in value.items()}


def field_in_order(descriptor: Descriptor, name: str, value: object) -> object:
    fields = [field for field in descriptor.fields if field.json_name == name]
    kind = fields[0].message_type if fields else None
    if kind and kind.GetOptions().map_entry:
        entry = kind.fields_by_name["value"].message_type
        return {key: in_order(entry, value[key]) for key in sorted(value)}
    return in_order(kind, value)


def ended(call: grpc.Call) -> dict:
    trailers = call.trailing_metadata() or ()
    details = [status_pb2.Status.FromString(value) for name, value in trailers if name == STATUS]
    if len(details) > 1:
        raise Fault(f"{STATUS} stands {len(details)} times in the trailers")
    return {
        "code": call.code().name,
        "message": call.details() or "",
        "status": proto_json(details[0]) if details else None,
        "trailers": texts(trailers),
    }


def texts(metadata) -> list[tuple[str, str]]:
    return [(name, value) for name, value in metadata or () if isinstance(value, str)]


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 64
    connection = Connection(sys.argv[1])
    for line in sys.stdin:
        try:
            answer = connection.answer(json.loads(line))
        except Fault as fault:
            answer = {"fault": str(fault)}
        print(json.dumps(answer, ensure_ascii=False), flush=True)
    connection.leave()
    return 0


if __name__ == "__main__":
    sys.exit(main())
