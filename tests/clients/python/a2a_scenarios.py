"""Everything that the official Python client can ask of an agent, against one that is running.

The agent must do what the conformance kit's message prefixes ask (`tck-complete-task`, …), and two
more: `tck-slow-` works for two seconds and emits ten chunks of one artifact, and
`test-resubscribe-message-id` works for at least four. It has an extended card with one skill more.

    a2a_scenarios.py BASE_URL [--binding jsonrpc|rest|grpc] [--protocol-version 1.0|0.3]
        [--no-push-delivery | --no-push-retry] [--reference]

gRPC is spoken in 1.0 alone.
"""

import argparse
import asyncio
import sys

import deviations
from agent import BINDINGS, VERSIONS, Agent
from checks import Checks
from scenarios import card, cross, push, send, service, stream, tasks


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("base_url")
    parser.add_argument("--binding", choices=list(BINDINGS), default="jsonrpc")
    parser.add_argument("--protocol-version", choices=VERSIONS, default=VERSIONS[0])
    parser.add_argument(
        "--no-push-delivery",
        action="store_true",
        help="leave out what needs the agent to reach a webhook on this machine",
    )
    parser.add_argument(
        "--no-push-retry",
        action="store_true",
        help="leave out what needs the agent to go on when a webhook has failed",
    )
    parser.add_argument(
        "--reference",
        action="store_true",
        help="expect what the official server is known to do otherwise than the protocol says",
    )
    arguments = parser.parse_args()
    binding, version = arguments.binding, arguments.protocol_version
    if (binding, version) == ("grpc", "0.3"):
        parser.error("gRPC is spoken in 1.0 alone")
    known = deviations.of(deviations.DEVIATIONS, binding, version) if arguments.reference else None
    agent = Agent(
        arguments.base_url,
        binding,
        version,
        delivers=not arguments.no_push_delivery,
        retries=not arguments.no_push_retry,
    )
    groups = [card, send, tasks, stream, push, service, cross]
    await agent.connect()
    try:
        return await Checks.all(*(group.check for group in groups)).run(agent, known)
    finally:
        await agent.close()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
