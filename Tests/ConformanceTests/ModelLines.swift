import Domain
import FoundationEssentials
import OrchestratorCore
import Simulation
import ToolKit

extension ModelStore {
    /// Every row as a line, as `StorePair.lines` writes Postgres's.
    func lines() throws -> [String] {
        var lines = try runs.map(Self.line) + jobs.map(Self.line) + steps.map(Self.line)
        for row in checkpoints {
            lines.append(
                try Self.line("checkpoint", "\(row.run)", "\(row.seq)", Self.text(row.delta), Self.text(row.snapshot)))
        }
        for row in events {
            lines.append(
                try Self.line(
                    "event", "\(row.run)", "\(row.seq)", row.event.kind.rawValue, row.event.node ?? "-",
                    Self.text(row.event.data)))
        }
        for row in signals {
            lines.append(
                try Self.line(
                    "signal", "\(row.run)", "\(row.id)", row.name, Self.text(row.payload), "\(row.createdAt)",
                    Self.text(row.consumedSeq)))
        }
        for ring in outbox { lines.append(Self.line("ring", ring.words[0], ring.words[1])) }
        for row in audit { lines.append(Self.line("audit", row.action, row.subject)) }
        return lines.sorted()
    }

    private static func line(_ cells: String...) -> String { cells.joined(separator: "|") }

    private static func text(_ number: Int?) -> String { number.map { "\($0)" } ?? "-" }

    private static func text(_ value: JSONValue?) throws -> String {
        guard let value else { return "-" }
        if case .string(let text) = value { return "\"\(text)\"" }
        return String(decoding: try value.canonicalBytes(), as: UTF8.self)
    }

    private static func text(_ bytes: [UInt8]?) throws -> String {
        try bytes.map { String(decoding: try JSONValue(parsing: $0).canonicalBytes(), as: UTF8.self) } ?? "-"
    }

    private static func line(_ row: RunRow) throws -> String {
        line(
            "run", "\(row.id)", row.status.rawValue, "\(row.seq)", "\(row.steps)",
            try text(row.waitingFor.map { .array($0) }), try text(row.output), try text(row.failure),
            "\(row.cancelRequested)", text(row.startedAt), text(row.finishedAt), "\(row.priority)", text(row.readyAt),
            "\(row.wakes)", text(row.owner), "\(row.epoch)", text(row.leaseUntil))
    }

    private static func line(_ row: JobRow) throws -> String {
        let plan = line(
            "job", "\(row.id)", "\(row.run)", "\(row.step)", row.node, text(row.item), row.kind.rawValue, row.tool,
            try text(row.input), row.effect.rawValue, row.effectKey, "\(row.timeoutSeconds)", "\(row.priority)")
        let ledger = line(
            row.state.rawValue, row.phase?.rawValue ?? "-", "\(row.attempt)", "\(row.rescues)", try text(row.result),
            try text(row.failure), "\(row.isApplied)", text(row.startedAt), text(row.finishedAt),
            "\(row.runAfter)", text(row.owner), "\(row.epoch)", text(row.leaseUntil))
        return line(plan, ledger)
    }

    private static func line(_ row: StepRow) throws -> String {
        line(
            "step", "\(row.run)", "\(row.step)", row.node, row.kind, try text(row.input), "\(row.startedAt)",
            row.status.rawValue, "\(row.attempt)", try text(row.output), try text(row.failure), text(row.finishedAt))
    }
}

extension ModelRing {
    /// Topic and subject.
    var words: [String] {
        switch self {
        case .run(let id): ["run", "\(id)"]
        case .job(let id): ["job", "\(id)"]
        case .event(let id): ["event", "\(id)"]
        }
    }
}
