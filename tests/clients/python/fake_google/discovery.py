"""Google's discovery documents: which method a request calls, and whether it may."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

import googleapiclient.discovery_cache
import schema
from schema import Violation

DOCUMENTS = Path(googleapiclient.discovery_cache.__file__).parent / "documents"
# By the name in the first part of a path.
VERSIONS = {
    "alloydb": ["v1"],
    "artifactregistry": ["v1"],
    "cloudresourcemanager": ["v3", "v1"],
    "cloudtasks": ["v2"],
    "discoveryengine": ["v1alpha", "v1"],
    "iam": ["v1"],
    "iamcredentials": ["v1"],
    "run": ["v2", "v1"],
    "secretmanager": ["v1"],
    "serviceusage": ["v1"],
}


class Method(NamedTuple):
    """A method of an API, with the path that its requests have."""

    api: str
    id: str
    http: str
    path: re.Pattern[str]
    literals: int
    description: dict[str, Any]
    document: dict[str, Any]

    def schema(self, which: str) -> str | None:
        return self.description.get(which, {}).get("$ref")

    @property
    def verb(self) -> str:
        return self.id.rsplit(".", 1)[-1]

    @property
    def collection(self) -> str:
        return self.id.rsplit(".", 2)[-2]


class Call(NamedTuple):
    """A request that keeps to the document."""

    method: Method
    name: str
    query: dict[str, str]
    body: Any


@cache
def methods(api: str) -> list[Method]:
    found = []
    for version in VERSIONS[api]:
        document = json.loads((DOCUMENTS / f"{api}.{version}.json").read_text())
        found += _methods(api, document, document)
    # Of two that fit, the one that says more of the path: `x/{id}:verb` before `x/{id}`.
    return sorted(found, key=lambda method: -method.literals)


def _methods(api: str, document: dict[str, Any], resource: dict[str, Any]) -> list[Method]:
    found = []
    for described in resource.get("methods", {}).values():
        path = described.get("flatPath", described["path"])
        parts = re.split(r"(\{[^}]+\})", path)
        pattern = "".join("[^/]+" if part.startswith("{") else re.escape(part) for part in parts)
        literals = sum(len(part) for part in parts if not part.startswith("{"))
        method = Method(
            api,
            described["id"],
            described["httpMethod"],
            re.compile(pattern),
            literals,
            described,
            document,
        )
        found.append(method)
    for inner in resource.get("resources", {}).values():
        found += _methods(api, document, inner)
    return found


def find(api: str, http: str, path: str) -> Method:
    if api not in VERSIONS:
        raise Violation(f"there is no API {api!r} here")
    fitting = [method for method in methods(api) if method.path.fullmatch(path)]
    for method in fitting:
        if method.http == http:
            return method
    others = ", ".join(sorted({method.http for method in fitting}))
    raise Violation(f"{api} has no method {http} {path}" + (f", but {others}" if others else ""))


def read(api: str, http: str, path: str, query: list[tuple[str, str]], body: bytes) -> Call:
    """What a request calls. Raises `Violation` where the document does not describe it."""
    method = find(api, http, path)
    parameters = dict(method.document.get("parameters", {}))
    parameters.update(method.description.get("parameters", {}))
    given: dict[str, str] = {}
    for name, value in query:
        described = parameters.get(name)
        if described is None or described.get("location") != "query":
            raise Violation(
                f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter.'
            )
        if name in given and not described.get("repeated"):
            raise Violation(f"the parameter {name} is given twice")
        schema.parameter(name, described, value)
        given[name] = value
    for name, described in method.description.get("parameters", {}).items():
        says_so = described.get("required") or described.get("description", "").startswith("Required.")
        if says_so and described["location"] == "query" and name not in given:
            raise Violation(f"the parameter {name} of {method.id} is missing")
    name = unquote(path.split("/", 1)[1])
    if method.document["id"].startswith("run:v1"):
        name = unquote(path.removeprefix("apis/serving.knative.dev/v1/").removeprefix("v1/"))
    return Call(method, name, given, _body(method, given, body))


def _body(method: Method, query: dict[str, str], body: bytes) -> Any:
    wanted = method.schema("request")
    if wanted is None:
        if body.strip() not in (b"", b"{}"):
            raise Violation(f"{method.id} takes no body")
        return None
    try:
        document = json.loads(body or b"{}")
    except ValueError as why:
        raise Violation(f"the body is no JSON: {why}") from why
    mask = query.get("updateMask")
    check = schema.Check(method.document["schemas"], method.id)
    if mask is not None:
        check.mask(wanted, mask)
    # What an update leaves out stays as it is.
    check.body(wanted, document, is_update=method.http == "PATCH")
    return document


def check_resource(method: Method, document: Any) -> None:
    """Whether an answer of this method keeps to its description."""
    wanted = method.schema("response")
    if wanted is not None:
        schema.Check(method.document["schemas"], method.id, is_answer=True).body(wanted, document)
