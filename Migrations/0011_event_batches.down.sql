DROP INDEX runs_leased;
CREATE INDEX runs_leased ON runs (lease_until) WHERE owner IS NOT NULL;

ALTER VIEW run_events RENAME TO run_events_view;
CREATE TABLE run_events (
    tenant_id uuid NOT NULL,
    run_id uuid NOT NULL,
    seq bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT platform_now(),
    kind text NOT NULL,
    node text,
    data json NOT NULL,
    PRIMARY KEY (tenant_id, run_id, seq)
);
INSERT INTO run_events SELECT tenant_id, run_id, seq, at, kind, node, data FROM run_events_view;
CALL protect_table('run_events', 'SELECT, INSERT, DELETE');
DROP FUNCTION events_after(uuid, uuid, bigint, bigint);
DROP VIEW run_events_view;
DROP TABLE run_event_batches;

CREATE OR REPLACE FUNCTION delete_run_rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM run_events e USING gone g WHERE e.tenant_id = g.tenant_id AND e.run_id = g.run_id;
    DELETE FROM steps s USING gone g WHERE s.tenant_id = g.tenant_id AND s.run_id = g.run_id;
    DELETE FROM checkpoints c USING gone g WHERE c.tenant_id = g.tenant_id AND c.run_id = g.run_id;
    RETURN NULL;
END $$;
