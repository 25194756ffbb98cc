CREATE TABLE audit_entry (
    id BIGSERIAL NOT NULL,
    type VARCHAR(60) NOT NULL,
    subject VARCHAR(60) NOT NULL,
    case_id BIGINT,
    site_id BIGINT,
    actor_id BIGINT,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    content TEXT NOT NULL,
    CONSTRAINT pk_audit_entry PRIMARY KEY (id)
)

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
CREATE OR REPLACE FUNCTION makegood_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$

-- next
CREATE TRIGGER audit_entry_no_update BEFORE UPDATE ON audit_entry FOR EACH ROW EXECUTE FUNCTION makegood_refuse()

-- next
CREATE TRIGGER audit_entry_no_delete BEFORE DELETE ON audit_entry FOR EACH ROW EXECUTE FUNCTION makegood_refuse()

-- next
CREATE TRIGGER audit_entry_no_truncate BEFORE TRUNCATE ON audit_entry FOR EACH STATEMENT EXECUTE FUNCTION makegood_refuse()

-- next
CREATE TABLE audit_seal (
    number BIGINT NOT NULL,
    entry_id BIGINT NOT NULL,
    content_hash VARCHAR(64) NOT NULL,
    chain_hash VARCHAR(64) NOT NULL,
    CONSTRAINT pk_audit_seal PRIMARY KEY (number),
    CONSTRAINT ck_audit_seal_dense CHECK (number >= 1),
    CONSTRAINT uq_audit_seal_entry_id UNIQUE (entry_id)
)

-- next
CREATE TRIGGER audit_seal_no_update BEFORE UPDATE ON audit_seal FOR EACH ROW EXECUTE FUNCTION makegood_refuse()

-- next
CREATE TRIGGER audit_seal_no_delete BEFORE DELETE ON audit_seal FOR EACH ROW EXECUTE FUNCTION makegood_refuse()

-- next
CREATE TRIGGER audit_seal_no_truncate BEFORE TRUNCATE ON audit_seal FOR EACH STATEMENT EXECUTE FUNCTION makegood_refuse()

-- next
CREATE TABLE site (
    id BIGSERIAL NOT NULL,
    code VARCHAR(20) NOT NULL,
    name VARCHAR(100) NOT NULL,
    time_zone VARCHAR(60) NOT NULL,
    currency VARCHAR(3) NOT NULL,
    locale VARCHAR(12) NOT NULL,
    country VARCHAR(2) NOT NULL,
    subdivision VARCHAR(6),
    calendar_id BIGINT,
    version BIGINT NOT NULL,
    CONSTRAINT pk_site PRIMARY KEY (id),
    CONSTRAINT uq_site_code UNIQUE (code),
    CONSTRAINT uq_site_name UNIQUE (name)
)

-- next
CREATE TABLE sign_in_throttle (
    key VARCHAR(64) NOT NULL,
    failures BIGINT NOT NULL,
    first_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_sign_in_throttle PRIMARY KEY (key)
)

-- next
CREATE INDEX ix_sign_in_throttle_first_at ON sign_in_throttle (first_at)

-- next
CREATE TABLE calendar (
    id BIGSERIAL NOT NULL,
    code VARCHAR(40) NOT NULL,
    name VARCHAR(120) NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_calendar PRIMARY KEY (id),
    CONSTRAINT uq_calendar_code UNIQUE (code)
)

-- next
CREATE TABLE category (
    id BIGSERIAL NOT NULL,
    code VARCHAR(80) NOT NULL,
    name VARCHAR(160) NOT NULL,
    active BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    CONSTRAINT pk_category PRIMARY KEY (id),
    CONSTRAINT uq_category_code UNIQUE (code)
)

-- next
CREATE TABLE sla_policy_version (
    id BIGSERIAL NOT NULL,
    number BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_sla_policy_version PRIMARY KEY (id),
    CONSTRAINT uq_sla_policy_version_number UNIQUE (number)
)

-- next
CREATE TRIGGER sla_policy_version_no_update BEFORE UPDATE ON sla_policy_version FOR EACH ROW EXECUTE FUNCTION makegood_refuse()

-- next
CREATE TRIGGER sla_policy_version_no_delete BEFORE DELETE ON sla_policy_version FOR EACH ROW EXECUTE FUNCTION makegood_refuse()

-- next
CREATE TRIGGER sla_policy_version_no_truncate BEFORE TRUNCATE ON sla_policy_version FOR EACH STATEMENT EXECUTE FUNCTION makegood_refuse()

-- next
CREATE TABLE remedy_kind (
    id BIGSERIAL NOT NULL,
    code VARCHAR(40) NOT NULL,
    name VARCHAR(80) NOT NULL,
    monetary BOOLEAN NOT NULL,
    active BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    CONSTRAINT pk_remedy_kind PRIMARY KEY (id),
    CONSTRAINT uq_remedy_kind_code UNIQUE (code)
)

-- next
CREATE TABLE policy_version (
    id BIGSERIAL NOT NULL,
    number BIGINT NOT NULL,
    title VARCHAR(120) NOT NULL,
    source TEXT NOT NULL,
    state VARCHAR(10) NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    created_by_id BIGINT,
    published_at TIMESTAMP WITH TIME ZONE,
    content_hash VARCHAR(64) NOT NULL,
    CONSTRAINT pk_policy_version PRIMARY KEY (id),
    CONSTRAINT ck_policy_version_state CHECK (state IN ('draft','published')),
    CONSTRAINT ck_policy_version_published CHECK ((state = 'published') = (published_at IS NOT NULL)),
    CONSTRAINT uq_policy_version_number UNIQUE (number)
)

-- next
CREATE INDEX ix_policy_version_valid ON policy_version (state, valid_from)

-- next
CREATE TRIGGER policy_version_frozen_update BEFORE UPDATE ON policy_version FOR EACH ROW WHEN (OLD.state = 'published') EXECUTE FUNCTION makegood_refuse()

-- next
CREATE TRIGGER policy_version_frozen_delete BEFORE DELETE ON policy_version FOR EACH ROW WHEN (OLD.state = 'published') EXECUTE FUNCTION makegood_refuse()

-- next
CREATE TRIGGER policy_version_no_truncate BEFORE TRUNCATE ON policy_version FOR EACH STATEMENT EXECUTE FUNCTION makegood_refuse()

-- next
CREATE TABLE purse (
    id BIGSERIAL NOT NULL,
    key VARCHAR(80) NOT NULL,
    unit VARCHAR(20) NOT NULL,
    period VARCHAR(10),
    currency VARCHAR(3) NOT NULL,
    site_id BIGINT NOT NULL,
    team_id BIGINT,
    employee_id BIGINT,
    ceiling_minor BIGINT NOT NULL,
    approved_minor BIGINT NOT NULL,
    reserved_minor BIGINT NOT NULL,
    settled_minor BIGINT NOT NULL,
    CONSTRAINT pk_purse PRIMARY KEY (id),
    CONSTRAINT ck_purse_not_negative CHECK (reserved_minor >= 0 AND settled_minor >= 0 AND approved_minor >= 0),
    CONSTRAINT ck_purse_limit CHECK (unit = 'customer_days' OR reserved_minor + settled_minor <= ceiling_minor + approved_minor),
    CONSTRAINT uq_purse_key UNIQUE (key)
)

-- next
CREATE INDEX ix_purse_site ON purse (site_id, unit, id)

-- next
CREATE INDEX ix_purse_employee ON purse (employee_id, id)

-- next
CREATE TABLE hold (
    id BIGSERIAL NOT NULL,
    remedy_id BIGINT NOT NULL,
    customer_id BIGINT,
    currency VARCHAR(3) NOT NULL,
    amount_minor BIGINT NOT NULL,
    counted_minor BIGINT NOT NULL,
    state VARCHAR(10) NOT NULL,
    held_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_hold PRIMARY KEY (id),
    CONSTRAINT ck_hold_amount CHECK (amount_minor > 0),
    CONSTRAINT ck_hold_counted CHECK (counted_minor >= 0 AND counted_minor <= amount_minor),
    CONSTRAINT uq_hold_remedy_id UNIQUE (remedy_id)
)

-- next
CREATE INDEX ix_hold_customer ON hold (customer_id, held_at)

-- next
CREATE TABLE intent (
    id BIGSERIAL NOT NULL,
    actor VARCHAR(60) NOT NULL,
    key VARCHAR(120) NOT NULL,
    fingerprint VARCHAR(64) NOT NULL,
    answer TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_intent PRIMARY KEY (id)
)

-- next
CREATE UNIQUE INDEX uq_intent_actor_key ON intent (actor, key)

-- next
CREATE TRIGGER intent_no_update BEFORE UPDATE ON intent FOR EACH ROW EXECUTE FUNCTION makegood_refuse()

-- next
CREATE TRIGGER intent_no_delete BEFORE DELETE ON intent FOR EACH ROW EXECUTE FUNCTION makegood_refuse()

-- next
CREATE TRIGGER intent_no_truncate BEFORE TRUNCATE ON intent FOR EACH STATEMENT EXECUTE FUNCTION makegood_refuse()

-- next
CREATE TABLE idempotency_answer (
    actor_id BIGINT NOT NULL,
    key VARCHAR(200) NOT NULL,
    fingerprint VARCHAR(64) NOT NULL,
    claim VARCHAR(32) NOT NULL,
    status INTEGER,
    body TEXT,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_idempotency_answer PRIMARY KEY (actor_id, key)
)

-- next
CREATE TABLE lease (
    name VARCHAR(40) NOT NULL,
    owner VARCHAR(120) NOT NULL,
    token BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL,
    CONSTRAINT pk_lease PRIMARY KEY (name)
)

-- next
CREATE TABLE heartbeat (
    name VARCHAR(60) NOT NULL,
    owner VARCHAR(120) NOT NULL,
    token BIGINT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    took_ms BIGINT NOT NULL,
    done_count BIGINT NOT NULL,
    run_count BIGINT NOT NULL,
    failure_count BIGINT NOT NULL,
    last_error VARCHAR(300),
    CONSTRAINT pk_heartbeat PRIMARY KEY (name)
)

-- next
CREATE TABLE probe (
    id BIGINT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_probe PRIMARY KEY (id)
)

-- next
CREATE TABLE audit_payload (
    entry_id BIGINT NOT NULL,
    salt VARCHAR(64),
    payload TEXT,
    CONSTRAINT pk_audit_payload PRIMARY KEY (entry_id),
    CONSTRAINT fk_audit_payload_entry_id_audit_entry FOREIGN KEY(entry_id) REFERENCES audit_entry (id)
)

-- next
CREATE TRIGGER audit_payload_no_update BEFORE UPDATE ON audit_payload FOR EACH ROW WHEN (NOT (NEW.entry_id = OLD.entry_id AND NEW.payload IS NULL AND NEW.salt IS NULL)) EXECUTE FUNCTION makegood_refuse()

-- next
CREATE TRIGGER audit_payload_no_delete BEFORE DELETE ON audit_payload FOR EACH ROW EXECUTE FUNCTION makegood_refuse()

-- next
CREATE TRIGGER audit_payload_no_truncate BEFORE TRUNCATE ON audit_payload FOR EACH STATEMENT EXECUTE FUNCTION makegood_refuse()

-- next
CREATE TABLE team (
    id BIGSERIAL NOT NULL,
    site_id BIGINT NOT NULL,
    name VARCHAR(100) NOT NULL,
    supervisor_id BIGINT,
    version BIGINT NOT NULL,
    CONSTRAINT pk_team PRIMARY KEY (id),
    CONSTRAINT fk_team_site_id_site FOREIGN KEY(site_id) REFERENCES site (id)
)

-- next
CREATE INDEX ix_team_supervisor_id ON team (supervisor_id)

-- next
CREATE UNIQUE INDEX uq_team_site_name ON team (site_id, name)

-- next
CREATE TABLE calendar_version (
    id BIGSERIAL NOT NULL,
    calendar_id BIGINT NOT NULL,
    number BIGINT NOT NULL,
    time_zone VARCHAR(60) NOT NULL,
    country VARCHAR(2),
    subdivision VARCHAR(10),
    windows TEXT NOT NULL,
    holidays TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_calendar_version PRIMARY KEY (id),
    CONSTRAINT fk_calendar_version_calendar_id_calendar FOREIGN KEY(calendar_id) REFERENCES calendar (id)
)

-- next
CREATE INDEX ix_calendar_version_calendar ON calendar_version (calendar_id, number)

-- next
CREATE TRIGGER calendar_version_no_update BEFORE UPDATE ON calendar_version FOR EACH ROW EXECUTE FUNCTION makegood_refuse()

-- next
CREATE TRIGGER calendar_version_no_delete BEFORE DELETE ON calendar_version FOR EACH ROW EXECUTE FUNCTION makegood_refuse()

-- next
CREATE TRIGGER calendar_version_no_truncate BEFORE TRUNCATE ON calendar_version FOR EACH STATEMENT EXECUTE FUNCTION makegood_refuse()

-- next
CREATE TABLE customer (
    id BIGSERIAL NOT NULL,
    name VARCHAR(120) NOT NULL,
    name_key VARCHAR(160) NOT NULL,
    email VARCHAR(254),
    phone VARCHAR(40),
    language VARCHAR(12),
    site_id BIGINT,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    version BIGINT NOT NULL,
    CONSTRAINT pk_customer PRIMARY KEY (id),
    CONSTRAINT fk_customer_site_id_site FOREIGN KEY(site_id) REFERENCES site (id)
)

-- next
CREATE INDEX ix_customer_site_id ON customer (site_id)

-- next
CREATE INDEX ix_customer_name_key ON customer (name_key, id)

-- next
CREATE INDEX ix_customer_phone ON customer (phone)

-- next
CREATE INDEX ix_customer_email ON customer (email)

-- next
CREATE TABLE customer_search (rowid BIGINT PRIMARY KEY, body TSVECTOR NOT NULL)

-- next
CREATE INDEX ix_customer_search_body ON customer_search USING gin (body) WITH (fastupdate = off)

-- next
CREATE TABLE sla_target (
    id BIGSERIAL NOT NULL,
    version_id BIGINT NOT NULL,
    severity BIGINT NOT NULL,
    milestone VARCHAR(20) NOT NULL,
    target_seconds BIGINT NOT NULL,
    CONSTRAINT pk_sla_target PRIMARY KEY (id),
    CONSTRAINT ck_sla_target_positive CHECK (target_seconds > 0),
    CONSTRAINT ck_sla_target_severity CHECK (severity BETWEEN 0 AND 4),
    CONSTRAINT fk_sla_target_version_id_sla_policy_version FOREIGN KEY(version_id) REFERENCES sla_policy_version (id)
)

-- next
CREATE INDEX ix_sla_target_version ON sla_target (version_id, severity)

-- next
CREATE TRIGGER sla_target_no_update BEFORE UPDATE ON sla_target FOR EACH ROW EXECUTE FUNCTION makegood_refuse()

-- next
CREATE TRIGGER sla_target_no_delete BEFORE DELETE ON sla_target FOR EACH ROW EXECUTE FUNCTION makegood_refuse()

-- next
CREATE TRIGGER sla_target_no_truncate BEFORE TRUNCATE ON sla_target FOR EACH STATEMENT EXECUTE FUNCTION makegood_refuse()

-- next
CREATE TABLE authority_rule (
    id BIGSERIAL NOT NULL,
    version_id BIGINT NOT NULL,
    role VARCHAR(20),
    site_id BIGINT,
    kind VARCHAR(40),
    category_id BIGINT,
    severity_min BIGINT NOT NULL,
    severity_max BIGINT NOT NULL,
    unit VARCHAR(20) NOT NULL,
    days BIGINT,
    limit_minor BIGINT NOT NULL,
    currency VARCHAR(3) NOT NULL,
    clause VARCHAR(40) NOT NULL,
    hard BOOLEAN NOT NULL,
    CONSTRAINT pk_authority_rule PRIMARY KEY (id),
    CONSTRAINT ck_authority_rule_unit CHECK (unit IN ('incident','customer_days','employee_month','team_month')),
    CONSTRAINT ck_authority_rule_limit CHECK (limit_minor >= 0),
    CONSTRAINT ck_authority_rule_days CHECK ((unit = 'customer_days') = (days IS NOT NULL)),
    CONSTRAINT fk_authority_rule_version_id_policy_version FOREIGN KEY(version_id) REFERENCES policy_version (id),
    CONSTRAINT fk_authority_rule_site_id_site FOREIGN KEY(site_id) REFERENCES site (id)
)

-- next
CREATE INDEX ix_authority_rule_version_id ON authority_rule (version_id)

-- next
CREATE TRIGGER authority_rule_no_update BEFORE UPDATE ON authority_rule FOR EACH ROW EXECUTE FUNCTION makegood_refuse()

-- next
CREATE TRIGGER authority_rule_no_delete BEFORE DELETE ON authority_rule FOR EACH ROW EXECUTE FUNCTION makegood_refuse()

-- next
CREATE TRIGGER authority_rule_no_truncate BEFORE TRUNCATE ON authority_rule FOR EACH STATEMENT EXECUTE FUNCTION makegood_refuse()

-- next
CREATE OR REPLACE FUNCTION makegood_refuse_addition() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM policy_version WHERE id = NEW.version_id AND state = 'published') THEN RAISE EXCEPTION 'authority_rule is append-only' USING ERRCODE = 'restrict_violation'; END IF; RETURN NEW; END $$

-- next
CREATE TRIGGER authority_rule_no_addition BEFORE INSERT ON authority_rule FOR EACH ROW EXECUTE FUNCTION makegood_refuse_addition()

-- next
CREATE TABLE ledger_transfer (
    id BIGSERIAL NOT NULL,
    kind VARCHAR(10) NOT NULL,
    hold_id BIGINT NOT NULL,
    amount_minor BIGINT NOT NULL,
    currency VARCHAR(3) NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    actor_id BIGINT,
    resolves_id BIGINT,
    reverses_id BIGINT,
    CONSTRAINT pk_ledger_transfer PRIMARY KEY (id),
    CONSTRAINT ck_ledger_transfer_amount CHECK (amount_minor > 0),
    CONSTRAINT fk_ledger_transfer_hold_id_hold FOREIGN KEY(hold_id) REFERENCES hold (id),
    CONSTRAINT uq_ledger_transfer_resolves_id UNIQUE (resolves_id),
    CONSTRAINT fk_ledger_transfer_resolves_id_ledger_transfer FOREIGN KEY(resolves_id) REFERENCES ledger_transfer (id),
    CONSTRAINT uq_ledger_transfer_reverses_id UNIQUE (reverses_id),
    CONSTRAINT fk_ledger_transfer_reverses_id_ledger_transfer FOREIGN KEY(reverses_id) REFERENCES ledger_transfer (id)
)

-- next
CREATE INDEX ix_ledger_transfer_hold ON ledger_transfer (hold_id, id)

-- next
CREATE TRIGGER ledger_transfer_no_update BEFORE UPDATE ON ledger_transfer FOR EACH ROW EXECUTE FUNCTION makegood_refuse()

-- next
CREATE TRIGGER ledger_transfer_no_delete BEFORE DELETE ON ledger_transfer FOR EACH ROW EXECUTE FUNCTION makegood_refuse()

-- next
CREATE TRIGGER ledger_transfer_no_truncate BEFORE TRUNCATE ON ledger_transfer FOR EACH STATEMENT EXECUTE FUNCTION makegood_refuse()

-- next
CREATE TABLE employee (
    id BIGSERIAL NOT NULL,
    name VARCHAR(100) NOT NULL,
    email VARCHAR(254) NOT NULL,
    password_hash VARCHAR(200),
    role VARCHAR(12) NOT NULL,
    job_title VARCHAR(100) NOT NULL,
    site_id BIGINT NOT NULL,
    team_id BIGINT,
    manager_id BIGINT,
    locale VARCHAR(12),
    theme VARCHAR(5) NOT NULL,
    keys_off BOOLEAN NOT NULL,
    active_from TIMESTAMP WITH TIME ZONE NOT NULL,
    deactivated_at TIMESTAMP WITH TIME ZONE,
    version BIGINT NOT NULL,
    CONSTRAINT pk_employee PRIMARY KEY (id),
    CONSTRAINT ck_employee_role CHECK (role IN ('frontline','supervisor','manager','hr','auditor','admin')),
    CONSTRAINT ck_employee_theme CHECK (theme IN ('auto','light','dark')),
    CONSTRAINT ck_employee_not_own_manager CHECK (manager_id IS NULL OR manager_id <> id),
    CONSTRAINT uq_employee_email UNIQUE (email),
    CONSTRAINT fk_employee_site_id_site FOREIGN KEY(site_id) REFERENCES site (id),
    CONSTRAINT fk_employee_team_id_team FOREIGN KEY(team_id) REFERENCES team (id),
    CONSTRAINT fk_employee_manager_id_employee FOREIGN KEY(manager_id) REFERENCES employee (id)
)

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
    id BIGSERIAL NOT NULL,
    case_id BIGINT NOT NULL,
    case_ref VARCHAR(30) NOT NULL,
    milestone VARCHAR(20) NOT NULL,
    severity BIGINT NOT NULL,
    site_id BIGINT NOT NULL,
    team_id BIGINT,
    owner_id BIGINT,
    policy_version_id BIGINT,
    calendar_version_id BIGINT,
    target_seconds BIGINT NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    soon_at TIMESTAMP WITH TIME ZONE,
    due_at TIMESTAMP WITH TIME ZONE,
    warned_at TIMESTAMP WITH TIME ZONE,
    breached_at TIMESTAMP WITH TIME ZONE,
    stopped_at TIMESTAMP WITH TIME ZONE,
    cancelled_at TIMESTAMP WITH TIME ZONE,
    next_notice_at TIMESTAMP WITH TIME ZONE,
    historic BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    CONSTRAINT pk_clock PRIMARY KEY (id),
    CONSTRAINT ck_clock_positive CHECK (target_seconds > 0),
    CONSTRAINT ck_clock_one_end CHECK (stopped_at IS NULL OR cancelled_at IS NULL),
    CONSTRAINT fk_clock_policy_version_id_sla_policy_version FOREIGN KEY(policy_version_id) REFERENCES sla_policy_version (id),
    CONSTRAINT fk_clock_calendar_version_id_calendar_version FOREIGN KEY(calendar_version_id) REFERENCES calendar_version (id)
)

-- next
CREATE INDEX ix_clock_case ON clock (case_id, id)

-- next
CREATE INDEX ix_clock_notice ON clock (next_notice_at, id) WHERE next_notice_at IS NOT NULL

-- next
CREATE INDEX ix_clock_measures ON clock (site_id, stopped_at, historic, milestone, due_at, team_id) WHERE stopped_at IS NOT NULL

-- next
CREATE INDEX ix_clock_site_due ON clock (site_id, due_at, id) WHERE stopped_at IS NULL AND cancelled_at IS NULL AND NOT historic

-- next
CREATE INDEX ix_clock_team_due ON clock (team_id, due_at, id) WHERE stopped_at IS NULL AND cancelled_at IS NULL AND NOT historic

-- next
CREATE TABLE ledger_entry (
    id BIGSERIAL NOT NULL,
    transfer_id BIGINT NOT NULL,
    purse_id BIGINT NOT NULL,
    bucket VARCHAR(10) NOT NULL,
    amount_minor BIGINT NOT NULL,
    CONSTRAINT pk_ledger_entry PRIMARY KEY (id),
    CONSTRAINT ck_ledger_entry_bucket CHECK (bucket IN ('available','granted','reserved','settled')),
    CONSTRAINT fk_ledger_entry_transfer_id_ledger_transfer FOREIGN KEY(transfer_id) REFERENCES ledger_transfer (id),
    CONSTRAINT fk_ledger_entry_purse_id_purse FOREIGN KEY(purse_id) REFERENCES purse (id)
)

-- next
CREATE INDEX ix_ledger_entry_transfer ON ledger_entry (transfer_id)

-- next
CREATE INDEX ix_ledger_entry_purse ON ledger_entry (purse_id, id)

-- next
CREATE TRIGGER ledger_entry_no_update BEFORE UPDATE ON ledger_entry FOR EACH ROW EXECUTE FUNCTION makegood_refuse()

-- next
CREATE TRIGGER ledger_entry_no_delete BEFORE DELETE ON ledger_entry FOR EACH ROW EXECUTE FUNCTION makegood_refuse()

-- next
CREATE TRIGGER ledger_entry_no_truncate BEFORE TRUNCATE ON ledger_entry FOR EACH STATEMENT EXECUTE FUNCTION makegood_refuse()

-- next
CREATE TABLE sign_in_session (
    id BIGSERIAL NOT NULL,
    employee_id BIGINT NOT NULL,
    token_hash VARCHAR(64) NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    address VARCHAR(60),
    browser VARCHAR(200) NOT NULL,
    CONSTRAINT pk_sign_in_session PRIMARY KEY (id),
    CONSTRAINT fk_sign_in_session_employee_id_employee FOREIGN KEY(employee_id) REFERENCES employee (id),
    CONSTRAINT uq_sign_in_session_token_hash UNIQUE (token_hash)
)

-- next
CREATE INDEX ix_sign_in_session_seen_at ON sign_in_session (seen_at)

-- next
CREATE INDEX ix_sign_in_session_employee_id ON sign_in_session (employee_id)

-- next
CREATE TABLE one_time_link (
    id BIGSERIAL NOT NULL,
    employee_id BIGINT NOT NULL,
    purpose VARCHAR(6) NOT NULL,
    token_hash VARCHAR(64) NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    used_at TIMESTAMP WITH TIME ZONE,
    revoked_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_one_time_link PRIMARY KEY (id),
    CONSTRAINT ck_one_time_link_purpose CHECK (purpose IN ('invite','reset')),
    CONSTRAINT fk_one_time_link_employee_id_employee FOREIGN KEY(employee_id) REFERENCES employee (id),
    CONSTRAINT uq_one_time_link_token_hash UNIQUE (token_hash)
)

-- next
CREATE INDEX ix_one_time_link_employee_id ON one_time_link (employee_id)

-- next
CREATE TABLE api_token (
    id BIGSERIAL NOT NULL,
    employee_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    token_hash VARCHAR(64) NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    revoked_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_api_token PRIMARY KEY (id),
    CONSTRAINT fk_api_token_employee_id_employee FOREIGN KEY(employee_id) REFERENCES employee (id),
    CONSTRAINT uq_api_token_token_hash UNIQUE (token_hash)
)

-- next
CREATE INDEX ix_api_token_employee_id ON api_token (employee_id)

-- next
CREATE TABLE notification (
    id BIGSERIAL NOT NULL,
    employee_id BIGINT NOT NULL,
    kind VARCHAR(40) NOT NULL,
    subject VARCHAR(60) NOT NULL,
    url VARCHAR(300) NOT NULL,
    text_key VARCHAR(300) NOT NULL,
    params TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    read_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_notification PRIMARY KEY (id),
    CONSTRAINT fk_notification_employee_id_employee FOREIGN KEY(employee_id) REFERENCES employee (id)
)

-- next
CREATE INDEX ix_notification_employee ON notification (employee_id, id)

-- next
CREATE INDEX ix_notification_unread ON notification (employee_id, id) WHERE read_at IS NULL

-- next
CREATE TABLE case_file (
    id BIGSERIAL NOT NULL,
    customer_id BIGINT,
    site_id BIGINT NOT NULL,
    team_id BIGINT,
    owner_id BIGINT,
    category_id BIGINT NOT NULL,
    severity BIGINT NOT NULL,
    channel VARCHAR(20) NOT NULL,
    journey_stage VARCHAR(20),
    attribution VARCHAR(20) NOT NULL,
    summary VARCHAR(120) NOT NULL,
    description TEXT NOT NULL,
    loss_minor BIGINT,
    desired_outcome TEXT,
    occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    logged_at TIMESTAMP WITH TIME ZONE NOT NULL,
    logged_by_id BIGINT,
    state VARCHAR(10) NOT NULL,
    waiting_for VARCHAR(20),
    outcome VARCHAR(40),
    root_cause VARCHAR(40),
    resolution_note TEXT,
    resolved_at TIMESTAMP WITH TIME ZONE,
    resolved_by_id BIGINT,
    closed_at TIMESTAMP WITH TIME ZONE,
    reopened_count BIGINT NOT NULL,
    next_due_at TIMESTAMP WITH TIME ZONE NOT NULL,
    given_minor BIGINT NOT NULL,
    historic BOOLEAN NOT NULL,
    source VARCHAR(60),
    source_ref VARCHAR(120),
    version BIGINT NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_case_file PRIMARY KEY (id),
    CONSTRAINT ck_case_file_severity CHECK (severity BETWEEN 0 AND 4),
    CONSTRAINT ck_case_file_state CHECK (state IN ('open','waiting','resolved','closed')),
    CONSTRAINT ck_case_file_resolved CHECK ((state IN ('resolved','closed')) = (resolved_at IS NOT NULL)),
    CONSTRAINT fk_case_file_customer_id_customer FOREIGN KEY(customer_id) REFERENCES customer (id),
    CONSTRAINT fk_case_file_site_id_site FOREIGN KEY(site_id) REFERENCES site (id),
    CONSTRAINT fk_case_file_team_id_team FOREIGN KEY(team_id) REFERENCES team (id),
    CONSTRAINT fk_case_file_owner_id_employee FOREIGN KEY(owner_id) REFERENCES employee (id),
    CONSTRAINT fk_case_file_category_id_category FOREIGN KEY(category_id) REFERENCES category (id)
)

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
CREATE TABLE case_search (rowid BIGINT PRIMARY KEY, body TSVECTOR NOT NULL)

-- next
CREATE INDEX ix_case_search_body ON case_search USING gin (body) WITH (fastupdate = off)

-- next
CREATE TABLE clock_pause (
    id BIGSERIAL NOT NULL,
    clock_id BIGINT NOT NULL,
    from_at TIMESTAMP WITH TIME ZONE NOT NULL,
    to_at TIMESTAMP WITH TIME ZONE,
    reason VARCHAR(30) NOT NULL,
    actor_id BIGINT,
    CONSTRAINT pk_clock_pause PRIMARY KEY (id),
    CONSTRAINT ck_clock_pause_forward CHECK (to_at IS NULL OR to_at >= from_at),
    CONSTRAINT fk_clock_pause_clock_id_clock FOREIGN KEY(clock_id) REFERENCES clock (id)
)

-- next
CREATE INDEX ix_clock_pause_clock ON clock_pause (clock_id, id)

-- next
CREATE UNIQUE INDEX uq_clock_pause_open ON clock_pause (clock_id) WHERE to_at IS NULL

-- next
CREATE TABLE clock_notice (
    id BIGSERIAL NOT NULL,
    clock_id BIGINT NOT NULL,
    threshold VARCHAR(10) NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_clock_notice PRIMARY KEY (id),
    CONSTRAINT uq_clock_notice_once UNIQUE (clock_id, threshold),
    CONSTRAINT fk_clock_notice_clock_id_clock FOREIGN KEY(clock_id) REFERENCES clock (id)
)

-- next
CREATE TABLE import_run (
    id BIGSERIAL NOT NULL,
    file_name VARCHAR(200) NOT NULL,
    file_path TEXT,
    file_bytes BIGINT NOT NULL,
    mapping_name VARCHAR(40) NOT NULL,
    source VARCHAR(40) NOT NULL,
    is_dry BOOLEAN NOT NULL,
    state VARCHAR(10) NOT NULL,
    started_by_id BIGINT,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    beat_at TIMESTAMP WITH TIME ZONE,
    ended_at TIMESTAMP WITH TIME ZONE,
    rows_total BIGINT,
    read_count BIGINT NOT NULL,
    imported_count BIGINT NOT NULL,
    present_count BIGINT NOT NULL,
    rejected_count BIGINT NOT NULL,
    message TEXT NOT NULL,
    CONSTRAINT pk_import_run PRIMARY KEY (id),
    CONSTRAINT ck_import_run_state CHECK (state IN ('waiting','running','finished','failed')),
    CONSTRAINT ck_import_run_adds_up CHECK (imported_count + present_count + rejected_count = read_count),
    CONSTRAINT fk_import_run_started_by_id_employee FOREIGN KEY(started_by_id) REFERENCES employee (id)
)

-- next
CREATE INDEX ix_import_run_active ON import_run (id) WHERE state IN ('waiting','running')

-- next
CREATE TABLE case_event (
    id BIGSERIAL NOT NULL,
    case_id BIGINT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    kind VARCHAR(20) NOT NULL,
    actor_id BIGINT,
    about_id BIGINT,
    text TEXT NOT NULL,
    data TEXT NOT NULL,
    CONSTRAINT pk_case_event PRIMARY KEY (id),
    CONSTRAINT fk_case_event_case_id_case_file FOREIGN KEY(case_id) REFERENCES case_file (id)
)

-- next
CREATE INDEX ix_case_event_case ON case_event (case_id, at, id)

-- next
CREATE TABLE remedy (
    id BIGSERIAL NOT NULL,
    case_id BIGINT NOT NULL,
    customer_id BIGINT,
    employee_id BIGINT,
    site_id BIGINT NOT NULL,
    team_id BIGINT,
    kind VARCHAR(40) NOT NULL,
    nature VARCHAR(10) NOT NULL,
    amount_minor BIGINT NOT NULL,
    currency VARCHAR(3) NOT NULL,
    state VARCHAR(10) NOT NULL,
    reason TEXT NOT NULL,
    decision TEXT,
    policy_version_id BIGINT,
    exception_id BIGINT,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    expires_at TIMESTAMP WITH TIME ZONE,
    historic BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    CONSTRAINT pk_remedy PRIMARY KEY (id),
    CONSTRAINT ck_remedy_amount CHECK (amount_minor >= 0),
    CONSTRAINT ck_remedy_nature CHECK (nature IN ('goodwill','redress')),
    CONSTRAINT ck_remedy_state CHECK (state IN ('requested','reserved','settled','declined','withdrawn','released','expired','reversed')),
    CONSTRAINT fk_remedy_case_id_case_file FOREIGN KEY(case_id) REFERENCES case_file (id),
    CONSTRAINT uq_remedy_exception_id UNIQUE (exception_id)
)

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
    id BIGSERIAL NOT NULL,
    case_id BIGINT NOT NULL,
    remedy_id BIGINT,
    requested_by_id BIGINT NOT NULL,
    kind VARCHAR(40) NOT NULL,
    amount_minor BIGINT NOT NULL,
    currency VARCHAR(3) NOT NULL,
    reason TEXT NOT NULL,
    terms_hash VARCHAR(64) NOT NULL,
    "over" TEXT NOT NULL,
    policy_version_id BIGINT,
    site_id BIGINT NOT NULL,
    team_id BIGINT,
    asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    due_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    state VARCHAR(12) NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    ended_by_id BIGINT,
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
CREATE TRIGGER exception_request_frozen_update BEFORE UPDATE ON exception_request FOR EACH ROW WHEN (OLD.state <> 'waiting') EXECUTE FUNCTION makegood_refuse()

-- next
CREATE TRIGGER exception_request_frozen_delete BEFORE DELETE ON exception_request FOR EACH ROW WHEN (OLD.state <> 'waiting') EXECUTE FUNCTION makegood_refuse()

-- next
CREATE TRIGGER exception_request_no_truncate BEFORE TRUNCATE ON exception_request FOR EACH STATEMENT EXECUTE FUNCTION makegood_refuse()

-- next
CREATE TABLE import_reject (
    id BIGSERIAL NOT NULL,
    run_id BIGINT NOT NULL,
    line BIGINT NOT NULL,
    source_ref VARCHAR(100) NOT NULL,
    column_name VARCHAR(200) NOT NULL,
    value VARCHAR(500) NOT NULL,
    code VARCHAR(40) NOT NULL,
    reason TEXT NOT NULL,
    CONSTRAINT pk_import_reject PRIMARY KEY (id),
    CONSTRAINT fk_import_reject_run_id_import_run FOREIGN KEY(run_id) REFERENCES import_run (id)
)

-- next
CREATE INDEX ix_import_reject_run ON import_reject (run_id, line, id)

-- next
CREATE TABLE exception_decision (
    id BIGSERIAL NOT NULL,
    exception_id BIGINT NOT NULL,
    outcome VARCHAR(12) NOT NULL,
    decided_by_id BIGINT NOT NULL,
    on_behalf_of_id BIGINT,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    reason TEXT NOT NULL,
    amount_minor BIGINT,
    CONSTRAINT pk_exception_decision PRIMARY KEY (id),
    CONSTRAINT ck_exception_decision_outcome CHECK (outcome IN ('approved', 'declined')),
    CONSTRAINT ck_exception_decision_amount CHECK ((outcome = 'approved') = (amount_minor IS NOT NULL)),
    CONSTRAINT uq_exception_decision_exception_id UNIQUE (exception_id),
    CONSTRAINT fk_exception_decision_exception_id_exception_request FOREIGN KEY(exception_id) REFERENCES exception_request (id),
    CONSTRAINT fk_exception_decision_decided_by_id_employee FOREIGN KEY(decided_by_id) REFERENCES employee (id),
    CONSTRAINT fk_exception_decision_on_behalf_of_id_employee FOREIGN KEY(on_behalf_of_id) REFERENCES employee (id)
)

-- next
CREATE INDEX ix_exception_decision_decider ON exception_decision (decided_by_id, id)

-- next
CREATE TRIGGER exception_decision_no_update BEFORE UPDATE ON exception_decision FOR EACH ROW EXECUTE FUNCTION makegood_refuse()

-- next
CREATE TRIGGER exception_decision_no_delete BEFORE DELETE ON exception_decision FOR EACH ROW EXECUTE FUNCTION makegood_refuse()

-- next
CREATE TRIGGER exception_decision_no_truncate BEFORE TRUNCATE ON exception_decision FOR EACH STATEMENT EXECUTE FUNCTION makegood_refuse()

-- next
ALTER TABLE team ADD CONSTRAINT fk_team_supervisor_id_employee FOREIGN KEY(supervisor_id) REFERENCES employee (id)
