"""Everything that the official Python client can ask of an agent, against one that is running.

The agent must do what the conformance kit's message prefixes ask (`tck-complete-task`, …), and two
more: `tck-slow-` works for two seconds and emits ten chunks of one artifact, and
`test-resubscribe-message-id` works for at least four.

    a2a_scenarios.py BASE_URL --binding jsonrpc|rest
"""

import argparse
import asyncio
import sys

from agent import BINDINGS, Agent
from checks import Checks
from scenarios import send, stream, tasks


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("base_url")
    parser.add_argument("--binding", choices=list(BINDINGS), default="jsonrpc")
    arguments = parser.parse_args()
    agent = Agent(arguments.base_url, arguments.binding)
    await agent.connect()
    try:
        return await Checks.all(send.check, tasks.check, stream.check).run(agent)
    finally:
        await agent.close()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
