"""Personal fields sealed under a key of each subject, and digests to find them by.

It opens and seals with the secrets of the instance that migrates, so it runs where SECRET_KEY is configured.

Contract: the plain columns of `customer` and its search index go in the same step. Two releases would have kept every name in
plain text in a column that nobody reads, beside the sealed one, until the second. Old code can't serve this schema: it needs a stop.
"""

import base64
import hashlib
import hmac
import os
import re
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from typing import Any

from alembic import op
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import current_app, has_app_context
from sqlalchemy import text

from config import read_settings

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

BATCH = 500
FIELDS = ("name", "email", "phone")
ERASED = (
    "(data_key IS NULL) = (name_sealed IS NULL) AND (data_key IS NULL) = (name_digest IS NULL) "
    "AND (data_key IS NOT NULL OR (email_sealed IS NULL AND phone_sealed IS NULL)) "
    "AND (email_sealed IS NULL) = (email_digest IS NULL) AND (phone_sealed IS NULL) = (phone_digest IS NULL)"
)
NEW = (
    ("name_sealed", "TEXT"), ("email_sealed", "TEXT"), ("phone_sealed", "TEXT"), ("name_digest", "BIGINT"),
    ("email_digest", "BIGINT"), ("phone_digest", "BIGINT"), ("data_key", "TEXT"),
)  # fmt: skip
OLD = (("name", 120, ""), ("name_key", 160, ""), ("email", 254, None), ("phone", 40, None))
SEARCH = {
    "sqlite": ("CREATE VIRTUAL TABLE customer_search USING fts5(body, tokenize='unicode61 remove_diacritics 0')",),
    "postgresql": (
        "CREATE TABLE customer_search (rowid BIGINT PRIMARY KEY, body TSVECTOR NOT NULL)",
        "CREATE INDEX ix_customer_search_body ON customer_search USING gin (body) WITH (fastupdate = off)",
    ),
}


def upgrade() -> None:
    connection = op.get_bind()
    is_sqlite = connection.dialect.name == "sqlite"
    whole, end = ("INTEGER", " STRICT, WITHOUT ROWID") if is_sqlite else ("BIGINT", "")
    op.execute(
        f"CREATE TABLE customer_token (digest {whole} NOT NULL, customer_id {whole} NOT NULL, site_id {whole} NOT NULL, "
        f"CONSTRAINT pk_customer_token PRIMARY KEY (digest, customer_id, site_id)){end}"
    )
    op.execute(
        f"CREATE TABLE employee_digest (employee_id {whole} NOT NULL, digest {whole} NOT NULL, "
        f"CONSTRAINT pk_employee_digest PRIMARY KEY (employee_id)){' STRICT' if is_sqlite else ''}"
    )
    op.execute("CREATE INDEX ix_employee_digest ON employee_digest (digest)")
    for column, kind in NEW:
        last = f" CONSTRAINT ck_customer_erased CHECK ({ERASED})" if column == "data_key" else ""
        op.execute(
            f"ALTER TABLE customer ADD COLUMN {column} {'INTEGER' if is_sqlite and kind == 'BIGINT' else kind}{last}"
        )
    for row in _rows("id, name, name_key, email, phone, site_id", "customer"):
        _seal(row)
    for row in _rows("id, email", "employee"):
        op.get_bind().execute(
            text("INSERT INTO employee_digest (employee_id, digest) VALUES (:id, :digest)"),
            {"id": row["id"], "digest": _digest(f"email:{row['email'].strip().casefold()}")},
        )
    for index in ("name_key", "email", "phone"):
        op.execute(f"DROP INDEX ix_customer_{index}")
    for column, _size, _default in OLD:
        op.execute(f"ALTER TABLE customer DROP COLUMN {column}")
    for index in ("name", "email", "phone"):
        op.execute(f"CREATE INDEX ix_customer_{index}_digest ON customer ({index}_digest)")
    op.execute("CREATE INDEX ix_customer_token_customer ON customer_token (customer_id)")
    op.execute("DROP TABLE customer_search")
    _index_cases(with_names=False)
    if not is_sqlite:  # what a dropped column held stays in the rows until they are written anew
        op.execute("CLUSTER customer USING pk_customer")
        op.execute("ALTER TABLE customer SET WITHOUT CLUSTER")


def downgrade() -> None:
    connection = op.get_bind()
    dialect = connection.dialect.name
    for column, size, default in OLD:
        kind = "TEXT" if dialect == "sqlite" else f"VARCHAR({size})"
        op.execute(
            f"ALTER TABLE customer ADD COLUMN {column} {kind}" + (" NOT NULL DEFAULT ''" if default == "" else "")
        )
    for statement in SEARCH[dialect]:
        op.execute(statement)
    for row in _rows("id, data_key, name_sealed, email_sealed, phone_sealed, site_id", "customer"):
        _open(row)
    for column, _kind in (("data_key", ""), *NEW[:-1]):
        if column.endswith("_digest"):
            op.execute(f"DROP INDEX ix_customer_{column}")
        if column == "data_key" and dialect == "postgresql":
            op.execute("ALTER TABLE customer DROP CONSTRAINT ck_customer_erased")
        op.execute(f"ALTER TABLE customer DROP COLUMN {column}")
    if dialect == "postgresql":
        for column in ("name", "name_key"):
            op.execute(f"ALTER TABLE customer ALTER COLUMN {column} DROP DEFAULT")
    op.execute("CREATE INDEX ix_customer_name_key ON customer (name_key, id)")
    op.execute("CREATE INDEX ix_customer_email ON customer (email)")
    op.execute("CREATE INDEX ix_customer_phone ON customer (phone)")
    op.drop_table("customer_token")
    op.drop_table("employee_digest")
    _index_cases(with_names=True)


def _seal(row: dict[str, Any]) -> None:
    key, identity = os.urandom(32), row["id"]
    values: dict[str, Any] = {"id": identity, "name_digest": _digest(f"name:{row['name_key']}")}
    for field in FIELDS:
        said = row[field]
        values[f"{field}_sealed"] = (
            None if said is None else _locked(AESGCM(key), said.encode(), f"customer.{field}|{identity}")
        )
        if field != "name":
            values[f"{field}_digest"] = None if said is None else _digest(f"{field}:{said}")
    name, master = _masters()[0]
    values["data_key"] = _locked(master, key, f"customer|{identity}", name)
    sets = ", ".join(f"{column} = :{column}" for column, _kind in NEW)
    connection = op.get_bind()
    connection.execute(text(f"UPDATE customer SET {sets} WHERE id = :id"), values)  # noqa: S608
    tokens = {_digest(part) for part in _parts(row["name"], row["email"], row["phone"]) or {"w:"}}
    connection.execute(
        text("INSERT INTO customer_token (digest, customer_id, site_id) VALUES (:digest, :id, :site)"),
        [{"digest": digest, "id": identity, "site": row["site_id"] or 0} for digest in tokens],
    )


def _open(row: dict[str, Any]) -> None:
    identity, values = row["id"], {"id": row["id"], "name": "Erased customer", "email": None, "phone": None}
    if row["data_key"] is not None:
        raw = base64.b64decode(row["data_key"])
        key = _unwrapped(raw, f"customer|{identity}")
        for field in FIELDS:
            if row[f"{field}_sealed"] is not None:
                body = base64.b64decode(row[f"{field}_sealed"])
                values[field] = _unlocked(AESGCM(key), body, f"customer.{field}|{identity}").decode()
    values["name_key"] = _name_key(values["name"])
    op.get_bind().execute(
        text("UPDATE customer SET name = :name, name_key = :name_key, email = :email, phone = :phone WHERE id = :id"),
        values,
    )
    digits = (values["phone"] or "").lstrip("+")
    tails = [digits[start:] for start in range(1, len(digits) - 4)]
    said = (f"site{row['site_id'] or 'every'}only", values["name"], values["email"], digits, *tails)
    _put("customer_search", identity, said)


def _index_cases(*, with_names: bool) -> None:
    """Let cases be found by their own words; their customers' names stood in the index before."""
    if (
        op.get_bind().dialect.name == "sqlite"
    ):  # deleted words stay in an index of FTS5 until it is merged; dropped ones don't
        op.execute("DROP TABLE case_search")
        op.execute("CREATE VIRTUAL TABLE case_search USING fts5(body, tokenize='unicode61 remove_diacritics 0')")
    else:
        op.execute("TRUNCATE case_search")
    name = "(SELECT name FROM customer WHERE customer.id = case_file.customer_id)" if with_names else "NULL"
    columns = f"id, site_id, source_ref, {name} AS customer, summary, description"
    for row in _rows(columns, "case_file"):
        said = (
            f"site{row['site_id']}only",
            f"MG-{row['id']}",
            row["source_ref"],
            row["customer"],
            row["summary"],
            row["description"],
        )
        _put("case_search", row["id"], said)


def _put(index: str, identity: int, said: tuple[str | None, ...]) -> None:
    connection = op.get_bind()
    is_sqlite = connection.dialect.name == "sqlite"
    body = ":body" if is_sqlite else "array_to_tsvector(string_to_array(:body, ' '))"
    connection.execute(
        text(f"INSERT INTO {index} (rowid, body) VALUES (:id, {body})"),  # noqa: S608
        {"id": identity, "body": _fold("\n".join(part for part in said if part))},
    )


def _rows(columns: str, table: str) -> Iterator[dict[str, Any]]:
    after = 0
    while True:
        found = op.get_bind().execute(
            text(f"SELECT {columns} FROM {table} WHERE id > :after ORDER BY id LIMIT {BATCH}"),  # noqa: S608
            {"after": after},
        )
        rows = [dict(row) for row in found.mappings()]
        if not rows:
            return
        yield from rows
        after = rows[-1]["id"]


def _parts(name: str, email: str | None, phone: str | None) -> set[str]:
    parts: set[str] = set()
    for word in _fold(f"{name} {email or ''}").split():
        parts.update(f"w:{word[:length]}" for length in range(3, min(len(word), 8) + 1))
        if len(word) < 3:
            parts.add(f"w:{word}")
    digits = (phone or "").lstrip("+")
    return parts | {f"d:{digits[start : start + 5]}" for start in range(len(digits) - 4)}


def _fold(body: str) -> str:
    plain = body[:200_000]
    if not plain.isascii():
        plain = "".join(m for m in unicodedata.normalize("NFKD", plain.casefold()) if not unicodedata.combining(m))
    return " ".join(re.findall(r"[^\W_]{1,40}", plain.lower()))


def _name_key(name: str) -> str:
    folded = unicodedata.normalize("NFKD", name.casefold())
    return " ".join("".join(mark for mark in folded if not unicodedata.combining(mark)).split())[:160]


@cache
def _keys(purpose: str, secrets: tuple[str, ...]) -> tuple[bytes, ...]:
    def derived(secret: str) -> bytes:
        return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=f"makegood {purpose}".encode()).derive(
            secret.encode()
        )

    return tuple(derived(secret) for secret in secrets)


def _secrets() -> tuple[str, ...]:
    if has_app_context() and "makegood_settings" in current_app.extensions:
        return tuple(current_app.extensions["makegood_settings"].secrets)
    return read_settings().secrets


def _masters() -> list[tuple[bytes, AESGCM]]:
    return [(hashlib.sha256(b"key id" + key).digest()[:1], AESGCM(key)) for key in _keys("wrap", _secrets())]


def _unwrapped(raw: bytes, about: str) -> bytes:
    for name, master in _masters():
        if name == raw[:1]:
            with suppress(InvalidTag):
                return _unlocked(master, raw[1:], about)
    raise ValueError(f"no configured secret opens {about}")


def _digest(said: str) -> int:
    mac = hmac.digest(_keys("digest", _secrets())[0], said.encode(), hashlib.sha256)
    return int.from_bytes(mac[:8], "big", signed=True)


def _locked(cipher: AESGCM, body: bytes, about: str, name: bytes = b"") -> str:
    nonce = os.urandom(12)
    return base64.b64encode(name + nonce + cipher.encrypt(nonce, body, about.encode())).decode()


def _unlocked(cipher: AESGCM, body: bytes, about: str) -> bytes:
    return cipher.decrypt(body[:12], body[12:], about.encode())
