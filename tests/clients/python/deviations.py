"""What the official Python server, a2a-sdk 1.3.0, does otherwise than the protocol says.

Each is a check that it fails. The names are those of the checks.
"""

from typing import NamedTuple

from agent import BINDINGS, VERSIONS


class Deviation(NamedTuple):
    check: str
    why: str
    bindings: list[str] = list(BINDINGS)
    versions: list[str] = VERSIONS


OF_OLD_REST = {"bindings": ["rest"], "versions": ["0.3"]}
STORES_ANY_URL = "it stores any text as a url, and would post to whatever address (section 13.2)"

DEVIATIONS = [
    Deviation("push: a url that is none is refused", STORES_ANY_URL),
    Deviation("push: credentials that would end the header are refused", STORES_ANY_URL),
    Deviation(
        "push: the media type of a delivery is the protocol's",
        "it posts application/json, where section 4.3.3 asks for application/a2a+json",
        versions=["1.0"],
    ),
    Deviation(
        "push: a webhook that fails at first is tried again",
        "it does not try again, as section 13.2 says it should",
        versions=["1.0"],
    ),
    Deviation(
        "push: a webhook of 0.3 is told the task in the form of 0.3",
        "it posts events in the form of 1.0",
        versions=["0.3"],
    ),
    Deviation(
        "stream: to a finished or unknown task is refused",
        "it begins the stream, and then breaks the connection",
        **OF_OLD_REST,
    ),
    Deviation(
        "subscribe: to a finished or unknown task is refused",
        "it begins the stream, and then breaks the connection",
        **OF_OLD_REST,
    ),
]

WITHOUT_CAPABILITIES = [
    Deviation(
        "stream: is refused", "it begins the stream, and then breaks the connection", **OF_OLD_REST
    ),
]


def of(known: list[Deviation], binding: str, version: str) -> dict[str, str]:
    """The names of the checks that fail over this binding in this version, and why."""
    return {
        deviation.check: deviation.why
        for deviation in known
        if binding in deviation.bindings and version in deviation.versions
    }
