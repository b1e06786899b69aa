"""A list of named checks: each prints one line, and a failure does not stop the next one."""

import asyncio
import sys
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

SECONDS = 60.0


class Checks:
    """Collects checks in the order of their definition and runs them one after the other."""

    def __init__(self) -> None:
        self._checks: list[tuple[str, Callable[..., Awaitable[None]]]] = []

    def __call__(self, name: str) -> Callable[[Callable[..., Awaitable[None]]], Any]:
        def collect(check: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
            self._checks.append((name, check))
            return check

        return collect

    @classmethod
    def all(cls, *groups: "Checks") -> "Checks":
        """The checks of every group, in this order."""
        whole = cls()
        for group in groups:
            whole._checks += group._checks
        return whole

    async def run(self, subject: Any) -> int:
        """Runs every check with `subject`, and returns how many failed."""
        failed = 0
        for name, check in self._checks:
            try:
                async with asyncio.timeout(SECONDS):
                    await check(subject)
            except TimeoutError:
                failed += 1
                print(f"FAIL {name}: no answer within {SECONDS:.0f} s", flush=True)
            except AssertionError as error:
                failed += 1
                print(f"FAIL {name}: {error}", flush=True)
            except Exception as error:  # noqa: BLE001 - whatever it was, the next check still runs
                failed += 1
                last = traceback.extract_tb(sys.exc_info()[2])[-1]
                where = f"{last.filename.rsplit('/', 1)[-1]}:{last.lineno}"
                print(f"FAIL {name}: {type(error).__name__}: {error} ({where})", flush=True)
            else:
                print(f"ok {name}", flush=True)
        print(f"{len(self._checks) - failed} passed, {failed} failed", flush=True)
        return failed


def holds(condition: object, what: str) -> None:
    """Unlike `assert`, is not removed by `python -O`."""
    if not condition:
        raise AssertionError(what)


def equal(actual: object, expected: object, what: str) -> None:
    if actual != expected:
        raise AssertionError(f"{what}: {actual!r}, expected {expected!r}")


async def refused(expected: type[Exception], call: Awaitable[object], what: str) -> Exception:
    """The call must fail with exactly this type of error."""
    try:
        answer = await call
    except Exception as error:  # noqa: BLE001 - the type is what is checked
        if type(error) is not expected:
            raise AssertionError(
                f"{what}: {type(error).__name__}: {error}, expected {expected.__name__}"
            ) from error
        holds(str(error).strip(), f"{what}: {expected.__name__} without a message")
        return error
    raise AssertionError(f"{what}: answered {answer!r}, expected {expected.__name__}")
