"""The two servers as processes, and a client that adds as little as Python can."""

import http.client
import itertools
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

REFERENCE = Path(__file__).parent.parent / "tests" / "clients" / "python" / "reference_server.py"
CARD = "/.well-known/agent-card.json"
GIVE_UP_SECONDS = 120

numbers = itertools.count()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def sending() -> bytes:
    """A SendMessage that makes a task with one text artifact; every message has its own id."""
    message = {
        "messageId": f"tck-artifact-text-{os.getpid()}-{next(numbers)}",
        "role": "ROLE_USER",
        "parts": [{"text": "hello"}],
    }
    body = {"jsonrpc": "2.0", "id": 1, "method": "SendMessage", "params": {"message": message}}
    return json.dumps(body).encode()


class Connection:
    """One kept-alive HTTP/1.1 connection."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.port = port

    def close(self) -> None:
        self.socket.close()

    def post(self, body: bytes) -> bytes:
        """Sends the request in one piece, and reads the body of its answer."""
        head = (
            f"POST / HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nA2A-Version: 1.0\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self.socket.sendall(head.encode() + body)
        received = b""
        while b"\r\n\r\n" not in received:
            received += self.some()
        head_bytes, _, rest = received.partition(b"\r\n\r\n")
        status, *fields = head_bytes.decode("latin-1").split("\r\n")
        if " 200" not in status:
            raise RuntimeError(f"{status}: {rest[:300]!r}")
        lengths = [f for f in fields if f.lower().startswith("content-length:")]
        length = int(lengths[0].split(":", 1)[1])
        while len(rest) < length:
            rest += self.some()
        return rest

    def some(self) -> bytes:
        block = self.socket.recv(65536)
        if not block:
            raise ConnectionError("the server closed the connection")
        return block

    def send_message(self) -> None:
        answer = self.post(sending())
        if b"TASK_STATE_COMPLETED" not in answer:
            raise RuntimeError(f"not a completed task: {answer[:300]!r}")


def get_card(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", CARD)
    answer = connection.getresponse()
    if answer.status != 200 or b"supportedInterfaces" not in answer.read():
        raise RuntimeError(f"the card: HTTP {answer.status}")
    connection.close()


def post_message(port: int) -> None:
    connection = Connection(port)
    connection.send_message()
    connection.close()


@dataclass
class Running:
    """A server that answers, and when it was started."""

    process: subprocess.Popen
    port: int
    started: float

    def first(self, request) -> float:
        """Seconds from the start of the process to the answer of `request(port)`."""
        while True:
            try:
                request(self.port)
                return time.perf_counter() - self.started
            except ConnectionError:
                if self.process.poll() is not None:
                    raise RuntimeError(f"the server ended: {self.process.args}") from None
                if time.perf_counter() - self.started > GIVE_UP_SECONDS:
                    raise
                time.sleep(0.0005)


@contextmanager
def running(command: list[str], port: int, environment: dict[str, str]) -> Iterator[Running]:
    started = time.perf_counter()
    process = subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield Running(process, port, started)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


class Host:
    """Our host. Every start has a data folder of its own, or none and keeps tasks in memory."""

    def __init__(self, binary: Path, scratch: Path) -> None:
        self.binary = binary
        self.scratch = scratch

    def compile(self, component: Path) -> Path:
        out = self.scratch / f"{component.stem}.cwasm"
        command = [self.binary, "compile", component, "-o", out]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return out

    def serve(self, component: Path, *, on_disk: bool = True, **settings: str):
        port = free_port()
        data = str(self.scratch / f"data-{next(numbers)}") if on_disk else ":memory:"
        environment = {"PORT": str(port), "ATTACHE_DATA_DIR": data, "RUST_LOG": "warn"}
        command = [str(self.binary), "serve", str(component)]
        return running(command, port, environment | settings)


class Reference:
    """The official Python SDK under uvicorn, one process, tasks in memory or in a SQLite file."""

    def __init__(self, python: str, scratch: Path) -> None:
        self.python = python
        self.scratch = scratch

    def serve(self, *, on_disk: bool = False):
        port = free_port()
        command = [self.python, str(REFERENCE), str(port)]
        if on_disk:
            command += ["--database", str(self.scratch / f"reference-{next(numbers)}.db")]
        return running(command, port, dict(os.environ))
