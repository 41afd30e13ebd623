-- What a job takes a worker's slot for: models, or the part of a tool's name before the first dot (browser, email, deck).
ALTER TABLE jobs ADD COLUMN lane text COLLATE "C" NOT NULL
    GENERATED ALWAYS AS (CASE kind WHEN 'model' THEN 'model' ELSE split_part(tool, '.', 1) END) STORED;
GRANT SELECT (lane) ON jobs TO persona_dispatch;

-- Workers go from tenant to tenant and from lane to lane by it, whatever lies planned in each.
DROP INDEX jobs_planned;
CREATE INDEX jobs_planned ON jobs (tenant_id, lane, priority DESC, run_after) WHERE state = 'planned';

-- What a running call last said of itself, one row a step: told, not promised.
CREATE SEQUENCE progress_numbers AS bigint;
GRANT USAGE ON SEQUENCE progress_numbers TO persona_app;
CREATE TABLE step_progress (
    tenant_id uuid NOT NULL,
    run_id uuid NOT NULL,
    step integer NOT NULL,
    node text NOT NULL,
    item integer,
    attempt integer NOT NULL,
    -- Rises over all runs: whoever follows a run goes on from the last that he has seen.
    number bigint NOT NULL DEFAULT nextval('progress_numbers'),
    -- Reports of this step so far; beyond a bound no more are taken.
    reports integer NOT NULL DEFAULT 1,
    message text NOT NULL,
    fraction double precision,
    at timestamptz NOT NULL DEFAULT platform_now(),
    PRIMARY KEY (tenant_id, run_id, step),
    FOREIGN KEY (tenant_id, run_id) REFERENCES runs ON DELETE CASCADE
);
CALL protect_table('step_progress', 'SELECT, INSERT, UPDATE, DELETE');
