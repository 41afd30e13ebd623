-- What a file is; its bytes lie in the blob store under their SHA-256.
CREATE TABLE files (
    tenant_id uuid NOT NULL REFERENCES tenants,
    file_id uuid NOT NULL,
    run_id uuid,
    persona_id uuid,
    -- The job that published it, for an artifact of a run.
    job_id uuid,
    name text NOT NULL CONSTRAINT files_name_length CHECK (length(name) BETWEEN 1 AND 255),
    media_type text NOT NULL,
    size bigint NOT NULL CONSTRAINT files_size_positive CHECK (size >= 0),
    sha256 bytea NOT NULL CONSTRAINT files_sha256_size CHECK (length(sha256) = 32),
    -- Where the content came from: 'outside' stays with it wherever it goes.
    provenance text NOT NULL CONSTRAINT files_provenance_known CHECK (provenance IN ('user', 'persona', 'outside')),
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT platform_now(),
    PRIMARY KEY (tenant_id, file_id),
    FOREIGN KEY (tenant_id, run_id) REFERENCES runs,
    CONSTRAINT files_artifact_unique UNIQUE (tenant_id, job_id, name)
);
CREATE INDEX files_by_run ON files (tenant_id, run_id, file_id) WHERE run_id IS NOT NULL;
CALL protect_table('files', 'SELECT, INSERT, UPDATE, DELETE');

-- Every way out of a sandbox that the egress proxy opened or refused.
CREATE TABLE egress_log (
    tenant_id uuid NOT NULL REFERENCES tenants,
    egress_id uuid NOT NULL,
    persona_id uuid NOT NULL,
    host text NOT NULL,
    address text,
    port integer NOT NULL,
    verdict text NOT NULL CONSTRAINT egress_log_verdict_known CHECK (verdict IN ('allowed', 'refused', 'failed')),
    reason text,
    bytes_up bigint NOT NULL,
    bytes_down bigint NOT NULL,
    duration_ms integer NOT NULL,
    at timestamptz NOT NULL DEFAULT platform_now(),
    PRIMARY KEY (tenant_id, egress_id)
);
CREATE INDEX egress_log_by_persona ON egress_log (tenant_id, persona_id, at);
CALL protect_table('egress_log', 'SELECT, INSERT');
