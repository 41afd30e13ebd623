import Glibc
package import ToolKit
import Workspaces

/// Runs programs of the sandbox over the files of the run, without a shell.
package struct ShellRun: Tool {
    package struct Input: Codable, Sendable {
        /// A program and its arguments, as they are: nothing is expanded.
        package var command: [String]?
        /// Or several, the output of each the next one's input.
        package var pipeline: [[String]]?
        package var stdin: String?
        /// A file as the input.
        package var stdinPath: String?
        /// A folder to run in; by default the workspace.
        package var directory: String?
        package var timeoutSeconds: Int?
        /// Bytes of each output in the answer.
        package var maxOutputBytes: Int?
        /// A file for all of the last program's output.
        package var saveTo: String?

        enum CodingKeys: String, CodingKey {
            case command, pipeline, stdin, directory
            case stdinPath = "stdin_path"
            case timeoutSeconds = "timeout_seconds"
            case maxOutputBytes = "max_output_bytes"
            case saveTo = "save_to"
        }
    }

    package struct Output: Codable, Sendable {
        /// Whether every program ended with status 0 in time.
        package var ok: Bool
        package var exits: [ShellExit]
        /// Beginning and end, where there was more.
        package var stdout: String
        package var stderr: String
        package var stdoutBytes: Int
        package var stderrBytes: Int
        package var truncated: Bool
        /// The time was over and everything was killed.
        package var timedOut: Bool
        package var file: WorkspaceFile?

        enum CodingKeys: String, CodingKey {
            case ok, exits, stdout, stderr, truncated, file
            case stdoutBytes = "stdout_bytes"
            case stderrBytes = "stderr_bytes"
            case timedOut = "timed_out"
        }
    }

    static let mostPrograms = 10
    static let mostArguments = 1_000
    /// Bytes of all arguments: Linux takes 128 KiB for one and 2 MiB for all.
    static let mostArgumentBytes = 100_000
    static let mostInput = 16 * 1024 * 1024
    static let mostShown = 1024 * 1024
    static let usualShown = 64 * 1024
    static let mostSaved = 1024 * 1024 * 1024
    static let longestSeconds = 600

    package static let descriptor = ToolDescriptor(
        name: "shell.run",
        summary: """
            Runs a program over the files of the workspace, in the sandbox, without a shell and without a network: \
            'command' ["grep","-c","x","a.txt"], or a 'pipeline' of several. Common text tools, jq, awk, sed, find, tar \
            and python3 are allowed where installed. Answers exit status or signal, and the start and end of the output.
            """,
        effect: .nonIdempotent, timeoutSeconds: longestSeconds + 10)

    private let programs: ShellPrograms

    package init(programs: ShellPrograms = .standard) { self.programs = programs }

    package func call(_ input: Input, in context: ToolContext) async throws -> Output {
        let lines = try Self.lines(input)
        let commands = try lines.map { try command($0) }
        let seconds = input.timeoutSeconds ?? 60
        let shown = input.maxOutputBytes ?? Self.usualShown
        guard (1...Self.longestSeconds).contains(seconds), (2...Self.mostShown).contains(shown) else {
            throw Self.invalid(
                "'timeout_seconds' is from 1 to \(Self.longestSeconds), 'max_output_bytes' from 2 to \(Self.mostShown)."
            )
        }
        let workspace = Workspace(directory: context.directory)
        let directory = try workspace.folder(try WorkspacePath(input.directory ?? "."))
        let content = try Self.content(input, workspace)
        let draft = try input.saveTo.map { text throws(ToolFailure) in try WorkspacePath(text) }
        let mark = "PERSONA_CALL=\(EffectName.of("\(context.effectKey) \(context.attempt)"))\0"
        // What changes files must not be done twice by a repeated call; what only reads may.
        if lines.contains(where: { programs.kinds[$0[0]] == .changes }) { try await context.mark(.transmitting) }
        let deadline = min(context.deadline - .seconds(2), .now + .seconds(seconds))
        return try await BlockingWork.run(until: deadline) { work in
            let draft = try draft.map { path throws(ToolFailure) in try WorkspaceDraft(for: path, in: workspace) }
            defer { LeftOvers.end(marked: mark) }
            let pipeline = ShellPipeline(
                commands: commands, directory: directory, input: content,
                environment: [String(mark.dropLast())] + Self.environment, kept: shown,
                saving: draft.map { draft in
                    { bytes in
                        guard draft.size + bytes.count <= Self.mostSaved else {
                            throw ToolFailure(
                                .permanent, code: "output_too_large",
                                "The output has more than \(Self.mostSaved) bytes.")
                        }
                        try draft.write(bytes)
                    }
                })
            return try Self.output(try pipeline.run(work), draft)
        }
    }

    private static let environment = [
        "PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/tmp", "TMPDIR=/tmp", "LANG=C.UTF-8", "TZ=UTC",
        "PYTHONDONTWRITEBYTECODE=1",
    ]

    private static func lines(_ input: Input) throws(ToolFailure) -> [[String]] {
        guard (input.command == nil) != (input.pipeline == nil) else {
            throw invalid("Give either 'command' or 'pipeline'.")
        }
        let lines = input.pipeline ?? [input.command ?? []]
        guard (1...mostPrograms).contains(lines.count), lines.allSatisfy({ (1...mostArguments).contains($0.count) })
        else {
            throw invalid(
                "A pipeline has from 1 to \(mostPrograms) programs, each with a name and at most \(mostArguments) arguments."
            )
        }
        let words = lines.joined()
        guard words.reduce(0, { $0 + $1.utf8.count }) <= mostArgumentBytes,
            !words.contains(where: { $0.utf8.contains(0) })
        else {
            throw invalid("The arguments have at most \(mostArgumentBytes) bytes together, and no NUL.")
        }
        return lines
    }

    private func command(_ words: [String]) throws(ToolFailure) -> ShellPipeline.Command {
        let name = words[0]
        guard programs.kinds[name] != nil else {
            let known = programs.kinds.keys.sorted().joined(separator: ", ")
            throw ToolFailure(
                .invalidInput, code: "program_not_allowed",
                "'\(name.prefix(60))' is not a program that may be run here. Allowed are \(known).")
        }
        for folder in ShellPrograms.folders where access("\(folder)/\(name)", X_OK) == 0 {
            return ShellPipeline.Command(path: "\(folder)/\(name)", arguments: words)
        }
        throw ToolFailure(
            .invalidInput, code: "program_missing", "'\(name)' is allowed but not installed in this sandbox.")
    }

    private static func content(_ input: Input, _ workspace: Workspace) throws(ToolFailure) -> [UInt8] {
        guard input.stdin == nil || input.stdinPath == nil else {
            throw invalid("Give 'stdin' or 'stdin_path', not both.")
        }
        if let path = input.stdinPath { return try workspace.read(try WorkspacePath(path), limit: mostInput) }
        return Array((input.stdin ?? "").utf8)
    }

    private static func output(_ result: ShellPipeline.Result, _ draft: WorkspaceDraft?) throws(ToolFailure) -> Output {
        var output = Output(
            ok: !result.isTimedOut && result.exits.allSatisfy { $0.exitStatus == 0 }, exits: result.exits,
            stdout: result.output.text, stderr: result.errors.text, stdoutBytes: result.output.total,
            stderrBytes: result.errors.total, truncated: result.output.isCut || result.errors.isCut,
            timedOut: result.isTimedOut)
        guard let draft else { return output }
        try draft.commit()
        output.file = WorkspaceFile(
            path: draft.path.description, name: draft.path.name, mediaType: "application/octet-stream", size: draft.size
        )
        return output
    }

    private static func invalid(_ message: String) -> ToolFailure {
        ToolFailure(.invalidInput, code: "input_invalid", message)
    }
}
