-- Questions of runs to people, each answered once.
CREATE TABLE approvals (
    tenant_id uuid NOT NULL,
    -- Made from the run and the step: asking twice is one question.
    approval_id uuid NOT NULL,
    run_id uuid NOT NULL,
    step integer NOT NULL,
    node text NOT NULL,
    title text NOT NULL,
    detail text NOT NULL,
    arguments json NOT NULL,
    tool text,
    -- SHA-256 of what is shown, in hexadecimal: an answer counts for exactly that.
    arguments_hash text NOT NULL CONSTRAINT approvals_hash_shape CHECK (arguments_hash ~ '^[0-9a-f]{64}$'),
    due_at timestamptz,
    status text NOT NULL DEFAULT 'pending' CONSTRAINT approvals_status_known
        CHECK (status IN ('pending', 'approved', 'rejected', 'expired', 'withdrawn')),
    decided_by uuid,
    comment text,
    decided_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT platform_now(),
    PRIMARY KEY (tenant_id, approval_id),
    FOREIGN KEY (tenant_id, run_id) REFERENCES runs ON DELETE CASCADE
);
CREATE INDEX approvals_by_run ON approvals (tenant_id, run_id, approval_id);
CREATE INDEX approvals_pending ON approvals (tenant_id, approval_id) WHERE status = 'pending';
CALL protect_table('approvals', 'SELECT, INSERT, UPDATE');

-- The wait that a signal answers; NULL: whoever waits for its name.
ALTER TABLE signals ADD COLUMN wait_id uuid;

-- What a tenant has set for itself; no row: the platform's defaults.
CREATE TABLE tenant_settings (
    tenant_id uuid PRIMARY KEY REFERENCES tenants,
    -- Days for which the details of finished runs are kept; NULL: for good.
    details_days integer CONSTRAINT tenant_settings_days_positive CHECK (details_days > 0),
    -- Runs that may wait to be begun.
    queue_limit integer CONSTRAINT tenant_settings_queue_positive CHECK (queue_limit > 0),
    revision bigint NOT NULL DEFAULT 1,
    updated_at timestamptz NOT NULL DEFAULT platform_now()
);
CALL protect_table('tenant_settings', 'SELECT, INSERT, UPDATE');
CALL open_to_dispatch('tenant_settings', 'tenant_id, details_days', NULL);

-- Admission, forks and thinning of runs.
ALTER TABLE runs
    ADD COLUMN concurrency_key text,
    ADD COLUMN concurrency_limit integer,
    ADD COLUMN debounce_key text,
    -- Not begun before this time.
    ADD COLUMN not_before timestamptz,
    -- Waits for a place among the runs of its concurrency_key; ready_at is NULL meanwhile.
    ADD COLUMN held boolean NOT NULL DEFAULT false,
    ADD COLUMN forked_from uuid,
    ADD COLUMN forked_seq bigint,
    -- When the details went; the row, its error and the audit stay.
    ADD COLUMN thinned_at timestamptz,
    ADD CONSTRAINT runs_limit_of_key CHECK ((concurrency_key IS NULL) = (concurrency_limit IS NULL)),
    ADD CONSTRAINT runs_fork_of_run FOREIGN KEY (tenant_id, forked_from) REFERENCES runs;
CREATE INDEX runs_by_concurrency ON runs (tenant_id, concurrency_key, held)
    WHERE concurrency_key IS NOT NULL AND finished_at IS NULL;
CREATE INDEX runs_held ON runs (tenant_id) WHERE held;
CREATE INDEX runs_by_debounce ON runs (tenant_id, debounce_key) WHERE debounce_key IS NOT NULL AND status = 'queued';
CREATE INDEX runs_by_end ON runs (tenant_id, finished_at) WHERE finished_at IS NOT NULL AND thinned_at IS NULL;
GRANT SELECT (held) ON runs TO persona_dispatch;

-- Thinning takes what only helps to look back.
GRANT DELETE ON run_events, checkpoints, signals TO persona_app;

-- Calls given up for good, until a person has them tried again.
ALTER TABLE jobs ADD COLUMN retried_as uuid, ADD CONSTRAINT jobs_retried_as_run FOREIGN KEY (tenant_id, retried_as) REFERENCES runs;
CREATE INDEX jobs_given_up ON jobs (tenant_id, job_id) WHERE state = 'failed' AND applied;

-- Ends a transaction that made one run more than may wait to be begun.
CREATE FUNCTION require_queue_room(default_limit bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    most bigint := coalesce((SELECT s.queue_limit FROM tenant_settings s WHERE s.tenant_id = current_tenant()), default_limit);
BEGIN
    IF (SELECT count(*) FROM (
            SELECT 1 FROM runs r WHERE r.tenant_id = current_tenant() AND r.status = 'queued' LIMIT most + 1) waiting) > most
    THEN
        RAISE EXCEPTION 'too many runs wait to be begun' USING ERRCODE = 'PF002';
    END IF;
END $$;

-- A run that ends hands its place to the next one of its key, in the same transaction.
CREATE FUNCTION hand_place_on() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    next uuid;
BEGIN
    UPDATE runs r SET held = false, wakes = r.wakes + 1,
        ready_at = greatest(platform_now(), coalesce(r.not_before, platform_now()))
    WHERE r.tenant_id = NEW.tenant_id AND r.run_id = (
        SELECT h.run_id FROM runs h
        WHERE h.tenant_id = NEW.tenant_id AND h.concurrency_key = NEW.concurrency_key AND h.held
            AND h.finished_at IS NULL
        ORDER BY h.priority DESC, h.run_id LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING r.run_id INTO next;
    IF next IS NOT NULL THEN
        INSERT INTO outbox (tenant_id, topic, subject_id) VALUES (NEW.tenant_id, 'run', next);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER runs_hand_place_on AFTER UPDATE OF status ON runs FOR EACH ROW
    WHEN (OLD.finished_at IS NULL AND NEW.finished_at IS NOT NULL AND NEW.concurrency_key IS NOT NULL AND NOT NEW.held)
    EXECUTE FUNCTION hand_place_on();
