-- Numbers of running processes: a lease names its owner by one, and the owner holds the advisory lock of that number
-- for as long as it lives.
CREATE SEQUENCE process_owners AS bigint;
GRANT USAGE ON SEQUENCE process_owners TO persona_app, persona_dispatch;

-- Owners whose session still holds the advisory lock (this sequence, number): every other owner's leases are free.
CREATE FUNCTION living_owners() RETURNS SETOF bigint LANGUAGE sql STABLE AS $$
    SELECT l.objid::bigint FROM pg_locks l
    WHERE l.locktype = 'advisory' AND l.classid = 'process_owners'::regclass::oid AND l.objsubid = 2 AND l.granted
        AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
$$;

-- Ends a transaction whose fenced write hit no row: another owner holds the lease now, or the row has gone on.
CREATE FUNCTION require_fence(hits bigint) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    IF hits = 0 THEN
        RAISE EXCEPTION 'fenced off: the row belongs to another epoch by now' USING ERRCODE = 'PF001';
    END IF;
    RETURN hits;
END $$;

CREATE TABLE runs (
    tenant_id uuid NOT NULL REFERENCES tenants,
    run_id uuid NOT NULL,
    persona_id uuid NOT NULL,
    persona_version integer NOT NULL,
    graph_id uuid,
    graph_version integer,
    -- The graph as it was when the run began: a later version never changes a run in flight.
    graph json NOT NULL,
    input json NOT NULL,
    trigger text NOT NULL DEFAULT 'api',
    status text NOT NULL DEFAULT 'queued' CONSTRAINT runs_status_known
        CHECK (status IN ('queued', 'running', 'waiting', 'succeeded', 'failed', 'cancelled')),
    -- Number of the last event; each step transaction says the number it expects.
    seq bigint NOT NULL DEFAULT 0,
    steps integer NOT NULL DEFAULT 0,
    waiting_for json,
    output json,
    error json,
    cancel_requested boolean NOT NULL DEFAULT false,
    trace_id text NOT NULL CONSTRAINT runs_trace_id_shape CHECK (trace_id ~ '^[0-9a-f]{32}$'),
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT platform_now(),
    started_at timestamptz,
    finished_at timestamptz,
    -- Lease. ready_at is NULL while there is nothing to do.
    priority smallint NOT NULL DEFAULT 0,
    ready_at timestamptz DEFAULT platform_now(),
    -- Raised by each producer together with ready_at, so that a step that has not seen the news leaves ready_at alone.
    wakes bigint NOT NULL DEFAULT 0,
    owner bigint,
    epoch bigint NOT NULL DEFAULT 0,
    lease_until timestamptz,
    PRIMARY KEY (tenant_id, run_id),
    FOREIGN KEY (tenant_id, persona_id, persona_version) REFERENCES persona_versions,
    CONSTRAINT runs_finished_has_time CHECK ((status IN ('succeeded', 'failed', 'cancelled')) = (finished_at IS NOT NULL))
);
CREATE INDEX runs_ready ON runs (priority DESC, ready_at) WHERE ready_at IS NOT NULL;
CREATE INDEX runs_leased ON runs (lease_until) WHERE owner IS NOT NULL;
CREATE INDEX runs_by_persona ON runs (tenant_id, persona_id, run_id);
CREATE INDEX runs_by_status ON runs (tenant_id, status, run_id);
CALL protect_table('runs', 'SELECT, INSERT, UPDATE');
CALL open_to_dispatch('runs',
    'tenant_id, run_id, persona_id, status, priority, ready_at, owner, epoch, lease_until',
    'ready_at, owner, epoch, lease_until');

CREATE TABLE run_events (
    tenant_id uuid NOT NULL,
    run_id uuid NOT NULL,
    seq bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT platform_now(),
    kind text NOT NULL,
    node text,
    data json NOT NULL,
    PRIMARY KEY (tenant_id, run_id, seq),
    FOREIGN KEY (tenant_id, run_id) REFERENCES runs ON DELETE CASCADE
);
CALL protect_table('run_events', 'SELECT, INSERT');

CREATE TABLE steps (
    tenant_id uuid NOT NULL,
    run_id uuid NOT NULL,
    step integer NOT NULL,
    node text NOT NULL,
    kind text NOT NULL,
    status text NOT NULL CONSTRAINT steps_status_known
        CHECK (status IN ('running', 'succeeded', 'failed', 'cancelled')),
    attempt integer NOT NULL DEFAULT 1,
    input json,
    output json,
    error json,
    started_at timestamptz NOT NULL DEFAULT platform_now(),
    finished_at timestamptz,
    PRIMARY KEY (tenant_id, run_id, step),
    FOREIGN KEY (tenant_id, run_id) REFERENCES runs ON DELETE CASCADE
);
CALL protect_table('steps', 'SELECT, INSERT, UPDATE');

-- A delta per step transaction and a whole snapshot every so many: n steps cost O(n) bytes.
CREATE TABLE checkpoints (
    tenant_id uuid NOT NULL,
    run_id uuid NOT NULL,
    seq bigint NOT NULL,
    delta json NOT NULL,
    snapshot json,
    created_at timestamptz NOT NULL DEFAULT platform_now(),
    PRIMARY KEY (tenant_id, run_id, seq),
    FOREIGN KEY (tenant_id, run_id) REFERENCES runs ON DELETE CASCADE
);
CREATE INDEX checkpoints_snapshots ON checkpoints (tenant_id, run_id, seq) WHERE snapshot IS NOT NULL;
CALL protect_table('checkpoints', 'SELECT, INSERT');

-- Calls of tools and models: the work queue and the effect ledger in one.
CREATE TABLE jobs (
    tenant_id uuid NOT NULL,
    job_id uuid NOT NULL,
    run_id uuid NOT NULL,
    persona_id uuid NOT NULL,
    step integer NOT NULL,
    node text NOT NULL,
    -- Position in a for-each; NULL elsewhere.
    item integer,
    kind text NOT NULL CONSTRAINT jobs_kind_known CHECK (kind IN ('tool', 'model', 'reconcile')),
    tool text NOT NULL,
    input json NOT NULL,
    effect text NOT NULL CONSTRAINT jobs_effect_known
        CHECK (effect IN ('read', 'idempotent_by_key', 'deduplicable', 'non_idempotent')),
    effect_key text NOT NULL,
    state text NOT NULL DEFAULT 'planned' CONSTRAINT jobs_state_known
        CHECK (state IN ('planned', 'started', 'done', 'failed', 'unknown', 'cancelled')),
    phase text CONSTRAINT jobs_phase_known CHECK (phase IN ('transmitting', 'accepted')),
    -- Counted at the claim, before anything is parsed.
    attempt integer NOT NULL DEFAULT 0,
    -- Times that its owner died or fell silent in the middle of it.
    rescues smallint NOT NULL DEFAULT 0,
    timeout_seconds integer NOT NULL,
    result json,
    error json,
    -- Whether the run's own transition has taken this outcome up.
    applied boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT platform_now(),
    started_at timestamptz,
    finished_at timestamptz,
    priority smallint NOT NULL DEFAULT 0,
    run_after timestamptz NOT NULL DEFAULT platform_now(),
    owner bigint,
    epoch bigint NOT NULL DEFAULT 0,
    lease_until timestamptz,
    PRIMARY KEY (tenant_id, job_id),
    CONSTRAINT jobs_effect_key_unique UNIQUE (tenant_id, effect_key),
    CONSTRAINT jobs_phase_only_started CHECK (phase IS NULL OR state <> 'planned'),
    FOREIGN KEY (tenant_id, run_id) REFERENCES runs ON DELETE CASCADE
);
CREATE INDEX jobs_planned ON jobs (priority DESC, run_after) WHERE state = 'planned';
CREATE INDEX jobs_leased ON jobs (lease_until) WHERE state = 'started';
CREATE INDEX jobs_by_run ON jobs (tenant_id, run_id) WHERE NOT applied;
CALL protect_table('jobs', 'SELECT, INSERT, UPDATE');
CALL open_to_dispatch('jobs',
    'tenant_id, job_id, run_id, persona_id, kind, tool, effect, state, phase, attempt, priority, run_after, owner, epoch, lease_until',
    'state, attempt, started_at, owner, epoch, lease_until');

CREATE TABLE signals (
    tenant_id uuid NOT NULL,
    run_id uuid NOT NULL,
    signal_id uuid NOT NULL,
    name text NOT NULL,
    payload json NOT NULL,
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT platform_now(),
    -- Event by which the run took the signal; NULL until then.
    consumed_seq bigint,
    PRIMARY KEY (tenant_id, run_id, signal_id),
    FOREIGN KEY (tenant_id, run_id) REFERENCES runs ON DELETE CASCADE
);
CALL protect_table('signals', 'SELECT, INSERT, UPDATE');

-- Doorbells to ring after the commit: rows are found by state, never by a cursor over ids.
CREATE TABLE outbox (
    tenant_id uuid NOT NULL REFERENCES tenants,
    outbox_id bigint GENERATED ALWAYS AS IDENTITY,
    topic text NOT NULL CONSTRAINT outbox_topic_known CHECK (topic IN ('run', 'job', 'event')),
    subject_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT platform_now(),
    PRIMARY KEY (tenant_id, outbox_id)
);
CALL protect_table('outbox', 'SELECT, INSERT, DELETE');
CALL open_to_dispatch('outbox', 'tenant_id, outbox_id, topic, subject_id, created_at', NULL);
CREATE POLICY dispatch_delete ON outbox FOR DELETE TO persona_dispatch USING (true);
GRANT DELETE ON outbox TO persona_dispatch;
CREATE POLICY dispatch_lock ON outbox FOR UPDATE TO persona_dispatch USING (true);
GRANT UPDATE (topic) ON outbox TO persona_dispatch;  -- SELECT … FOR UPDATE SKIP LOCKED asks for it
