"""Values sealed under a subject's own key open where they were sealed, and nowhere else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.dialects import sqlite

from app.customers.models import Customer
from app.kernel import personal
from app.kernel.sealing import NotSealedHere

OLD, NEW, OTHER = (
    "an older secret of forty letters or some more",
    "the newest secret of forty letters and not less",
    "x" * 40,
)
TEXTS = st.text(max_size=60)


@given(text=TEXTS)
def test_what_was_sealed_opens_to_the_same_text(text: str) -> None:
    key = personal.new_key()
    assert (
        personal.open_field(key, personal.seal_field(key, text, about="customer.name|5"), about="customer.name|5")
        == text
    )


@given(text=TEXTS, at=st.integers(0, 200))
def test_a_value_of_another_column_row_or_key_and_a_changed_one_do_not_open(text: str, at: int) -> None:
    key = personal.new_key()
    sealed = personal.seal_field(key, text, about="customer.name|5")
    place = at % len(sealed)
    changed = sealed[:place] + ("B" if sealed[place] == "A" else "A") + sealed[place + 1 :]
    for other_key, value, about in (
        (key, sealed, "customer.email|5"),
        (key, sealed, "customer.name|6"),
        (personal.new_key(), sealed, "customer.name|5"),
        (key, changed, "customer.name|5"),
    ):
        with pytest.raises(NotSealedHere):
            personal.open_field(other_key, value, about=about)


def test_a_key_opens_under_an_older_secret_is_wrapped_under_the_newest_and_belongs_to_one_row() -> None:
    key = personal.new_key()
    old = personal.wrap(key, about="customer|5", secrets_=[OLD])
    assert personal.unwrap(old, about="customer|5", secrets_=[NEW, OLD]) == key
    assert not personal.is_wrapped_now(old, about="customer|5", secrets_=[NEW, OLD])
    new = personal.wrap(key, about="customer|5", secrets_=[NEW, OLD])
    assert personal.is_wrapped_now(new, about="customer|5", secrets_=[NEW, OLD])
    assert personal.unwrap(new, about="customer|5", secrets_=[NEW]) == key
    for about, secrets_ in (("customer|6", [NEW]), ("customer|5", [OTHER, OLD])):
        with pytest.raises(NotSealedHere):
            personal.unwrap(new, about=about, secrets_=secrets_)


def test_a_digest_is_the_same_for_a_text_and_tells_another_under_another_secret() -> None:
    assert personal.digest("w:cleo", [NEW]) == personal.digest("w:cleo", [NEW, OLD]) != personal.digest("w:clea", [NEW])
    assert personal.digests("w:cleo", [NEW, OLD]) == (
        personal.digest("w:cleo", [NEW]),
        personal.digest("w:cleo", [OLD]),
    )
    assert -(2**63) <= personal.digest("w:cleo", [OLD]) < 2**63


@pytest.mark.parametrize("field", ["name", "email", "phone"])
def test_a_sealed_column_is_selected_and_never_compared_or_ordered_by(field: str) -> None:
    column = getattr(Customer, field)
    assert "data_key" in str(select(column).compile(dialect=sqlite.dialect()))
    for condition in (
        lambda: column == "Cleo", lambda: column.in_(["Cleo"]), lambda: column.ilike("cl%"), lambda: column.is_(None),
        column.desc, lambda: select(Customer.id).order_by(column).compile(),
        lambda: select(Customer.id).group_by(column).compile(),
        lambda: select(Customer.id).where(func.lower(column) == "cleo").compile(),
    ):  # fmt: skip
        with pytest.raises(TypeError, match="sealed"):
            condition()
