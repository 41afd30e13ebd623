-- What a tenant says about tools: whether they may be called, after asking or not at all, and how often.
CREATE TABLE tool_rules (
    tenant_id uuid NOT NULL REFERENCES tenants,
    rule_id uuid NOT NULL,
    subject_kind text NOT NULL CONSTRAINT tool_rules_subject_known CHECK (subject_kind IN ('tenant', 'persona', 'role')),
    -- A persona's id or a role's name; empty for the tenant.
    subject text NOT NULL,
    -- A tool's name, 'area.*' or '*'.
    tool text NOT NULL CONSTRAINT tool_rules_tool_length CHECK (length(tool) BETWEEN 1 AND 130),
    access text[] NOT NULL CONSTRAINT tool_rules_access_known
        CHECK (access <@ ARRAY['read', 'write', 'execute'] AND cardinality(access) > 0),
    -- NULL: the rule only limits.
    verdict text CONSTRAINT tool_rules_verdict_known CHECK (verdict IN ('allow', 'ask', 'deny')),
    -- Calls with an effect that may begin in an hour.
    per_hour integer CONSTRAINT tool_rules_per_hour_range CHECK (per_hour BETWEEN 0 AND 1000000),
    when_exceeded text NOT NULL DEFAULT 'wait' CONSTRAINT tool_rules_exceeded_known
        CHECK (when_exceeded IN ('wait', 'fail')),
    revision bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT platform_now(),
    updated_at timestamptz NOT NULL DEFAULT platform_now(),
    PRIMARY KEY (tenant_id, rule_id),
    CONSTRAINT tool_rules_once UNIQUE (tenant_id, subject_kind, subject, tool),
    CONSTRAINT tool_rules_say_something CHECK (verdict IS NOT NULL OR per_hour IS NOT NULL)
);
CALL protect_table('tool_rules', 'SELECT, INSERT, UPDATE, DELETE');

-- How often people let calls of one shape go, and whether an owner lets them go unasked from now on.
CREATE TABLE tool_trust (
    tenant_id uuid NOT NULL,
    trust_id uuid NOT NULL,
    persona_id uuid NOT NULL,
    tool text NOT NULL,
    -- Canonical JSON of the shape: kinds of values, and the places that they name.
    shape text NOT NULL CONSTRAINT tool_trust_shape_length CHECK (octet_length(shape) <= 8192),
    -- In a row: a rejection begins anew.
    approvals integer NOT NULL DEFAULT 0,
    last_approval_id uuid,
    trusted_by uuid,
    trusted_at timestamptz,
    revision bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT platform_now(),
    updated_at timestamptz NOT NULL DEFAULT platform_now(),
    PRIMARY KEY (tenant_id, trust_id),
    FOREIGN KEY (tenant_id, persona_id) REFERENCES personas
);
-- A shape is longer than what an index takes.
CREATE UNIQUE INDEX tool_trust_once ON tool_trust (tenant_id, persona_id, tool, md5(shape));
CALL protect_table('tool_trust', 'SELECT, INSERT, UPDATE');

-- Calls begun in the hour that began with the first of them.
CREATE TABLE tool_usage (
    tenant_id uuid NOT NULL REFERENCES tenants,
    -- Whose calls of which tools: '<subject>/<pattern>'.
    counter text NOT NULL,
    window_start timestamptz NOT NULL,
    calls integer NOT NULL,
    PRIMARY KEY (tenant_id, counter)
);
CALL protect_table('tool_usage', 'SELECT, INSERT, UPDATE, DELETE');

-- Where a tenant's own tools come from.
CREATE TABLE tool_sources (
    tenant_id uuid NOT NULL REFERENCES tenants,
    source_id uuid NOT NULL,
    -- NULL: for every persona of the tenant.
    persona_id uuid,
    -- First part of the tools' names.
    name text NOT NULL CONSTRAINT tool_sources_name_shape CHECK (name ~ '^[a-z][a-z0-9_-]{0,39}$'),
    kind text NOT NULL CONSTRAINT tool_sources_kind_known CHECK (kind IN ('openapi', 'mcp', 'command')),
    -- What a person said; secrets by name alone.
    definition json NOT NULL,
    -- Where the tools are asked for: a persona whose sandbox does it.
    status text NOT NULL DEFAULT 'pending' CONSTRAINT tool_sources_status_known
        CHECK (status IN ('pending', 'ready', 'failed')),
    last_error text,
    -- Raised by each change of its tools.
    version integer NOT NULL DEFAULT 0,
    refreshed_at timestamptz,
    -- Who asks a server for its tools, until when.
    lease_until timestamptz,
    revision bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT platform_now(),
    updated_at timestamptz NOT NULL DEFAULT platform_now(),
    PRIMARY KEY (tenant_id, source_id),
    CONSTRAINT tool_sources_name_unique UNIQUE (tenant_id, name),
    FOREIGN KEY (tenant_id, persona_id) REFERENCES personas
);
CALL protect_table('tool_sources', 'SELECT, INSERT, UPDATE, DELETE');
CALL open_to_dispatch('tool_sources', 'tenant_id, source_id, kind, status, lease_until', 'lease_until');

-- Envelopes (AES-256-GCM under the tenant's key).
CREATE TABLE tool_source_secrets (
    tenant_id uuid NOT NULL,
    source_id uuid NOT NULL,
    name text NOT NULL CONSTRAINT tool_source_secrets_name_shape CHECK (name ~ '^[a-z][a-z0-9_]{0,39}$'),
    secret bytea NOT NULL,
    PRIMARY KEY (tenant_id, source_id, name),
    FOREIGN KEY (tenant_id, source_id) REFERENCES tool_sources ON DELETE CASCADE
);
CALL protect_table('tool_source_secrets', 'SELECT, INSERT, UPDATE, DELETE');

CREATE TABLE source_tools (
    tenant_id uuid NOT NULL,
    source_id uuid NOT NULL,
    -- '<source>.<operation>'
    name text NOT NULL,
    -- Raised when its contract changes.
    version integer NOT NULL,
    descriptor json NOT NULL,
    input_schema json NOT NULL,
    output_schema json NOT NULL,
    -- How it is called.
    binding json NOT NULL,
    -- Not offered by the source any more.
    removed_at timestamptz,
    updated_at timestamptz NOT NULL DEFAULT platform_now(),
    PRIMARY KEY (tenant_id, name),
    FOREIGN KEY (tenant_id, source_id) REFERENCES tool_sources ON DELETE CASCADE
);
CREATE INDEX source_tools_by_source ON source_tools (tenant_id, source_id);
CALL protect_table('source_tools', 'SELECT, INSERT, UPDATE, DELETE');

-- Raised by every change of a tenant's rules, trust and tools: what was read of them at another number is old.
CREATE TABLE tool_revisions (
    tenant_id uuid PRIMARY KEY REFERENCES tenants,
    revision bigint NOT NULL
);
CALL protect_table('tool_revisions', 'SELECT, INSERT, UPDATE');
CREATE FUNCTION raise_tool_revision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tool_revisions AS t (tenant_id, revision) VALUES (coalesce(NEW.tenant_id, OLD.tenant_id), 1)
    ON CONFLICT (tenant_id) DO UPDATE SET revision = t.revision + 1;
    RETURN NULL;
END $$;
CREATE TRIGGER tool_rules_revision AFTER INSERT OR UPDATE OR DELETE ON tool_rules
    FOR EACH ROW EXECUTE FUNCTION raise_tool_revision();
CREATE TRIGGER tool_trust_revision AFTER UPDATE OF trusted_at ON tool_trust
    FOR EACH ROW EXECUTE FUNCTION raise_tool_revision();
CREATE TRIGGER source_tools_revision AFTER INSERT OR UPDATE OR DELETE ON source_tools
    FOR EACH ROW EXECUTE FUNCTION raise_tool_revision();

-- Why a call waits for its time, for people.
ALTER TABLE jobs ADD COLUMN postponed text;
