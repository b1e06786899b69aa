"""Measures the host and its agent, and the official Python server beside them in the same run.

Both serve the conformance kit's agent and answer the same requests from the same client. Times are
wall clock on the machine as it is: the load average is printed, and a busy machine shows in both.

    main.py --rootfs FOLDER --agent WASM --shipped WASM --programs FOLDER --results FOLDER
"""

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path

import cost
import latency
import memory
import report
import senders
import sizes
import start
import stored
from servers import Host, Reference

BENCHMARKS = [sizes, start, cost, memory, latency, senders, stored]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rootfs", type=Path, required=True, help="what `make image` left")
    parser.add_argument("--agent", type=Path, required=True, help="the kit's agent, .wasm")
    parser.add_argument("--shipped", type=Path, required=True, help="the agent that ships, .wasm")
    parser.add_argument("--programs", type=Path, required=True, help="where cargo builds to")
    parser.add_argument("--results", type=Path, required=True, help="where results.json goes")
    parser.add_argument("--before", type=Path, help="an older attache-host, to compare with")
    parser.add_argument("--only", nargs="*", choices=[b.__name__ for b in BENCHMARKS])
    arguments = parser.parse_args()

    machine = {
        "processor": processor(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "load": round(os.getloadavg()[0], 2),
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    print(f"{machine['processor']}, {machine['cores']} cores, load {machine['load']}")
    if machine["load"] > 0.5:
        print("The machine is busy: times are longer than they would be, and so are the peer's.")

    with tempfile.TemporaryDirectory(prefix="attache-bench-") as scratch:
        host = Host(arguments.rootfs / "attache-host", Path(scratch))
        subjects = sizes.Subjects(
            host=host,
            wasm=arguments.agent,
            cwasm=host.compile(arguments.agent),
            shipped=arguments.shipped,
            rootfs=arguments.rootfs,
            reference=Reference(sys.executable, Path(scratch)),
            load=arguments.programs / "attache-load",
            stored=arguments.programs / "examples" / "stored",
            scratch=Path(scratch),
            before=arguments.before,
        )
        rows = []
        for benchmark in BENCHMARKS:
            if arguments.only and benchmark.__name__ not in arguments.only:
                continue
            rows += benchmark.measure(subjects)
    report.show(rows)
    arguments.results.mkdir(parents=True, exist_ok=True)
    results = {"machine": machine, "rows": [row.as_dict() for row in rows]}
    (arguments.results / "results.json").write_text(json.dumps(results, indent=2) + "\n")


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(": ", 1)[1] for line in lines if line.startswith("model name")), "?")


if __name__ == "__main__":
    main()
