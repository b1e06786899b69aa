"""What the kernel knows of a server: all of its processes."""

import time
from pathlib import Path

PROC = Path("/proc")
# The clock of a process's whole time on processors, as clock_getcpuclockid(3) makes it: it has
# nanoseconds, and the threads that have ended. /proc/PID/stat has hundredths of a second.
SCHEDULED = 2


def tree(pid: int) -> list[int]:
    """The process and its descendants."""
    children: dict[int, list[int]] = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit() and (fields := stat(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [pid]
    for parent in found:
        found += children.get(parent, [])
    return found


def stat(pid: int) -> list[str]:
    """The fields behind the name; none of a process that is gone."""
    try:
        return (PROC / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return []


def processor_seconds(pid: int) -> float:
    """Of all processors, by all processes of the tree."""
    return sum(map(of_one, tree(pid)))


def of_one(pid: int) -> float:
    try:
        return time.clock_gettime_ns((~pid << 3) | SCHEDULED) / 1e9
    except OSError:
        return 0.0


def memory(pid: int) -> dict[str, float]:
    """Megabytes of the tree, by the names of /proc/PID/smaps_rollup: Rss, Pss, and others."""
    sums: dict[str, float] = {}
    for each in tree(pid):
        rollup = (PROC / str(each) / "smaps_rollup").read_text()
        for line in rollup.splitlines()[1:]:
            name, kilobytes, _ = line.split()
            sums[name.rstrip(":")] = sums.get(name.rstrip(":"), 0.0) + int(kilobytes) * 1024 / 1e6
    return sums


def peak(pid: int) -> float:
    """The most megabytes that a process had at a time."""
    lines = (PROC / str(pid) / "status").read_text().splitlines()
    kilobytes = next(line.split()[1] for line in lines if line.startswith("VmHWM:"))
    return int(kilobytes) * 1024 / 1e6
