package import Domain
package import ToolKit

/// Who a run is and what it may call; constant over its life.
package struct RunIdentity: Sendable {
    package var run: RunID
    package var tenant: TenantID
    package var persona: PersonaID
    package var input: JSONValue
    /// What graphs may know of the persona: {name, model?}, at the version that the run keeps.
    package var profile: JSONValue
    package var effectKey: EffectKey
    package var tools: ToolCatalog
    /// What of them the persona may call, and after asking.
    package var policy: ToolPolicy

    package init(
        run: RunID, tenant: TenantID, persona: PersonaID, input: JSONValue, profile: JSONValue = [:],
        effectKey: EffectKey, tools: ToolCatalog, policy: ToolPolicy = .open
    ) {
        self.run = run
        self.tenant = tenant
        self.persona = persona
        self.input = input
        self.profile = profile
        self.effectKey = effectKey
        self.tools = tools
        self.policy = policy
    }

    /// What expressions read as `run`.
    var json: JSONValue {
        [
            "id": .string(run.description), "tenant_id": .string(tenant.description),
            "persona_id": .string(persona.description), "persona": profile,
        ]
    }
}
