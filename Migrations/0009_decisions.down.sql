DROP TRIGGER runs_hand_place_on ON runs;
DROP FUNCTION hand_place_on();
DROP FUNCTION require_queue_room(bigint);
ALTER TABLE jobs DROP COLUMN retried_as;
DROP INDEX jobs_given_up;
REVOKE DELETE ON run_events, checkpoints, signals FROM persona_app;
ALTER TABLE runs DROP COLUMN concurrency_key, DROP COLUMN concurrency_limit, DROP COLUMN debounce_key,
    DROP COLUMN not_before, DROP COLUMN held, DROP COLUMN forked_from, DROP COLUMN forked_seq, DROP COLUMN thinned_at;
DROP TABLE tenant_settings;
ALTER TABLE signals DROP COLUMN wait_id;
DROP TABLE approvals;
