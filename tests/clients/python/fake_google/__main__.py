"""Fakes of Google's REST APIs on a free port of this machine, for tests.

    python tests/clients/python/fake_google

prints the port, and serves until its standard input ends. `http://127.0.0.1:PORT/run/` is the root of
Cloud Run's API, for `CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN`; the other APIs are beside it by their names
(see `discovery.VERSIONS`). `127.0.0.1:PORT` is a metadata server, for `GCE_METADATA_HOST`, and
`http://127.0.0.1:PORT/token` a server of tokens.

Each request is judged by the discovery document that Google publishes (they are in the package
google-api-python-client): unknown fields and parameters, wrong types, and what is required and missing
are refused with INVALID_ARGUMENT, and listed at `/fake/violations`. What the fakes answer is judged too.

Tests talk to the fakes themselves at `/fake/`:

    GET  requests    everything that was asked, in order
    GET  violations  what the documents do not allow
    GET  kept        what there is, by API and name
    POST resource    {"api", "path", "resource"}: puts what Google would answer to GET path in place
    POST gone        {"api", "name"}: takes it away
    POST items       the services that version 1 of Cloud Run lists in all regions
    POST policy      {"api", "name", "policy"}: puts a policy in place
    POST served      {"url", "conditions"}: what Cloud Run says of services from now on
    POST error       {"method", "path", "times", "status", "headers", "body"}: answers so, the next times
    POST answer      {"agent", "answer"}: what the assistant says for an agent
    POST card        the agent card at /.well-known/agent-card.json
    POST private     true: the card is for those who bring an identity token, as on Cloud Run
    POST forgive     forgets the violations
    POST key         {"id", "pem"}: the public key of a service account
"""

import json
import re
import sys
import threading
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import cloud
import discovery
import gemini_enterprise
import resources
import tokens
from answers import Refused
from resources import Resources
from schema import Violation

METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE")


class Fake:
    """Everything that the fakes know."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.requests: list[dict[str, Any]] = []
        self.violations: list[str] = []
        self._errors: list[dict[str, Any]] = []
        self._answers: dict[str, Any] = {}
        self.keys: dict[str, str] = {}
        self.card: Any = None
        self.is_private = False
        self.states: defaultdict[str, Resources] = defaultdict(Resources)

    def control(self, method: str, what: str, body: Any) -> Any:
        match method, what:
            case "GET", "requests":
                return self.requests
            case "GET", "violations":
                return self.violations
            case "GET", "kept":
                return {api: state.kept for api, state in self.states.items()}
            case "POST", "resource":
                resources.seed(self.states[body["api"]], body["api"], body["path"], body["resource"])
            case "POST", "gone":
                self.states[body["api"]].kept.pop(body["name"], None)
            case "POST", "items":
                self.states["run"].items = body
            case "POST", "policy":
                self.states[body["api"]].set_policy(body["name"], body["policy"])
            case "POST", "served":
                self.states["run"].served = body
            case "POST", "error":
                self._errors.append({"times": 1, **body})
            case "POST", "answer":
                self._answers[body["agent"]] = body["answer"]
            case "POST", "forgive":
                self.violations.clear()
            case "POST", "private":
                self.is_private = body
            case "POST", "card":
                self.card = body
            case "POST", "key":
                self.keys[body["id"]] = body["pem"]
            case _:
                raise Violation(f"the fakes know no {method} /fake/{what}")
        return {}

    def scripted(self, method: str, path: str) -> dict[str, Any] | None:
        for error in self._errors:
            fits = error.get("method", method) == method and re.search(error.get("path", ""), path)
            if fits and error["times"] > 0:
                error["times"] -= 1
                return error
        return None

    def answer(self, api: str, method: str, path: str, query: list[tuple[str, str]], body: bytes) -> Any:
        call = discovery.read(api, method, path, query, body)
        state = self.states[api]
        answer = None
        if api == "discoveryengine":
            answer = gemini_enterprise.answer(state, call, self._answers)
        if answer is None:
            answer = cloud.answer(state, call)
        if answer is None:
            raise Violation(f"{call.method.id} is not served by the fakes")
        for document in answer if isinstance(answer, list) else [answer]:
            discovery.check_resource(call.method, document)
        return answer


class Handler(BaseHTTPRequestHandler):
    """Reads requests, and says as whom they are made."""

    protocol_version = "HTTP/1.1"
    fake: Fake

    def _serve(self) -> None:
        split = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        query = parse_qsl(split.query, keep_blank_values=True)
        with self.fake.lock:
            code, headers, answer = self._answer(split.path, query, body)
        text = answer if isinstance(answer, str) else json.dumps(answer)
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def _answer(
        self, path: str, query: list[tuple[str, str]], body: bytes
    ) -> tuple[int, dict[str, str], Any]:
        fake, json_type = self.fake, {"Content-Type": "application/json; charset=UTF-8"}
        if path.startswith("/computeMetadata/"):
            if self.headers.get("Metadata-Flavor") != "Google":
                return 403, {}, "Missing Metadata-Flavor:Google header."
            code, text = tokens.metadata(path, dict(query))
            return code, {"Metadata-Flavor": "Google", "Content-Type": "text/plain"}, text
        if path == "/.well-known/agent-card.json":
            brought = self.headers.get("Authorization")
            fake.requests.append({"method": "GET", "api": "agent", "path": path, "authorization": brought})
            # Cloud Run takes identity tokens and no access tokens.
            if fake.is_private and not (brought or "").startswith("Bearer e30."):
                return 401 if brought else 403, {}, "<html>Forbidden</html>"
            return (200, json_type, fake.card) if fake.card else (404, {}, "")
        if path == "/token":
            audience = f"http://{self.headers['Host']}/token"
            return (*_spread(tokens.token(body, fake.keys, audience)),)
        _, api, rest = (path + "//").split("/", 2)
        rest = rest.rstrip("/")
        if api == "fake":
            try:
                return 200, json_type, fake.control(self.command, rest, json.loads(body or b"null"))
            except (Violation, Refused, KeyError) as why:
                return 400, {}, f"{why}"
        fake.requests.append(
            {
                "method": self.command,
                "api": api,
                "path": rest,
                "query": dict(query),
                "body": json.loads(body) if body[:1] in (b"{", b"[") else None,
                "authorization": self.headers.get("Authorization"),
                "quotaProject": self.headers.get("X-Goog-User-Project"),
            }
        )
        if not (self.headers.get("Authorization") or "").startswith("Bearer ya29."):
            message = (
                "Request had invalid authentication credentials. Expected OAuth 2 access token, login "
                "cookie or other valid authentication credential."
            )
            refused = Refused("UNAUTHENTICATED", message)
            return refused.code, json_type, refused.document
        if error := fake.scripted(self.command, f"/{api}/{rest}"):
            return error["status"], error.get("headers", {}), error.get("body", "")
        try:
            return 200, json_type, fake.answer(api, self.command, rest, query, body)
        except Violation as why:
            fake.violations.append(f"{self.command} {self.path}: {why}")
            refused = Refused("INVALID_ARGUMENT", str(why))
            return refused.code, json_type, refused.document
        except Refused as refused:
            return refused.code, json_type, refused.document

    def log_message(self, *_: object) -> None:
        pass


def _spread(answer: tuple[int, Any]) -> tuple[int, dict[str, str], Any]:
    return answer[0], {"Content-Type": "application/json"}, answer[1]


def main() -> None:
    Handler.fake = Fake()
    for method in METHODS:
        setattr(Handler, f"do_{method}", Handler._serve)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    print(server.server_port, flush=True)
    # The test has ended, in whatever way.
    sys.stdin.read()


if __name__ == "__main__":
    main()
