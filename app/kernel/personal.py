"""Personal fields at rest: every subject has a key of their own, and what is sealed under it opens nowhere once it is destroyed.

A subject's key is made at random and kept wrapped under a key from the configuration, so the database alone opens nothing.
What must be found without being opened is found by digests under a key that isn't in the database either.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import current_app
from flask_babel import lazy_gettext as _l
from sqlalchemy import Table, Text, cast, func, literal, update
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

from app.kernel.database import db
from app.kernel.errors import Refusal
from app.kernel.sealing import NotSealedHere, key_id, keys_for
from app.kernel.triggers import ERASED as ERASED_WORDS

if TYPE_CHECKING:
    from config import Settings

# Puts a batch of what is sealed under the newest secret: called with the last id seen and how many to look at, inside a
# transaction whose entry the caller writes; returns the last id it looked at (None: nothing is left) and how many changed.
Rewrap = Callable[[int, int], tuple[int | None, int]]
# Seals a batch of words that were written before there were keys for them, in the same manner; rooms add theirs.
SEALS: dict[str, Rewrap] = {}
# What secrets open, by name, in the order in which it is put under a new one; rooms add theirs.
REWRAPS: dict[str, Rewrap] = {}

_NONCE_BYTES = 12
_KEY_BYTES = 32
KEYS_REMEMBERED = 4_096


def configured() -> tuple[str, ...]:
    """The secrets of this instance, newest first."""
    settings: Settings = current_app.extensions["makegood_settings"]
    return settings.secrets


def new_key() -> bytes:
    return secrets.token_bytes(_KEY_BYTES)


def wrap(key: bytes, *, about: str, secrets_: Sequence[str]) -> str:
    """Seal a subject's key under the newest secret: key id ‖ nonce ‖ ciphertext, in base64. about: e.g. "customer|5"."""
    name, master = _masters(tuple(secrets_))[0]
    return base64.b64encode(name + _sealed(master, key, about)).decode()


def unwrap(wrapped: str, *, about: str, secrets_: Sequence[str]) -> bytes:
    """Open a subject's key; raises NotSealedHere where no configured secret does."""
    raw = _raw(wrapped)
    for name, master in _masters(tuple(secrets_)):
        if name == raw[:1]:
            try:
                return master.decrypt(raw[1 : 1 + _NONCE_BYTES], raw[1 + _NONCE_BYTES :], about.encode())
            except (InvalidTag, ValueError):
                continue
    raise NotSealedHere


def is_wrapped_now(wrapped: str, *, about: str, secrets_: Sequence[str]) -> bool:
    """Tell whether a key is wrapped under the newest secret; its name of one byte may be another's, so it is opened."""
    try:
        unwrap(wrapped, about=about, secrets_=secrets_[:1])
    except NotSealedHere:
        return False
    return True


def seal_field(key: bytes, text: str, *, about: str) -> str:
    """Seal one value under its subject's key. about: the column and the row, e.g. "customer.name|5"."""
    return base64.b64encode(_sealed(AESGCM(key), text.encode(), about)).decode()


def open_field(key: bytes, sealed: str, *, about: str) -> str:
    """Open one value; raises NotSealedHere for another key, another column, another row, or a change."""
    return _opened(AESGCM(key), sealed, about)


def digest(text: str, secrets_: Sequence[str]) -> int:
    """Say by which whole number of 64 bits a text is found: HMAC-SHA-256 under the newest secret, cut."""
    return _digest(_digest_keys(tuple(secrets_))[0], text)


def digests(text: str, secrets_: Sequence[str]) -> tuple[int, ...]:
    """The digest under every secret, so that what an older one wrote is found while secrets change."""
    return tuple(_digest(key, text) for key in _digest_keys(tuple(secrets_)))


class Opened(TypeDecorator[str | None]):
    """What `opened` gives, as the text itself. A destroyed key gives None, or the word that stands for the field."""

    impl = Text
    cache_ok = True

    def __init__(self, field: str) -> None:
        super().__init__()
        self.field = field

    class comparator_factory(TypeDecorator.Comparator[Any]):
        def operate(self, *_others: Any, **_kw: Any) -> Any:
            raise TypeError("a sealed field can't be compared or ordered by: look it up by its digest")

        reverse_operate = operate

    def process_result_value(self, value: str | None, dialect: Any) -> str | None:
        if value is None:  # there is no such row
            return None
        identity, wrapped, sealed = value.split(".")
        return read(self.field, int(identity), wrapped or None, sealed or None)


# What a destroyed field reads as, by its name, e.g. "customer.name"; translated when it is read. Others read as None.
ERASED: dict[str, Any] = {}


def read(field: str, identity: int, wrapped: str | None, sealed: str | None) -> str | None:
    """Open a field of a row. field: table and column, e.g. "customer.name"; sealed may be None for an empty one."""
    if wrapped is None:
        word = ERASED.get(field)
        return None if word is None else str(word)
    if sealed is None:
        return None
    table = field.partition(".")[0]
    return _opened(_cipher(wrapped, f"{table}|{identity}", configured()), sealed, f"{field}|{identity}")


class opened(FunctionElement[Any]):
    """A sealed column as a column of a query. It only stands among what is selected; anywhere else it is refused."""

    inherit_cache = True
    name = "opened"

    def __init__(self, field: str, identity: Any, wrapped: Any, sealed: Any) -> None:
        dot = literal(".", Text)
        super().__init__(
            cast(identity, Text)
            .concat(dot)
            .concat(func.coalesce(wrapped, ""))
            .concat(dot)
            .concat(func.coalesce(sealed, ""))
        )
        self.type: TypeEngine[Any] = Opened(field)


class WordsChanged(Refusal):
    """A sealed text was moved, cut or changed, or the secret that its key is wrapped under isn't configured any more."""

    code = "words-changed"
    sentence = _l(
        "These words don't open: they were changed or moved in the database, or the secret that seals them is missing."
        " Nothing of this is shown. Tell whoever runs the system."
    )


class SealedWords(TypeDecorator[str]):
    """What `opened_words` gives, as the text itself; ERASED_WORDS where the key is destroyed. Raises WordsChanged."""

    impl = Text
    cache_ok = True

    def __init__(self, field: str, owner: str) -> None:
        super().__init__()
        self.field, self.owner = field, owner

    def process_result_value(self, value: str | None, dialect: Any) -> str | None:
        if value is None:  # there is no such row
            return None
        identity, number, wrapped, sealed, plain = value.split(".", 4)
        if not sealed:
            return plain  # erased, or not sealed yet
        if not wrapped:
            return ERASED_WORDS
        try:
            cipher = _cipher(wrapped, f"{self.owner}|{number}", configured())
            return _opened(cipher, sealed, f"{self.field}|{identity}")
        except NotSealedHere as mistake:
            raise WordsChanged(place=f"{self.field}|{identity}") from mistake


class opened_words(opened):
    """Words that are sealed under the key of whom they are about, as a column of a query: sealed, plain from before, or erased."""

    inherit_cache = True
    name = "opened_words"

    def __init__(self, table: Table, column: str, *, owner: str, number: Any, wrapped: Any) -> None:
        """owner: what the key belongs to, e.g. "employee"; number, wrapped: the owner's id and key, as expressions."""
        dot = literal(".", Text)
        words = cast(table.c.id, Text).concat(dot).concat(cast(number, Text)).concat(dot)
        words = words.concat(func.coalesce(wrapped, "")).concat(dot)
        words = words.concat(func.coalesce(table.c[f"{column}_sealed"], "")).concat(dot).concat(table.c[column])
        FunctionElement.__init__(self, words)
        self.type = SealedWords(f"{table.name}.{column}", owner)


# Words that stand sealed, by table and column; beside each stands `<column>_sealed`.
WORDS: dict[tuple[str, str], opened_words] = {}


def seal_words(table: Table, row_id: int, words: Mapping[str, str], key: bytes) -> None:
    """Seal columns of a row that is there already, inside the caller's transaction. The plain ones are empty afterwards."""
    values: dict[str, str] = dict.fromkeys(words, "")
    for column, said in words.items():
        values[f"{column}_sealed"] = seal_field(key, said, about=f"{table.name}.{column}|{row_id}")
    db.session.execute(update(table).where(table.c.id == row_id).values(values))


@compiles(opened)
def _compile(element: Any, compiler: Any, **kw: Any) -> str:
    if not kw.get("within_columns_clause"):
        raise TypeError("a sealed field can't be compared or ordered by: look it up by its digest")
    add = kw.pop("add_to_result_map", None)
    if add is not None:
        add(element.name, element.name, (element.name,), element.type)
    text: str = compiler.process(element.clauses, **kw)
    return text


@lru_cache(maxsize=KEYS_REMEMBERED)
def _cipher(wrapped: str, about: str, secrets_: tuple[str, ...]) -> AESGCM:
    return AESGCM(unwrap(wrapped, about=about, secrets_=secrets_))


@lru_cache(maxsize=8)
def _masters(secrets_: tuple[str, ...]) -> tuple[tuple[bytes, AESGCM], ...]:
    return tuple((key_id(key), AESGCM(key)) for key in keys_for("wrap", secrets_))


@lru_cache(maxsize=8)
def _digest_keys(secrets_: tuple[str, ...]) -> tuple[bytes, ...]:
    return tuple(keys_for("digest", secrets_))


def _digest(key: bytes, text: str) -> int:
    return int.from_bytes(hmac.digest(key, text.encode(), hashlib.sha256)[:8], "big", signed=True)


def _sealed(cipher: AESGCM, body: bytes, about: str) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, body, about.encode())


def _opened(cipher: AESGCM, sealed: str, about: str) -> str:
    raw = _raw(sealed)
    try:
        return cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], about.encode()).decode()
    except (InvalidTag, ValueError) as mistake:
        raise NotSealedHere from mistake


def _raw(sealed: str) -> bytes:
    try:
        raw = base64.b64decode(sealed, validate=True)
    except ValueError as mistake:
        raise NotSealedHere from mistake
    if base64.b64encode(raw).decode() != sealed:  # more than one spelling
        raise NotSealedHere
    return raw
