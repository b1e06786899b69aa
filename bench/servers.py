"""A server as a process, our host as one, and a client that adds as little as Python can."""

import http.client
import itertools
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import processes

CARD = "/.well-known/agent-card.json"
GIVE_UP_SECONDS = 120
TEXT = "hello"

numbers = itertools.count()


given: set[int] = set()


def free_port() -> int:
    """A port that nobody has, nor was given before: a server may not have taken it yet."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        if port not in given:
            given.add(port)
            return port


def call(method: str, params: dict) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()


def sending(*parts: dict) -> bytes:
    """A SendMessage that makes a task with one text artifact; every message has its own id."""
    message = {
        "messageId": f"bench-{os.getpid()}-{next(numbers)}",
        "role": "ROLE_USER",
        "parts": parts or [{"text": TEXT}],
    }
    return call("SendMessage", {"message": message})


class Connection:
    """One kept-alive HTTP/1.1 connection."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.head = (
            f"POST / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nA2A-Version: 1.0\r\n"
            "Content-Type: application/json\r\nContent-Length: "
        ).encode()

    def close(self) -> None:
        self.socket.close()

    def post(self, body: bytes) -> bytes:
        """The body of the answer, which has to be a 200 with a length."""
        self.socket.sendall(self.head + str(len(body)).encode() + b"\r\n\r\n" + body)
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

    def send_message(self) -> str:
        """The id of the task, which has to be completed and to say what it was told."""
        answer = self.post(sending())
        task = json.loads(answer).get("result", {}).get("task", {})
        texts = [part.get("text") for made in task.get("artifacts", []) for part in made["parts"]]
        if task.get("status", {}).get("state") != "TASK_STATE_COMPLETED" or texts != [TEXT]:
            raise RuntimeError(f"not what was asked for: {answer[:300]!r}")
        return task["id"]


def get_card(port: int) -> str:
    """The digest of the component that answers, from our host."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", CARD)
    answer = connection.getresponse()
    if answer.status != 200 or b"supportedInterfaces" not in answer.read():
        raise RuntimeError(f"the card: HTTP {answer.status}")
    connection.close()
    return answer.headers.get("attache-component-digest", "")


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
    log: Path

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def first(self, request: Callable[[int], object]) -> float:
        """Seconds from the start of the process to the answer of `request(port)`."""
        while True:
            try:
                request(self.port)
                return time.perf_counter() - self.started
            except ConnectionError:
                if self.process.poll() is not None:
                    said = self.log.read_text(errors="replace").strip().splitlines() or ["nothing"]
                    raise RuntimeError(f"it ended and said: {said[-1][:300]}") from None
                if time.perf_counter() - self.started > GIVE_UP_SECONDS:
                    raise
                time.sleep(0.0005)

    def processor_seconds(self) -> float:
        return processes.processor_seconds(self.process.pid)

    def memory(self) -> dict[str, float]:
        return processes.memory(self.process.pid)


@contextmanager
def running(
    command: list[str], port: int, environment: dict[str, str], scratch: Path
) -> Iterator[Running]:
    log = scratch / f"log-{next(numbers)}"
    with log.open("wb") as written:
        started = time.perf_counter()
        # A session of its own, so that its workers end with it.
        process = subprocess.Popen(
            command,
            env=environment,
            stdout=written,
            stderr=written,
            start_new_session=True,
        )
    try:
        yield Running(process, port, started, log)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@dataclass(frozen=True)
class Kind:
    """A server that can be started, by the name that it has in the tables."""

    name: str
    serve: Callable[[], AbstractContextManager[Running]]
    files: tuple[Path, ...] = ()
    """What it reads from the disk to start."""


class Host:
    """Our host. Every start has a data folder of its own, or none and keeps tasks in memory."""

    def __init__(self, binary: Path, scratch: Path) -> None:
        self.binary = binary
        self.scratch = scratch
        scratch.mkdir(exist_ok=True)

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
        return running(command, port, environment | settings, self.scratch)

    def kind(self, name: str, component: Path, **settings) -> Kind:
        files = (self.binary, component)
        return Kind(name, lambda: self.serve(component, **settings), files)
