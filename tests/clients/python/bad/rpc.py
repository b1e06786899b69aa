"""JSON-RPC requests that cannot be answered, each with its code of section 5.4."""

from checks import Checks, equal, holds
from wire import JSON, Wire, rpc_error, violations

check = Checks()


@check("jsonrpc: malformed JSON is -32700")
async def _(wire: Wire) -> None:
    for body in [
        b"",
        b"{",
        b'{"jsonrpc":"2.0","id":1,',
        b"nonsense",
        b'"\xff\xfe"',
        b"\x00",
        b"{}{}",
    ]:
        rpc_error(await wire.rpc(body), -32700, None)


@check("jsonrpc: JSON that is not a request is -32600")
async def _(wire: Wire) -> None:
    request = {"jsonrpc": "2.0", "id": 1, "method": "GetTask", "params": {"id": "x"}}
    for body in [5, "text", None, [], [request], [1, 2, 3]]:
        rpc_error(await wire.rpc(body), -32600, None)
    for spoilt in [{"jsonrpc": None}, {"jsonrpc": "1.0"}, {"method": 7}, {"params": "x"}]:
        rpc_error(await wire.rpc(request | spoilt), -32600, 1)
    del request["jsonrpc"]
    rpc_error(await wire.rpc(request), -32600, 1)


@check("jsonrpc: an id that is no string or number is -32600")
async def _(wire: Wire) -> None:
    for identifier in [{}, [], True]:
        body = {"jsonrpc": "2.0", "id": identifier, "method": "GetTask", "params": {"id": "x"}}
        rpc_error(await wire.rpc(body), -32600, None)


@check("jsonrpc: the id comes back as it was sent")
async def _(wire: Wire) -> None:
    for identifier in [
        "",
        "ä🛰️",
        "x" * 1024,
        0,
        -7,
        9007199254740993,
        18446744073709551615,
        None,
    ]:
        body = {"jsonrpc": "2.0", "id": identifier, "method": "GetTask", "params": {"id": "x"}}
        rpc_error(await wire.rpc(body), -32001, identifier)


@check("jsonrpc: an unknown method is -32601")
async def _(wire: Wire) -> None:
    for method in ["Nope", "sendMessage", "GetTask ", "x" * 100_000]:
        rpc_error(await wire.call(method, {}), -32601)


@check("jsonrpc: another content type is -32005")
async def _(wire: Wire) -> None:
    for kind in ["text/plain", "application/xml", "multipart/form-data; boundary=x"]:
        rpc_error(
            await wire.rpc(b"hello", {"Content-Type": kind, "A2A-Version": "1.0"}), -32005, None
        )


@check("jsonrpc: content types that mean JSON are taken")
async def _(wire: Wire) -> None:
    body = {"jsonrpc": "2.0", "id": "call", "method": "GetTask", "params": {"id": "x"}}
    for kind in ["application/json; charset=utf-8", "APPLICATION/JSON", "application/a2a+json"]:
        rpc_error(await wire.rpc(body, JSON | {"Content-Type": kind}), -32001)


@check("jsonrpc: a version that is not spoken is -32009")
async def _(wire: Wire) -> None:
    for version in ["99.0", "2.0", "abc", "1", "-1.0"]:
        answer = await wire.call("GetTask", {"id": "x"}, **{"A2A-Version": version})
        error = rpc_error(answer, -32009)
        holds("1.0" in error["message"], f"the message names no version: {error['message']}")
    for version in ["1.0", "1.0.7"]:
        answer = await wire.call("GetTask", {"id": "x"}, **{"A2A-Version": version})
        rpc_error(answer, -32001)


@check("jsonrpc: a message that lacks what it must have is -32602, and says what")
async def _(wire: Wire) -> None:
    whole = {"messageId": "m", "role": "ROLE_USER", "parts": [{"text": "x"}]}
    cases = [
        ({}, "message"),
        ({"message": {}}, "message"),
        ({"message": whole | {"messageId": ""}}, "message"),
        ({"message": whole | {"role": "ROLE_UNSPECIFIED"}}, "role"),
        ({"message": whole | {"role": "ROLE_BAD"}}, "role"),
        ({"message": whole | {"parts": []}}, "parts"),
        ({"message": whole | {"parts": [{}]}}, "parts"),
        ({"message": whole | {"parts": [{"text": "a", "url": "b"}]}}, "parts"),
        ({"message": whole | {"parts": [{"text": "a"}, {"filename": "x"}]}}, "parts"),
        ({"message": whole | {"parts": [{"raw": "!!not base64!!"}]}}, "parts"),
        ({"message": whole | {"parts": {"text": "a"}}}, "parts"),
        ({"message": whole, "configuration": {"historyLength": -1}}, "historyLength"),
        ({"message": whole, "configuration": {"returnImmediately": "yes"}}, "returnImmediately"),
    ]
    for method in ["SendMessage", "SendStreamingMessage"]:
        for params, field in cases:
            error = rpc_error(await wire.call(method, params), -32602)
            said = error["message"] + " ".join(violations(error.get("data", [])))
            folded = said.replace("_", "").lower()
            holds(field.lower() in folded, f"{params}: {said!r} does not name {field}")


@check("jsonrpc: bad parameters of other methods are -32602")
async def _(wire: Wire) -> None:
    for method, params in [
        ("GetTask", {}),
        ("GetTask", {"id": ""}),
        ("GetTask", {"id": 5}),
        ("GetTask", {"id": "x", "historyLength": "many"}),
        ("CancelTask", {}),
        ("SubscribeToTask", {"id": ""}),
        ("ListTasks", {"pageSize": 0}),
        ("ListTasks", {"pageSize": 101}),
        ("ListTasks", {"pageSize": 1e300}),
        ("ListTasks", {"pageToken": "%%%"}),
        ("ListTasks", {"status": "TASK_STATE_RUNNING"}),
        ("ListTasks", {"statusTimestampAfter": "yesterday"}),
    ]:
        answer = await wire.call(method, params)
        error = rpc_error(answer, -32602)
        holds(len(error["message"]) < 1000, f"{method} {params}: a message of great length")


@check("jsonrpc: what the card does not offer has its own code")
async def _(wire: Wire) -> None:
    offered = wire.card["capabilities"]
    if not offered.get("pushNotifications"):
        for method in ["GetTaskPushNotificationConfig", "DeleteTaskPushNotificationConfig"]:
            rpc_error(await wire.call(method, {"taskId": "x", "id": "y"}), -32003)
        rpc_error(await wire.call("ListTaskPushNotificationConfigs", {"taskId": "x"}), -32003)
        params = {"taskId": "x", "url": "https://example.com/hook"}
        rpc_error(await wire.call("CreateTaskPushNotificationConfig", params), -32003)
    if not offered.get("extendedAgentCard"):
        rpc_error(await wire.call("GetExtendedAgentCard", {}), -32004)


@check("jsonrpc: another verb is 405, with the verb that is allowed")
async def _(wire: Wire) -> None:
    for verb in ["GET", "PUT", "DELETE"]:
        answer = await wire.http.request(verb, wire.rpc_url)
        equal(answer.status_code, 405, verb)
        holds("POST" in answer.headers.get("allow", ""), f"Allow: {answer.headers.get('allow')}")
