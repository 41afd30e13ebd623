-- Roles of the platform. They are shared by the whole cluster, so another schema may have made them already.
DO $$
BEGIN
    CREATE ROLE persona_app LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
DO $$
BEGIN
    CREATE ROLE persona_dispatch LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
DO $$
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO persona_app, persona_dispatch', current_schema());
    -- A login that is not a superuser must be a member to SET ROLE.
    IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        EXECUTE format('GRANT persona_app, persona_dispatch TO %I', current_user);
    END IF;
END $$;

-- The tenant of this transaction; NULL, and so no row at all, where none is set.
CREATE FUNCTION current_tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT nullif(current_setting('app.tenant', true), '')::uuid $$;

-- The platform's clock: leases, timers and expiries read this and nothing else. Tests move it by app.clock_offset.
CREATE FUNCTION platform_now() RETURNS timestamptz LANGUAGE sql STABLE
AS $$ SELECT clock_timestamp() + coalesce(nullif(current_setting('app.clock_offset', true), '')::interval, interval '0') $$;

-- Puts a table behind its tenant: row-level security forced, the application's role bound to current_tenant().
CREATE PROCEDURE protect_table(name text, privileges text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format(
        'CREATE POLICY tenant_isolation ON %I TO persona_app USING (tenant_id = current_tenant()) '
        'WITH CHECK (tenant_id = current_tenant())', name);
    EXECUTE format('GRANT %s ON %I TO persona_app', privileges, name);
END $$;

-- Lets the dispatcher see (and where named, change) columns that hold ids and leases, in every tenant.
CREATE PROCEDURE open_to_dispatch(name text, readable text, writable text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE POLICY dispatch_read ON %I FOR SELECT TO persona_dispatch USING (true)', name);
    EXECUTE format('GRANT SELECT (%s) ON %I TO persona_dispatch', readable, name);
    IF writable IS NOT NULL THEN
        EXECUTE format(
            'CREATE POLICY dispatch_write ON %I FOR UPDATE TO persona_dispatch USING (true) WITH CHECK (true)', name);
        EXECUTE format('GRANT UPDATE (%s) ON %I TO persona_dispatch', writable, name);
    END IF;
END $$;

CREATE TABLE tenants (
    tenant_id uuid PRIMARY KEY,
    slug text NOT NULL,
    name text NOT NULL,
    status text NOT NULL DEFAULT 'active' CONSTRAINT tenants_status_known CHECK (status IN ('active', 'suspended')),
    revision bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT platform_now(),
    updated_at timestamptz NOT NULL DEFAULT platform_now(),
    CONSTRAINT tenants_slug_unique UNIQUE (slug),
    CONSTRAINT tenants_slug_shape CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    CONSTRAINT tenants_name_length CHECK (length(name) BETWEEN 1 AND 200)
);
CALL protect_table('tenants', 'SELECT, INSERT, UPDATE');
CALL open_to_dispatch('tenants', 'tenant_id, slug, name, status, revision, created_at, updated_at', NULL);

-- Data keys of a tenant, each wrapped by the platform's master key (AES-256-GCM).
CREATE TABLE tenant_keys (
    tenant_id uuid NOT NULL REFERENCES tenants,
    version integer NOT NULL,
    wrapped_key bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT platform_now(),
    PRIMARY KEY (tenant_id, version)
);
CALL protect_table('tenant_keys', 'SELECT, INSERT');

CREATE TABLE users (
    tenant_id uuid NOT NULL REFERENCES tenants,
    user_id uuid NOT NULL,
    email text NOT NULL,
    -- SHA-256 of the lower-case address: what a login is looked up by before its tenant is known.
    email_digest bytea NOT NULL,
    name text NOT NULL,
    role text NOT NULL CONSTRAINT users_role_known CHECK (role IN ('owner', 'admin', 'member', 'auditor')),
    platform_admin boolean NOT NULL DEFAULT false,
    password_hash text,
    status text NOT NULL DEFAULT 'active' CONSTRAINT users_status_known CHECK (status IN ('active', 'disabled')),
    revision bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT platform_now(),
    updated_at timestamptz NOT NULL DEFAULT platform_now(),
    PRIMARY KEY (tenant_id, user_id),
    CONSTRAINT users_email_unique UNIQUE (tenant_id, email_digest),
    CONSTRAINT users_email_shape CHECK (length(email) BETWEEN 3 AND 320 AND position('@' IN email) > 1)
);
CREATE INDEX users_by_email ON users (email_digest);
CALL protect_table('users', 'SELECT, INSERT, UPDATE, DELETE');
CALL open_to_dispatch('users', 'tenant_id, user_id, email_digest, status', NULL);

-- Sessions and API tokens; only SHA-256 of the secret is kept. The token's text names its tenant.
CREATE TABLE tokens (
    tenant_id uuid NOT NULL,
    token_id uuid NOT NULL,
    user_id uuid NOT NULL,
    kind text NOT NULL CONSTRAINT tokens_kind_known CHECK (kind IN ('session', 'api')),
    name text NOT NULL DEFAULT '',
    scopes text[] NOT NULL DEFAULT '{}',
    secret_hash bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT platform_now(),
    expires_at timestamptz,
    last_used_at timestamptz,
    revoked_at timestamptz,
    PRIMARY KEY (tenant_id, token_id),
    CONSTRAINT tokens_secret_unique UNIQUE (tenant_id, secret_hash),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users ON DELETE CASCADE
);
CREATE INDEX tokens_by_user ON tokens (tenant_id, user_id);
CALL protect_table('tokens', 'SELECT, INSERT, UPDATE, DELETE');

-- Answers of POST requests, kept for a day so that a repeat gets the same answer.
CREATE TABLE idempotency_keys (
    tenant_id uuid NOT NULL REFERENCES tenants,
    user_id uuid NOT NULL,
    key text NOT NULL CONSTRAINT idempotency_keys_length CHECK (length(key) BETWEEN 1 AND 255),
    request_hash bytea NOT NULL,
    -- NULL while the first request is still being served.
    status smallint,
    headers json,
    body bytea,
    created_at timestamptz NOT NULL DEFAULT platform_now(),
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, user_id, key)
);
CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (tenant_id, expires_at);
CALL protect_table('idempotency_keys', 'SELECT, INSERT, UPDATE, DELETE');
