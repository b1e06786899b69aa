"""The official Python SDK's server, with the agent of the conformance kit.

It has two uses. The scenarios beside it run against it too, so that a check which fails here is a
wrong check and not a finding. And `make bench` starts it as the peer to compare with.

    reference_server.py PORT [--everything | --nothing | --database FILE]

Serves JSON-RPC and HTTP+JSON at PORT. With `--everything` also protocol version 0.3, webhooks, an
extended card, and gRPC at a port that only the card names: a peer that has all this would start
later, and the comparison would not be fair. With `--nothing` all these versions and bindings, and a
card without any capability. With `--database` it keeps its tasks in a SQLite file, as the SDK's own
DatabaseTaskStore does it, instead of in memory. Prints its base URL as the first line. Port 0 is a free one.
"""

import argparse
import asyncio
import contextlib
import socket

import uvicorn
from a2a.server.agent_execution.simple_request_context_builder import SimpleRequestContextBuilder
from a2a.server.context import ServerCallContext
from a2a.server.request_handlers import DefaultRequestHandler
from a2a.server.routes import create_agent_card_routes, create_jsonrpc_routes, create_rest_routes
from a2a.server.tasks import InMemoryTaskStore, TaskStore
from a2a.types.a2a_pb2 import AgentCapabilities, AgentCard, AgentInterface, AgentSkill
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from kit_agent import KitAgent

CARDS = ["/.well-known/agent-card.json", "/.well-known/agent.json"]


class ContextOfTask(SimpleRequestContextBuilder):
    """Infers the context from the task when a message names only the task.

    The SDK 1.3.0 makes up a new context there, which section 3.4.3 of the protocol forbids.
    """

    def __init__(self, tasks: TaskStore) -> None:
        super().__init__()
        self.tasks = tasks

    async def build(self, context, params=None, task_id=None, context_id=None, task=None):
        if task_id and not context_id:
            stored = await self.tasks.get(task_id, context)
            context_id = stored.context_id if stored else None
        return await super().build(context, params, task_id, context_id, task)


def owner(context: ServerCallContext) -> str:
    """Keeps tenants apart, which the SDK leaves to its user."""
    return f"{context.tenant}/{context.user.user_name}"


def interfaces(origin: str, grpc_port: int | None) -> list[AgentInterface]:
    def reached(url: str, binding: str, version: str) -> AgentInterface:
        return AgentInterface(url=url, protocol_binding=binding, protocol_version=version)

    found = [
        reached(f"{origin}/", "JSONRPC", "1.0"),
        reached(origin, "HTTP+JSON", "1.0"),
    ]
    if grpc_port is not None:
        found += [
            reached(f"127.0.0.1:{grpc_port}", "GRPC", "1.0"),
            reached(f"{origin}/", "JSONRPC", "0.3"),
            reached(origin, "HTTP+JSON", "0.3"),
        ]
    return found


def card(
    reached: list[AgentInterface], capabilities: AgentCapabilities, *more: AgentSkill
) -> AgentCard:
    kit = AgentSkill(id="kit", name="Kit", description="Conformance", tags=["test"])
    return AgentCard(
        name="Reference",
        description="The conformance kit's agent on the official Python SDK.",
        version="1.0.0",
        supported_interfaces=reached,
        capabilities=capabilities,
        default_input_modes=["text/plain"],
        default_output_modes=["text/plain"],
        skills=[kit, *more],
    )


def routes(handler: DefaultRequestHandler, public: AgentCard, *, old: bool) -> list[BaseRoute]:
    return [
        *(route for path in CARDS for route in create_agent_card_routes(public, card_url=path)),
        *create_jsonrpc_routes(handler, "/", enable_v0_3_compat=old),
        *create_rest_routes(handler, enable_v0_3_compat=old),
    ]


async def answer(listener: socket.socket, app: Starlette) -> None:
    print(origin_of(listener), flush=True)
    await uvicorn.Server(uvicorn.Config(app, log_level="warning")).serve(sockets=[listener])


def origin_of(listener: socket.socket) -> str:
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


def in_database(file: str) -> TaskStore:
    from a2a.server.tasks import DatabaseTaskStore
    from sqlalchemy.ext.asyncio import create_async_engine

    return DatabaseTaskStore(create_async_engine(f"sqlite+aiosqlite:///{file}"))


async def serve(listener: socket.socket, tasks: TaskStore) -> None:
    public = card(interfaces(origin_of(listener), None), AgentCapabilities(streaming=True))
    handler = DefaultRequestHandler(
        agent_executor=KitAgent(),
        task_store=tasks,
        agent_card=public,
        request_context_builder=ContextOfTask(tasks),
    )
    await answer(listener, Starlette(routes=routes(handler, public, old=False)))


async def serve_every_binding(listener: socket.socket, *, capable: bool) -> None:
    import grpc
    import httpx
    from a2a.server.request_handlers.grpc_handler import GrpcHandler
    from a2a.server.tasks import BasePushNotificationSender, InMemoryPushNotificationConfigStore
    from a2a.types.a2a_pb2_grpc import add_A2AServiceServicer_to_server

    calls = grpc.aio.server()
    grpc_port = calls.add_insecure_port("127.0.0.1:0")
    reached = interfaces(origin_of(listener), grpc_port)
    capabilities = AgentCapabilities(
        streaming=capable, push_notifications=capable, extended_agent_card=capable
    )
    public = card(reached, capabilities)
    more = AgentSkill(id="more", name="More", description="For those who ask", tags=["test"])
    tasks = InMemoryTaskStore(owner_resolver=owner)
    webhooks = InMemoryPushNotificationConfigStore(owner_resolver=owner)
    async with httpx.AsyncClient() as http:
        handler = DefaultRequestHandler(
            agent_executor=KitAgent(),
            task_store=tasks,
            agent_card=public,
            push_config_store=webhooks,
            push_sender=BasePushNotificationSender(http, webhooks),
            request_context_builder=ContextOfTask(tasks),
            extended_agent_card=card(reached, capabilities, more),
        )
        add_A2AServiceServicer_to_server(GrpcHandler(handler), calls)
        await calls.start()
        await answer(listener, Starlette(routes=routes(handler, public, old=True)))
        await calls.stop(grace=None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("port", type=int)
    wanted = parser.add_mutually_exclusive_group()
    wanted.add_argument("--everything", action="store_true")
    wanted.add_argument("--nothing", action="store_true")
    wanted.add_argument("--database", metavar="FILE")
    arguments = parser.parse_args()
    listener = socket.create_server(("127.0.0.1", arguments.port))
    with contextlib.suppress(KeyboardInterrupt):
        if arguments.everything or arguments.nothing:
            asyncio.run(serve_every_binding(listener, capable=arguments.everything))
        else:
            file = arguments.database
            tasks = in_database(file) if file else InMemoryTaskStore()
            asyncio.run(serve(listener, tasks))


if __name__ == "__main__":
    main()
