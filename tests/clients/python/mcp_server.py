"""An MCP server on the official SDK, whose tools an agent uses. Prints its origin; serves /mcp."""

import argparse
import asyncio
import socket

import uvicorn
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import BaseModel


class Place(BaseModel):
    name: str
    population: int


def server() -> MCPServer:
    made = MCPServer(name="places", version="1.0.0")

    @made.tool()
    def find_place(name: str, country: str | None = None) -> Place:
        """Finds a place by its name."""
        if name == "nowhere":
            raise ToolError("there is no such place")
        return Place(name=f"{name}, {country or 'somewhere'}", population=42)

    @made.tool()
    async def count(to: int, context: Context) -> str:
        """Counts, and reports how far it is."""
        for number in range(to):
            await context.report_progress(number, to)
        return f"counted to {to}"

    @made.tool()
    async def wait(seconds: float) -> str:
        """Waits."""
        print("the wait has begun", flush=True)
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            print("the wait was cancelled", flush=True)
            raise
        return "waited"

    @made.tool()
    def hidden() -> str:
        """Is not on the list of the deployment."""
        return "seen"

    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="answer with JSON and not with SSE")
    parser.add_argument("--stateless", action="store_true", help="without sessions")
    arguments = parser.parse_args()
    listener = socket.create_server(("127.0.0.1", 0))
    app = server().streamable_http_app(
        json_response=arguments.json, stateless_http=arguments.stateless
    )

    async def ready(scope: dict, receive, send) -> None:
        if scope["type"] == "http" and scope["path"] == "/ready":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        await app(scope, receive, send)

    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    config = uvicorn.Config(ready, log_level="info")
    asyncio.run(uvicorn.Server(config).serve(sockets=[listener]))


if __name__ == "__main__":
    main()
