"""What both bindings share: finished tasks, sizes, depths, and connections that break off."""

import asyncio
import json
import uuid
from urllib.parse import urlsplit

from checks import Checks, equal, holds
from wire import Wire, flood, rest_error, rpc_error

MEGABYTE = 1_000_000

check = Checks()


async def works(wire: Wire) -> None:
    """The next request, on a connection of its own."""
    answer = await wire.call("ListTasks", {"pageSize": 1})
    equal(answer.status_code, 200, "the next request")
    holds("result" in answer.json(), f"the next request: {answer.text[:200]}")


async def finished(wire: Wire) -> str:
    """A completed task: the kit's agent goes by the message's id, the analyst by the table."""
    message = {
        "messageId": f"tck-complete-task-{uuid.uuid4()}",
        "role": "ROLE_USER",
        "parts": [{"text": "a,b\n1,2\n", "filename": "t.csv", "mediaType": "text/csv"}],
    }
    answer = await wire.call("SendMessage", {"message": message})
    task = answer.json()["result"]["task"]
    equal(task["status"]["state"], "TASK_STATE_COMPLETED", f"state of {task}")
    return task["id"]


@check("both: a finished task takes no message, no cancel and no subscription")
async def _(wire: Wire) -> None:
    task = await finished(wire)
    message = {"messageId": "m", "role": "ROLE_USER", "parts": [{"text": "x"}], "taskId": task}
    rpc_error(await wire.call("SendMessage", {"message": message}), -32004)
    rpc_error(await wire.call("SendStreamingMessage", {"message": message}), -32004)
    rpc_error(await wire.call("CancelTask", {"id": task}), -32002)
    rpc_error(await wire.call("SubscribeToTask", {"id": task}), -32004)
    for path, body, reason in [
        ("/message:send", {"message": message}, "UNSUPPORTED_OPERATION"),
        ("/message:stream", {"message": message}, "UNSUPPORTED_OPERATION"),
        (f"/tasks/{task}:cancel", {}, "TASK_NOT_CANCELABLE"),
        (f"/tasks/{task}:subscribe", None, "UNSUPPORTED_OPERATION"),
    ]:
        answer = await wire.rest("POST", path, body)
        rest_error(answer, 400, "FAILED_PRECONDITION", reason)


@check("both: a message to an unknown task")
async def _(wire: Wire) -> None:
    message = {"messageId": "m", "role": "ROLE_USER", "parts": [{"text": "x"}], "taskId": "nope"}
    rpc_error(await wire.call("SendMessage", {"message": message}), -32001)
    answer = await wire.rest("POST", "/message:send", {"message": message})
    rest_error(answer, 404, "NOT_FOUND", "TASK_NOT_FOUND")


@check("both: a body of 50 MB is 413, announced or not")
async def _(wire: Wire) -> None:
    for url in [wire.rpc_url, f"{wire.rest_url}/message:send"]:
        for chunked in [False, True]:
            answer = await flood(url, 50 * MEGABYTE, chunked=chunked)
            equal(answer.status, 413, f"{url}, chunked {chunked}: {answer.head}")
            holds(json.loads(answer.body)["error"]["message"], "no message")
            if not chunked:
                holds(answer.sent < 20 * MEGABYTE, f"{answer.sent} bytes of a body that is refused")
            await works(wire)


@check("both: ten thousand levels of JSON are refused")
async def _(wire: Wire) -> None:
    deep = b"[" * 10_000 + b"]" * 10_000
    message = b'{"messageId":"m","role":"ROLE_USER","parts":[{"data":%s}]}' % deep
    request = b'{"jsonrpc":"2.0","id":1,"method":"SendMessage","params":{"message":%s}}' % message
    answer = await wire.rpc(request)
    holds(answer.json()["error"]["code"] in {-32700, -32600, -32602}, answer.text[:200])
    answer = await wire.rest("POST", "/message:send", b'{"message":%s}' % message)
    rest_error(answer, 400, "INVALID_ARGUMENT")
    await works(wire)


@check("both: a very long id is just an unknown one")
async def _(wire: Wire) -> None:
    answer = await wire.call("GetTask", {"id": "x" * MEGABYTE})
    holds(answer.json()["error"]["code"] in {-32001, -32602}, answer.text[:200])
    holds(len(answer.content) < 10_000, f"an answer of {len(answer.content)} bytes")
    answer = await wire.rest("GET", f"/tasks/{'x' * 4_000}")
    holds(answer.status_code in {400, 404}, f"HTTP {answer.status_code}")
    answer = await wire.rest("GET", f"/tasks/{'x' * 60_000}")
    holds(answer.status_code in {400, 404, 414, 431}, f"HTTP {answer.status_code}")
    await works(wire)


@check("both: a connection that breaks off inside a request harms nobody")
async def _(wire: Wire) -> None:
    parts = urlsplit(wire.rpc_url)
    head = (
        f"POST {parts.path or '/'} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
    ).encode()
    for start in [b"", b"\x16\x03\x01\x02\x00", b"GET", head[:20], head, head + b'{"jsonrpc":']:
        _, writer = await asyncio.open_connection(parts.hostname, parts.port)
        writer.write(start)
        await writer.drain()
        writer.close()
        await writer.wait_closed()
    await works(wire)


@check("both: a path to nowhere is 404")
async def _(wire: Wire) -> None:
    for path in ["/no/such/path", "/.well-known/nothing", "/%2e%2e/%2e%2e/etc/passwd"]:
        answer = await wire.http.get(wire.base + path)
        equal(answer.status_code, 404, path)
