-- Runs that begin by the clock.
CREATE TABLE schedules (
    tenant_id uuid NOT NULL REFERENCES tenants,
    schedule_id uuid NOT NULL,
    name text NOT NULL CONSTRAINT schedules_name_length CHECK (length(name) BETWEEN 1 AND 200),
    persona_id uuid NOT NULL,
    graph_id uuid NOT NULL,
    input json NOT NULL DEFAULT '{}',
    -- Five fields, by the clock on the wall of time_zone.
    cron text,
    time_zone text NOT NULL DEFAULT 'UTC',
    -- Or every so many seconds, counted from anchor_at.
    interval_seconds integer CONSTRAINT schedules_interval_positive CHECK (interval_seconds > 0),
    anchor_at timestamptz NOT NULL DEFAULT platform_now(),
    -- What a due time does while the run before it is not finished.
    overlap text NOT NULL DEFAULT 'skip' CONSTRAINT schedules_overlap_known CHECK (overlap IN ('skip', 'queue')),
    -- What a due time does that nobody was there for.
    missed text NOT NULL DEFAULT 'run_once' CONSTRAINT schedules_missed_known CHECK (missed IN ('run_once', 'skip')),
    status text NOT NULL DEFAULT 'active' CONSTRAINT schedules_status_known CHECK (status IN ('active', 'paused')),
    -- NULL while paused.
    next_at timestamptz,
    -- Due times that wait for the run before them to end.
    queued integer NOT NULL DEFAULT 0 CONSTRAINT schedules_queued_positive CHECK (queued >= 0),
    last_run_id uuid,
    last_error text,
    revision bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT platform_now(),
    updated_at timestamptz NOT NULL DEFAULT platform_now(),
    PRIMARY KEY (tenant_id, schedule_id),
    CONSTRAINT schedules_one_rule CHECK ((cron IS NULL) <> (interval_seconds IS NULL)),
    FOREIGN KEY (tenant_id, persona_id) REFERENCES personas,
    FOREIGN KEY (tenant_id, graph_id) REFERENCES graphs,
    FOREIGN KEY (tenant_id, last_run_id) REFERENCES runs
);
CREATE INDEX schedules_due ON schedules (next_at) WHERE status = 'active';
CREATE INDEX schedules_waiting ON schedules (schedule_id) WHERE status = 'active' AND queued > 0;
CALL protect_table('schedules', 'SELECT, INSERT, UPDATE, DELETE');
CALL open_to_dispatch('schedules', 'tenant_id, schedule_id, status, next_at, queued', NULL);

-- What became of each due time. The key is what holds a due time to one run, whoever fires it and however often.
CREATE TABLE schedule_firings (
    tenant_id uuid NOT NULL,
    schedule_id uuid NOT NULL,
    due_at timestamptz NOT NULL,
    outcome text NOT NULL CONSTRAINT schedule_firings_outcome_known
        CHECK (outcome IN ('started', 'queued', 'skipped', 'refused')),
    reason text,
    run_id uuid,
    fired_at timestamptz NOT NULL DEFAULT platform_now(),
    PRIMARY KEY (tenant_id, schedule_id, due_at),
    CONSTRAINT schedule_firings_run_of_started CHECK ((outcome = 'started') = (run_id IS NOT NULL)),
    FOREIGN KEY (tenant_id, schedule_id) REFERENCES schedules ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, run_id) REFERENCES runs
);
CREATE INDEX schedule_firings_queued ON schedule_firings (tenant_id, schedule_id, due_at) WHERE outcome = 'queued';
CALL protect_table('schedule_firings', 'SELECT, INSERT, UPDATE, DELETE');

-- Both directions of Standard Webhooks: 'in' starts runs, 'out' tells of them.
CREATE TABLE webhooks (
    tenant_id uuid NOT NULL REFERENCES tenants,
    webhook_id uuid NOT NULL,
    direction text NOT NULL CONSTRAINT webhooks_direction_known CHECK (direction IN ('in', 'out')),
    name text NOT NULL CONSTRAINT webhooks_name_length CHECK (length(name) BETWEEN 1 AND 200),
    persona_id uuid,
    graph_id uuid,
    url text,
    -- As 'run.succeeded'.
    events text[] NOT NULL DEFAULT '{}',
    -- Envelopes (AES-256-GCM under the tenant's key); the previous one counts until previous_until.
    secret bytea NOT NULL,
    previous_secret bytea,
    previous_until timestamptz,
    status text NOT NULL DEFAULT 'active' CONSTRAINT webhooks_status_known CHECK (status IN ('active', 'paused')),
    last_error text,
    revision bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT platform_now(),
    updated_at timestamptz NOT NULL DEFAULT platform_now(),
    PRIMARY KEY (tenant_id, webhook_id),
    CONSTRAINT webhooks_in_starts CHECK ((direction = 'in') = (persona_id IS NOT NULL AND graph_id IS NOT NULL)),
    CONSTRAINT webhooks_out_tells CHECK ((direction = 'out') = (url IS NOT NULL AND events <> '{}')),
    FOREIGN KEY (tenant_id, persona_id) REFERENCES personas,
    FOREIGN KEY (tenant_id, graph_id) REFERENCES graphs
);
CREATE INDEX webhooks_out ON webhooks (tenant_id) WHERE direction = 'out' AND status = 'active';
CALL protect_table('webhooks', 'SELECT, INSERT, UPDATE, DELETE');
-- An incoming call names a webhook before its tenant is known.
CALL open_to_dispatch('webhooks', 'tenant_id, webhook_id, direction, status', NULL);

-- Messages that came in, by the sender's id: a repeat starts nothing.
CREATE TABLE webhook_receipts (
    tenant_id uuid NOT NULL,
    webhook_id uuid NOT NULL,
    message_id text NOT NULL CONSTRAINT webhook_receipts_message_length CHECK (length(message_id) BETWEEN 1 AND 255),
    run_id uuid NOT NULL,
    received_at timestamptz NOT NULL DEFAULT platform_now(),
    PRIMARY KEY (tenant_id, webhook_id, message_id),
    FOREIGN KEY (tenant_id, webhook_id) REFERENCES webhooks ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, run_id) REFERENCES runs
);
CALL protect_table('webhook_receipts', 'SELECT, INSERT, DELETE');

-- Messages that go out, each sent until it is taken or given up.
CREATE TABLE webhook_deliveries (
    tenant_id uuid NOT NULL,
    delivery_id uuid NOT NULL,
    webhook_id uuid NOT NULL,
    run_id uuid NOT NULL,
    event text NOT NULL,
    -- What is sent, the same bytes each time.
    payload text NOT NULL,
    state text NOT NULL DEFAULT 'pending' CONSTRAINT webhook_deliveries_state_known
        CHECK (state IN ('pending', 'delivered', 'dead')),
    -- Counted at the claim, before anything is sent.
    attempt integer NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL DEFAULT platform_now(),
    -- Raised by each claim: an answer to an older one is not written.
    epoch bigint NOT NULL DEFAULT 0,
    lease_until timestamptz,
    -- Of the last attempt.
    http_status integer,
    error text,
    created_at timestamptz NOT NULL DEFAULT platform_now(),
    ended_at timestamptz,
    PRIMARY KEY (tenant_id, delivery_id),
    CONSTRAINT webhook_deliveries_ended_has_time CHECK ((state = 'pending') = (ended_at IS NULL)),
    FOREIGN KEY (tenant_id, webhook_id) REFERENCES webhooks ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, run_id) REFERENCES runs
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (due_at) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_by_webhook ON webhook_deliveries (tenant_id, webhook_id, created_at);
CALL protect_table('webhook_deliveries', 'SELECT, INSERT, UPDATE, DELETE');
CALL open_to_dispatch('webhook_deliveries',
    'tenant_id, delivery_id, webhook_id, state, attempt, due_at, epoch, lease_until', 'attempt, epoch, lease_until');

-- Whoever changes a run's status, the message about it is of the same transaction.
CREATE FUNCTION tell_webhooks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO webhook_deliveries (tenant_id, delivery_id, webhook_id, run_id, event, payload)
    SELECT NEW.tenant_id, gen_random_uuid(), w.webhook_id, NEW.run_id, 'run.' || NEW.status,
        json_build_object(
            'type', 'run.' || NEW.status,
            'timestamp', to_char(platform_now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
            'data', json_build_object('run_id', NEW.run_id, 'persona_id', NEW.persona_id, 'graph_id', NEW.graph_id,
                'trigger', NEW.trigger, 'status', NEW.status, 'seq', NEW.seq, 'waiting_for', NEW.waiting_for,
                'error', NEW.error))::text
    FROM webhooks w
    WHERE w.tenant_id = NEW.tenant_id AND w.direction = 'out' AND w.status = 'active'
        AND 'run.' || NEW.status = ANY (w.events);
    RETURN NULL;
END $$;
CREATE TRIGGER runs_tell_webhooks AFTER UPDATE OF status ON runs FOR EACH ROW
    WHEN (OLD.status IS DISTINCT FROM NEW.status AND NEW.status IN ('waiting', 'succeeded', 'failed', 'cancelled'))
    EXECUTE FUNCTION tell_webhooks();
