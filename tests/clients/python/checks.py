"""A list of named checks: each prints one line, and a failure does not stop the next one."""

import asyncio
import sys
import traceback
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

SECONDS = 60.0

Body = Callable[..., Awaitable[None]]
Condition = Callable[[Any], bool]


class Check(NamedTuple):
    name: str
    only: Condition
    body: Body


class Checks:
    """Collects checks in the order of their definition and runs them one after the other."""

    def __init__(self) -> None:
        self._checks: list[Check] = []

    def __call__(self, name: str, only: Condition = lambda _: True) -> Callable[[Body], Body]:
        """`only` says for which subjects the check makes sense."""

        def collect(body: Body) -> Body:
            self._checks.append(Check(name, only, body))
            return body

        return collect

    @classmethod
    def all(cls, *groups: "Checks") -> "Checks":
        """The checks of every group, in this order."""
        whole = cls()
        for group in groups:
            whole._checks += group._checks
        return whole

    async def run(self, subject: Any, deviations: Mapping[str, str] | None = None) -> int:
        """Runs every check that makes sense for `subject`, and returns how many failed.

        `deviations` names checks that this subject is known to fail, and why. One that it passes
        is a failure too: the list is then out of date.
        """
        known = dict(deviations or {})
        checks = [check for check in self._checks if check.only(subject)]
        failed = deviated = 0
        for check in checks:
            why = known.pop(check.name, None)
            failure = await self._failure(check.body, subject)
            if failure is None and why is not None:
                failure = f"passes, though it is listed as a deviation ({why})"
            elif failure is not None and why is not None:
                deviated += 1
                print(f"deviates {check.name}: {why}: {failure}", flush=True)
                continue
            if failure is None:
                print(f"ok {check.name}", flush=True)
            else:
                failed += 1
                print(f"FAIL {check.name}: {failure}", flush=True)
        for name in known:
            failed += 1
            print(f"FAIL {name}: is listed as a deviation, and no check has this name", flush=True)
        known_ones = f", {deviated} known deviations" if deviated else ""
        print(f"{len(checks) - failed - deviated} passed{known_ones}, {failed} failed", flush=True)
        return failed

    @staticmethod
    async def _failure(body: Body, subject: Any) -> str | None:
        try:
            async with asyncio.timeout(SECONDS):
                await body(subject)
        except TimeoutError:
            return f"no answer within {SECONDS:.0f} s"
        except AssertionError as error:
            return " ".join(str(error).split())
        except Exception as error:  # noqa: BLE001 - whatever it was, the next check still runs
            last = traceback.extract_tb(sys.exc_info()[2])[-1]
            where = f"{last.filename.rsplit('/', 1)[-1]}:{last.lineno}"
            said = " ".join(str(error).split())
            return f"{type(error).__name__}: {said} ({where})"
        return None


def holds(condition: object, what: str) -> None:
    """Unlike `assert`, is not removed by `python -O`."""
    if not condition:
        raise AssertionError(what)


def equal(actual: object, expected: object, what: str) -> None:
    if actual != expected:
        raise AssertionError(f"{what}: {actual!r}, expected {expected!r}")


async def refused(
    expected: type[Exception] | Condition, call: Awaitable[object], what: str
) -> Exception:
    """The call must fail with exactly this type of error, or with one that is as described."""
    described = isinstance(expected, type)
    name = expected.__name__
    try:
        answer = await call
    except Exception as error:  # noqa: BLE001 - the type is what is checked
        fits = type(error) is expected if described else expected(error)
        if not fits:
            raise AssertionError(
                f"{what}: {type(error).__name__}: {error}, expected {name}"
            ) from error
        holds(str(error).strip(), f"{what}: {type(error).__name__} without a message")
        return error
    raise AssertionError(f"{what}: answered {answer!r}, expected {name}")
