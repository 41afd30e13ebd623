package import Domain
package import ForeignContracts
import FoundationEssentials
import Glibc
import HTTPClient
import TestKit

/// Real servers of others: the MCP SDK's and FastAPI's, as their makers ship them.
package enum ForeignServers {
    private static let mcp = """
        import os, sys
        from mcp.server.mcpserver import Context, MCPServer
        from mcp.server.mcpserver.exceptions import ToolError
        from mcp.types import ToolAnnotations

        server = MCPServer("shop", log_level="ERROR")

        @server.tool()
        def addNumbers(a: int, b: int) -> int:
            "Adds two whole numbers."
            return a + b

        @server.tool()
        def fail(reason: str) -> str:
            "Fails for a reason."
            raise ToolError(reason)

        @server.tool(annotations=ToolAnnotations(readOnlyHint=True))
        def secret() -> str:
            "Says what it was given."
            return os.environ.get("SHOP_KEY", "nothing")

        @server.tool()
        def hang() -> str:
            "Never answers."
            import time
            time.sleep(3600)

        @server.tool()
        def flood() -> str:
            "Answers at length."
            return "x" * 9_000_000

        @server.tool()
        async def grow(context: Context) -> str:
            "Has other tools from now on."
            await context.session.send_tool_list_changed()
            return "grown"

        server.run(sys.argv[1], **({"port": int(sys.argv[2])} if len(sys.argv) > 2 else {}))
        """

    private static let api = """
        import sys
        from enum import Enum
        import uvicorn
        from fastapi import Depends, FastAPI, Header, HTTPException, Query
        from fastapi.security import APIKeyHeader
        from pydantic import BaseModel, Field

        app = FastAPI(title="Shop", version="1")
        key = APIKeyHeader(name="X-Shop-Key", scheme_name="shopKey", auto_error=False)
        seen = {}

        class Size(str, Enum):
            small = "small"
            large = "large"

        class Item(BaseModel):
            name: str = Field(min_length=1)
            price: float
            parts: list["Item"] = []

        def checked(value: str | None = Depends(key)):
            if value != "s3cret":
                raise HTTPException(401, "no key")

        @app.get("/items/{item_id}", operation_id="readItem", summary="Reads one item.")
        def read(item_id: str, size: list[Size] = Query(default=[]), x_trace: str | None = Header(default=None)):
            if item_id == "none":
                raise HTTPException(404, "there is no such item")
            return {"id": item_id, "size": size, "trace": x_trace}

        @app.post("/items", operation_id="createItem", status_code=201, dependencies=[Depends(checked)])
        def create(item: Item, idempotency_key: str | None = Header(default=None, include_in_schema=False)):
            seen[idempotency_key] = seen.get(idempotency_key, 0) + 1
            return {"item": item, "key": idempotency_key}

        @app.delete("/items/{item_id}", operation_id="deleteItem")
        def delete(item_id: str):
            raise HTTPException(500, "the disk is full")

        uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="error")
        """

    private static func script(_ text: String) throws -> String {
        let path = "\(try TemporaryTree.make("foreign"))/server.py"
        try Data(text.utf8).write(to: URL(filePath: path))
        return path
    }

    /// The MCP server as a program.
    package static func program(secrets: Bool = false) throws -> MCPBinding {
        MCPBinding(
            command: [Repository.python, try script(mcp), "stdio"],
            environmentSecrets: secrets ? ["shop_key": "SHOP_KEY"] : [:])
    }

    /// The MCP server on a port.
    package static func listening(_ body: (MCPBinding) async throws -> Void) async throws {
        let port = try freePort()
        let server = try await TestProgram.start(
            [Repository.python, try script(mcp), "streamable-http", "\(port)"])
        try await until(port, server)
        try await body(MCPBinding(url: "http://127.0.0.1:\(port)/mcp"))
        await stop(server)
    }

    /// The API, and what it says of itself.
    package static func shop(_ body: (_ base: String, _ document: JSONValue) async throws -> Void) async throws {
        let port = try freePort()
        let server = try await TestProgram.start([Repository.python, try script(api), "\(port)"])
        try await until(port, server)
        let base = "http://127.0.0.1:\(port)"
        let client = try HTTPClient()
        let document = try JSONValue(parsing: try await client.send(HTTPRequest("GET", base + "/openapi.json")).body)
        await client.shutdown()
        try await body(base, document)
        await stop(server)
    }

    package struct Away: Error, CustomStringConvertible {
        package let description: String
    }

    private static func stop(_ server: TestProgram) async {
        server.signal(SIGKILL)
        _ = await server.ended()
    }

    /// A port that was free just now.
    private static func freePort() throws -> Int {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                Glibc.bind(listener, address, length) == 0 && getsockname(listener, address, &length) == 0
            }
        }
        guard bound else { throw Away(description: "no port is free") }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    private static func until(_ port: Int, _ server: TestProgram) async throws {
        let client = try HTTPClient()
        let deadline = ContinuousClock.now + .seconds(100)
        while ContinuousClock.now < deadline {
            // Refused until it listens.
            if (try? await client.send(HTTPRequest("GET", "http://127.0.0.1:\(port)/"))) != nil { break }
            try await Task.sleep(for: .milliseconds(50))
        }
        await client.shutdown()
    }
}
