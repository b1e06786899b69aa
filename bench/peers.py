"""The servers that ours is compared with. All serve the same agent."""

import os
import shutil
import subprocess
import sys
import sysconfig
from importlib.util import find_spec
from pathlib import Path

from servers import Kind, free_port, numbers, post_message, running

FOLDER = Path(__file__).parent / "peers" / "python"
SPIN_MANIFEST = """\
spin_manifest_version = 2

[application]
name = "bench"
version = "0.1.0"

[[trigger.http]]
route = "/..."
component = "agent"

[component.agent]
source = "{agent}"
sqlite_databases = ["default"]

[component.agent.dependencies]
"attache:agent@0.1.0" = {{ path = "{adapter}", inherit_configuration = ["sqlite_databases"] }}
"""

UVICORN_MEMORY = "a2a-sdk, uvicorn, memory"
UVICORN_SQLITE = "a2a-sdk, uvicorn, SQLite"
NATIVE = "Rust SDK, native, memory"
LIMIT = "hyper alone, no store"
SPIN = "the component, spin up, SQLite"
WASMTIME = "the component, wasmtime serve, no store"


class Peers:
    """Those that can be started here."""

    def __init__(
        self, programs: Path, agent: Path, adapter: Path | None, stub: Path | None, scratch: Path
    ) -> None:
        self.programs = programs
        self.agent = agent
        self.adapter = adapter
        self.stub = stub
        self.scratch = scratch
        self.missing: list[str] = []
        """Why others cannot."""

        everything = tuple(
            Path(sysconfig.get_path(name)) for name in ["stdlib", "purelib", "platlib"]
        )
        kinds = [
            self.python(UVICORN_MEMORY, self.uvicorn(), everything),
            self.python(UVICORN_SQLITE, self.uvicorn(), everything, on_disk=True),
        ]
        has_gunicorn = find_spec("gunicorn") is not None
        if not has_gunicorn:
            self.missing.append("a2a-sdk, gunicorn: it is not installed")
        for workers in [1, 2] if has_gunicorn else []:
            name = f"a2a-sdk, gunicorn of {workers}"
            command = self.gunicorn(workers)
            kinds.append(self.python(f"{name}, memory", command, everything))
            kinds.append(self.python(f"{name}, SQLite", command, everything, on_disk=True))
        for name, program in [(NATIVE, "bench-native"), (LIMIT, "bench-limit")]:
            file = programs / program
            if file.exists():
                kinds.append(Kind(name, lambda f=file: self.native(f), (file,)))
            else:
                self.missing.append(f"{name}: {file} is not built")
        for name, kind in [(SPIN, self.spin()), (WASMTIME, self.wasmtime())]:
            if isinstance(kind, Kind) and (reason := self.fails(kind)) is None:
                kinds.append(kind)
            else:
                self.missing.append(f"{name}: {kind if isinstance(kind, str) else reason}")
        self.kinds = {kind.name: kind for kind in kinds}

    def some(self, *names: str) -> list[Kind]:
        return [self.kinds[name] for name in names if name in self.kinds]

    # --- Python --------------------------------------------------------------------------------

    @staticmethod
    def uvicorn() -> list[str]:
        server = ["uvicorn", "echo_server:app", "--app-dir", str(FOLDER)]
        return [sys.executable, "-m", *server, "--log-level", "warning", "--port"]

    @staticmethod
    def gunicorn(workers: int) -> list[str]:
        server = ["gunicorn", "echo_server:app", "--chdir", str(FOLDER), "--workers", str(workers)]
        worker = ["--worker-class", "uvicorn_worker.UvicornWorker", "--log-level", "warning"]
        return [sys.executable, "-m", *server, *worker, "--no-control-socket", "--bind"]

    def python(
        self, name: str, command: list[str], files: tuple[Path, ...], *, on_disk: bool = False
    ) -> Kind:
        def serve():
            port = free_port()
            address = f"127.0.0.1:{port}" if command[-1] == "--bind" else str(port)
            environment = dict(os.environ) | {"PYTHONDONTWRITEBYTECODE": "1"}
            if on_disk:
                environment["BENCH_DATABASE"] = str(self.scratch / f"peer-{next(numbers)}.db")
            return running([*command, address], port, environment, self.scratch)

        return Kind(name, serve, files)

    # --- Rust and WebAssembly ------------------------------------------------------------------

    def native(self, program: Path):
        port = free_port()
        return running([str(program), str(port)], port, {}, self.scratch)

    def spin(self) -> Kind | str:
        spin = shutil.which("spin")
        if spin is None or self.adapter is None:
            return "spin is not on PATH" if spin is None else "there is no --adapter"
        manifest = self.scratch / "spin.toml"
        manifest.write_text(SPIN_MANIFEST.format(agent=self.agent, adapter=self.adapter))

        def serve():
            port = free_port()
            state = self.scratch / f"spin-{next(numbers)}"
            listen = ["--listen", f"127.0.0.1:{port}", "--state-dir", str(state), "--quiet"]
            command = [spin, "up", "--from", str(manifest), *listen]
            return running(command, port, dict(os.environ), self.scratch)

        return Kind(SPIN, serve, (Path(spin), self.agent, self.adapter))

    def wasmtime(self) -> Kind | str:
        wasmtime, plug = shutil.which("wasmtime"), self.programs / "bench-plug"
        if wasmtime is None:
            return "wasmtime is not on PATH; `make bench-wasmtime` builds it"
        if self.stub is None or not plug.exists():
            return "there is no --stub" if self.stub is None else f"{plug} is not built"
        # It gives a component WASI, and no task log.
        whole = self.scratch / "plugged.wasm"
        subprocess.run([plug, self.agent, self.stub, whole], check=True)

        def serve():
            port = free_port()
            command = [wasmtime, "serve", "-S", "cli", "--addr", f"127.0.0.1:{port}", str(whole)]
            return running(command, port, dict(os.environ), self.scratch)

        return Kind(WASMTIME, serve, (Path(wasmtime), whole))

    @staticmethod
    def fails(kind: Kind) -> str | None:
        """Why it does not answer: it may lack what the component imports."""
        try:
            with kind.serve() as server:
                server.first(post_message)
        except (OSError, RuntimeError) as error:
            return str(error)
        return None
