import Domain
import ForeignContracts
import ForeignServers
import ForeignTool
import JSONSchema
import TestKit
import Testing
import ToolKit

@Suite(.timeLimit(.minutes(5))) struct ForeignCallTests {
    private static let settings = ForeignSettings(source: "shop")

    private func call(_ tool: ForeignTool, _ input: JSONValue, _ stage: CallStage) async throws -> JSONValue {
        #expect(tool.contract.refusal(of: input) == nil, "\(input)")
        return try await ForeignCall().call(.init(binding: tool.binding, input: input), in: stage.context).output
    }

    private func failure(_ tool: ForeignTool, _ input: JSONValue, _ stage: CallStage) async -> ToolFailure? {
        await #expect(throws: ToolFailure.self) {
            try await ForeignCall().call(.init(binding: tool.binding, input: input), in: stage.context)
        }
    }

    private func tools(_ server: MCPBinding, believed: Bool = false, _ stage: CallStage) async throws
        -> [String: ForeignTool]
    {
        let listed = try await ForeignList().call(.init(binding: server), in: stage.context).tools
        let tools = MCPSource.tools(listed, server: server, settings: Self.settings, believesHints: believed)
        return Dictionary(uniqueKeysWithValues: tools.map { ($0.contract.descriptor.name, $0) })
    }

    // MARK: MCP

    @Test func anMCPServersToolsRunOverItsPipes() async throws {
        let stage = try CallStage(secrets: ["shop_key": "k-1"])
        let tools = try await tools(try ForeignServers.program(secrets: true), stage)
        #expect(
            tools.keys.sorted() == [
                "shop.add_numbers", "shop.fail", "shop.flood", "shop.grow", "shop.hang", "shop.secret",
            ])
        let add = try #require(tools["shop.add_numbers"])
        #expect(add.contract.descriptor.risk == .high)
        #expect(add.contract.descriptor.effect == .nonIdempotent)
        #expect(add.contract.descriptor.access == .execute)
        #expect(add.contract.descriptor.summary.hasPrefix("[Described by its source"))
        #expect(add.contract.refusal(of: ["a": "1", "b": 2])?.contains("/a must be a whole number") == true)
        let sum = try await call(add, ["a": 2, "b": 40], stage)
        #expect(sum["text"] == "42")
        #expect(sum["structured"]?["result"] == 42)
        #expect(await stage.marks.phases == [.transmitting])
        let secret = try await call(try #require(tools["shop.secret"]), [:], stage)
        #expect(secret["text"] == "k-1")
        let grow = try #require(tools["shop.grow"])
        let grown = try await ForeignCall().call(.init(binding: grow.binding, input: [:]), in: stage.context)
        #expect(grown.toolsChanged)
    }

    @Test func anMCPServersToolsRunOverHTTP() async throws {
        try await ForeignServers.listening { server in
            let stage = try CallStage()
            let tools = try await tools(server, believed: true, stage)
            let add = try #require(tools["shop.add_numbers"])
            #expect(add.contract.descriptor.usesNetwork)
            #expect(try await call(add, ["a": -1, "b": 1], stage)["text"] == "0")
            let known = try #require(tools["shop.secret"])
            #expect(known.contract.descriptor.effect == .read)
            let quiet = try CallStage()
            #expect(try await call(known, [:], quiet)["text"] == "nothing")
            #expect(await quiet.marks.phases.isEmpty)
        }
    }

    @Test func whatAnMCPToolRefusesIsToldAndDone() async throws {
        let stage = try CallStage()
        let fail = try #require(try await tools(try ForeignServers.program(), stage)["shop.fail"])
        let failure = await failure(fail, ["reason": "no stock"], stage)
        #expect(failure?.code == "mcp_tool_error")
        #expect(failure?.kind == .permanent)
        #expect(failure?.message.contains("no stock") == true)
    }

    @Test func anMCPServerThatHangsOrFloodsEndsTheCallInDoubt() async throws {
        let stage = try CallStage()
        let tools = try await tools(try ForeignServers.program(), stage)
        let late = await failure(try #require(tools["shop.hang"]), [:], try CallStage(timeout: .seconds(8)))
        #expect(late?.kind == .unknownOutcome)
        #expect(late?.code == "timed_out")
        let long = await failure(try #require(tools["shop.flood"]), [:], stage)
        #expect(long?.code == "output_too_long")
    }

    @Test func aServerThatIsNoneIsSaidToBe() async throws {
        let stage = try CallStage()
        for (server, code) in [
            (MCPBinding(command: ["/nowhere/server"]), "program_missing"),
            (MCPBinding(command: ["/bin/true"]), "no_answer"),
            (MCPBinding(url: "http://127.0.0.1:9/mcp"), "not_reached"),
        ] {
            let failure = await #expect(throws: ToolFailure.self) {
                try await ForeignList().call(.init(binding: server), in: stage.context)
            }
            #expect(failure?.code == code, "\(failure.map { "\($0)" } ?? "")")
        }
    }

    // MARK: OpenAPI

    private func shop(_ base: String, _ document: JSONValue, secrets: Set<String> = ["shop_key"]) throws
        -> [String: ForeignTool]
    {
        let settings = ForeignSettings(
            source: "shop", operations: ["create_item": .init(risk: "moderate")], secrets: secrets)
        let tools = try OpenAPISource(document, base: base, settings: settings).tools()
        return Dictionary(uniqueKeysWithValues: tools.map { ($0.contract.descriptor.name, $0) })
    }

    @Test func anAPIsOperationsRun() async throws {
        try await ForeignServers.shop { base, document in
            let tools = try shop(base, document)
            #expect(tools.keys.sorted() == ["shop.create_item", "shop.delete_item", "shop.read_item"])
            let read = try #require(tools["shop.read_item"])
            #expect(read.contract.descriptor.effect == .read)
            let stage = try CallStage(secrets: ["shop_key": "s3cret"])
            let item = try await call(
                read, ["item_id": "a b?c=d#é%2e", "size": ["small", "large"], "x-trace": "t 1"], stage)
            #expect(item["status"] == 200)
            #expect(item["body"]?["id"] == "a b?c=d#é%2e")
            #expect(item["body"]?["size"] == ["small", "large"])
            #expect(item["body"]?["trace"] == "t 1")
            #expect(read.contract.refusal(of: ["item_id": "1", "size": ["huge"]])?.contains("/size/0") == true)
            #expect(await stage.marks.phases.isEmpty)

            let create = try #require(tools["shop.create_item"])
            #expect(create.contract.descriptor.risk == .moderate)
            #expect(create.contract.descriptor.secrets == ["shop_key"])
            let input: JSONValue = ["body": ["name": "desk", "price": 2.5, "parts": [["name": "leg", "price": 1]]]]
            let made = try await call(create, input, stage)
            #expect(made["status"] == 201)
            #expect(made["body"]?["key"] == "effect-1")
            #expect(made["body"]?["item"]?["parts"]?[0]?["name"] == "leg")
            #expect(await stage.marks.phases == [.transmitting])
            let bad: JSONValue = ["body": ["name": "desk", "price": 1, "parts": [["name": "leg", "price": "x"]]]]
            #expect(create.contract.refusal(of: bad)?.contains("/body/parts/0/price") == true)
            #expect(create.contract.refusal(of: ["body": ["name": "", "price": 1]])?.contains("/body/name") == true)
        }
    }

    @Test func whatAnAPIRefusesIsCertainAndWhatItBreaksOnIsNot() async throws {
        try await ForeignServers.shop { base, document in
            let tools = try shop(base, document)
            let stage = try CallStage(secrets: ["shop_key": "wrong"])
            let create = try #require(tools["shop.create_item"])
            let refused = await failure(create, ["body": ["name": "desk", "price": 1]], stage)
            #expect(refused?.code == "http_refused")
            #expect(refused?.kind == .permanent)
            #expect(refused?.message.contains("wrong") == false)
            let absent = await failure(try #require(tools["shop.read_item"]), ["item_id": "none"], stage)
            #expect(absent?.message.contains("no such item") == true)
            let broken = await failure(try #require(tools["shop.delete_item"]), ["item_id": "1"], stage)
            #expect(broken?.kind == .unknownOutcome)
            let away = try #require(try shop("http://127.0.0.1:9", document)["shop.delete_item"])
            #expect(await failure(away, ["item_id": "1"], stage)?.kind == .transient)
        }
    }

    @Test func aHeaderCannotBeSplit() async throws {
        try await ForeignServers.shop { base, document in
            let read = try #require(try shop(base, document)["shop.read_item"])
            let stage = try CallStage()
            let failure = await failure(read, ["item_id": "1", "x-trace": "a\r\nX-Evil: 1"], stage)
            #expect(failure?.kind == .invalidInput)
        }
    }

    // MARK: Programs

    private func program(_ text: String) throws -> ForeignTool {
        try #require(try CommandSource.tools(try YAMLText.value(of: text), settings: Self.settings).first)
    }

    @Test func aDescribedProgramRuns() async throws {
        let count = try program(
            """
            tools:
              count:
                summary: Counts words or lines.
                program: /usr/bin/wc
                arguments: ["-{what}"]
                stdin: "{text}"
                effect: read
                input: {what: {enum: [l, w]}, text: {type: string}}
                required: [what, text]
            """)
        let stage = try CallStage()
        #expect(try await call(count, ["what": "w", "text": "one two three"], stage) == ["text": "3\n"])
        #expect(count.contract.refusal(of: ["what": "c", "text": ""])?.contains("/what must be one of") == true)
    }

    @Test func argumentsAreHandedOverOneByOne() async throws {
        let echo = try program(
            """
            tools:
              show:
                program: /usr/bin/printf
                arguments: ["%s|", "{words}", "{{{maybe}}}"]
                input: {words: {type: array, items: {type: string}}, maybe: {type: string}}
            """)
        let stage = try CallStage()
        let nasty = "$(touch /tmp/x); `id` && \"'"
        #expect(try await call(echo, ["words": ["a b", .string(nasty)]], stage) == ["text": .string("a b|\(nasty)|")])
        #expect(try await call(echo, ["words": [], "maybe": "m"], stage) == ["text": "{m}|"])
        #expect(await failure(echo, ["words": ["-v"]], stage)?.code == "argument_refused")
    }

    @Test func aProgramThatFailsFloodsOrHangsIsSaidTo() async throws {
        func shell(_ script: String, more: String = "") throws -> ForeignTool {
            try program(
                "tools: {run: {program: /bin/sh, arguments: [\"-c\", \"\(script)\"], output: json, output_bytes: 1000\(more)}}"
            )
        }
        let stage = try CallStage()
        #expect(try await call(try shell("echo 7"), [:], stage) == 7)
        let failed = await failure(try shell("echo no >&2; exit 3"), [:], stage)
        #expect(failed?.code == "program_failed")
        #expect(failed?.message.contains("status 3: no") == true)
        #expect(await failure(try shell("echo nothing"), [:], stage)?.code == "output_invalid")
        #expect(await failure(try shell("yes"), [:], stage)?.code == "output_too_long")
        let late = await failure(try shell("sleep 3600 & sleep 3600"), [:], try CallStage(timeout: .seconds(2)))
        #expect(late?.code == "timed_out")
        #expect(late?.kind == .unknownOutcome)
    }

    @Test(arguments: [
        ("tools: {}", "/tools"), ("tools: {a: {program: wc}}", "/tools/a/program"),
        ("tools: {A: {program: /bin/wc}}", "/tools/A"),
        ("tools: {a: {program: /bin/wc, arguments: ['{x}']}}", "/tools/a/arguments/0"),
        ("tools: {a: {program: /bin/wc, shell: true}}", "/tools/a/shell"),
        ("tools: {a: {program: /bin/wc, output: xml}}", "/tools/a/output"),
        ("tools: {a: {program: /bin/wc, timeout_seconds: 0}}", "/tools/a/timeout_seconds"),
        ("tools: {a: {program: /bin/wc, environment_secrets: {k: K}}}", "/tools/a/environment_secrets/k"),
        ("a: &a [1]\nb: *nothing", ""), ("", ""),
    ])
    func aDescriptionThatDoesNotFitIsRefused(text: String, pointer: String) {
        let fault = #expect(throws: ForeignFault.self) {
            try CommandSource.tools(try YAMLText.value(of: text), settings: Self.settings)
        }
        #expect(fault?.pointer == pointer)
    }

    @Test func aBillionAliasesAreRefused() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...8 {
            let list = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(list)]\n"
        }
        #expect(throws: ForeignFault.self) { try YAMLText.value(of: text) }
    }
}
