"""Whether a document fits a schema of a discovery document."""

import base64
import binascii
import re
from datetime import datetime
from typing import Any

DURATION = re.compile(r"-?\d+(\.\d{1,9})?s")
TYPES = {"string": str, "boolean": bool, "array": list, "object": dict}


class Violation(Exception):
    """What Google would refuse with INVALID_ARGUMENT."""


class Check:
    """The schemas of one API, in the eyes of one method."""

    def __init__(self, schemas: dict[str, Any], method: str, *, is_answer: bool = False) -> None:
        self._schemas = schemas
        self._method = method
        self._is_answer = is_answer

    def body(self, name: str, document: Any, *, is_update: bool = False) -> None:
        self._object(self._schemas[name], document, "", is_update=is_update)

    def mask(self, name: str, mask: str) -> None:
        for path in mask.split(","):
            described = self._schemas[name]
            for part in path.split("."):
                words = part.split("_")
                part = words[0] + "".join(word.capitalize() for word in words[1:])
                described = self._resolved(described)
                if "additionalProperties" in described or path == "*":
                    break
                if part not in described.get("properties", {}):
                    raise Violation(f"the update mask names {path!r}, which {name} has not")
                described = described["properties"][part]

    def _resolved(self, described: dict[str, Any]) -> dict[str, Any]:
        return self._schemas[described["$ref"]] if "$ref" in described else described

    def _object(
        self, described: dict[str, Any], document: Any, at: str, *, is_update: bool = False
    ) -> None:
        if not isinstance(document, dict):
            raise Violation(f"{at or 'the body'} is {document!r}, and has to be an object")
        properties = described.get("properties", {})
        others = described.get("additionalProperties")
        for field, value in document.items():
            place = f"{at}.{field}".lstrip(".")
            if field in properties:
                self._value(properties[field], value, place)
            elif others is not None:
                self._value(others, value, place)
            else:
                where = f" at '{at}'" if at else ""
                raise Violation(
                    f'Invalid JSON payload received. Unknown name "{field}"{where}: Cannot find field.'
                )
        if is_update or self._is_answer:
            return
        for field, inner in properties.items():
            if self._is_required(inner) and document.get(field) in (None, "", [], {}):
                raise Violation(f"{field} is required{f' in {at}' if at else ''}")

    def _is_required(self, described: dict[str, Any]) -> bool:
        required = described.get("annotations", {}).get("required")
        if required is not None:
            return self._method in required
        return described.get("description", "").startswith("Required.")

    def _value(self, described: dict[str, Any], value: Any, at: str) -> None:
        if value is None:
            return
        if "$ref" in described:
            # A revision is named by Cloud Run: what metadata require is for resources of their own.
            is_inner = described.get("description", "").startswith("Optional metadata")
            self._object(self._schemas[described["$ref"]], value, at, is_update=is_inner)
            return
        kind = described.get("type", "any")
        if kind == "any":
            return
        if kind == "integer":
            if isinstance(value, bool) or not isinstance(value, int):
                raise Violation(f"{at} is {value!r}, and has to be an integer")
            return
        if kind == "number":
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise Violation(f"{at} is {value!r}, and has to be a number")
            return
        if not isinstance(value, TYPES[kind]):
            raise Violation(f"{at} is {value!r}, and has to be of the type {kind}")
        if kind == "array":
            for index, item in enumerate(value):
                self._value(described["items"], item, f"{at}[{index}]")
        elif kind == "object":
            self._object(described, value, at)
        elif kind == "string":
            text(at, described, value)


def text(at: str, described: dict[str, Any], value: str) -> None:
    """A string, in the form that it has to have."""
    if "enum" in described and value not in described["enum"]:
        raise Violation(f"{at} is {value!r}, and has to be one of {', '.join(described['enum'])}")
    form = described.get("format")
    try:
        match form:
            case "int64" | "uint64":
                int(value)
            case "byte":
                base64.b64decode(value.replace("-", "+").replace("_", "/"), validate=True)
            case "google-datetime":
                datetime.fromisoformat(value)
            case "google-duration":
                if not DURATION.fullmatch(value):
                    raise ValueError(value)
    except (ValueError, binascii.Error) as why:
        raise Violation(f"{at} is {value!r}, and has to be of the format {form}") from why


def parameter(name: str, described: dict[str, Any], value: str) -> None:
    """A parameter of a query, which is always text."""
    kind = described["type"]
    if kind == "integer" and not re.fullmatch(r"-?\d+", value):
        raise Violation(f"the parameter {name} is {value!r}, and has to be an integer")
    if kind == "boolean" and value not in ("true", "false"):
        raise Violation(f"the parameter {name} is {value!r}, and has to be true or false")
    if "pattern" in described and not re.search(described["pattern"], value):
        raise Violation(f"the parameter {name} is {value!r}, and has to fit {described['pattern']}")
    if kind == "string":
        text(f"the parameter {name}", described, value)
