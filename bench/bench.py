"""What is measured, with what, and for how long."""

import json
import statistics
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from peers import Peers
from report import Report
from servers import Host, Kind, Running, post_message

SQLITE = "Attaché, SQLite"
MEMORY = "Attaché, memory"
BEFORE = "Attaché of --before, SQLite"


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    rounds: int = 5
    seconds: float = 3.0
    senders: tuple[int, ...] = (1, 32, 256)
    starts: int = 7
    streams: tuple[int, ...] = (300, 1000)
    settle: float = 2.0
    """Seconds after which a server that has answered is idle."""
    hold: int = 20
    """Seconds for which open streams stay open."""
    pause: float = 60.0
    """Seconds after which memory has to be given back."""
    stored: tuple[int, ...] = (1_000, 100_000, 1_000_000)
    swaps: int = 20
    is_whole: bool = True

    @classmethod
    def quick(cls) -> "Plan":
        return cls(
            rounds=2,
            seconds=0.5,
            senders=(32,),
            starts=2,
            streams=(300,),
            settle=0.5,
            hold=3,
            pause=5.0,
            stored=(1_000, 100_000),
            swaps=5,
            is_whole=False,
        )


@dataclass
class Bench:
    """Everything that a measurement needs."""

    plan: Plan
    report: Report
    host: Host
    wasm: Path
    """The bench's agent."""
    cwasm: Path
    """The same, precompiled."""
    shipped: Path
    """The agent that goes into the image."""
    rootfs: Path
    without_compiler: Path | None
    """The image's root file system with a host that cannot compile."""
    peers: Peers
    load_program: Path
    stored: Path
    """The program that fills a database and reads from it."""
    scratch: Path
    """A folder for what is needed for a while."""
    before: Path | None = None
    """An older attache-host, to compare with."""

    @property
    def image_agent(self) -> Path:
        """The shipped agent, precompiled."""
        return self.rootfs / "agent.cwasm"

    @cached_property
    def ours(self) -> list[Kind]:
        kinds = [
            self.host.kind(SQLITE, self.cwasm),
            self.host.kind(MEMORY, self.cwasm, on_disk=False),
        ]
        if self.before:
            older = Host(self.before, self.scratch / "before")
            kinds.append(older.kind(BEFORE, older.compile(self.wasm)))
        return kinds

    # --- load ----------------------------------------------------------------------------------

    def command(self, servers: list[Running], what: str, senders: int, *more: object) -> list[str]:
        addresses = [server.address for server in servers]
        options = ["--what", what, "--senders", senders, *more]
        return [str(self.load_program), *addresses, *map(str, options)]

    def load(
        self,
        servers: Running | list[Running],
        what: str = "send",
        *more: object,
        senders: int = 32,
        seconds: float | None = None,
    ) -> dict:
        """What the senders saw, and the microseconds of a processor that each answer took."""
        servers = servers if isinstance(servers, list) else [servers]
        time = ["--seconds", self.plan.seconds if seconds is None else seconds]
        began = sum(server.processor_seconds() for server in servers)
        command = self.command(servers, what, senders, *time, *more)
        said = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        took = sum(server.processor_seconds() for server in servers) - began
        # Within the time, a slow server has answered little or nothing.
        said["per_second"] = said["answers"] / said["elapsed"]
        said["cpu"] = took * 1e6 / said["answers"] if said["answers"] else None
        return said

    def take_turns(
        self, kinds: list[Kind], turn: Callable[[Running], dict]
    ) -> dict[str, list[dict]]:
        """Starts all, and lets each have its turn in every round, so that what else the machine
        does falls on all. Each has answered a message before, and a first round is not counted."""
        turns: dict[str, list[dict]] = {kind.name: [] for kind in kinds}
        with ExitStack() as stack:
            servers = [(kind, stack.enter_context(kind.serve())) for kind in kinds]
            for _, server in servers:
                server.first(post_message)
            for number in range(self.plan.rounds + 1):
                for kind, server in servers:
                    seen = turn(server)
                    if number > 0:
                        turns[kind.name].append(seen)
        for name, seen in turns.items():
            said = next((one["first_error"] for one in seen if one.get("first_error")), None)
            if said:
                print(f"The first error of {name}: {said[:200]}")
        return turns


def middle(turns: list[dict], name: str) -> float | None:
    """The median of a figure."""
    found = [turn[name] for turn in turns if turn.get(name) is not None]
    return statistics.median(found) if found else None


def total(turns: list[dict], name: str) -> float:
    return sum(turn[name] for turn in turns)


def times(over: float | None, under: float | None) -> float | None:
    return over / under if over and under else None
