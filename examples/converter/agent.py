"""Converts temperatures, with a2a-sdk 1.3.0. `docs/migration.md` compares it with the same in Rust."""

import re
import sys

import uvicorn
from a2a.helpers import new_task_from_user_message, new_text_message, new_text_part
from a2a.server.agent_execution import AgentExecutor, RequestContext
from a2a.server.events import EventQueue
from a2a.server.request_handlers import DefaultRequestHandler
from a2a.server.routes import create_agent_card_routes, create_jsonrpc_routes
from a2a.server.tasks import InMemoryTaskStore, TaskUpdater
from a2a.types import AgentCapabilities, AgentCard, AgentInterface, AgentSkill
from starlette.applications import Starlette


def convert(text: str) -> str | None:
    """`20 C` or `68 F`, in the other unit."""
    found = re.fullmatch(r"\s*(-?\d+(?:\.\d+)?)\s*([CF])\s*", text)
    if not found:
        return None
    degrees = float(found[1])
    if found[2] == "C":
        return f"{degrees * 1.8 + 32:.1f} F"
    return f"{(degrees - 32) / 1.8:.1f} C"


class Converter(AgentExecutor):
    async def execute(self, context: RequestContext, event_queue: EventQueue) -> None:
        if context.current_task is None:
            await event_queue.enqueue_event(new_task_from_user_message(context.message))
        updater = TaskUpdater(event_queue, context.task_id, context.context_id)
        converted = convert(context.get_user_input())
        if converted is None:
            question = new_text_message("Which temperature? For example 20 C.")
            await updater.requires_input(question)
            return
        await updater.start_work(new_text_message("Converting"))
        await updater.add_artifact([new_text_part(converted)], artifact_id="converted")
        await updater.complete()

    async def cancel(self, context: RequestContext, event_queue: EventQueue) -> None:
        await TaskUpdater(event_queue, context.task_id, context.context_id).cancel()


def main(port: int) -> None:
    url = f"http://127.0.0.1:{port}/"
    card = AgentCard(
        name="Converter",
        description="Converts temperatures.",
        version="0.1.0",
        supported_interfaces=[
            AgentInterface(url=url, protocol_binding="JSONRPC", protocol_version="1.0")
        ],
        capabilities=AgentCapabilities(streaming=True),
        default_input_modes=["text/plain"],
        default_output_modes=["text/plain"],
        skills=[
            AgentSkill(
                id="convert",
                name="Convert",
                description="Celsius and Fahrenheit.",
                tags=["units"],
                examples=["20 C"],
            )
        ],
    )
    handler = DefaultRequestHandler(
        agent_executor=Converter(), task_store=InMemoryTaskStore(), agent_card=card
    )
    app = Starlette(
        routes=[*create_agent_card_routes(card), *create_jsonrpc_routes(handler, "/")]
    )
    uvicorn.run(app, host="127.0.0.1", port=port)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 8080)
