-- Finished runs of ten steps each, as the orchestrator leaves them, in the tables of the tenant that is measured.
\set ON_ERROR_STOP on
SET synchronous_commit = off;
SET work_mem = '256MB';
CREATE TEMPORARY TABLE old AS
    SELECT t.tenant_id, uuidv7(-(:old_runs - n + 3600) * interval '1 second') AS run_id,
        '00000000-0000-7000-8000-000000000002'::uuid AS persona_id
    FROM generate_series(1, :old_runs) n, tenants t WHERE t.slug = 'bench';
INSERT INTO runs (tenant_id, run_id, persona_id, persona_version, graph, input, status, seq, steps, trace_id, started_at,
    finished_at, ready_at)
SELECT tenant_id, run_id, persona_id, 1, '{}', '{}', 'succeeded', 22, 10, replace(run_id::text, '-', ''), now(), now(), NULL
FROM old;
INSERT INTO checkpoints (tenant_id, run_id, seq, delta)
SELECT tenant_id, run_id, 2 * n + 1, json_build_array(
    json_build_object('visited', json_build_object('step', n, 'strand', 1)),
    json_build_object('wrote', json_build_object('_0', json_build_array('log', 'append', 'step ' || n))),
    json_build_object('moved', json_build_object('node', 'n' || n, 'strand', 1)))
FROM old, generate_series(1, 10) n;
INSERT INTO steps (tenant_id, run_id, step, node, kind, status, started_at, finished_at)
SELECT tenant_id, run_id, n, 'n' || n, 'set', 'succeeded', now(), now() FROM old, generate_series(1, 10) n;
INSERT INTO run_event_batches (tenant_id, run_id, seq, kinds, nodes, data)
SELECT tenant_id, run_id, 22, b.kinds, b.nodes, b.data FROM old, (
    SELECT array_agg(CASE WHEN n % 2 = 1 THEN 'step.started' ELSE 'step.succeeded' END) AS kinds,
        array_agg('n' || n) AS nodes, json_agg(json_build_object('step', n, 'kind', 'set')) AS data
    FROM generate_series(1, 22) n) b;
CHECKPOINT;
VACUUM ANALYZE;
