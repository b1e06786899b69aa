"""What has to be shipped, and what everything is measured with."""

from dataclasses import dataclass
from pathlib import Path

from report import Row
from servers import Host, Reference

MB = 1_000_000


@dataclass
class Subjects:
    """What is measured."""

    host: Host
    wasm: Path
    """The conformance kit's agent."""
    cwasm: Path
    """The same, precompiled."""
    shipped: Path
    """The agent that goes into the image."""
    rootfs: Path
    reference: Reference
    load: Path
    """The program that sends from many connections at once."""
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


def measure(subjects: Subjects) -> list[Row]:
    files = [path for path in subjects.rootfs.rglob("*") if path.is_file()]
    return [
        Row("size", name, "MB", path.stat().st_size / MB)
        for name, path in [
            ("conformance agent, .wasm", subjects.wasm),
            ("data analyst, .wasm", subjects.shipped),
            ("data analyst, precompiled", subjects.image_agent),
            ("host", subjects.host.binary),
        ]
    ] + [Row("size", "image", "MB", sum(path.stat().st_size for path in files) / MB)]
