CREATE TABLE audit_entry (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    type TEXT NOT NULL,
    subject TEXT NOT NULL,
    case_id INTEGER,
    site_id INTEGER,
    actor_id INTEGER,
    at TEXT NOT NULL,
    recorded_at TEXT NOT NULL,
    content TEXT NOT NULL
)
 STRICT

-- next
CREATE INDEX ix_audit_entry_type ON audit_entry (type, id)

-- next
CREATE INDEX ix_audit_entry_subject ON audit_entry (subject, id)

-- next
CREATE INDEX ix_audit_entry_site ON audit_entry (site_id, id)

-- next
CREATE INDEX ix_audit_entry_actor ON audit_entry (actor_id, id)

-- next
CREATE INDEX ix_audit_entry_case ON audit_entry (case_id, id)

-- next
CREATE TRIGGER audit_entry_no_update BEFORE UPDATE ON audit_entry BEGIN SELECT RAISE(ABORT, 'audit_entry is append-only'); END

-- next
CREATE TRIGGER audit_entry_no_delete BEFORE DELETE ON audit_entry BEGIN SELECT RAISE(ABORT, 'audit_entry is append-only'); END

-- next
CREATE TRIGGER audit_entry_no_replace BEFORE INSERT ON audit_entry WHEN EXISTS (SELECT 1 FROM audit_entry WHERE id = NEW.id) BEGIN SELECT RAISE(ABORT, 'audit_entry is append-only'); END

-- next
CREATE TABLE audit_seal (
    number INTEGER NOT NULL,
    entry_id INTEGER NOT NULL,
    content_hash TEXT NOT NULL,
    chain_hash TEXT NOT NULL,
    CONSTRAINT pk_audit_seal PRIMARY KEY (number),
    CONSTRAINT ck_audit_seal_dense CHECK (number >= 1),
    CONSTRAINT uq_audit_seal_entry_id UNIQUE (entry_id)
)
 STRICT

-- next
CREATE TRIGGER audit_seal_no_update BEFORE UPDATE ON audit_seal BEGIN SELECT RAISE(ABORT, 'audit_seal is append-only'); END

-- next
CREATE TRIGGER audit_seal_no_delete BEFORE DELETE ON audit_seal BEGIN SELECT RAISE(ABORT, 'audit_seal is append-only'); END

-- next
CREATE TRIGGER audit_seal_no_replace BEFORE INSERT ON audit_seal WHEN EXISTS (SELECT 1 FROM audit_seal WHERE number = NEW.number) OR EXISTS (SELECT 1 FROM audit_seal WHERE entry_id = NEW.entry_id) BEGIN SELECT RAISE(ABORT, 'audit_seal is append-only'); END

-- next
CREATE TABLE site (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    currency TEXT NOT NULL,
    locale TEXT NOT NULL,
    country TEXT NOT NULL,
    subdivision TEXT,
    calendar_id INTEGER,
    version INTEGER NOT NULL,
    CONSTRAINT uq_site_code UNIQUE (code),
    CONSTRAINT uq_site_name UNIQUE (name)
)
 STRICT

-- next
CREATE TABLE sign_in_throttle (
    "key" TEXT NOT NULL,
    failures INTEGER NOT NULL,
    first_at TEXT NOT NULL,
    CONSTRAINT pk_sign_in_throttle PRIMARY KEY ("key")
)
 STRICT

-- next
CREATE INDEX ix_sign_in_throttle_first_at ON sign_in_throttle (first_at)

-- next
CREATE TABLE calendar (
    id INTEGER NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at TEXT NOT NULL,
    CONSTRAINT pk_calendar PRIMARY KEY (id),
    CONSTRAINT uq_calendar_code UNIQUE (code)
)
 STRICT

-- next
CREATE TABLE category (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    active INTEGER NOT NULL,
    version INTEGER NOT NULL,
    CONSTRAINT uq_category_code UNIQUE (code)
)
 STRICT

-- next
CREATE TABLE sla_policy_version (
    id INTEGER NOT NULL,
    number INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    CONSTRAINT pk_sla_policy_version PRIMARY KEY (id),
    CONSTRAINT uq_sla_policy_version_number UNIQUE (number)
)
 STRICT

-- next
CREATE TRIGGER sla_policy_version_no_update BEFORE UPDATE ON sla_policy_version BEGIN SELECT RAISE(ABORT, 'sla_policy_version is append-only'); END

-- next
CREATE TRIGGER sla_policy_version_no_delete BEFORE DELETE ON sla_policy_version BEGIN SELECT RAISE(ABORT, 'sla_policy_version is append-only'); END

-- next
CREATE TRIGGER sla_policy_version_no_replace BEFORE INSERT ON sla_policy_version WHEN EXISTS (SELECT 1 FROM sla_policy_version WHERE id = NEW.id) OR EXISTS (SELECT 1 FROM sla_policy_version WHERE number = NEW.number) BEGIN SELECT RAISE(ABORT, 'sla_policy_version is append-only'); END

-- next
CREATE TABLE remedy_kind (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    monetary INTEGER NOT NULL,
    active INTEGER NOT NULL,
    version INTEGER NOT NULL,
    CONSTRAINT uq_remedy_kind_code UNIQUE (code)
)
 STRICT

-- next
CREATE TABLE policy_version (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    number INTEGER NOT NULL,
    title TEXT NOT NULL,
    source TEXT NOT NULL,
    state TEXT NOT NULL,
    valid_from TEXT NOT NULL,
    created_at TEXT NOT NULL,
    created_by_id INTEGER,
    published_at TEXT,
    content_hash TEXT NOT NULL,
    CONSTRAINT ck_policy_version_state CHECK (state IN ('draft','published')),
    CONSTRAINT ck_policy_version_published CHECK ((state = 'published') = (published_at IS NOT NULL)),
    CONSTRAINT uq_policy_version_number UNIQUE (number)
)
 STRICT

-- next
CREATE INDEX ix_policy_version_valid ON policy_version (state, valid_from)

-- next
CREATE TRIGGER policy_version_frozen_update BEFORE UPDATE ON policy_version WHEN OLD.state = 'published' BEGIN SELECT RAISE(ABORT, 'policy_version is append-only'); END

-- next
CREATE TRIGGER policy_version_frozen_delete BEFORE DELETE ON policy_version WHEN OLD.state = 'published' BEGIN SELECT RAISE(ABORT, 'policy_version is append-only'); END

-- next
CREATE TRIGGER policy_version_frozen_replace BEFORE INSERT ON policy_version WHEN EXISTS (SELECT 1 FROM policy_version WHERE id = NEW.id AND policy_version.state = 'published') BEGIN SELECT RAISE(ABORT, 'policy_version is append-only'); END

-- next
CREATE TABLE purse (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    "key" TEXT NOT NULL,
    unit TEXT NOT NULL,
    period TEXT,
    currency TEXT NOT NULL,
    site_id INTEGER NOT NULL,
    team_id INTEGER,
    employee_id INTEGER,
    ceiling_minor INTEGER NOT NULL,
    approved_minor INTEGER NOT NULL,
    reserved_minor INTEGER NOT NULL,
    settled_minor INTEGER NOT NULL,
    CONSTRAINT ck_purse_not_negative CHECK (reserved_minor >= 0 AND settled_minor >= 0 AND approved_minor >= 0),
    CONSTRAINT ck_purse_limit CHECK (unit = 'customer_days' OR reserved_minor + settled_minor <= ceiling_minor + approved_minor),
    CONSTRAINT uq_purse_key UNIQUE ("key")
)
 STRICT

-- next
CREATE INDEX ix_purse_site ON purse (site_id, unit, id)

-- next
CREATE INDEX ix_purse_employee ON purse (employee_id, id)

-- next
CREATE TABLE hold (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    remedy_id INTEGER NOT NULL,
    customer_id INTEGER,
    currency TEXT NOT NULL,
    amount_minor INTEGER NOT NULL,
    counted_minor INTEGER NOT NULL,
    state TEXT NOT NULL,
    held_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    CONSTRAINT ck_hold_amount CHECK (amount_minor > 0),
    CONSTRAINT ck_hold_counted CHECK (counted_minor >= 0 AND counted_minor <= amount_minor),
    CONSTRAINT uq_hold_remedy_id UNIQUE (remedy_id)
)
 STRICT

-- next
CREATE INDEX ix_hold_customer ON hold (customer_id, held_at)

-- next
CREATE TABLE intent (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    actor TEXT NOT NULL,
    "key" TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    answer TEXT NOT NULL,
    at TEXT NOT NULL
)
 STRICT

-- next
CREATE UNIQUE INDEX uq_intent_actor_key ON intent (actor, "key")

-- next
CREATE TRIGGER intent_no_update BEFORE UPDATE ON intent BEGIN SELECT RAISE(ABORT, 'intent is append-only'); END

-- next
CREATE TRIGGER intent_no_delete BEFORE DELETE ON intent BEGIN SELECT RAISE(ABORT, 'intent is append-only'); END

-- next
CREATE TRIGGER intent_no_replace BEFORE INSERT ON intent WHEN EXISTS (SELECT 1 FROM intent WHERE id = NEW.id) BEGIN SELECT RAISE(ABORT, 'intent is append-only'); END

-- next
CREATE TABLE idempotency_answer (
    actor_id INTEGER NOT NULL,
    "key" TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    claim TEXT NOT NULL,
    status INTEGER,
    body TEXT,
    created_at TEXT NOT NULL,
    CONSTRAINT pk_idempotency_answer PRIMARY KEY (actor_id, "key")
)
 STRICT

-- next
CREATE TABLE lease (
    name TEXT NOT NULL,
    owner TEXT NOT NULL,
    token INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    CONSTRAINT pk_lease PRIMARY KEY (name)
)
 STRICT

-- next
CREATE TABLE heartbeat (
    name TEXT NOT NULL,
    owner TEXT NOT NULL,
    token INTEGER NOT NULL,
    at TEXT NOT NULL,
    took_ms INTEGER NOT NULL,
    done_count INTEGER NOT NULL,
    run_count INTEGER NOT NULL,
    failure_count INTEGER NOT NULL,
    last_error TEXT,
    CONSTRAINT pk_heartbeat PRIMARY KEY (name)
)
 STRICT

-- next
CREATE TABLE probe (
    id INTEGER NOT NULL,
    at TEXT NOT NULL,
    CONSTRAINT pk_probe PRIMARY KEY (id)
)
 STRICT

-- next
CREATE TABLE audit_payload (
    entry_id INTEGER NOT NULL,
    salt TEXT,
    payload TEXT,
    CONSTRAINT pk_audit_payload PRIMARY KEY (entry_id),
    CONSTRAINT fk_audit_payload_entry_id_audit_entry FOREIGN KEY(entry_id) REFERENCES audit_entry (id)
)
 STRICT

-- next
CREATE TRIGGER audit_payload_no_update BEFORE UPDATE ON audit_payload WHEN NOT (NEW.entry_id = OLD.entry_id AND NEW.payload IS NULL AND NEW.salt IS NULL) BEGIN SELECT RAISE(ABORT, 'audit_payload is append-only'); END

-- next
CREATE TRIGGER audit_payload_no_delete BEFORE DELETE ON audit_payload BEGIN SELECT RAISE(ABORT, 'audit_payload is append-only'); END

-- next
CREATE TRIGGER audit_payload_no_replace BEFORE INSERT ON audit_payload WHEN EXISTS (SELECT 1 FROM audit_payload WHERE entry_id = NEW.entry_id) BEGIN SELECT RAISE(ABORT, 'audit_payload is append-only'); END

-- next
CREATE TABLE team (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    site_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    supervisor_id INTEGER,
    version INTEGER NOT NULL,
    CONSTRAINT fk_team_site_id_site FOREIGN KEY(site_id) REFERENCES site (id),
    CONSTRAINT fk_team_supervisor_id_employee FOREIGN KEY(supervisor_id) REFERENCES employee (id)
)
 STRICT

-- next
CREATE INDEX ix_team_supervisor_id ON team (supervisor_id)

-- next
CREATE UNIQUE INDEX uq_team_site_name ON team (site_id, name)

-- next
CREATE TABLE calendar_version (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    calendar_id INTEGER NOT NULL,
    number INTEGER NOT NULL,
    time_zone TEXT NOT NULL,
    country TEXT,
    subdivision TEXT,
    windows TEXT NOT NULL,
    holidays TEXT NOT NULL,
    created_at TEXT NOT NULL,
    CONSTRAINT fk_calendar_version_calendar_id_calendar FOREIGN KEY(calendar_id) REFERENCES calendar (id)
)
 STRICT

-- next
CREATE INDEX ix_calendar_version_calendar ON calendar_version (calendar_id, number)

-- next
CREATE TRIGGER calendar_version_no_update BEFORE UPDATE ON calendar_version BEGIN SELECT RAISE(ABORT, 'calendar_version is append-only'); END

-- next
CREATE TRIGGER calendar_version_no_delete BEFORE DELETE ON calendar_version BEGIN SELECT RAISE(ABORT, 'calendar_version is append-only'); END

-- next
CREATE TRIGGER calendar_version_no_replace BEFORE INSERT ON calendar_version WHEN EXISTS (SELECT 1 FROM calendar_version WHERE id = NEW.id) BEGIN SELECT RAISE(ABORT, 'calendar_version is append-only'); END

-- next
CREATE TABLE customer (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    email TEXT,
    phone TEXT,
    language TEXT,
    site_id INTEGER,
    created_at TEXT NOT NULL,
    version INTEGER NOT NULL,
    CONSTRAINT fk_customer_site_id_site FOREIGN KEY(site_id) REFERENCES site (id)
)
 STRICT

-- next
CREATE INDEX ix_customer_site_id ON customer (site_id)

-- next
CREATE INDEX ix_customer_name_key ON customer (name_key, id)

-- next
CREATE INDEX ix_customer_phone ON customer (phone)

-- next
CREATE INDEX ix_customer_email ON customer (email)

-- next
CREATE VIRTUAL TABLE customer_search USING fts5(body, tokenize='unicode61 remove_diacritics 0')

-- next
CREATE TABLE sla_target (
    id INTEGER NOT NULL,
    version_id INTEGER NOT NULL,
    severity INTEGER NOT NULL,
    milestone TEXT NOT NULL,
    target_seconds INTEGER NOT NULL,
    CONSTRAINT pk_sla_target PRIMARY KEY (id),
    CONSTRAINT ck_sla_target_positive CHECK (target_seconds > 0),
    CONSTRAINT ck_sla_target_severity CHECK (severity BETWEEN 0 AND 4),
    CONSTRAINT fk_sla_target_version_id_sla_policy_version FOREIGN KEY(version_id) REFERENCES sla_policy_version (id)
)
 STRICT

-- next
CREATE INDEX ix_sla_target_version ON sla_target (version_id, severity)

-- next
CREATE TRIGGER sla_target_no_update BEFORE UPDATE ON sla_target BEGIN SELECT RAISE(ABORT, 'sla_target is append-only'); END

-- next
CREATE TRIGGER sla_target_no_delete BEFORE DELETE ON sla_target BEGIN SELECT RAISE(ABORT, 'sla_target is append-only'); END

-- next
CREATE TRIGGER sla_target_no_replace BEFORE INSERT ON sla_target WHEN EXISTS (SELECT 1 FROM sla_target WHERE id = NEW.id) BEGIN SELECT RAISE(ABORT, 'sla_target is append-only'); END

-- next
CREATE TABLE authority_rule (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    version_id INTEGER NOT NULL,
    role TEXT,
    site_id INTEGER,
    kind TEXT,
    category_id INTEGER,
    severity_min INTEGER NOT NULL,
    severity_max INTEGER NOT NULL,
    unit TEXT NOT NULL,
    days INTEGER,
    limit_minor INTEGER NOT NULL,
    currency TEXT NOT NULL,
    clause TEXT NOT NULL,
    hard INTEGER NOT NULL,
    CONSTRAINT ck_authority_rule_unit CHECK (unit IN ('incident','customer_days','employee_month','team_month')),
    CONSTRAINT ck_authority_rule_limit CHECK (limit_minor >= 0),
    CONSTRAINT ck_authority_rule_days CHECK ((unit = 'customer_days') = (days IS NOT NULL)),
    CONSTRAINT fk_authority_rule_version_id_policy_version FOREIGN KEY(version_id) REFERENCES policy_version (id),
    CONSTRAINT fk_authority_rule_site_id_site FOREIGN KEY(site_id) REFERENCES site (id)
)
 STRICT

-- next
CREATE INDEX ix_authority_rule_version_id ON authority_rule (version_id)

-- next
CREATE TRIGGER authority_rule_no_update BEFORE UPDATE ON authority_rule BEGIN SELECT RAISE(ABORT, 'authority_rule is append-only'); END

-- next
CREATE TRIGGER authority_rule_no_delete BEFORE DELETE ON authority_rule BEGIN SELECT RAISE(ABORT, 'authority_rule is append-only'); END

-- next
CREATE TRIGGER authority_rule_no_replace BEFORE INSERT ON authority_rule WHEN EXISTS (SELECT 1 FROM authority_rule WHERE id = NEW.id) BEGIN SELECT RAISE(ABORT, 'authority_rule is append-only'); END

-- next
CREATE TRIGGER authority_rule_no_addition BEFORE INSERT ON authority_rule WHEN EXISTS (SELECT 1 FROM policy_version WHERE id = NEW.version_id AND state = 'published') BEGIN SELECT RAISE(ABORT, 'authority_rule is append-only'); END

-- next
CREATE TABLE ledger_transfer (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    hold_id INTEGER NOT NULL,
    amount_minor INTEGER NOT NULL,
    currency TEXT NOT NULL,
    at TEXT NOT NULL,
    actor_id INTEGER,
    resolves_id INTEGER,
    reverses_id INTEGER,
    CONSTRAINT ck_ledger_transfer_amount CHECK (amount_minor > 0),
    CONSTRAINT fk_ledger_transfer_hold_id_hold FOREIGN KEY(hold_id) REFERENCES hold (id),
    CONSTRAINT uq_ledger_transfer_resolves_id UNIQUE (resolves_id),
    CONSTRAINT fk_ledger_transfer_resolves_id_ledger_transfer FOREIGN KEY(resolves_id) REFERENCES ledger_transfer (id),
    CONSTRAINT uq_ledger_transfer_reverses_id UNIQUE (reverses_id),
    CONSTRAINT fk_ledger_transfer_reverses_id_ledger_transfer FOREIGN KEY(reverses_id) REFERENCES ledger_transfer (id)
)
 STRICT

-- next
CREATE INDEX ix_ledger_transfer_hold ON ledger_transfer (hold_id, id)

-- next
CREATE TRIGGER ledger_transfer_no_update BEFORE UPDATE ON ledger_transfer BEGIN SELECT RAISE(ABORT, 'ledger_transfer is append-only'); END

-- next
CREATE TRIGGER ledger_transfer_no_delete BEFORE DELETE ON ledger_transfer BEGIN SELECT RAISE(ABORT, 'ledger_transfer is append-only'); END

-- next
CREATE TRIGGER ledger_transfer_no_replace BEFORE INSERT ON ledger_transfer WHEN EXISTS (SELECT 1 FROM ledger_transfer WHERE id = NEW.id) OR EXISTS (SELECT 1 FROM ledger_transfer WHERE resolves_id = NEW.resolves_id) OR EXISTS (SELECT 1 FROM ledger_transfer WHERE reverses_id = NEW.reverses_id) BEGIN SELECT RAISE(ABORT, 'ledger_transfer is append-only'); END

-- next
CREATE TABLE employee (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    password_hash TEXT,
    role TEXT NOT NULL,
    job_title TEXT NOT NULL,
    site_id INTEGER NOT NULL,
    team_id INTEGER,
    manager_id INTEGER,
    locale TEXT,
    theme TEXT NOT NULL,
    keys_off INTEGER NOT NULL,
    active_from TEXT NOT NULL,
    deactivated_at TEXT,
    version INTEGER NOT NULL,
    CONSTRAINT ck_employee_role CHECK (role IN ('frontline','supervisor','manager','hr','auditor','admin')),
    CONSTRAINT ck_employee_theme CHECK (theme IN ('auto','light','dark')),
    CONSTRAINT ck_employee_not_own_manager CHECK (manager_id IS NULL OR manager_id <> id),
    CONSTRAINT uq_employee_email UNIQUE (email),
    CONSTRAINT fk_employee_site_id_site FOREIGN KEY(site_id) REFERENCES site (id),
    CONSTRAINT fk_employee_team_id_team FOREIGN KEY(team_id) REFERENCES team (id),
    CONSTRAINT fk_employee_manager_id_employee FOREIGN KEY(manager_id) REFERENCES employee (id)
)
 STRICT

-- next
CREATE INDEX ix_employee_manager_id ON employee (manager_id)

-- next
CREATE INDEX ix_employee_team_id ON employee (team_id)

-- next
CREATE INDEX ix_employee_site ON employee (site_id, role, id)

-- next
CREATE INDEX ix_employee_name ON employee (name, id)

-- next
CREATE TABLE clock (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    case_id INTEGER NOT NULL,
    case_ref TEXT NOT NULL,
    milestone TEXT NOT NULL,
    severity INTEGER NOT NULL,
    site_id INTEGER NOT NULL,
    team_id INTEGER,
    owner_id INTEGER,
    policy_version_id INTEGER,
    calendar_version_id INTEGER,
    target_seconds INTEGER NOT NULL,
    started_at TEXT NOT NULL,
    soon_at TEXT,
    due_at TEXT,
    warned_at TEXT,
    breached_at TEXT,
    stopped_at TEXT,
    cancelled_at TEXT,
    next_notice_at TEXT,
    historic INTEGER NOT NULL,
    version INTEGER NOT NULL,
    CONSTRAINT ck_clock_positive CHECK (target_seconds > 0),
    CONSTRAINT ck_clock_one_end CHECK (stopped_at IS NULL OR cancelled_at IS NULL),
    CONSTRAINT fk_clock_policy_version_id_sla_policy_version FOREIGN KEY(policy_version_id) REFERENCES sla_policy_version (id),
    CONSTRAINT fk_clock_calendar_version_id_calendar_version FOREIGN KEY(calendar_version_id) REFERENCES calendar_version (id)
)
 STRICT

-- next
CREATE INDEX ix_clock_case ON clock (case_id, id)

-- next
CREATE INDEX ix_clock_notice ON clock (next_notice_at, id) WHERE next_notice_at IS NOT NULL

-- next
CREATE INDEX ix_clock_measures ON clock (site_id, stopped_at, historic, milestone, due_at, team_id) WHERE stopped_at IS NOT NULL

-- next
CREATE INDEX ix_clock_site_due ON clock (site_id, due_at, id) WHERE stopped_at IS NULL AND cancelled_at IS NULL AND historic = 0

-- next
CREATE INDEX ix_clock_team_due ON clock (team_id, due_at, id) WHERE stopped_at IS NULL AND cancelled_at IS NULL AND historic = 0

-- next
CREATE TABLE ledger_entry (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    transfer_id INTEGER NOT NULL,
    purse_id INTEGER NOT NULL,
    bucket TEXT NOT NULL,
    amount_minor INTEGER NOT NULL,
    CONSTRAINT ck_ledger_entry_bucket CHECK (bucket IN ('available','granted','reserved','settled')),
    CONSTRAINT fk_ledger_entry_transfer_id_ledger_transfer FOREIGN KEY(transfer_id) REFERENCES ledger_transfer (id),
    CONSTRAINT fk_ledger_entry_purse_id_purse FOREIGN KEY(purse_id) REFERENCES purse (id)
)
 STRICT

-- next
CREATE INDEX ix_ledger_entry_transfer ON ledger_entry (transfer_id)

-- next
CREATE INDEX ix_ledger_entry_purse ON ledger_entry (purse_id, id)

-- next
CREATE TRIGGER ledger_entry_no_update BEFORE UPDATE ON ledger_entry BEGIN SELECT RAISE(ABORT, 'ledger_entry is append-only'); END

-- next
CREATE TRIGGER ledger_entry_no_delete BEFORE DELETE ON ledger_entry BEGIN SELECT RAISE(ABORT, 'ledger_entry is append-only'); END

-- next
CREATE TRIGGER ledger_entry_no_replace BEFORE INSERT ON ledger_entry WHEN EXISTS (SELECT 1 FROM ledger_entry WHERE id = NEW.id) BEGIN SELECT RAISE(ABORT, 'ledger_entry is append-only'); END

-- next
CREATE TABLE sign_in_session (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    employee_id INTEGER NOT NULL,
    token_hash TEXT NOT NULL,
    started_at TEXT NOT NULL,
    seen_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    ended_at TEXT,
    address TEXT,
    browser TEXT NOT NULL,
    CONSTRAINT fk_sign_in_session_employee_id_employee FOREIGN KEY(employee_id) REFERENCES employee (id),
    CONSTRAINT uq_sign_in_session_token_hash UNIQUE (token_hash)
)
 STRICT

-- next
CREATE INDEX ix_sign_in_session_seen_at ON sign_in_session (seen_at)

-- next
CREATE INDEX ix_sign_in_session_employee_id ON sign_in_session (employee_id)

-- next
CREATE TABLE one_time_link (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    employee_id INTEGER NOT NULL,
    purpose TEXT NOT NULL,
    token_hash TEXT NOT NULL,
    made_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    used_at TEXT,
    revoked_at TEXT,
    CONSTRAINT ck_one_time_link_purpose CHECK (purpose IN ('invite','reset')),
    CONSTRAINT fk_one_time_link_employee_id_employee FOREIGN KEY(employee_id) REFERENCES employee (id),
    CONSTRAINT uq_one_time_link_token_hash UNIQUE (token_hash)
)
 STRICT

-- next
CREATE INDEX ix_one_time_link_employee_id ON one_time_link (employee_id)

-- next
CREATE TABLE api_token (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    employee_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    token_hash TEXT NOT NULL,
    made_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    revoked_at TEXT,
    CONSTRAINT fk_api_token_employee_id_employee FOREIGN KEY(employee_id) REFERENCES employee (id),
    CONSTRAINT uq_api_token_token_hash UNIQUE (token_hash)
)
 STRICT

-- next
CREATE INDEX ix_api_token_employee_id ON api_token (employee_id)

-- next
CREATE TABLE notification (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    employee_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    url TEXT NOT NULL,
    text_key TEXT NOT NULL,
    params TEXT NOT NULL,
    at TEXT NOT NULL,
    read_at TEXT,
    CONSTRAINT fk_notification_employee_id_employee FOREIGN KEY(employee_id) REFERENCES employee (id)
)
 STRICT

-- next
CREATE INDEX ix_notification_employee ON notification (employee_id, id)

-- next
CREATE INDEX ix_notification_unread ON notification (employee_id, id) WHERE read_at IS NULL

-- next
CREATE TABLE case_file (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    customer_id INTEGER,
    site_id INTEGER NOT NULL,
    team_id INTEGER,
    owner_id INTEGER,
    category_id INTEGER NOT NULL,
    severity INTEGER NOT NULL,
    channel TEXT NOT NULL,
    journey_stage TEXT,
    attribution TEXT NOT NULL,
    summary TEXT NOT NULL,
    description TEXT NOT NULL,
    loss_minor INTEGER,
    desired_outcome TEXT,
    occurred_at TEXT NOT NULL,
    received_at TEXT NOT NULL,
    logged_at TEXT NOT NULL,
    logged_by_id INTEGER,
    state TEXT NOT NULL,
    waiting_for TEXT,
    outcome TEXT,
    root_cause TEXT,
    resolution_note TEXT,
    resolved_at TEXT,
    resolved_by_id INTEGER,
    closed_at TEXT,
    reopened_count INTEGER NOT NULL,
    next_due_at TEXT NOT NULL,
    given_minor INTEGER NOT NULL,
    historic INTEGER NOT NULL,
    source TEXT,
    source_ref TEXT,
    version INTEGER NOT NULL,
    updated_at TEXT NOT NULL,
    CONSTRAINT ck_case_file_severity CHECK (severity BETWEEN 0 AND 4),
    CONSTRAINT ck_case_file_state CHECK (state IN ('open','waiting','resolved','closed')),
    CONSTRAINT ck_case_file_resolved CHECK ((state IN ('resolved','closed')) = (resolved_at IS NOT NULL)),
    CONSTRAINT fk_case_file_customer_id_customer FOREIGN KEY(customer_id) REFERENCES customer (id),
    CONSTRAINT fk_case_file_site_id_site FOREIGN KEY(site_id) REFERENCES site (id),
    CONSTRAINT fk_case_file_team_id_team FOREIGN KEY(team_id) REFERENCES team (id),
    CONSTRAINT fk_case_file_owner_id_employee FOREIGN KEY(owner_id) REFERENCES employee (id),
    CONSTRAINT fk_case_file_category_id_category FOREIGN KEY(category_id) REFERENCES category (id)
)
 STRICT

-- next
CREATE INDEX ix_case_queue_site ON case_file (site_id, next_due_at, id) WHERE resolved_at IS NULL

-- next
CREATE INDEX ix_case_customer ON case_file (customer_id, id)

-- next
CREATE INDEX ix_case_queue_all ON case_file (next_due_at, id) WHERE resolved_at IS NULL

-- next
CREATE INDEX ix_case_resolved ON case_file (site_id, resolved_at, id)

-- next
CREATE INDEX ix_case_measures ON case_file (site_id, resolved_at, historic, team_id) WHERE resolved_at IS NOT NULL

-- next
CREATE INDEX ix_case_resolved_all ON case_file (resolved_at, id) WHERE resolved_at IS NOT NULL

-- next
CREATE UNIQUE INDEX uq_case_source ON case_file (source, source_ref)

-- next
CREATE INDEX ix_case_queue_owner ON case_file (owner_id, next_due_at, id) WHERE resolved_at IS NULL

-- next
CREATE INDEX ix_case_resolver ON case_file (resolved_by_id, resolved_at)

-- next
CREATE INDEX ix_case_queue_team ON case_file (team_id, next_due_at, id) WHERE resolved_at IS NULL

-- next
CREATE INDEX ix_case_site_logged ON case_file (site_id, logged_at)

-- next
CREATE VIRTUAL TABLE case_search USING fts5(body, tokenize='unicode61 remove_diacritics 0')

-- next
CREATE TABLE clock_pause (
    id INTEGER NOT NULL,
    clock_id INTEGER NOT NULL,
    from_at TEXT NOT NULL,
    to_at TEXT,
    reason TEXT NOT NULL,
    actor_id INTEGER,
    CONSTRAINT pk_clock_pause PRIMARY KEY (id),
    CONSTRAINT ck_clock_pause_forward CHECK (to_at IS NULL OR to_at >= from_at),
    CONSTRAINT fk_clock_pause_clock_id_clock FOREIGN KEY(clock_id) REFERENCES clock (id)
)
 STRICT

-- next
CREATE INDEX ix_clock_pause_clock ON clock_pause (clock_id, id)

-- next
CREATE UNIQUE INDEX uq_clock_pause_open ON clock_pause (clock_id) WHERE to_at IS NULL

-- next
CREATE TABLE clock_notice (
    id INTEGER NOT NULL,
    clock_id INTEGER NOT NULL,
    threshold TEXT NOT NULL,
    at TEXT NOT NULL,
    CONSTRAINT pk_clock_notice PRIMARY KEY (id),
    CONSTRAINT uq_clock_notice_once UNIQUE (clock_id, threshold),
    CONSTRAINT fk_clock_notice_clock_id_clock FOREIGN KEY(clock_id) REFERENCES clock (id)
)
 STRICT

-- next
CREATE TABLE import_run (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    file_name TEXT NOT NULL,
    file_path TEXT,
    file_bytes INTEGER NOT NULL,
    mapping_name TEXT NOT NULL,
    source TEXT NOT NULL,
    is_dry INTEGER NOT NULL,
    state TEXT NOT NULL,
    started_by_id INTEGER,
    started_at TEXT NOT NULL,
    beat_at TEXT,
    ended_at TEXT,
    rows_total INTEGER,
    read_count INTEGER NOT NULL,
    imported_count INTEGER NOT NULL,
    present_count INTEGER NOT NULL,
    rejected_count INTEGER NOT NULL,
    message TEXT NOT NULL,
    CONSTRAINT ck_import_run_state CHECK (state IN ('waiting','running','finished','failed')),
    CONSTRAINT ck_import_run_adds_up CHECK (imported_count + present_count + rejected_count = read_count),
    CONSTRAINT fk_import_run_started_by_id_employee FOREIGN KEY(started_by_id) REFERENCES employee (id)
)
 STRICT

-- next
CREATE INDEX ix_import_run_active ON import_run (id) WHERE state IN ('waiting','running')

-- next
CREATE TABLE case_event (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    case_id INTEGER NOT NULL,
    at TEXT NOT NULL,
    kind TEXT NOT NULL,
    actor_id INTEGER,
    about_id INTEGER,
    text TEXT NOT NULL,
    data TEXT NOT NULL,
    CONSTRAINT fk_case_event_case_id_case_file FOREIGN KEY(case_id) REFERENCES case_file (id)
)
 STRICT

-- next
CREATE INDEX ix_case_event_case ON case_event (case_id, at, id)

-- next
CREATE TABLE remedy (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    case_id INTEGER NOT NULL,
    customer_id INTEGER,
    employee_id INTEGER,
    site_id INTEGER NOT NULL,
    team_id INTEGER,
    kind TEXT NOT NULL,
    nature TEXT NOT NULL,
    amount_minor INTEGER NOT NULL,
    currency TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    decision TEXT,
    policy_version_id INTEGER,
    exception_id INTEGER,
    created_at TEXT NOT NULL,
    ended_at TEXT,
    expires_at TEXT,
    historic INTEGER NOT NULL,
    version INTEGER NOT NULL,
    CONSTRAINT ck_remedy_amount CHECK (amount_minor >= 0),
    CONSTRAINT ck_remedy_nature CHECK (nature IN ('goodwill','redress')),
    CONSTRAINT ck_remedy_state CHECK (state IN ('requested','reserved','settled','declined','withdrawn','released','expired','reversed')),
    CONSTRAINT fk_remedy_case_id_case_file FOREIGN KEY(case_id) REFERENCES case_file (id),
    CONSTRAINT uq_remedy_exception_id UNIQUE (exception_id)
)
 STRICT

-- next
CREATE INDEX ix_remedy_expiry ON remedy (expires_at, id) WHERE state = 'reserved'

-- next
CREATE INDEX ix_remedy_customer ON remedy (customer_id, id)

-- next
CREATE INDEX ix_remedy_site ON remedy (site_id, created_at)

-- next
CREATE INDEX ix_remedy_case ON remedy (case_id, id)

-- next
CREATE TABLE exception_request (
    id INTEGER NOT NULL,
    case_id INTEGER NOT NULL,
    remedy_id INTEGER,
    requested_by_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    amount_minor INTEGER NOT NULL,
    currency TEXT NOT NULL,
    reason TEXT NOT NULL,
    terms_hash TEXT NOT NULL,
    over TEXT NOT NULL,
    policy_version_id INTEGER,
    site_id INTEGER NOT NULL,
    team_id INTEGER,
    asked_at TEXT NOT NULL,
    due_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    state TEXT NOT NULL,
    ended_at TEXT,
    ended_by_id INTEGER,
    CONSTRAINT pk_exception_request PRIMARY KEY (id),
    CONSTRAINT ck_exception_request_state CHECK (state IN ('waiting', 'approved', 'declined', 'withdrawn', 'expired')),
    CONSTRAINT ck_exception_request_amount CHECK (amount_minor >= 0),
    CONSTRAINT ck_exception_request_ended CHECK ((state = 'waiting') = (ended_at IS NULL)),
    CONSTRAINT fk_exception_request_case_id_case_file FOREIGN KEY(case_id) REFERENCES case_file (id),
    CONSTRAINT uq_exception_request_remedy_id UNIQUE (remedy_id),
    CONSTRAINT fk_exception_request_requested_by_id_employee FOREIGN KEY(requested_by_id) REFERENCES employee (id),
    CONSTRAINT fk_exception_request_site_id_site FOREIGN KEY(site_id) REFERENCES site (id),
    CONSTRAINT fk_exception_request_team_id_team FOREIGN KEY(team_id) REFERENCES team (id),
    CONSTRAINT fk_exception_request_ended_by_id_employee FOREIGN KEY(ended_by_id) REFERENCES employee (id)
)
 STRICT

-- next
CREATE INDEX ix_exception_request_expiring ON exception_request (expires_at, id) WHERE state = 'waiting'

-- next
CREATE INDEX ix_exception_request_waiting ON exception_request (due_at, id) WHERE state = 'waiting'

-- next
CREATE INDEX ix_exception_request_case ON exception_request (case_id, id)

-- next
CREATE INDEX ix_exception_request_site ON exception_request (site_id, asked_at, id)

-- next
CREATE INDEX ix_exception_request_ended ON exception_request (ended_at, id)

-- next
CREATE INDEX ix_exception_request_asker ON exception_request (requested_by_id, id)

-- next
CREATE TRIGGER exception_request_frozen_update BEFORE UPDATE ON exception_request WHEN OLD.state <> 'waiting' BEGIN SELECT RAISE(ABORT, 'exception_request is append-only'); END

-- next
CREATE TRIGGER exception_request_frozen_delete BEFORE DELETE ON exception_request WHEN OLD.state <> 'waiting' BEGIN SELECT RAISE(ABORT, 'exception_request is append-only'); END

-- next
CREATE TRIGGER exception_request_frozen_replace BEFORE INSERT ON exception_request WHEN EXISTS (SELECT 1 FROM exception_request WHERE id = NEW.id AND exception_request.state <> 'waiting') BEGIN SELECT RAISE(ABORT, 'exception_request is append-only'); END

-- next
CREATE TABLE import_reject (
    id INTEGER NOT NULL,
    run_id INTEGER NOT NULL,
    line INTEGER NOT NULL,
    source_ref TEXT NOT NULL,
    column_name TEXT NOT NULL,
    value TEXT NOT NULL,
    code TEXT NOT NULL,
    reason TEXT NOT NULL,
    CONSTRAINT pk_import_reject PRIMARY KEY (id),
    CONSTRAINT fk_import_reject_run_id_import_run FOREIGN KEY(run_id) REFERENCES import_run (id)
)
 STRICT

-- next
CREATE INDEX ix_import_reject_run ON import_reject (run_id, line, id)

-- next
CREATE TABLE exception_decision (
    id INTEGER NOT NULL,
    exception_id INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    decided_by_id INTEGER NOT NULL,
    on_behalf_of_id INTEGER,
    at TEXT NOT NULL,
    reason TEXT NOT NULL,
    amount_minor INTEGER,
    CONSTRAINT pk_exception_decision PRIMARY KEY (id),
    CONSTRAINT ck_exception_decision_outcome CHECK (outcome IN ('approved', 'declined')),
    CONSTRAINT ck_exception_decision_amount CHECK ((outcome = 'approved') = (amount_minor IS NOT NULL)),
    CONSTRAINT uq_exception_decision_exception_id UNIQUE (exception_id),
    CONSTRAINT fk_exception_decision_exception_id_exception_request FOREIGN KEY(exception_id) REFERENCES exception_request (id),
    CONSTRAINT fk_exception_decision_decided_by_id_employee FOREIGN KEY(decided_by_id) REFERENCES employee (id),
    CONSTRAINT fk_exception_decision_on_behalf_of_id_employee FOREIGN KEY(on_behalf_of_id) REFERENCES employee (id)
)
 STRICT

-- next
CREATE INDEX ix_exception_decision_decider ON exception_decision (decided_by_id, id)

-- next
CREATE TRIGGER exception_decision_no_update BEFORE UPDATE ON exception_decision BEGIN SELECT RAISE(ABORT, 'exception_decision is append-only'); END

-- next
CREATE TRIGGER exception_decision_no_delete BEFORE DELETE ON exception_decision BEGIN SELECT RAISE(ABORT, 'exception_decision is append-only'); END

-- next
CREATE TRIGGER exception_decision_no_replace BEFORE INSERT ON exception_decision WHEN EXISTS (SELECT 1 FROM exception_decision WHERE id = NEW.id) OR EXISTS (SELECT 1 FROM exception_decision WHERE exception_id = NEW.exception_id) BEGIN SELECT RAISE(ABORT, 'exception_decision is append-only'); END
