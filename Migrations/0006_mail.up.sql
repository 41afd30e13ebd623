CREATE TABLE mailboxes (
    tenant_id uuid NOT NULL REFERENCES tenants,
    mailbox_id uuid NOT NULL,
    persona_id uuid NOT NULL,
    address text NOT NULL,
    display_name text NOT NULL DEFAULT '',
    username text NOT NULL,
    imap json NOT NULL,
    smtp json NOT NULL,
    certificate_authority text,
    inbox text NOT NULL DEFAULT 'INBOX',
    sent_folder text NOT NULL DEFAULT 'Sent',
    -- Envelope (AES-256-GCM under the tenant's key).
    password bytea NOT NULL,
    -- Addresses or '@domain' whose mail starts a run; mail of anyone else is recorded and refused.
    allowed_senders text[] NOT NULL DEFAULT '{}',
    -- Graph that a mail starts.
    graph_id uuid NOT NULL,
    status text NOT NULL DEFAULT 'active' CONSTRAINT mailboxes_status_known
        CHECK (status IN ('active', 'paused')),
    last_error text,
    last_polled_at timestamptz,
    uid_validity bigint,
    last_uid bigint NOT NULL DEFAULT 0,
    revision bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT platform_now(),
    updated_at timestamptz NOT NULL DEFAULT platform_now(),
    owner bigint,
    epoch bigint NOT NULL DEFAULT 0,
    lease_until timestamptz,
    PRIMARY KEY (tenant_id, mailbox_id),
    CONSTRAINT mailboxes_address_unique UNIQUE (tenant_id, persona_id, address),
    FOREIGN KEY (tenant_id, persona_id) REFERENCES personas,
    FOREIGN KEY (tenant_id, graph_id) REFERENCES graphs
);
CALL protect_table('mailboxes', 'SELECT, INSERT, UPDATE, DELETE');
CALL open_to_dispatch('mailboxes',
    'tenant_id, mailbox_id, persona_id, status, owner, epoch, lease_until', 'owner, epoch, lease_until');

-- Every mail that was seen, acted on or not.
CREATE TABLE mails (
    tenant_id uuid NOT NULL,
    mail_id uuid NOT NULL,
    mailbox_id uuid NOT NULL,
    uid_validity bigint NOT NULL,
    uid bigint NOT NULL,
    -- Message-ID, or 'uid:<validity>:<uid>' for a mail without one: what a rescan recognises it by.
    identity text NOT NULL,
    from_address text NOT NULL,
    from_name text NOT NULL DEFAULT '',
    subject text NOT NULL DEFAULT '',
    size bigint NOT NULL,
    verdict text NOT NULL CONSTRAINT mails_verdict_known CHECK (verdict IN ('accepted', 'refused')),
    reason text,
    run_id uuid,
    received_at timestamptz NOT NULL DEFAULT platform_now(),
    PRIMARY KEY (tenant_id, mail_id),
    CONSTRAINT mails_once UNIQUE (tenant_id, mailbox_id, identity),
    CONSTRAINT mails_refused_says_why CHECK (verdict = 'accepted' OR reason IS NOT NULL),
    FOREIGN KEY (tenant_id, mailbox_id) REFERENCES mailboxes ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, run_id) REFERENCES runs
);
CALL protect_table('mails', 'SELECT, INSERT');
