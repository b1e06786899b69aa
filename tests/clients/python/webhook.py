"""A receiver of push notifications, on a free port of this machine."""

import asyncio
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

SECONDS = 30.0


class Delivery(NamedTuple):
    path: str
    headers: dict[str, str]
    body: Any
    status: int


class Webhook:
    """Notes everything that is posted to it, under any path.

    `failures` is how many of the first requests it answers with 503.
    """

    def __init__(self, *, failures: int = 0) -> None:
        self._deliveries: list[Delivery] = []
        self._failures = failures
        self._lock = threading.Lock()
        webhook = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:  # noqa: N802 - the name that the server looks for
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(webhook._note(self.path, dict(self.headers), body))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True

    def __enter__(self) -> "Webhook":
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def url(self, path: str = "/hook") -> str:
        return f"http://127.0.0.1:{self._server.server_port}{path}"

    def to(self, path: str = "/hook") -> list[Delivery]:
        """What was delivered to this path so far, in order."""
        with self._lock:
            return [delivery for delivery in self._deliveries if delivery.path == path]

    async def until(
        self, enough: Callable[[list[Delivery]], object], path: str = "/hook"
    ) -> list[Delivery]:
        """Waits until what was delivered is enough."""
        deadline = asyncio.get_running_loop().time() + SECONDS
        while not enough(found := self.to(path)):
            if asyncio.get_running_loop().time() > deadline:
                bodies = [json.dumps(delivery.body)[:200] for delivery in found]
                raise AssertionError(
                    f"what was expected was not delivered within {SECONDS:.0f} s, only {bodies}"
                )
            await asyncio.sleep(0.05)
        return found

    def _note(self, path: str, headers: dict[str, str], body: bytes) -> int:
        try:
            read = json.loads(body)
        except ValueError:
            read = body.decode(errors="replace")
        named = {name.lower(): value for name, value in headers.items()}
        with self._lock:
            status = 503 if len(self._deliveries) < self._failures else 200
            self._deliveries.append(Delivery(path, named, read, status))
        return status
