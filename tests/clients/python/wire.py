"""Requests as bytes, for what the official client would never send."""

import asyncio
import json
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from checks import equal, holds

ERROR_INFO = "type.googleapis.com/google.rpc.ErrorInfo"
BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"
JSON = {"Content-Type": "application/json", "A2A-Version": "1.0"}


class Wire:
    """The two endpoints that an agent's card names, without a client in between."""

    def __init__(self, base: str) -> None:
        self.http = httpx.AsyncClient(timeout=30)
        self.base = base.rstrip("/")
        self.card: dict = {}
        self.rpc_url = ""
        self.rest_url = ""

    async def connect(self) -> None:
        answer = await self.http.get(f"{self.base}/.well-known/agent-card.json")
        answer.raise_for_status()
        self.card = answer.json()
        for interface in self.card["supportedInterfaces"]:
            if interface["protocolBinding"] == "JSONRPC":
                self.rpc_url = self.rpc_url or interface["url"]
            elif interface["protocolBinding"] == "HTTP+JSON":
                self.rest_url = self.rest_url or interface["url"].rstrip("/")

    async def close(self) -> None:
        await self.http.aclose()

    async def rpc(self, body: object, headers: dict[str, str] | None = None) -> httpx.Response:
        """Posts to the JSON-RPC endpoint: bytes as they are, anything else as JSON."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.http.post(
            self.rpc_url, content=content, headers=JSON if headers is None else headers
        )

    async def call(self, method: str, params: object, **headers: str) -> httpx.Response:
        body = {"jsonrpc": "2.0", "id": "call", "method": method, "params": params}
        return await self.rpc(body, JSON | headers)

    async def rest(
        self,
        verb: str,
        path: str,
        body: object = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        return await self.http.request(
            verb,
            self.rest_url + path,
            content=content,
            headers=JSON if headers is None else headers,
        )


def rpc_error(answer: httpx.Response, code: int, identifier: object = "call") -> dict:
    """A JSON-RPC error of this code, in the form of section 9.5, or the check fails."""
    holds(answer.status_code in {200, 400}, f"HTTP {answer.status_code}: {answer.text[:200]}")
    holds("application/json" in answer.headers["content-type"], answer.headers["content-type"])
    body = answer.json()
    holds("error" in body, f"no error: {answer.text[:200]}")
    error = body["error"]
    equal((body["jsonrpc"], error["code"]), ("2.0", code), f"code (message: {error['message']!r})")
    equal(body.get("id"), identifier, "id")
    holds(set(error) <= {"code", "message", "data"}, f"members of the error: {sorted(error)}")
    holds(error["message"].strip(), "no message")
    if "data" in error:
        holds(isinstance(error["data"], list), f"data is not an array: {error['data']!r}")
    if -32099 <= code <= -32001:
        infos = [detail for detail in error.get("data", []) if detail.get("@type") == ERROR_INFO]
        equal([info["domain"] for info in infos], ["a2a-protocol.org"], "ErrorInfo")
        strings(infos[0])
    return error


def rest_error(answer: httpx.Response, status: int, name: str, reason: str | None = None) -> dict:
    """An error of section 11.6 with this status, or the check fails."""
    equal(answer.status_code, status, f"status of {answer.text[:200]!r}")
    error = answer.json()["error"]
    equal((error["code"], error["status"]), (status, name), f"code and status ({error['message']})")
    holds(error["message"].strip(), "no message")
    infos = [detail for detail in error.get("details", []) if detail.get("@type") == ERROR_INFO]
    if reason is not None:
        equal([info["reason"] for info in infos], [reason], "ErrorInfo")
        equal(infos[0]["domain"], "a2a-protocol.org", "domain")
        strings(infos[0])
    return error


def strings(info: dict) -> None:
    values = info.get("metadata", {}).values()
    holds(all(isinstance(value, str) for value in values), f"metadata has other than text: {info}")


def violations(details: list[dict]) -> list[str]:
    """The names of the fields that a BadRequest complains of."""
    return [
        violation["field"]
        for detail in details
        if detail.get("@type") == BAD_REQUEST
        for violation in detail["fieldViolations"]
    ]


@dataclass
class Flood:
    """What became of a large body."""

    head: str
    body: bytes
    sent: int

    @property
    def status(self) -> int:
        return int(self.head.split(" ", 2)[1])


async def flood(url: str, size: int, *, chunked: bool) -> Flood:
    """Posts `size` bytes and reads the answer, which may come before all of them are sent."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {size}"
    writer.write(
        f"POST {parts.path or '/'} HTTP/1.1\r\nHost: {parts.netloc}\r\nA2A-Version: 1.0\r\n"
        f"Content-Type: application/json\r\n{length}\r\n\r\n".encode()
    )
    block = b"[" * 65536
    frame = b"%x\r\n%s\r\n" % (len(block), block) if chunked else block
    sent = 0

    async def pour() -> None:
        nonlocal sent
        try:
            while sent < size:
                writer.write(frame)
                await writer.drain()
                sent += len(block)
                # To drain lets nobody else run while the server takes all; the answer may be there.
                await asyncio.sleep(0)
            if chunked:
                writer.write(b"0\r\n\r\n")
                await writer.drain()
        except ConnectionError:
            pass  # The server had enough; its answer may still be there to read.

    pouring = asyncio.create_task(pour())
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        fields = dict(line.lower().split(":", 1) for line in head.split("\r\n")[1:] if ":" in line)
        body = await reader.readexactly(int(fields.get("content-length", "0")))
        return Flood(head, body, sent)
    finally:
        pouring.cancel()
        writer.close()
