import Domain
import FoundationEssentials
import TestKit

/// What a lean run does: five mails, sums of text, branches and a loop.
enum LeanJob {
    static let mails = 5

    static func reply(to address: String, attempts: Int64 = 10) -> JSONValue {
        [
            "type": "tool", "tool": "email.reply", "retry": ["attempts": .int(attempts), "backoff_ms": 100],
            "input": [
                "mailbox_id": "${input.mailbox_id}", "text": "It is done.", "attachments": [],
                "original": [
                    "message_id": "request@example.test", "references": [], "subject": "A lean request", "text": "",
                    "from": ["address": .string(address)],
                ],
            ],
        ]
    }

    /// Ranks a few sentences: a call into the sandbox that changes nothing.
    static let outline: JSONValue = [
        "type": "tool", "tool": "briefing.outline", "retry": ["attempts": 10, "backoff_ms": 100],
        "input": [
            "request": ["subject": "Tides", "text": "What of the tides?"],
            "sources": [
                [
                    "url": "http://tides.example/", "title": "Tides",
                    "text": "Tides rise twice a day. Harbours keep tables of them. The moon pulls at the sea.",
                ]
            ],
        ],
    ]

    static let definition: JSONValue = [
        "start": "note",
        "nodes": [
            "note": ["type": "set", "values": ["note": "${input.note}"], "next": "outline"],
            "outline": outline.with(["output": "outline", "next": "fan"]),
            "fan": [
                "type": "parallel", "join": "each",
                "branches": [
                    [outline.with(["output": "left"])], [reply(to: "${input.people[0]}").with(["output": "first"])],
                    [outline.with(["output": "right"]), outline.with(["output": "further"])],
                ],
            ],
            "each": [
                "type": "for_each", "items": "slice(input.people, 1, 4)", "as": "person", "max_parallel": 2,
                "do": reply(to: "${person}"), "into": "answers", "next": "last",
            ],
            "last": reply(to: "${input.people[4]}").with(["output": "last", "next": "done"]),
            "done": ["type": "end", "output": ["note": "${state.note}", "last": "${state.last.message_id}"]],
        ],
    ]

    /// One mail.
    static func single(_ address: String, attempts: Int64 = 10) -> JSONValue {
        [
            "start": "send",
            "nodes": [
                "send": reply(to: address, attempts: attempts).with(["output": "sent", "next": "done"]),
                "done": ["type": "end", "output": ["sent": "${state.sent.message_id}"]],
            ],
        ]
    }

    /// One branch of one node beside another of any number.
    static func siblings(_ first: JSONValue, _ second: JSONValue...) -> JSONValue {
        [
            "start": "both",
            "nodes": [
                "both": ["type": "parallel", "branches": [[first], .array(second)], "join": "done"],
                "done": ["type": "end", "output": [:]],
            ],
        ]
    }

    /// Waits for several signals at once and tells what came with each.
    static func waits(_ names: [String]) -> JSONValue {
        let branches = names.map { name -> JSONValue in
            [["type": "wait", "signal": .string(name), "output": .string(name)]]
        }
        let output = names.map { ($0, JSONValue.string("${state.\($0)}")) }
        return [
            "start": "all",
            "nodes": [
                "all": ["type": "parallel", "branches": .array(branches), "join": "done"],
                "done": ["type": "end", "output": .object(Dictionary(uniqueKeysWithValues: output))],
            ],
        ]
    }

    /// A file in the run's directory, and then a mail.
    static func deck(then address: String) -> JSONValue {
        let deck: JSONValue = [
            "title": "Tides", "author": "Ada",
            "slides": [["type": "title", "title": "Tides", "subtitle": "of the sea"]],
        ]
        return [
            "start": "deck",
            "nodes": [
                "deck": [
                    "type": "tool", "tool": "deck.create", "input": ["file": "tides.pptx", "deck": deck],
                    "output": "deck", "retry": ["attempts": 2, "backoff_ms": 10], "next": "reply",
                ],
                "reply": reply(to: address).with(["next": "done"]), "done": ["type": "end", "output": [:]],
            ],
        ]
    }

    /// A model's text, then a call into the sandbox that is given it.
    static let model: JSONValue = [
        "start": "draft",
        "nodes": [
            "draft": [
                "type": "model", "messages": [["role": "user", "content": "What of the tides?"]], "output": "draft",
                "retry": ["attempts": 1], "on_error": ["output": "model_error", "next": "outline"], "next": "outline",
            ],
            "outline": outline.with([
                "output": "outline", "next": "done",
                "input": [
                    "request": ["subject": "${state.draft.text}", "text": "What?"],
                    "sources": [
                        ["url": "http://tides.example/", "text": "Tides rise twice a day. ${state.draft.text}"]
                    ],
                ],
            ]),
            "done": [
                "type": "end",
                "output": [
                    "text": "${state.draft.text}", "error": "${state.model_error}", "outline": "${state.outline}",
                ],
            ],
        ],
    ]

    /// What a model says, its text as it stands in JSON.
    static func answer(_ escaped: String) -> ModelServerReply {
        let text = Array(escaped.utf8)
        // Of the same length, so that the lengths of the stream's chunks stay true.
        let place = [UInt8](repeating: UInt8(ascii: "X"), count: text.count)
        var reply = ModelServerReply.answer(String(decoding: place, as: UTF8.self), pieces: 1)
        reply.steps = reply.steps.map { step in
            guard case .send(let bytes) = step, let range = bytes.firstRange(of: place) else { return step }
            return .send(Array(bytes[..<range.lowerBound]) + text + Array(bytes[range.upperBound...]))
        }
        return reply
    }

    static func input(_ mailbox: MailboxID) -> JSONValue {
        let name = UUID().uuidString.prefix(8).lowercased()
        return [
            "mailbox_id": .string("\(mailbox)"), "note": .string(String(name)),
            "people": .array((0..<mails).map { .string("\(name)-\($0)@sink.test") }),
        ]
    }
}

extension JSONValue {
    func with(_ members: [String: JSONValue]) -> JSONValue {
        .object((object ?? [:]).merging(members) { $1 })
    }
}
