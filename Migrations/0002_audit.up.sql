-- One hash chain per tenant. The head row is locked for each append, so that the chain cannot fork:
-- hash = sha256(previous hash || seq as 8 bytes || entry), entry being the stored bytes.
CREATE TABLE audit_heads (
    tenant_id uuid PRIMARY KEY REFERENCES tenants,
    seq bigint NOT NULL,
    hash bytea NOT NULL CONSTRAINT audit_heads_hash_size CHECK (length(hash) = 32)
);
CALL protect_table('audit_heads', 'SELECT, INSERT, UPDATE');

CREATE TABLE audit_log (
    tenant_id uuid NOT NULL REFERENCES tenants,
    seq bigint NOT NULL,
    at timestamptz NOT NULL,
    -- 'user:<id>', 'persona:<id>', 'system'
    actor text NOT NULL,
    -- dotted: 'run.created', 'effect.started', 'secret.used'
    action text NOT NULL,
    -- '<kind>:<id>'
    subject text NOT NULL,
    run_id uuid,
    -- JSON text of everything above and the detail: what the hash covers.
    entry bytea NOT NULL,
    previous_hash bytea NOT NULL,
    hash bytea NOT NULL,
    PRIMARY KEY (tenant_id, seq)
);
CREATE INDEX audit_log_by_run ON audit_log (tenant_id, run_id, seq) WHERE run_id IS NOT NULL;
CREATE INDEX audit_log_by_action ON audit_log (tenant_id, action, seq);
CREATE INDEX audit_log_by_actor ON audit_log (tenant_id, actor, seq);
CALL protect_table('audit_log', 'SELECT, INSERT');

-- Appends one entry to the chain of the transaction's tenant and gives its number. The head stays locked until the
-- transaction ends: call it last, after every other lock (lock order: runs, jobs, rows of the aggregate, audit head).
CREATE FUNCTION audit_append(actor text, action text, subject text, run uuid, detail json)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    tenant uuid := current_tenant();
    head audit_heads%ROWTYPE;
    moment timestamptz := platform_now();
    body bytea;
    next_hash bytea;
BEGIN
    IF tenant IS NULL THEN
        RAISE EXCEPTION 'audit_append needs a tenant' USING ERRCODE = 'insufficient_privilege';
    END IF;
    INSERT INTO audit_heads (tenant_id, seq, hash) VALUES (tenant, 0, decode(repeat('00', 32), 'hex'))
        ON CONFLICT (tenant_id) DO NOTHING;
    SELECT * INTO STRICT head FROM audit_heads h WHERE h.tenant_id = tenant FOR UPDATE;
    body := convert_to(json_build_object(
        'seq', head.seq + 1, 'at', to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        'tenant_id', tenant, 'actor', actor, 'action', action, 'subject', subject, 'run_id', run,
        'detail', coalesce(detail, '{}'::json))::text, 'UTF8');
    next_hash := sha256(head.hash || int8send(head.seq + 1) || body);
    INSERT INTO audit_log (tenant_id, seq, at, actor, action, subject, run_id, entry, previous_hash, hash)
        VALUES (tenant, head.seq + 1, moment, actor, action, subject, run, body, head.hash, next_hash);
    UPDATE audit_heads h SET seq = head.seq + 1, hash = next_hash WHERE h.tenant_id = tenant;
    RETURN head.seq + 1;
END $$;
