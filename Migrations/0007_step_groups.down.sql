CREATE OR REPLACE FUNCTION audit_append(actor text, action text, subject text, run uuid, detail json)
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
DROP FUNCTION audit_append_all(text[], text[], text[], uuid[], json[]);

ALTER TABLE outbox RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold);
ALTER TABLE runs ALTER graph SET STORAGE DEFAULT, ALTER input SET STORAGE DEFAULT;
ALTER TABLE runs RESET (fillfactor, toast_tuple_target, autovacuum_vacuum_scale_factor);
DROP TRIGGER delete_run_rows ON runs;
DROP FUNCTION delete_run_rows();
ALTER TABLE run_events ADD FOREIGN KEY (tenant_id, run_id) REFERENCES runs ON DELETE CASCADE;
ALTER TABLE steps ADD FOREIGN KEY (tenant_id, run_id) REFERENCES runs ON DELETE CASCADE;
ALTER TABLE checkpoints ADD FOREIGN KEY (tenant_id, run_id) REFERENCES runs ON DELETE CASCADE;
