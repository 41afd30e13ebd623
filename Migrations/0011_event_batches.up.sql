-- Events that were committed together lie in one row: a step tells of two or three, and a run's steps may commit by the
-- dozen, so that a row and an index entry for each would weigh more than all else that a step writes.
CREATE TABLE run_event_batches (
    tenant_id uuid NOT NULL,
    run_id uuid NOT NULL,
    -- Number of the last event in here; numbers have no gaps.
    seq bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT platform_now(),
    kinds text[] NOT NULL,
    -- As long as kinds; NULL where an event is of no node.
    nodes text[] NOT NULL,
    -- An array as long as kinds.
    data json NOT NULL,
    PRIMARY KEY (tenant_id, run_id, seq)
);
CALL protect_table('run_event_batches', 'SELECT, INSERT, DELETE');

INSERT INTO run_event_batches (tenant_id, run_id, seq, at, kinds, nodes, data)
SELECT tenant_id, run_id, seq, at, ARRAY[kind], ARRAY[node], json_build_array(data) FROM run_events;
DROP TABLE run_events;

-- Events one by one. For a long run go by events_after, which reads no more rows than it needs.
CREATE VIEW run_events WITH (security_invoker = true) AS
SELECT b.tenant_id, b.run_id, b.seq - cardinality(b.kinds) + e.number AS seq, b.at, e.kind, e.node, e.data
FROM run_event_batches b
CROSS JOIN LATERAL ROWS FROM (unnest(b.kinds), unnest(b.nodes), json_array_elements(b.data)) WITH ORDINALITY
    AS e (kind, node, data, number);
GRANT SELECT ON run_events TO persona_app;

-- A run's events from after number `after`, in order, at most `most`.
CREATE FUNCTION events_after(tenant uuid, run uuid, after bigint, most bigint)
RETURNS TABLE (seq bigint, at timestamptz, kind text, node text, data json) LANGUAGE sql STABLE AS $$
    SELECT b.seq - cardinality(b.kinds) + e.number, b.at, e.kind, e.node, e.data
    FROM (SELECT * FROM run_event_batches r
        WHERE r.tenant_id = tenant AND r.run_id = run AND r.seq > after ORDER BY r.seq LIMIT most) b
    CROSS JOIN LATERAL ROWS FROM (unnest(b.kinds), unnest(b.nodes), json_array_elements(b.data)) WITH ORDINALITY
        AS e (kind, node, data, number)
    WHERE b.seq - cardinality(b.kinds) + e.number > after
    ORDER BY 1 LIMIT most
$$;

CREATE OR REPLACE FUNCTION delete_run_rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM run_event_batches e USING gone g WHERE e.tenant_id = g.tenant_id AND e.run_id = g.run_id;
    DELETE FROM steps s USING gone g WHERE s.tenant_id = g.tenant_id AND s.run_id = g.run_id;
    DELETE FROM checkpoints c USING gone g WHERE c.tenant_id = g.tenant_id AND c.run_id = g.run_id;
    RETURN NULL;
END $$;

-- Renewals go by the owner, and change lease_until alone, which no index holds now: such an update stays on its page.
DROP INDEX runs_leased;
CREATE INDEX runs_leased ON runs (owner) WHERE owner IS NOT NULL;
