"""Words about employees, sealed under a key of the person they are about.

Only adds: a table of keys, and beside each column of words one for what is sealed. New code seals what is written from now on and
reads both; `flask personal seal` seals what was there before, in batches, and `flask check --all` names what is still plain.
Going back opens everything with the secrets of the instance that migrates; what was erased stays erased.
"""

import base64
import hashlib
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from alembic import op
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import current_app, has_app_context
from sqlalchemy import text

from config import read_settings

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

BATCH = 500
# Table → its columns of words, and how the employee is found whom a row is about.
WORDS = {
    "review_text": (("text",), "(SELECT employee_id FROM review WHERE review.id = review_text.review_id)"),
    "conduct_item": (("text",), "(SELECT employee_id FROM review WHERE review.id = conduct_item.review_id)"),
    "coaching_note": (("saw", "next_step"), "coaching_note.employee_id"),
}
TEXT = ("id", "review_id", "round", "kind", "measure", "author_id", "at")
ITEM = ("id", "review_id", "round", "area", "tone", "charter_version_id", "clause", "author_id", "at", "withdrawn_at")
WITHDRAWN = (
    "OLD.withdrawn_at IS NULL AND NEW.withdrawn_at IS NOT NULL AND NEW.text = OLD.text AND NEW.clause = OLD.clause"
)
SAME_SEALED = "coalesce(NEW.text_sealed, '') = coalesce(OLD.text_sealed, '')"


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    whole, end = ("INTEGER", " STRICT") if dialect == "sqlite" else ("BIGINT", "")
    op.execute(
        f"CREATE TABLE employee_key (employee_id {whole} NOT NULL, data_key TEXT, "
        "CONSTRAINT pk_employee_key PRIMARY KEY (employee_id), "
        f"CONSTRAINT fk_employee_key_employee_id_employee FOREIGN KEY(employee_id) REFERENCES employee (id)){end}"
    )
    for table, (columns, _owner) in WORDS.items():
        for column in columns:
            op.execute(
                f"ALTER TABLE {table} ADD COLUMN {column}_sealed TEXT "
                f"CONSTRAINT ck_{table}_{column}_sealed CHECK ({column}_sealed IS NULL OR {column} = '')"
            )
    _replace("review_text", f"({_sealed(TEXT)}) OR ({_erased(TEXT)})", dialect)
    withdrawn = f"{WITHDRAWN} AND {SAME_SEALED}"
    _replace("conduct_item", f"({withdrawn}) OR ({_sealed(ITEM)}) OR ({_erased(ITEM)})", dialect)


def downgrade() -> None:
    dialect = op.get_bind().dialect.name
    for table in ("review_text", "conduct_item"):
        op.execute(f"DROP TRIGGER {table}_no_update" + ("" if dialect == "sqlite" else f" ON {table}"))
    for table, (columns, owner) in WORDS.items():
        for row in _rows(table, columns, owner):
            _open(table, columns, row)
        for column in columns:
            if dialect == "postgresql":
                op.execute(f"ALTER TABLE {table} DROP CONSTRAINT ck_{table}_{column}_sealed")
            op.execute(f"ALTER TABLE {table} DROP COLUMN {column}_sealed")
    _create("review_text", _only_erased(TEXT), dialect)
    _create("conduct_item", f"({WITHDRAWN}) OR ({_only_erased(ITEM)})", dialect)
    op.drop_table("employee_key")


def _rows(table: str, columns: tuple[str, ...], owner: str) -> Iterator[dict[str, Any]]:
    """The rows that hold something sealed, in batches, each with its person and the wrapped key."""
    names = ", ".join(f"{table}.{column}_sealed" for column in columns)
    held = " OR ".join(f"{table}.{column}_sealed IS NOT NULL" for column in columns)
    after = 0
    while True:
        found = op.get_bind().execute(
            text(
                f"SELECT {table}.id, {names}, {owner} AS owner, "  # noqa: S608 - names of this file alone
                f"(SELECT data_key FROM employee_key WHERE employee_key.employee_id = {owner}) AS data_key "
                f"FROM {table} WHERE {table}.id > :after AND ({held}) ORDER BY {table}.id LIMIT {BATCH}"
            ),
            {"after": after},
        )
        rows = [dict(row) for row in found.mappings()]
        if not rows:
            return
        yield from rows
        after = rows[-1]["id"]


def _open(table: str, columns: tuple[str, ...], row: dict[str, Any]) -> None:
    for column in columns:
        if row[f"{column}_sealed"] is None:
            continue
        said = "[erased]"
        if row["data_key"] is not None:
            key = _unwrapped(base64.b64decode(row["data_key"]), f"employee|{row['owner']}")
            body = base64.b64decode(row[f"{column}_sealed"])
            said = AESGCM(key).decrypt(body[:12], body[12:], f"{table}.{column}|{row['id']}".encode()).decode()
        op.get_bind().execute(
            text(f"UPDATE {table} SET {column} = :said, {column}_sealed = NULL WHERE id = :id"),  # noqa: S608
            {"said": said, "id": row["id"]},
        )


def _unwrapped(raw: bytes, about: str) -> bytes:
    for secret in _secrets():
        derived = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"makegood wrap").derive(secret.encode())
        if hashlib.sha256(b"key id" + derived).digest()[:1] == raw[:1]:
            with suppress(InvalidTag):
                return AESGCM(derived).decrypt(raw[1:13], raw[13:], about.encode())
    raise ValueError(f"no configured secret opens the key of {about}")


def _secrets() -> tuple[str, ...]:
    if has_app_context() and "makegood_settings" in current_app.extensions:
        return tuple(current_app.extensions["makegood_settings"].secrets)
    return read_settings().secrets


def _same(columns: tuple[str, ...]) -> str:
    return " AND ".join(
        f"coalesce(CAST(NEW.{name} AS TEXT), '') = coalesce(CAST(OLD.{name} AS TEXT), '')" for name in columns
    )


def _only_erased(columns: tuple[str, ...]) -> str:
    return f"{_same(columns)} AND NEW.text = '[erased]'"


def _erased(columns: tuple[str, ...]) -> str:
    return f"{_only_erased(columns)} AND NEW.text_sealed IS NULL"


def _sealed(columns: tuple[str, ...]) -> str:
    return (
        f"{_same(columns)} AND OLD.text_sealed IS NULL AND NEW.text_sealed IS NOT NULL "
        "AND OLD.text <> '[erased]' AND NEW.text = ''"
    )


def _replace(table: str, allowed: str, dialect: str) -> None:
    op.execute(f"DROP TRIGGER {table}_no_update" + ("" if dialect == "sqlite" else f" ON {table}"))
    _create(table, allowed, dialect)


def _create(table: str, allowed: str, dialect: str) -> None:
    if dialect == "sqlite":
        end = f" WHEN NOT ({allowed}) BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    else:
        end = f" FOR EACH ROW WHEN (NOT ({allowed})) EXECUTE FUNCTION makegood_refuse()"
    op.execute(text(f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table}{end}"))
