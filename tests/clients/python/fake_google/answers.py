"""What the fakes answer with, other than what they keep."""

from typing import Any

STATUSES = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "ABORTED": 409,
    "RESOURCE_EXHAUSTED": 429,
    "UNAVAILABLE": 503,
}


class Refused(Exception):
    """An error, as `google.rpc.Status` has it."""

    def __init__(self, status: str, message: str, details: list[Any] | None = None) -> None:
        super().__init__(message)
        self.code = STATUSES[status]
        self.document: dict[str, Any] = {
            "error": {"code": self.code, "message": message, "status": status}
        }
        if details:
            self.document["error"]["details"] = details


def not_found(name: str) -> Refused:
    return Refused("NOT_FOUND", f"Resource '{name}' was not found.")
