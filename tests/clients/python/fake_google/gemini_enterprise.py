"""Agents, authorizations and the assistant of Gemini Enterprise."""

import copy
import json
import re
from typing import Any
from urllib.parse import urlsplit

from answers import Refused, not_found
from discovery import Call
from resources import Resources

# What Gemini Enterprise reads of a card. It is the shape of A2A 0.3, in camel case.
CARD = {
    "protocolVersion": str,
    "name": str,
    "description": str,
    "url": str,
    "version": str,
    "capabilities": dict,
    "skills": list,
    "defaultInputModes": list,
    "defaultOutputModes": list,
}
SKILL = {"id": str, "name": str, "description": str, "tags": list}
NAME = re.compile(r"[a-z]([-a-z0-9_]{0,61}[a-z0-9])?")


def answer(resources: Resources, call: Call, answers: dict[str, Any]) -> Any:
    """The answer to a call of Discovery Engine."""
    match call.method.collection, call.method.verb:
        case "authorizations", "create":
            identifier = call.query["authorizationId"]
            if not NAME.fullmatch(identifier):
                raise Refused("INVALID_ARGUMENT", f"authorization_id {identifier!r} is not valid.")
            return _public(resources.create(call, f"{call.name}/{identifier}", copy.deepcopy(call.body)))
        case "authorizations", "get":
            return _public(resources.get(call.name))
        case "authorizations", "patch":
            return _public(resources.patch(call))
        case "authorizations", "list":
            page = resources.list(call)
            return {**page, "authorizations": [_public(one) for one in page["authorizations"]]}
        case "agents", "create":
            _assistant(resources, call.name.rsplit("/", 1)[0])
            body = copy.deepcopy(call.body)
            _check_agent(body)
            name = f"{call.name}/{10**17 + resources.number()}"
            return resources.create(call, name, {**body, "state": "ENABLED"})
        case "agents", "patch":
            _check_agent({**resources.get(call.name), **call.body})
            return resources.patch(call)
        case "agents", "list":
            _assistant(resources, call.name.rsplit("/", 1)[0])
            return resources.list(call)
        case "agents", "delete":
            # Somebody who may not delete is told nothing of what there is.
            resources.delete(call.name)
            return resources.begin(f"{call.name}/operations/delete-agent-{resources.number()}", {})
        case "assistants", "streamAssist":
            return _assist(resources, call, answers)
        case "message", "send":
            agent = call.name.partition("/a2a/")[0]
            resources.get(agent)
            scripted = answers.get(agent.rsplit("/", 1)[1])
            if scripted is not None:
                return scripted.pop(0) if len(scripted) > 1 else scripted[0]
            said = call.body["message"]["content"][0]["text"]
            reply = {"messageId": "1", "role": "ROLE_AGENT", "content": [{"text": f"{said} to you too"}]}
            return {"message": reply}
        case "tasks", "get":
            agent, _, task = call.name.partition("/a2a/v1/tasks/")
            return {
                "id": task,
                "status": {"state": "TASK_STATE_COMPLETED"},
                "artifacts": [{"artifactId": "a", "parts": [{"text": f"done by {agent.rsplit('/', 1)[1]}"}]}],
            }
    return None


def _assistant(resources: Resources, assistant: str) -> None:
    engine, _, _ = assistant.partition("/assistants/")
    if resources.get(engine).get("appType") != "APP_TYPE_INTRANET":
        raise not_found(assistant)


def _public(authorization: dict[str, Any]) -> dict[str, Any]:
    """The secret goes in and never comes out."""
    shown = copy.deepcopy(authorization)
    shown.get("serverSideOauth2", {}).pop("clientSecret", None)
    return shown


def _check_agent(agent: dict[str, Any]) -> None:
    def refused(why: str) -> Refused:
        return Refused("INVALID_ARGUMENT", f"Invalid agent card: {why}")

    try:
        card = json.loads(agent.get("a2aAgentDefinition", {}).get("jsonAgentCard", ""))
    except ValueError as why:
        raise refused(f"json_agent_card is no JSON: {why}") from why
    _fields(card, CARD, "", refused)
    for index, skill in enumerate(card["skills"]):
        _fields(skill, SKILL, f"skills[{index}].", refused)
    if not card["protocolVersion"].removeprefix("v").startswith("0."):
        raise refused(f"protocolVersion {card['protocolVersion']} is not supported")
    if urlsplit(card["url"]).scheme != "https":
        raise refused("url must begin with https://")


def _fields(document: Any, wanted: dict[str, type], at: str, refused: Any) -> None:
    if not isinstance(document, dict):
        raise refused(f"{at.rstrip('.')} is no object")
    for field, kind in wanted.items():
        if not isinstance(document.get(field), kind):
            raise refused(f"{at}{field} is missing")
    if snake := [field for field in document if "_" in field]:
        raise refused(f"{at}{snake[0]} is not known")


def _assist(resources: Resources, call: Call, answers: dict[str, Any]) -> list[Any]:
    assistant = call.name.partition(":")[0]
    _assistant(resources, assistant)
    asked = [spec["agentId"] for spec in call.body.get("agentsSpec", {}).get("agentSpecs", [])]
    for agent in asked:
        resources.get(f"{assistant}/agents/{agent}")
    if asked and asked[0] in answers:
        return answers[asked[0]]
    text = f"{call.body['query']['text']} to you too"
    engine = assistant.partition("/assistants/")[0]
    return [
        _reply("Let me see.", "IN_PROGRESS", thought=True),
        _reply(text, "IN_PROGRESS"),
        {
            "answer": {"state": "SUCCEEDED"},
            "sessionInfo": {"session": f"{engine}/sessions/1"},
            "assistToken": "token-of-the-answer",
        },
    ]


def _reply(text: str, state: str, *, thought: bool = False) -> dict[str, Any]:
    content: dict[str, Any] = {"role": "model", "text": text}
    if thought:
        content["thought"] = True
    return {"answer": {"state": state, "replies": [{"groundedContent": {"content": content}}]}}
