"""What the fakes keep, in memory: resources by name, policies, and operations under way."""

import copy
import itertools
import re
from typing import Any

import discovery
from answers import Refused, not_found
from discovery import Call

OPERATION_POLLS = 2
ROLE = re.compile(r"(projects/[^/]+/|organizations/[^/]+/)?roles/[\w.]+")
MEMBER = re.compile(r"allUsers|allAuthenticatedUsers|(user|serviceAccount|group):[^@\s]+@\S+|(domain|principal\w*|project\w*):\S+")


class Resources:
    """The state of one API."""

    def __init__(self) -> None:
        self.kept: dict[str, dict[str, Any]] = {}
        # What Knative lists, which is kept apart from the services of version 2.
        self.items: list[Any] = []
        self.payloads: dict[str, dict[str, Any]] = {}
        # What every service of Cloud Run says of itself, in place of all being well.
        self.served: dict[str, Any] = {}
        self._policies: dict[str, dict[str, Any]] = {}
        self._operations: dict[str, dict[str, Any]] = {}
        self._numbers = itertools.count(1)

    def number(self) -> int:
        return next(self._numbers)

    # What most of Google's methods do. A collection's own module does the rest.

    def create(self, call: Call, name: str, resource: dict[str, Any]) -> dict[str, Any]:
        if name in self.kept:
            raise Refused("ALREADY_EXISTS", f"Resource '{name}' already exists.")
        self.kept[name] = {**resource, "name": name}
        return self.kept[name]

    def get(self, name: str) -> dict[str, Any]:
        if name not in self.kept:
            raise not_found(name)
        return self.kept[name]

    def list(self, call: Call, field: str | None = None) -> dict[str, Any]:
        prefix = call.name + "/"
        found = [
            kept
            for name, kept in sorted(self.kept.items())
            if name.startswith(prefix) and "/" not in name.removeprefix(prefix)
        ]
        size = int(call.query.get("pageSize") or 50) or 50
        # Small pages, whatever was asked for, so that whoever reads only the first is found out.
        size = min(size, 2)
        start = int(call.query.get("pageToken") or 0)
        answer: dict[str, Any] = {field or call.name.rsplit("/", 1)[-1]: found[start : start + size]}
        if start + size < len(found):
            answer["nextPageToken"] = str(start + size)
        return answer

    def patch(self, call: Call) -> dict[str, Any]:
        kept = self.get(call.name)
        mask = call.query.get("updateMask")
        paths = mask.split(",") if mask and mask != "*" else list(call.body)
        for path in paths:
            _copy(path.split("."), call.body, kept)
        return kept

    def delete(self, name: str) -> None:
        self.get(name)
        for inner in [other for other in self.kept if other == name or other.startswith(name + "/")]:
            del self.kept[inner]

    # Policies.

    def policy(self, name: str) -> dict[str, Any]:
        return copy.deepcopy(self._policies.get(name, {"version": 1, "etag": "BwAAAAAAAAA="}))

    def set_policy(self, name: str, policy: dict[str, Any]) -> dict[str, Any]:
        now = self.policy(name)
        if policy.get("etag", now["etag"]) != now["etag"]:
            raise Refused(
                "ABORTED",
                "There were concurrent policy changes. Please retry the whole read-modify-write with "
                "exponential backoff.",
            )
        for binding in policy.get("bindings", []):
            if not ROLE.fullmatch(binding.get("role", "")):
                raise Refused("INVALID_ARGUMENT", f"Role {binding.get('role')!r} is not valid.")
            for member in binding.get("members", []):
                if not MEMBER.fullmatch(member):
                    raise Refused("INVALID_ARGUMENT", f"The member {member} is of an unknown type.")
        etag = f"Bw{self.number():09d}="
        self._policies[name] = {**copy.deepcopy(policy), "etag": etag}
        return self.policy(name)

    # Operations.

    def begin(self, name: str, response: Any, error: Any = None) -> dict[str, Any]:
        """An operation that is done when it has been asked about some times."""
        end = {"error": error} if error else {"response": response}
        self._operations[name] = {"polls": OPERATION_POLLS, "end": end}
        return {"name": name, "done": False}

    def operation(self, name: str) -> dict[str, Any]:
        if name not in self._operations:
            raise not_found(name)
        operation = self._operations[name]
        operation["polls"] -= 1
        if operation["polls"] > 0:
            return {"name": name, "done": False}
        return {"name": name, "done": True, **operation["end"]}


def wrapped(call: Call, schema: str, resource: dict[str, Any]) -> dict[str, Any]:
    """A resource as an operation's response has it."""
    return {"@type": f"type.googleapis.com/{call.method.api}.{schema}", **resource}


def _copy(path: list[str], source: Any, target: Any) -> None:
    first, *rest = path
    words = first.split("_")
    first = words[0] + "".join(word.capitalize() for word in words[1:])
    if rest:
        _copy(rest, source.get(first, {}), target.setdefault(first, {}))
    elif first in source:
        target[first] = copy.deepcopy(source[first])
    else:
        target.pop(first, None)


def seed(resources: Resources, api: str, path: str, resource: dict[str, Any]) -> None:
    """Puts something in place that no test makes by a call; it has to be what Google would answer."""
    method = discovery.find(api, "GET", path)
    discovery.check_resource(method, resource)
    resources.kept[path.split("/", 1)[1]] = resource
