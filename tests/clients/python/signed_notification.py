"""Signed notifications, verified as the receiver of the A2A samples verifies them.

signed_notification.py BASE_URL ISSUER ES256|RS256

It reads the bearer token, finds its key in the key set, and compares the digest of the body, which it
writes anew. It also names itself as the audience, without which PyJWT takes no token that has one.
"""

import argparse
import asyncio
import hashlib
import json
import sys
import uuid
from typing import NamedTuple

import httpx
import jwt

from card_key import MAKERS
from checks import Checks, equal, holds
from webhook import Delivery, Webhook

check = Checks()


class Served(NamedTuple):
    base: str
    issuer: str
    algorithm: str

    async def notify(self, webhook: Webhook, **fields: object) -> list[Delivery]:
        """Sends a message, and returns what its task causes."""
        config = {"url": webhook.url("/hook"), **fields}
        message = {
            "messageId": f"tck-complete-{uuid.uuid4()}",
            "role": "ROLE_USER",
            "parts": [{"text": "Grüße 0.5 \u2028"}],
        }
        body = {"message": message, "configuration": {"taskPushNotificationConfig": config}}
        async with httpx.AsyncClient(timeout=30, headers={"A2A-Version": "1.0"}) as http:
            answer = await http.post(f"{self.base}/message:send", json=body)
            answer.raise_for_status()
        return await webhook.until(lambda found: found)

    def verified(self, token: str, audience: str) -> dict[str, object]:
        keys = jwt.PyJWKClient(f"{self.base}/.well-known/jwks.json")
        return jwt.decode(
            token,
            keys.get_signing_key_from_jwt(token),
            algorithms=[self.algorithm],
            audience=audience,
            issuer=self.issuer,
            options={"require": ["iat", "exp", "jti", "taskId", "request_body_sha256"]},
        )


def digest(body: object) -> str:
    text = json.dumps(
        body, ensure_ascii=False, allow_nan=False, indent=None, separators=(",", ":")
    )
    return hashlib.sha256(text.encode()).hexdigest()


@check("notification: its bearer token holds, and is about its body")
async def _(served: Served) -> None:
    with Webhook() as webhook:
        for delivery in await served.notify(webhook):
            scheme, token = delivery.headers["authorization"].split(" ")
            equal(scheme, "Bearer", "scheme")
            claims = served.verified(token, webhook.url("/hook"))
            equal(claims["request_body_sha256"], digest(delivery.body), "digest of the body")
            holds(claims["taskId"] in json.dumps(delivery.body), "another task")


@check("notification: credentials of the client leave the token in a header of its own")
async def _(served: Served) -> None:
    with Webhook() as webhook:
        authentication = {"scheme": "Basic", "credentials": "bWU6aXQ="}
        for delivery in await served.notify(webhook, authentication=authentication):
            equal(delivery.headers["authorization"], "Basic bWU6aXQ=", "credentials")
            served.verified(delivery.headers["x-a2a-notification-jwt"], webhook.url("/hook"))


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("base_url")
    parser.add_argument("issuer")
    parser.add_argument("algorithm", choices=list(MAKERS))
    arguments = parser.parse_args()
    return await check.run(Served(arguments.base_url, arguments.issuer, arguments.algorithm))


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
