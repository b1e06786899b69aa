"""Measures the host, and what one would take instead, in the same run.

All serve the same agent and answer the same requests from the same client, in turns. Times depend
on the machine: the load average is printed. What counts are the ratios, which are compared with
those of bench/ratios.json. A ratio that is worse is said, and is no failure.
"""

import argparse
import json
import os
import platform
import resource
import shlex
import sys
import tempfile
import time
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import analyst
import memory
import messages
import postgres
import reads
import sizes
import start
import stored
import streams
import swap
from bench import Bench, Plan
from peers import Peers
from report import Report, known
from servers import Host

BENCHMARKS = [sizes, start, memory, messages, streams, reads, swap, analyst, postgres, stored]
# Those that take long, and say little of a change.
NOT_QUICK = [postgres]
PEERS = Path(__file__).parent / "peers"
RATIOS = Path(__file__).parent / "ratios.json"


def main() -> None:
    arguments = read_arguments()
    raise_limit_of_files()
    machine = describe_machine()
    print(", ".join(f"{name} {value}" for name, value in machine.items()))
    if os.getloadavg()[0] > 0.5:
        print("The machine is busy: times are longer than they would be, for all.")
    report = Report()
    with tempfile.TemporaryDirectory(prefix="attache-bench-") as scratch:
        bench = prepare(arguments, report, Path(scratch))
        for benchmark in chosen(arguments):
            benchmark.measure(bench)
    then = known(arguments.ratios)
    report.show(then, arguments.ratios.name, with_limits=not arguments.no_limits)
    write(arguments, report, machine)


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rootfs", type=Path, required=True, help="what `make image` left")
    parser.add_argument("--without-compiler", type=Path, help="the same of COMPILER=0")
    parser.add_argument("--agent", type=Path, required=True, help="the bench's agent, .wasm")
    parser.add_argument("--shipped", type=Path, required=True, help="the agent that ships, .wasm")
    parser.add_argument("--adapter", type=Path, help="the adapter for Spin, .wasm")
    parser.add_argument("--stub", type=Path, help="the adapter that keeps nothing, .wasm")
    parser.add_argument("--programs", type=Path, required=True, help="where cargo builds to")
    parser.add_argument("--peers", type=Path, required=True, help="where the peers in Rust are")
    parser.add_argument("--results", type=Path, required=True, help="where results.json goes")
    parser.add_argument("--before", type=Path, help="an older attache-host, to compare with")
    parser.add_argument("--only", nargs="*", choices=[b.__name__ for b in BENCHMARKS])
    parser.add_argument("--quick", action="store_true", help="little of everything")
    parser.add_argument("--rounds", type=int, help="turns of each server")
    parser.add_argument("--seconds", type=float, help="how long a turn takes")
    parser.add_argument("--senders", type=int, nargs="*", help="connections for SendMessage")
    parser.add_argument("--ratios", type=Path, default=RATIOS, help="the ratios to compare with")
    parser.add_argument("--no-limits", action="store_true", help="say nothing of what has to hold")
    parser.add_argument("--keep", action="store_true", help="write the ratios to that file")
    parser.add_argument("--markdown", type=Path, help="where the tables go as Markdown")
    return parser.parse_args()


def planned(arguments: argparse.Namespace) -> Plan:
    plan = Plan.quick() if arguments.quick else Plan()
    given = {name: getattr(arguments, name) for name in ["rounds", "seconds"]}
    given["senders"] = tuple(arguments.senders or ()) or None
    return replace(plan, **{name: value for name, value in given.items() if value is not None})


def chosen(arguments: argparse.Namespace) -> list:
    if arguments.only:
        return [benchmark for benchmark in BENCHMARKS if benchmark.__name__ in arguments.only]
    return [it for it in BENCHMARKS if not (arguments.quick and it in NOT_QUICK)]


def prepare(arguments: argparse.Namespace, report: Report, scratch: Path) -> Bench:
    host = Host(arguments.rootfs / "attache-host", scratch)
    return Bench(
        plan=planned(arguments),
        report=report,
        host=host,
        wasm=arguments.agent,
        cwasm=host.compile(arguments.agent),
        shipped=arguments.shipped,
        rootfs=arguments.rootfs,
        without_compiler=arguments.without_compiler,
        peers=Peers(
            arguments.peers, arguments.agent, arguments.adapter, arguments.stub, scratch
        ),
        load_program=arguments.programs / "attache-load",
        stored=arguments.programs / "examples" / "stored",
        scratch=scratch,
        before=arguments.before,
    )


def write(arguments: argparse.Namespace, report: Report, machine: dict[str, object]) -> None:
    arguments.results.mkdir(parents=True, exist_ok=True)
    results = {"machine": machine, **report.as_dict()}
    (arguments.results / "results.json").write_text(json.dumps(results, indent=2) + "\n")
    if arguments.keep:
        ratios = known(arguments.ratios) | {it.name: round(it.value, 4) for it in report.ratios}
        text = json.dumps(ratios, indent=2, ensure_ascii=False, sort_keys=True)
        arguments.ratios.write_text(text + "\n")
    if arguments.markdown:
        plan = planned(arguments)
        command = "make bench" + (" QUICK=1" if arguments.quick else "")
        if arguments.only:
            command += " ONLY=" + shlex.quote(" ".join(arguments.only))
        head = [
            f"{machine['date']}, `{command}`: medians of {plan.rounds} rounds of {plan.seconds:g} s"
            f" on {machine['cores']} cores of {machine['processor']}, {machine['system']};"
            f" beside {machine['peers']}."
        ]
        arguments.markdown.write_text(report.markdown(head))


def describe_machine() -> dict[str, object]:
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "load": round(os.getloadavg()[0], 2),
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "peers": f"a2a-sdk {version('a2a-sdk')} on Python {platform.python_version()}"
        f" and uvicorn {version('uvicorn')}, a2a-server-lf {native_version()}",
    }


def native_version() -> str:
    lock = (PEERS / "rust" / "Cargo.lock").read_text()
    return lock.split('name = "a2a-server-lf"\nversion = "', 1)[1].split('"', 1)[0]


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(": ", 1)[1] for line in lines if line.startswith("model name")), "?")


def raise_limit_of_files() -> None:
    """A thousand streams are as many connections, on both sides."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    sys.exit(main())
