CREATE TABLE hold_share (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    hold_id INTEGER NOT NULL,
    purse_id INTEGER NOT NULL,
    held_at TEXT NOT NULL,
    reserved_minor INTEGER NOT NULL,
    settled_minor INTEGER NOT NULL,
    granted INTEGER NOT NULL,
    CONSTRAINT ck_hold_share_not_negative CHECK (reserved_minor >= 0 AND settled_minor >= 0),
    CONSTRAINT fk_hold_share_hold_id_hold FOREIGN KEY(hold_id) REFERENCES hold (id),
    CONSTRAINT fk_hold_share_purse_id_purse FOREIGN KEY(purse_id) REFERENCES purse (id)
)
 STRICT

-- next
CREATE INDEX ix_hold_share_window ON hold_share (purse_id, held_at)

-- next
CREATE UNIQUE INDEX uq_hold_share_hold_purse ON hold_share (hold_id, purse_id)

-- next
CREATE TABLE fx_rate (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    currency TEXT NOT NULL,
    on_day TEXT NOT NULL,
    millionths INTEGER NOT NULL,
    CONSTRAINT ck_fx_rate_millionths CHECK (millionths > 0)
)
 STRICT

-- next
CREATE UNIQUE INDEX uq_fx_rate_currency_day ON fx_rate (currency, on_day)

-- next
CREATE TABLE certificate (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    level INTEGER NOT NULL,
    retired_at TEXT,
    CONSTRAINT ck_certificate_level CHECK (level BETWEEN 0 AND 9),
    CONSTRAINT uq_certificate_code UNIQUE (code)
)
 STRICT

-- next
CREATE TABLE certificate_grant (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    certificate_id INTEGER NOT NULL,
    employee_id INTEGER NOT NULL,
    granted_at TEXT NOT NULL,
    granted_by_id INTEGER,
    expires_at TEXT NOT NULL,
    revoked_at TEXT,
    warned_at TEXT,
    lapsed_at TEXT,
    CONSTRAINT ck_certificate_grant_period CHECK (granted_at < expires_at),
    CONSTRAINT fk_certificate_grant_certificate_id_certificate FOREIGN KEY(certificate_id) REFERENCES certificate (id),
    CONSTRAINT fk_certificate_grant_employee_id_employee FOREIGN KEY(employee_id) REFERENCES employee (id)
)
 STRICT

-- next
CREATE INDEX ix_certificate_grant_employee ON certificate_grant (employee_id, expires_at)

-- next
CREATE INDEX ix_certificate_grant_expiry ON certificate_grant (expires_at, id)

-- next
CREATE TABLE customer_segment (
    customer_id INTEGER NOT NULL,
    segment TEXT NOT NULL,
    set_at TEXT NOT NULL,
    set_by_id INTEGER,
    CONSTRAINT pk_customer_segment PRIMARY KEY (customer_id),
    CONSTRAINT fk_customer_segment_customer_id_customer FOREIGN KEY(customer_id) REFERENCES customer (id)
)
 STRICT

-- next
CREATE TABLE entitlement (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    source TEXT NOT NULL,
    kind TEXT NOT NULL,
    category_id INTEGER,
    country TEXT,
    attribution TEXT,
    severity_min INTEGER NOT NULL,
    formula TEXT NOT NULL,
    valid_from TEXT NOT NULL,
    retired_at TEXT,
    CONSTRAINT ck_entitlement_severity CHECK (severity_min BETWEEN 0 AND 4),
    CONSTRAINT uq_entitlement_code UNIQUE (code),
    CONSTRAINT fk_entitlement_category_id_category FOREIGN KEY(category_id) REFERENCES category (id)
)
 STRICT

-- next
CREATE TABLE redress_finding (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    case_id INTEGER NOT NULL,
    entitlement_id INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    facts TEXT NOT NULL,
    reason TEXT NOT NULL,
    found_by_id INTEGER,
    at TEXT NOT NULL,
    CONSTRAINT ck_redress_finding_outcome CHECK (outcome IN ('owed','not_owed')),
    CONSTRAINT fk_redress_finding_case_id_case_file FOREIGN KEY(case_id) REFERENCES case_file (id),
    CONSTRAINT fk_redress_finding_entitlement_id_entitlement FOREIGN KEY(entitlement_id) REFERENCES entitlement (id)
)
 STRICT

-- next
CREATE INDEX ix_redress_finding_case ON redress_finding (case_id, id)

-- next
CREATE TABLE redress_remedy (
    remedy_id INTEGER NOT NULL,
    entitlement_id INTEGER NOT NULL,
    CONSTRAINT pk_redress_remedy PRIMARY KEY (remedy_id),
    CONSTRAINT fk_redress_remedy_remedy_id_remedy FOREIGN KEY(remedy_id) REFERENCES remedy (id),
    CONSTRAINT fk_redress_remedy_entitlement_id_entitlement FOREIGN KEY(entitlement_id) REFERENCES entitlement (id)
)
 STRICT

-- next
CREATE INDEX ix_redress_remedy_entitlement ON redress_remedy (entitlement_id)
