-- Steps of many runs commit as one statement. Their rows are written only together with the run's own row, which that
-- statement holds locked, so that a foreign key would look up for each row what has just been seen.
ALTER TABLE run_events DROP CONSTRAINT run_events_tenant_id_run_id_fkey;
ALTER TABLE steps DROP CONSTRAINT steps_tenant_id_run_id_fkey;
ALTER TABLE checkpoints DROP CONSTRAINT checkpoints_tenant_id_run_id_fkey;

-- What ON DELETE CASCADE did.
CREATE FUNCTION delete_run_rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM run_events e USING gone g WHERE e.tenant_id = g.tenant_id AND e.run_id = g.run_id;
    DELETE FROM steps s USING gone g WHERE s.tenant_id = g.tenant_id AND s.run_id = g.run_id;
    DELETE FROM checkpoints c USING gone g WHERE c.tenant_id = g.tenant_id AND c.run_id = g.run_id;
    RETURN NULL;
END $$;
CREATE TRIGGER delete_run_rows AFTER DELETE ON runs REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION delete_run_rows();

-- A step changes a run's row in place (a heap-only update) where its page has room: graph and input, which never
-- change, lie beside the row, and pages stay half empty.
ALTER TABLE runs SET (fillfactor = 50, toast_tuple_target = 256, autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE runs ALTER graph SET STORAGE EXTERNAL, ALTER input SET STORAGE EXTERNAL;
-- Rows come and go: without this the head of the index fills with dead entries.
ALTER TABLE outbox SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);

-- Appends entries to the chain of the transaction's tenant, in order, and gives the last one's number; the arrays are
-- of equal length. The head is locked once: call it last in its transaction (lock order: runs, jobs, rows of the
-- aggregate, audit head).
CREATE FUNCTION audit_append_all(actors text[], actions text[], subjects text[], run_ids uuid[], details json[])
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    tenant uuid := current_tenant();
    moment timestamptz := platform_now();
    stamp text := to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
    last_seq bigint;
    last_hash bytea;
    seqs bigint[] := '{}';
    bodies bytea[] := '{}';
    hashes bytea[] := '{}';
    body bytea;
BEGIN
    IF tenant IS NULL THEN
        RAISE EXCEPTION 'audit_append needs a tenant' USING ERRCODE = 'insufficient_privilege';
    END IF;
    SELECT h.seq, h.hash INTO last_seq, last_hash FROM audit_heads h WHERE h.tenant_id = tenant FOR UPDATE;
    IF NOT FOUND THEN
        INSERT INTO audit_heads (tenant_id, seq, hash) VALUES (tenant, 0, decode(repeat('00', 32), 'hex'))
            ON CONFLICT (tenant_id) DO NOTHING;
        SELECT h.seq, h.hash INTO STRICT last_seq, last_hash FROM audit_heads h WHERE h.tenant_id = tenant FOR UPDATE;
    END IF;
    hashes := ARRAY[last_hash];
    FOR i IN 1 .. cardinality(actors) LOOP
        last_seq := last_seq + 1;
        body := convert_to(json_build_object(
            'seq', last_seq, 'at', stamp, 'tenant_id', tenant, 'actor', actors[i], 'action', actions[i],
            'subject', subjects[i], 'run_id', run_ids[i], 'detail', coalesce(details[i], '{}'::json))::text, 'UTF8');
        last_hash := sha256(last_hash || int8send(last_seq) || body);
        seqs := seqs || last_seq;
        bodies := bodies || body;
        hashes := hashes || last_hash;
    END LOOP;
    INSERT INTO audit_log (tenant_id, seq, at, actor, action, subject, run_id, entry, previous_hash, hash)
        SELECT tenant, seqs[i], moment, actors[i], actions[i], subjects[i], run_ids[i], bodies[i], hashes[i], hashes[i + 1]
        FROM generate_series(1, cardinality(actors)) i;
    UPDATE audit_heads h SET seq = last_seq, hash = last_hash WHERE h.tenant_id = tenant;
    RETURN last_seq;
END $$;

CREATE OR REPLACE FUNCTION audit_append(actor text, action text, subject text, run uuid, detail json)
RETURNS bigint LANGUAGE sql AS $$
    SELECT audit_append_all(ARRAY[actor], ARRAY[action], ARRAY[subject], ARRAY[run], ARRAY[detail])
$$;
