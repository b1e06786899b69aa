"""What has to be shipped."""

from pathlib import Path

from bench import Bench
from report import Table

MB = 1_000_000


def measure(bench: Bench) -> None:
    sizes = {
        "the bench's agent, .wasm": bench.wasm.stat().st_size,
        "the bench's agent, precompiled": bench.cwasm.stat().st_size,
        "the data analyst, .wasm": bench.shipped.stat().st_size,
        "the data analyst, precompiled": bench.image_agent.stat().st_size,
        "the host": bench.host.binary.stat().st_size,
        "the image's root file system": of_files(bench.rootfs),
    }
    if bench.without_compiler:
        sizes["the same without the compiler"] = of_files(bench.without_compiler)
    else:
        bench.report.skip("the image without the compiler: there is no --without-compiler")
    rows = {name: [size / MB] for name, size in sizes.items()}
    bench.report.table(Table("size", ["MB"], rows))
    whole = sizes["the image's root file system"] / MB
    bench.report.ratio("the image's root file system, MB", whole, 1, at_most=35)
    if bench.without_compiler:
        small = sizes["the same without the compiler"] / MB
        name = "the image's root file system without the compiler, MB"
        bench.report.ratio(name, small, 1, at_most=20)


def of_files(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
