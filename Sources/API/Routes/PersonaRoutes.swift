import Domain
import FoundationEssentials
import HTTPTypes
import Store

/// Personas, each change a new immutable version.
struct PersonaRoutes {
    let services: Services

    var endpoints: [Endpoint] { [list, create, get, update, archive, versions] }

    /// What a persona is: what its versions hold.
    static let definition = Schema.named(
        "PersonaDefinition",
        .object([
            Schema.optional("description", .text(0...2_000), "what this persona is for, in a sentence"),
            Schema.optional("instructions", .text(0...50_000), "how it works and writes: given to its language model"),
            Schema.optional("language", .text(2...35), "BCP 47 tag of the language that it answers in"),
            Schema.optional("model", .nullable(.text(1...100)), "name of a model provider of the tenant"),
            Schema.optional(
                "egress",
                .object([
                    Schema.optional(
                        "mode", .choice(["public", "listed"]), "public: any public address; listed: only allow"),
                    Schema.optional("allow", .array(of: .text(1...300), most: 500), "host, *.host or host:port"),
                    Schema.optional("private", .array(of: .text(1...300), most: 50), "host:port of your own network"),
                ]), "what its sandbox may reach"),
            Schema.optional(
                Approvals.rolesMember, .array(of: .choice(["owner", "admin", "member"]), most: 3),
                "who may answer what its runs ask; everyone who may start runs by default"),
        ]))

    private static let schema = Schema.named(
        "Persona",
        .object([
            Schema.required("id", .id), Schema.required("slug", .format(.slug)), Schema.required("name", .string()),
            Schema.required("status", .choice(["active", "archived"])),
            Schema.required("version", .integer(1...Int64.max)), Schema.required("definition", definition),
            Schema.required("created_at", .time), Schema.required("updated_at", .time),
        ]))

    private var resource: VersionedResource<PersonaSubject> {
        VersionedResource(
            kind: "persona", repository: services.personas, schema: Self.schema, definition: Self.definition,
            example: [
                "slug": "ada", "name": "Ada",
                "definition": ["description": "Prepares briefings", "language": "en", "egress": ["mode": "public"]],
            ], check: { _ in [] })
    }

    private var list: Endpoint { resource.list(path: "/api/personas", name: "listPersonas") }
    private var create: Endpoint { resource.create(path: "/api/personas", name: "createPersona") }
    private var get: Endpoint { resource.get(path: "/api/personas/{persona_id}", name: "getPersona") }
    private var update: Endpoint { resource.update(path: "/api/personas/{persona_id}", name: "updatePersona") }
    private var archive: Endpoint { resource.archive(path: "/api/personas/{persona_id}", name: "archivePersona") }
    private var versions: Endpoint {
        resource.versions(path: "/api/personas/{persona_id}/versions", name: "listPersonaVersions")
    }
}
