"""The agent card as the official Python client reads it: both forms, both paths, and signatures.

    card_forms.py BASE_URL [--key PRIVATE_KEY.pem]

With a key the card has to be signed by it; without one it must not be signed.
"""

import argparse
import asyncio
import sys
from dataclasses import dataclass
from pathlib import Path

import httpx
from a2a.client.card_resolver import A2ACardResolver, parse_agent_card
from a2a.compat.v0_3 import types as old_types
from a2a.types import AgentCard
from a2a.utils.signing import (
    InvalidSignaturesError,
    NoSignatureError,
    create_signature_verifier,
)
from checks import Checks, equal, holds
from cryptography.hazmat.primitives.serialization import load_pem_private_key

PATHS = ["/.well-known/agent-card.json", "/.well-known/agent.json"]
PURE = {"A2A-Version": "1.0"}

check = Checks()


@dataclass
class Subject:
    base_url: str
    http: httpx.AsyncClient
    key: object | None

    async def card(self, headers: dict[str, str], path: str = PATHS[0]) -> AgentCard:
        """Fetched as the client does, its signature verified on the way."""
        resolver = A2ACardResolver(self.http, self.base_url, path)
        return await resolver.get_agent_card(
            http_kwargs={"headers": headers}, signature_verifier=self.verifier()
        )

    def verifier(self):
        if self.key is None:
            return None
        algorithm = "RS256" if hasattr(self.key, "key_size") and self.key.key_size > 521 else "ES256"

        def find(kid: str | None, jku: str | None):
            holds(kid and jku is None, f"the key is {kid!r} at {jku!r}")
            return self.key.public_key()

        return create_signature_verifier(find, [algorithm])


@check("both forms are read at both paths, and signed when there is a key")
async def both_forms(subject: Subject) -> None:
    for path in PATHS:
        for headers in (PURE, {}):
            card = await subject.card(headers, path)
            equal(bool(card.signatures), subject.key is not None, "is signed")


@check("a reader of 1.0 finds the same in both forms, but for the interfaces of 0.3")
async def same_in_both(subject: Subject) -> None:
    pure, hybrid = await subject.card(PURE), await subject.card({})
    versions = [interface.protocol_version for interface in hybrid.supported_interfaces]
    holds(versions == sorted(versions, reverse=True) and "0.3" in versions, f"versions: {versions}")
    equal({i.protocol_version for i in pure.supported_interfaces}, {"1.0"}, "the pure form speaks")
    old = [i for i in hybrid.supported_interfaces if i.protocol_version == "0.3"]
    for interface in old:
        hybrid.supported_interfaces.remove(interface)
    for card in (pure, hybrid):
        card.ClearField("signatures")
    equal(hybrid, pure, "the hybrid form")


@check("a reader of 0.3 takes the hybrid form")
async def read_by_old_clients(subject: Subject) -> None:
    raw = (await subject.http.get(subject.base_url + PATHS[0])).json()
    card = old_types.AgentCard.model_validate(raw)
    equal(card.protocol_version, "0.3.0", "protocolVersion")
    equal(str(card.preferred_transport), "JSONRPC", "preferredTransport")
    equal(card.url, raw["supportedInterfaces"][0]["url"], "url")
    equal(len(card.security_schemes or {}), len(raw.get("securitySchemes", {})), "security schemes")
    for skill, of_1_0 in zip(card.skills, raw["skills"], strict=True):
        wanted = [r["schemes"].keys() for r in of_1_0.get("securityRequirements", [])]
        equal([s.keys() for s in skill.security or []], wanted, f"the security of {skill.id}")


@check("a card that was changed on its way is refused")
async def changed(subject: Subject) -> None:
    if subject.key is None:
        verifier = create_signature_verifier(lambda kid, jku: "", ["ES256"])
        try:
            verifier(await subject.card({}))
        except NoSignatureError:
            return
        raise AssertionError("a card without a signature was verified")
    for headers in (PURE, {}):
        raw = (await subject.http.get(subject.base_url + PATHS[0], headers=headers)).json()
        raw["supportedInterfaces"][0]["url"] = "https://evil.example/"
        try:
            subject.verifier()(parse_agent_card(raw))
        except InvalidSignaturesError:
            continue
        raise AssertionError(f"the changed card was taken: {raw}")


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("base_url")
    parser.add_argument("--key", type=Path)
    arguments = parser.parse_args()
    key = arguments.key and load_pem_private_key(arguments.key.read_bytes(), None)
    async with httpx.AsyncClient() as http:
        return await check.run(Subject(arguments.base_url, http, key))


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
