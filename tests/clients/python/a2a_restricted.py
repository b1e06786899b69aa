"""What the official Python client is refused by an agent that cannot, or does not want to.

The agent of the conformance kit in one of its other configurations: `none` without streaming,
webhooks and extended card, `extension` with an extension that every client has to name; or behind
a limit of one request: `often`.

    a2a_restricted.py BASE_URL none|extension|often [--binding jsonrpc|rest|grpc]
        [--protocol-version 1.0|0.3] [--reference]
"""

import argparse
import asyncio
import sys

import deviations
from agent import BINDINGS, VERSIONS, Agent
from checks import Checks
from restricted import extension, none, often

CONFIGURATIONS = {"none": none, "extension": extension, "often": often}


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("base_url")
    parser.add_argument("configuration", choices=list(CONFIGURATIONS))
    parser.add_argument("--binding", choices=list(BINDINGS), default="jsonrpc")
    parser.add_argument("--protocol-version", choices=VERSIONS, default=VERSIONS[0])
    parser.add_argument(
        "--reference",
        action="store_true",
        help="expect what the official server is known to do otherwise than the protocol says",
    )
    arguments = parser.parse_args()
    binding, version = arguments.binding, arguments.protocol_version
    known = None
    if arguments.reference:
        known = deviations.of(deviations.WITHOUT_CAPABILITIES, binding, version)
    agent = Agent(arguments.base_url, binding, version)
    await agent.connect()
    try:
        return await Checks.all(CONFIGURATIONS[arguments.configuration].check).run(agent, known)
    finally:
        await agent.close()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
