"""HTTP+JSON requests that cannot be answered, each with its status of section 5.4."""

from checks import Checks, equal, holds
from wire import JSON, Wire, rest_error

check = Checks()


@check("rest: malformed JSON is 400")
async def _(wire: Wire) -> None:
    for body in [b"{", b"nonsense", b'"\xff\xfe"', b"[]", b"5", b"{}{}"]:
        rest_error(await wire.rest("POST", "/message:send", body), 400, "INVALID_ARGUMENT")


@check("rest: another content type is 400")
async def _(wire: Wire) -> None:
    headers = JSON | {"Content-Type": "application/xml"}
    answer = await wire.rest("POST", "/message:send", b"<a/>", headers)
    rest_error(answer, 400, "INVALID_ARGUMENT", "CONTENT_TYPE_NOT_SUPPORTED")


@check("rest: an unknown path is 404 in the form of an error")
async def _(wire: Wire) -> None:
    for path in ["/nope", "/tasks/x/y/z", "/message:shout", "/tasks/x:explode"]:
        rest_error(await wire.rest("POST", path, {}), 404, "NOT_FOUND")


@check("rest: another verb is 405, with the verb that is allowed")
async def _(wire: Wire) -> None:
    for verb, path, allowed in [
        ("GET", "/message:send", "POST"),
        ("PUT", "/tasks", "GET"),
        ("DELETE", "/tasks/x", "GET"),
        ("GET", "/tasks/x:cancel", "POST"),
    ]:
        answer = await wire.rest(verb, path)
        equal(answer.status_code, 405, f"{verb} {path}")
        holds(allowed in answer.headers.get("allow", ""), f"Allow: {answer.headers.get('allow')}")


@check("rest: an unknown task is 404")
async def _(wire: Wire) -> None:
    for verb, path in [
        ("GET", "/tasks/nope"),
        ("POST", "/tasks/nope:cancel"),
        ("POST", "/tasks/nope:subscribe"),
        ("GET", "/tasks/nope:subscribe"),
        ("GET", "/tasks/..%2F..%2Fetc%2Fpasswd"),
        ("GET", "/tasks/%00"),
        ("GET", "/tasks/'%20OR%201=1%20--"),
    ]:
        rest_error(await wire.rest(verb, path), 404, "NOT_FOUND", "TASK_NOT_FOUND")


@check("rest: a version that is not spoken is 400")
async def _(wire: Wire) -> None:
    for version in ["99.0", "abc"]:
        answer = await wire.rest("GET", "/tasks/nope", headers=JSON | {"A2A-Version": version})
        rest_error(answer, 400, "FAILED_PRECONDITION", "VERSION_NOT_SUPPORTED")


@check("rest: bad parameters are 400")
async def _(wire: Wire) -> None:
    for query in [
        "pageSize=0",
        "pageSize=101",
        "pageSize=many",
        "pageToken=%25%25",
        "status=TASK_STATE_RUNNING",
        "statusTimestampAfter=yesterday",
        "historyLength=-1",
        "includeArtifacts=perhaps",
    ]:
        answer = await wire.rest("GET", f"/tasks?{query}")
        rest_error(answer, 400, "INVALID_ARGUMENT", "INVALID_PARAMS")


@check("rest: a message that lacks what it must have is 400")
async def _(wire: Wire) -> None:
    whole = {"messageId": "m", "role": "ROLE_USER", "parts": [{"text": "x"}]}
    for path in ["/message:send", "/message:stream"]:
        for message in [
            {},
            whole | {"messageId": ""},
            whole | {"parts": []},
            whole | {"parts": [{"text": "a", "url": "b"}]},
            whole | {"parts": [{}]},
        ]:
            answer = await wire.rest("POST", path, {"message": message})
            rest_error(answer, 400, "INVALID_ARGUMENT", "INVALID_PARAMS")


@check("rest: what the card does not offer is 400 by name")
async def _(wire: Wire) -> None:
    offered = wire.card["capabilities"]
    if not offered.get("pushNotifications"):
        answer = await wire.rest("GET", "/tasks/x/pushNotificationConfigs")
        rest_error(answer, 400, "FAILED_PRECONDITION", "PUSH_NOTIFICATION_NOT_SUPPORTED")
    if not offered.get("extendedAgentCard"):
        answer = await wire.rest("GET", "/extendedAgentCard")
        rest_error(answer, 400, "FAILED_PRECONDITION", "UNSUPPORTED_OPERATION")
