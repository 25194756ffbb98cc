CREATE TABLE hold_share (
    id BIGSERIAL NOT NULL,
    hold_id BIGINT NOT NULL,
    purse_id BIGINT NOT NULL,
    held_at TIMESTAMP WITH TIME ZONE NOT NULL,
    reserved_minor BIGINT NOT NULL,
    settled_minor BIGINT NOT NULL,
    granted BOOLEAN NOT NULL,
    CONSTRAINT pk_hold_share PRIMARY KEY (id),
    CONSTRAINT ck_hold_share_not_negative CHECK (reserved_minor >= 0 AND settled_minor >= 0),
    CONSTRAINT fk_hold_share_hold_id_hold FOREIGN KEY(hold_id) REFERENCES hold (id),
    CONSTRAINT fk_hold_share_purse_id_purse FOREIGN KEY(purse_id) REFERENCES purse (id)
)

-- next
CREATE INDEX ix_hold_share_window ON hold_share (purse_id, held_at)

-- next
CREATE UNIQUE INDEX uq_hold_share_hold_purse ON hold_share (hold_id, purse_id)

-- next
CREATE TABLE fx_rate (
    id BIGSERIAL NOT NULL,
    currency VARCHAR(3) NOT NULL,
    on_day DATE NOT NULL,
    millionths BIGINT NOT NULL,
    CONSTRAINT pk_fx_rate PRIMARY KEY (id),
    CONSTRAINT ck_fx_rate_millionths CHECK (millionths > 0)
)

-- next
CREATE UNIQUE INDEX uq_fx_rate_currency_day ON fx_rate (currency, on_day)

-- next
CREATE TABLE certificate (
    id BIGSERIAL NOT NULL,
    code VARCHAR(40) NOT NULL,
    name VARCHAR(100) NOT NULL,
    level BIGINT NOT NULL,
    retired_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_certificate PRIMARY KEY (id),
    CONSTRAINT ck_certificate_level CHECK (level BETWEEN 0 AND 9),
    CONSTRAINT uq_certificate_code UNIQUE (code)
)

-- next
CREATE TABLE certificate_grant (
    id BIGSERIAL NOT NULL,
    certificate_id BIGINT NOT NULL,
    employee_id BIGINT NOT NULL,
    granted_at TIMESTAMP WITH TIME ZONE NOT NULL,
    granted_by_id BIGINT,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    revoked_at TIMESTAMP WITH TIME ZONE,
    warned_at TIMESTAMP WITH TIME ZONE,
    lapsed_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_certificate_grant PRIMARY KEY (id),
    CONSTRAINT ck_certificate_grant_period CHECK (granted_at < expires_at),
    CONSTRAINT fk_certificate_grant_certificate_id_certificate FOREIGN KEY(certificate_id) REFERENCES certificate (id),
    CONSTRAINT fk_certificate_grant_employee_id_employee FOREIGN KEY(employee_id) REFERENCES employee (id)
)

-- next
CREATE INDEX ix_certificate_grant_employee ON certificate_grant (employee_id, expires_at)

-- next
CREATE INDEX ix_certificate_grant_expiry ON certificate_grant (expires_at, id)

-- next
CREATE TABLE customer_segment (
    customer_id BIGINT NOT NULL,
    segment VARCHAR(40) NOT NULL,
    set_at TIMESTAMP WITH TIME ZONE NOT NULL,
    set_by_id BIGINT,
    CONSTRAINT pk_customer_segment PRIMARY KEY (customer_id),
    CONSTRAINT fk_customer_segment_customer_id_customer FOREIGN KEY(customer_id) REFERENCES customer (id)
)

-- next
CREATE TABLE entitlement (
    id BIGSERIAL NOT NULL,
    code VARCHAR(40) NOT NULL,
    name VARCHAR(120) NOT NULL,
    source TEXT NOT NULL,
    kind VARCHAR(40) NOT NULL,
    category_id BIGINT,
    country VARCHAR(2),
    attribution VARCHAR(20),
    severity_min BIGINT NOT NULL,
    formula TEXT NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
    retired_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_entitlement PRIMARY KEY (id),
    CONSTRAINT ck_entitlement_severity CHECK (severity_min BETWEEN 0 AND 4),
    CONSTRAINT uq_entitlement_code UNIQUE (code),
    CONSTRAINT fk_entitlement_category_id_category FOREIGN KEY(category_id) REFERENCES category (id)
)

-- next
CREATE TABLE redress_finding (
    id BIGSERIAL NOT NULL,
    case_id BIGINT NOT NULL,
    entitlement_id BIGINT NOT NULL,
    outcome VARCHAR(10) NOT NULL,
    facts TEXT NOT NULL,
    reason TEXT NOT NULL,
    found_by_id BIGINT,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_redress_finding PRIMARY KEY (id),
    CONSTRAINT ck_redress_finding_outcome CHECK (outcome IN ('owed','not_owed')),
    CONSTRAINT fk_redress_finding_case_id_case_file FOREIGN KEY(case_id) REFERENCES case_file (id),
    CONSTRAINT fk_redress_finding_entitlement_id_entitlement FOREIGN KEY(entitlement_id) REFERENCES entitlement (id)
)

-- next
CREATE INDEX ix_redress_finding_case ON redress_finding (case_id, id)

-- next
CREATE TABLE redress_remedy (
    remedy_id BIGINT NOT NULL,
    entitlement_id BIGINT NOT NULL,
    CONSTRAINT pk_redress_remedy PRIMARY KEY (remedy_id),
    CONSTRAINT fk_redress_remedy_remedy_id_remedy FOREIGN KEY(remedy_id) REFERENCES remedy (id),
    CONSTRAINT fk_redress_remedy_entitlement_id_entitlement FOREIGN KEY(entitlement_id) REFERENCES entitlement (id)
)

-- next
CREATE INDEX ix_redress_remedy_entitlement ON redress_remedy (entitlement_id)
