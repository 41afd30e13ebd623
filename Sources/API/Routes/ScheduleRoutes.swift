import Domain
import FoundationEssentials
import HTTPTypes
import Store

/// Schedules: runs that begin by the clock.
struct ScheduleRoutes {
    let services: Services

    var endpoints: [Endpoint] { [list, create, get, update, delete, firings] }

    private static let path = "/api/schedules"
    private static let example: JSONValue = [
        "name": "Monday briefing", "persona_id": "0198a1b2-0000-7000-8000-000000000001",
        "graph_id": "0198a1b2-0000-7000-8000-000000000002", "cron": "30 8 * * MON", "time_zone": "Europe/Berlin",
        "input": ["topic": "deliveries"],
    ]

    private var list: Endpoint {
        Endpoint(
            method: .get, path: Self.path, name: "listSchedules", tag: "schedule", summary: "Schedules of your tenant.",
            access: .read, query: PageRequest.parameters, answer: .init(.ok, .page(of: ScheduleBody.schema))
        ) { call in
            let caller = try call.authenticated()
            let page = try call.page()
            let rows = try await services.schedules.list(
                caller.tenant, after: page.after { ScheduleID($0) }, limit: page.limit + 1)
            return try .json(Page(rows.map { ScheduleBody($0) }, limit: page.limit) { $0.id.description })
        }
    }

    private var create: Endpoint {
        Endpoint(
            method: .post, path: Self.path, name: "createSchedule", tag: "schedule",
            summary: "Begins runs by a cron line in a time zone, or every so many seconds.", access: .administer,
            body: .json(.object(ScheduleBody.settings), example: Self.example),
            answer: .init(.created, ScheduleBody.schema)
        ) { call in
            let caller = try call.authenticated()
            let settings = try call.decode(ScheduleInput.self).settings()
            let schedule = try await explaining {
                try await services.schedules.create(caller.tenant, id: .new(), settings, actor: caller.actor)
            }
            return try Self.reply(schedule, .created)
        }
    }

    private var get: Endpoint {
        Endpoint(
            method: .get, path: Self.path + "/{schedule_id}", name: "getSchedule", tag: "schedule",
            summary: "One schedule, with the time that it is due next.", access: .read,
            answer: .init(.ok, ScheduleBody.schema)
        ) { call in
            try Self.reply(await schedule(of: call, call.authenticated()), .ok)
        }
    }

    private var update: Endpoint {
        Endpoint(
            method: .put, path: Self.path + "/{schedule_id}", name: "replaceSchedule", tag: "schedule",
            summary: "Replaces the settings; the next time is counted from now. If-Match is honoured.",
            access: .administer, body: .json(.object(ScheduleBody.settings), example: Self.example),
            answer: .init(.ok, ScheduleBody.schema)
        ) { call in
            let caller = try call.authenticated()
            let known = try await schedule(of: call, caller)
            let settings = try call.decode(ScheduleInput.self).settings()
            let revision = try call.expectedRevision()
            let schedule = try await explaining {
                try await services.schedules.update(
                    caller.tenant, known.id, revision: revision, settings, actor: caller.actor)
            }
            return try Self.reply(schedule, .ok)
        }
    }

    private var delete: Endpoint {
        Endpoint(
            method: .delete, path: Self.path + "/{schedule_id}", name: "deleteSchedule", tag: "schedule",
            summary: "Ends a schedule; the runs that it began stay.", access: .administer, answer: .init(.noContent)
        ) { call in
            let caller = try call.authenticated()
            guard
                try await services.schedules.delete(
                    caller.tenant, call.id("schedule_id", of: "schedule"), actor: caller.actor)
            else { throw Problem.notFound("schedule") }
            return Reply(.noContent)
        }
    }

    private var firings: Endpoint {
        Endpoint(
            method: .get, path: Self.path + "/{schedule_id}/firings", name: "listScheduleFirings", tag: "schedule",
            summary: "What became of each due time, newest first: the run, or why there was none.", access: .read,
            query: PageRequest.parameters, answer: .init(.ok, .page(of: ScheduleFiringBody.schema))
        ) { call in
            let caller = try call.authenticated()
            let known = try await schedule(of: call, caller)
            let page = try call.page()
            let before = try page.after { Int($0) }.map { Date(timeIntervalSince1970: TimeInterval($0)) }
            let rows = try await services.schedules.firings(
                caller.tenant, known.id, before: before, limit: page.limit + 1)
            return try .json(
                Page(rows.map { ScheduleFiringBody($0) }, limit: page.limit) {
                    String(Int($0.dueAt.timeIntervalSince1970))
                })
        }
    }

    private func schedule(of call: Call, _ caller: Caller) async throws -> Schedule {
        guard let schedule = try await services.schedules.find(caller.tenant, call.id("schedule_id", of: "schedule"))
        else { throw Problem.notFound("schedule") }
        return schedule
    }

    private func explaining(_ write: () async throws -> Schedule) async throws -> Schedule {
        do {
            return try await write()
        } catch let fault as ScheduleFault {
            throw Problem.invalid([SchemaFault(pointer: "/\(fault.member)", detail: fault.detail)])
        } catch StoreError.notFound("persona or graph") {
            throw Problem.invalid([SchemaFault(pointer: "/persona_id", detail: "there is no such persona or graph")])
        }
    }

    private static func reply(_ schedule: Schedule, _ status: HTTPResponse.Status) throws -> Reply {
        try .json(ScheduleBody(schedule), status: status, headers: .entity(revision: schedule.revision))
    }
}
