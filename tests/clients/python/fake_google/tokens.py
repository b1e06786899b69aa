"""The metadata server, and Google's server of tokens."""

import json
from typing import Any
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives.serialization import load_pem_public_key

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def metadata(path: str, query: dict[str, str]) -> tuple[int, str]:
    """The answer of the metadata server, which is text."""
    match path.removeprefix("/computeMetadata/v1/"):
        case "instance/service-accounts/default/token":
            return 200, json.dumps({"access_token": "ya29.metadata", "expires_in": 3599, "token_type": "Bearer"})
        case "instance/service-accounts/default/identity" if "audience" in query:
            return 200, f"e30.id-for-{query['audience'].rsplit('/', 1)[-1]}.c2ln"
        case "project/project-id":
            return 200, "metadata-project"
        case "project/numeric-project-id":
            return 200, "123456789012"
        case "instance/region":
            return 200, "projects/123456789012/regions/us-central1"
    return 404, "not found"


def token(body: bytes, keys: dict[str, str], audience: str) -> tuple[int, Any]:
    """The answer to a form that asks for a token."""
    form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
    match form.get("grant_type"):
        case "refresh_token" if form.get("refresh_token") == "1//good":
            return 200, {"access_token": "ya29.of-a-person", "expires_in": 3599, "id_token": "e30.person.c2ln"}
        case "refresh_token":
            return 400, {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}
        case _ if form.get("grant_type") == GRANT:
            assertion = form["assertion"]
            key = keys.get(jwt.get_unverified_header(assertion).get("kid", ""))
            if key is None:
                return 400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
            try:
                claims = jwt.decode(
                    assertion, load_pem_public_key(key.encode()), ["RS256"], audience=audience
                )
            except jwt.InvalidTokenError as why:
                return 400, {"error": "invalid_grant", "error_description": f"Invalid JWT: {why}"}
            if "target_audience" in claims:
                return 200, {"id_token": f"e30.{claims['sub']}.c2ln"}
            return 200, {"access_token": f"ya29.of-{claims['sub']}", "expires_in": 3599}
    return 400, {"error": "unsupported_grant_type"}
