CREATE TABLE personas (
    tenant_id uuid NOT NULL REFERENCES tenants,
    persona_id uuid NOT NULL,
    slug text NOT NULL,
    name text NOT NULL,
    status text NOT NULL DEFAULT 'active' CONSTRAINT personas_status_known CHECK (status IN ('active', 'archived')),
    version integer NOT NULL,
    revision bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT platform_now(),
    updated_at timestamptz NOT NULL DEFAULT platform_now(),
    PRIMARY KEY (tenant_id, persona_id),
    CONSTRAINT personas_slug_unique UNIQUE (tenant_id, slug),
    CONSTRAINT personas_slug_shape CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    CONSTRAINT personas_name_length CHECK (length(name) BETWEEN 1 AND 200)
);
CALL protect_table('personas', 'SELECT, INSERT, UPDATE');

-- Immutable: each change of a persona is a new row.
CREATE TABLE persona_versions (
    tenant_id uuid NOT NULL,
    persona_id uuid NOT NULL,
    version integer NOT NULL,
    definition json NOT NULL,
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT platform_now(),
    PRIMARY KEY (tenant_id, persona_id, version),
    FOREIGN KEY (tenant_id, persona_id) REFERENCES personas
);
CALL protect_table('persona_versions', 'SELECT, INSERT');

CREATE TABLE graphs (
    tenant_id uuid NOT NULL REFERENCES tenants,
    graph_id uuid NOT NULL,
    slug text NOT NULL,
    name text NOT NULL,
    status text NOT NULL DEFAULT 'active' CONSTRAINT graphs_status_known CHECK (status IN ('active', 'archived')),
    version integer NOT NULL,
    revision bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT platform_now(),
    updated_at timestamptz NOT NULL DEFAULT platform_now(),
    PRIMARY KEY (tenant_id, graph_id),
    CONSTRAINT graphs_slug_unique UNIQUE (tenant_id, slug),
    CONSTRAINT graphs_slug_shape CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    CONSTRAINT graphs_name_length CHECK (length(name) BETWEEN 1 AND 200)
);
CALL protect_table('graphs', 'SELECT, INSERT, UPDATE');

-- Immutable: each change of a graph is a new row.
CREATE TABLE graph_versions (
    tenant_id uuid NOT NULL,
    graph_id uuid NOT NULL,
    version integer NOT NULL,
    definition json NOT NULL,
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT platform_now(),
    PRIMARY KEY (tenant_id, graph_id, version),
    FOREIGN KEY (tenant_id, graph_id) REFERENCES graphs
);
CALL protect_table('graph_versions', 'SELECT, INSERT');

-- Language models of a tenant; the key is an envelope (AES-256-GCM under the tenant's key).
CREATE TABLE model_providers (
    tenant_id uuid NOT NULL REFERENCES tenants,
    provider_id uuid NOT NULL,
    name text NOT NULL,
    base_url text NOT NULL,
    model text NOT NULL,
    api_key bytea,
    revision bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT platform_now(),
    updated_at timestamptz NOT NULL DEFAULT platform_now(),
    PRIMARY KEY (tenant_id, provider_id),
    CONSTRAINT model_providers_name_unique UNIQUE (tenant_id, name)
);
CALL protect_table('model_providers', 'SELECT, INSERT, UPDATE, DELETE');
