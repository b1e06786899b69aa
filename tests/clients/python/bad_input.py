"""What no well-behaved client sends: each gets the specified error, and the next request works.

The checks of the protocol hold for any agent. The checks of tables run when the card offers the
skill `data-analysis`.

    bad_input.py BASE_URL
"""

import asyncio
import sys

from bad import protocol, rest, rpc, tables
from checks import Checks
from wire import Wire


async def main() -> int:
    if len(sys.argv) != 2:
        print("usage: bad_input.py BASE_URL", file=sys.stderr)
        return 64
    wire = Wire(sys.argv[1])
    await wire.connect()
    groups = [rpc.check, rest.check, protocol.check]
    if any(skill["id"] == "data-analysis" for skill in wire.card["skills"]):
        groups.append(tables.check)
    try:
        return await Checks.all(*groups).run(wire)
    finally:
        await wire.close()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
