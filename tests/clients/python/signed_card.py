"""The signature of an agent's card, verified by the official Python client.

signed_card.py BASE_URL PUBLIC_KEY.pem [--jku URL]
"""

import argparse
import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import httpx
from a2a.client import A2ACardResolver
from a2a.types.a2a_pb2 import AgentCard
from a2a.utils.signing import InvalidSignaturesError, create_signature_verifier

from checks import Checks, equal, holds, refused
from card_key import MAKERS

check = Checks()


class Signed(NamedTuple):
    base: str
    key: str
    jku: str | None

    async def resolve(self, verifier: Callable[[AgentCard], None], **headers: str) -> AgentCard:
        async with httpx.AsyncClient(timeout=30, headers=headers) as http:
            resolver = A2ACardResolver(http, self.base)
            return await resolver.get_agent_card(signature_verifier=verifier)

    def verifier(self, asked: list[tuple[str | None, str | None]] | None = None):
        """Verifies with the key, and notes which key was asked for."""

        def key(kid: str | None, jku: str | None) -> str:
            if asked is not None:
                asked.append((kid, jku))
            return self.key

        return create_signature_verifier(key, list(MAKERS))


@check("signature: holds, whether the client names a version or not")
async def _(signed: Signed) -> None:
    for headers in [{}, {"A2A-Version": "1.0"}, {"A2A-Version": "0.3"}]:
        card = await signed.resolve(signed.verifier(), **headers)
        holds(card.signatures, f"no signature with {headers}")


@check("signature: names its key, and where it is published")
async def _(signed: Signed) -> None:
    asked: list[tuple[str | None, str | None]] = []
    await signed.resolve(signed.verifier(asked))
    kid, jku = asked[0]
    holds(kid, "no key id")
    equal(jku, signed.jku, "jku")


@check("signature: does not hold for another card")
async def _(signed: Signed) -> None:
    card = await signed.resolve(signed.verifier())
    card.supported_interfaces[0].url = "https://elsewhere.example/"

    async def verify() -> None:
        signed.verifier()(card)

    await refused(InvalidSignaturesError, verify(), "another url")


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("base_url")
    parser.add_argument("public_key", type=Path)
    parser.add_argument("--jku")
    arguments = parser.parse_args()
    key = arguments.public_key.read_text()
    return await check.run(Signed(arguments.base_url, key, arguments.jku))


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
