"""The public card, in both of its forms, and the extended one."""

from urllib.parse import urlsplit

import httpx
from a2a.client import A2ACardResolver
from a2a.compat.v0_3.types import AgentCard as OldCard
from a2a.types.a2a_pb2 import AgentCard, GetExtendedAgentCardRequest
from google.protobuf.json_format import MessageToDict

from agent import Agent, modern
from checks import Checks, equal, holds

check = Checks()


@check("card: resolves, and names this binding at this address")
async def _(agent: Agent) -> None:
    card = agent.card
    holds(card.name and card.description and card.version, "name, description or version is empty")
    holds(card.skills and all(skill.tags for skill in card.skills), "a skill without tags")
    holds(card.default_input_modes and card.default_output_modes, "no default modes")
    holds(card.capabilities.streaming, "streaming is not declared")
    holds(card.capabilities.push_notifications, "push notifications are not declared")
    found = agent.interfaces()
    holds(found, f"no interface for {agent.binding} in {agent.version}")
    url = urlsplit(found[0].url if "://" in found[0].url else f"//{found[0].url}")
    equal(url.hostname, urlsplit(agent.base).hostname, "the interface's host")
    if agent.binding != "GRPC":  # It may have a port of its own.
        equal(url.port, urlsplit(agent.base).port, "the interface's port")


@check("card: prefers 1.0 to 0.3")
async def _(agent: Agent) -> None:
    versions = [i.protocol_version for i in agent.card.supported_interfaces]
    equal(versions, sorted(versions, reverse=True), "versions in the order of the card")


@check("card: a client that names version 1.0 gets a card that is the same to it", only=modern)
async def _(agent: Agent) -> None:
    async with httpx.AsyncClient(timeout=30, headers={"A2A-Version": "1.0"}) as http:
        card = await A2ACardResolver(http, agent.base).get_agent_card()
    mine = [i for i in card.supported_interfaces if i.protocol_version == "1.0"]
    theirs = [i for i in agent.card.supported_interfaces if i.protocol_version == "1.0"]
    equal(mine, theirs, "the interfaces of 1.0")
    equal(bare(card), bare(agent.card), "the rest of the card")


def bare(card: AgentCard) -> dict[str, object]:
    """The card without what may differ from one reader to the next."""
    rest = MessageToDict(card)
    rest.pop("supportedInterfaces", None)
    rest.pop("signatures", None)
    return rest


@check("card: is a card of 0.3 too, at the old path too", only=lambda agent: not modern(agent))
async def _(agent: Agent) -> None:
    async with httpx.AsyncClient(timeout=30, base_url=agent.base) as http:
        read = [
            OldCard.model_validate((await http.get(f"/.well-known/{name}")).json())
            for name in ["agent-card.json", "agent.json"]
        ]
    equal(read[0], read[1], "the card at both paths")
    card = read[0]
    holds(card.protocol_version.startswith("0.3"), f"protocolVersion is {card.protocol_version!r}")
    equal((card.name, card.version), (agent.card.name, agent.card.version), "name and version")
    offered = {card.preferred_transport: card.url} | {
        interface.transport: interface.url for interface in card.additional_interfaces or []
    }
    found = {str(getattr(name, "value", name)): url for name, url in offered.items()}
    equal(found.get(agent.binding), agent.interfaces()[0].url, f"the url for {agent.binding}")


@check("card: the extended one has more skills and the same interfaces")
async def _(agent: Agent) -> None:
    holds(agent.card.capabilities.extended_agent_card, "an extended card is not declared")
    client = agent.other(streaming=False)
    extended = await client.get_extended_agent_card(GetExtendedAgentCardRequest())
    public = {skill.id for skill in agent.card.skills}
    found = {skill.id for skill in extended.skills}
    equal(len(found - public), 1, f"skills beyond {sorted(public)} among {sorted(found)}")
    holds(public < found, "a public skill is not in the extended card")
    holds(
        agent.interfaces()[0].url in {i.url for i in extended.supported_interfaces},
        f"the extended card does not name {agent.interfaces()[0].url}",
    )
