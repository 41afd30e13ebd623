import Domain
import ForeignContracts
import Sockets
import ToolKit

extension ForeignCall {
    /// How long a program may take to end once its output is over.
    private static let grace = Duration.seconds(2)

    /// Runs a program: its arguments out of the input, its output as the binding says.
    static func run(_ command: CommandBinding, _ input: JSONValue, in context: ToolContext) async throws -> JSONValue {
        var arguments = [command.program]
        var optionsAreOver = false
        for text in command.arguments {
            let template = ArgumentTemplate(text)
            for argument in template.filled(input) {
                guard !argument.contains("\0"), optionsAreOver || !template.isOpenAtStart || !argument.hasPrefix("-")
                else {
                    throw ToolFailure(
                        .invalidInput, code: "argument_refused",
                        "'\(argument.prefix(80))' would be taken for an option of the program.")
                }
                arguments.append(argument)
                if argument == "--" { optionsAreOver = true }
            }
        }
        var environment: [String: String] = [:]
        for (secret, variable) in command.environmentSecrets {
            environment[variable] = try context.secret(secret).reveal()
        }
        let stdin = command.stdin.flatMap { ArgumentTemplate($0).filled(input).first } ?? ""
        let program = try PipedProgram(arguments, in: context.directory, environment: environment)
        let output = try await BlockingWork.run(named: "command", onCancel: { program.stop() }) {
            try Self.collect(program, Array(stdin.utf8), command.outputBytes, before: context.deadline)
        }
        guard command.output == .json else { return ["text": .string(String(decoding: output, as: UTF8.self))] }
        do {
            return try JSONValue(parsing: output)
        } catch {
            throw ToolFailure(.permanent, code: "output_invalid", "'\(command.program)' did not print JSON: \(error)")
        }
    }

    private static func collect(
        _ program: PipedProgram, _ stdin: [UInt8], _ most: Int, before deadline: ContinuousClock.Instant
    ) throws -> [UInt8] {
        var output: [UInt8] = []
        var failure: ToolFailure?
        program.exchange(stdin, closingInput: true, before: deadline) { event in
            switch event {
            case .output(let bytes):
                output += bytes
                guard output.count > most else { return true }
                failure = ToolFailure(
                    .permanent, code: "output_too_long", "The program printed more than \(most) bytes.")
            case .ended: break
            case .timedOut: failure = ToolFailure(.transient, code: "timed_out", "The program did not end in time.")
            case .stopped: failure = ToolFailure(.transient, code: "cancelled", "The call was cancelled.")
            }
            return false
        }
        let status = program.end(after: failure == nil ? grace : .zero)
        if let failure { throw failure }
        guard status == 0 else {
            throw ToolFailure(
                .permanent, code: "program_failed",
                "The program ended with status \(status): \(program.complaint.suffix(500))")
        }
        return output
    }
}

/// Work that blocks, on a thread of its own.
enum BlockingWork {
    static func run<Value: Sendable>(
        named name: String, onCancel: @escaping @Sendable () -> Void, _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                do {
                    try OwnThread.start(named: name) { continuation.resume(with: Result { try body() }) }
                } catch {
                    continuation.resume(
                        throwing: ToolFailure(.transient, code: "no_thread", "The sandbox has no thread left: \(error)")
                    )
                }
            }
        } onCancel: {
            onCancel()
        }
    }
}
