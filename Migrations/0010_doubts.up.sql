-- Effects in doubt that their run does not wait for any more: they are asked about and decided all the same.
ALTER TABLE jobs
    -- The run goes on, or has ended, without this call's outcome.
    ADD COLUMN given_up boolean NOT NULL DEFAULT false,
    -- Of a reconciliation that no run waits for: the call that it asks about.
    ADD COLUMN asks uuid,
    ADD CONSTRAINT jobs_asks_job FOREIGN KEY (tenant_id, asks) REFERENCES jobs;
CREATE INDEX jobs_in_doubt ON jobs (tenant_id, job_id) WHERE state = 'unknown';
CREATE INDEX jobs_asking ON jobs (tenant_id, asks) WHERE asks IS NOT NULL;
CREATE INDEX jobs_answering ON jobs (tenant_id, job_id) WHERE asks IS NOT NULL AND NOT applied;
-- What was due stays due when the clock is set back.
GRANT UPDATE (run_after) ON jobs TO persona_dispatch;
GRANT SELECT (given_up, asks, applied) ON jobs TO persona_dispatch;
