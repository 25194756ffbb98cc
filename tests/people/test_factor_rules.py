"""Codes, sealed secrets and signed texts, without a database."""

import hashlib
import tempfile
from datetime import timedelta

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.sealing import NotSealedHere, is_newest, key_id, keys_for, seal, unseal
from app.kernel.signing import NotSignedHere, sign, verify
from app.kernel.time import UTC, datetime, utc_now
from app.people.breached import is_breached
from app.people.factor_rules import clean_code, is_recovery_code, matching_step, new_recovery_code, provisioning_uri
from app.people.models import ROLES
from config import ROLES as SETTING_ROLES
from config import BadSetting, read_settings

RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # "12345678901234567890" in base32
OLD, NEW = "o" * 40, "n" * 40


@pytest.mark.parametrize(
    ("second", "code"),
    [(59, "287082"), (1_111_111_109, "081804"), (1_111_111_111, "050471"), (1_234_567_890, "005924"),
     (2_000_000_000, "279037"), (20_000_000_000, "353130")],
)  # fmt: skip
def test_codes_equal_those_of_rfc_6238(second: int, code: str) -> None:
    assert matching_step(RFC_SECRET, code, datetime.fromtimestamp(second, UTC)) == second // 30


def test_a_code_counts_in_its_own_step_and_the_next_and_no_other() -> None:
    start = datetime.fromtimestamp(30 * 1_000, UTC)

    code = pyotp.TOTP(RFC_SECRET).generate_otp(1_000)
    assert matching_step(RFC_SECRET, code, start - timedelta(microseconds=1)) is None
    assert matching_step(RFC_SECRET, code, start) == 1_000
    assert matching_step(RFC_SECRET, code, start + timedelta(seconds=59, microseconds=999_999)) == 1_000
    assert matching_step(RFC_SECRET, code, start + timedelta(seconds=60)) is None


@pytest.mark.parametrize("text", ["", "12345", "1234567", "12345a", "１２３４５６", "-12345", "0x1234"])
def test_what_is_no_six_digits_never_counts(text: str) -> None:
    assert matching_step(RFC_SECRET, text, utc_now()) is None


def test_recovery_codes_are_read_however_they_are_spaced() -> None:
    code = new_recovery_code()
    assert is_recovery_code(clean_code(code))
    assert clean_code(f" {code.lower().replace('-', ' ')}\n") == clean_code(code)
    assert not is_recovery_code(clean_code("123 456"))


def test_the_picture_says_who_and_where() -> None:
    uri = provisioning_uri(RFC_SECRET, account="ana@makegood.example", issuer="Makegood")
    assert uri.startswith("otpauth://totp/Makegood:ana%40makegood.example?secret=")
    assert "issuer=Makegood" in uri


@given(text=st.text(max_size=60), about=st.text(max_size=20))
def test_what_is_sealed_opens_for_its_own_place_only(text: str, about: str) -> None:
    sealed = seal(text, about=about, secrets_=(NEW,))
    assert unseal(sealed, about=about, secrets_=(NEW,)) == text
    with pytest.raises(NotSealedHere):
        unseal(sealed, about=about + "!", secrets_=(NEW,))
    with pytest.raises(NotSealedHere):
        unseal(sealed, about=about, secrets_=(OLD,))


def test_an_old_key_opens_and_the_newest_seals() -> None:
    old = seal("x", about="a", secrets_=(OLD,))
    assert unseal(old, about="a", secrets_=(NEW, OLD)) == "x"
    assert not is_newest(old, about="a", secrets_=(NEW, OLD))
    assert is_newest(seal("x", about="a", secrets_=(NEW, OLD)), about="a", secrets_=(NEW, OLD))
    assert seal("x", about="a", secrets_=(NEW,)) != seal("x", about="a", secrets_=(NEW,))


def test_two_keys_of_one_name_are_told_apart() -> None:
    """A name is one byte, so one rotation in 256 meets it."""
    name = key_id(keys_for("seal", (OLD,))[0])
    twin = next(text for text in map(str, range(100_000)) if key_id(keys_for("seal", (text,))[0]) == name)
    old = seal("x", about="a", secrets_=(OLD,))
    assert not is_newest(old, about="a", secrets_=(twin, OLD))
    assert unseal(old, about="a", secrets_=(twin, OLD)) == "x"


@given(data=st.data())
def test_every_changed_sign_of_a_sealed_or_signed_text_is_found(data: st.DataObject) -> None:
    now = utc_now()
    for text, check in (
        (seal("secret", about="a", secrets_=(NEW,)), lambda changed: unseal(changed, about="a", secrets_=(NEW,))),
        (
            sign("decide", "EM-1", {"e": 5}, expires_at=now, secrets_=(NEW,)),
            lambda changed: verify(changed, "decide", secrets_=(NEW,)),
        ),
    ):
        # What is sealed differs each time, so a draw may not depend on it.
        place = data.draw(st.integers(0, 10_000)) % len(text)
        sign_there = data.draw(st.sampled_from("AB9z._-=é\0"))
        if sign_there == text[place]:
            sign_there = "+"
        with pytest.raises((NotSealedHere, NotSignedHere)):
            check(text[:place] + sign_there + text[place + 1 :])


def test_a_signed_text_holds_for_its_purpose_until_its_instant_also_under_an_older_key() -> None:
    now = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
    token = sign("decide", "EM-1", {"e": 5}, expires_at=now, secrets_=(OLD,))
    found = verify(token, "decide", secrets_=(NEW, OLD))
    assert (found.audience, dict(found.said)) == ("EM-1", {"e": 5})
    assert found.is_over(now)
    assert not found.is_over(now - timedelta(seconds=1))
    with pytest.raises(NotSignedHere):
        verify(token, "reset", secrets_=(NEW, OLD))
    with pytest.raises(NotSignedHere):
        verify(token, "decide", secrets_=(NEW,))
    for wrong in ("", ".", "a", "a.b.c", token + "=", token + "x" * 2_000):
        with pytest.raises(NotSignedHere):
            verify(wrong, "decide", secrets_=(OLD,))


def test_who_must_have_a_second_factor_is_a_setting() -> None:
    assert SETTING_ROLES == ROLES
    env = {"SECRET_KEY": NEW, "MAKEGOOD_ENV": "test"}
    assert read_settings(env).second_factor_roles == ()
    assert read_settings({**env, "MAKEGOOD_SECOND_FACTOR": "everybody"}).second_factor_roles == ROLES
    assert read_settings({**env, "MAKEGOOD_SECOND_FACTOR": "admin, hr"}).second_factor_roles == ("admin", "hr")
    production = {"SECRET_KEY": NEW, "MAKEGOOD_ENV": "production", "MAKEGOOD_BASE_URL": "https://m.example"}
    assert read_settings(production).second_factor_roles == ROLES
    for wrong in ("", "boss", "admin,boss"):
        with pytest.raises(BadSetting):
            read_settings({**env, "MAKEGOOD_SECOND_FACTOR": wrong})
    with pytest.raises(BadSetting):
        read_settings({**env, "SECRET_KEY_FALLBACKS": "short"})


@given(phrases=st.sets(st.text(min_size=1, max_size=12), max_size=30), other=st.text(max_size=12))
def test_a_phrase_is_breached_exactly_when_its_hash_stands_in_the_file(phrases: set[str], other: str) -> None:
    hashes = sorted(hashlib.sha1(phrase.encode()).hexdigest().upper() for phrase in phrases)
    for ending, count in (("\n", ""), ("\r\n", ":37")):
        with tempfile.NamedTemporaryFile() as file:
            file.write(ending.join(f"{one}{count}" for one in hashes).encode())
            file.flush()
            assert all(is_breached(phrase, file.name) for phrase in phrases)
            assert is_breached(other, file.name) == (other in phrases)
