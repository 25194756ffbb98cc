"""Cursors survive a round trip and never break a page."""

from hypothesis import given
from hypothesis import strategies as st

from app.kernel.paging import Page, decode_cursor, encode_cursor, slice_of
from app.kernel.references import PREFIXES, parse_ref, ref


@given(st.lists(st.one_of(st.integers(-(2**53), 2**53), st.text(max_size=30)), min_size=1, max_size=4))
def test_a_cursor_survives_the_round_trip(key: list[object]) -> None:
    assert decode_cursor(encode_cursor(tuple(key))) == tuple(key)


@given(st.text(max_size=600))
def test_a_malformed_cursor_starts_from_the_beginning(text: str) -> None:
    cursor = decode_cursor(text)
    assert cursor is None or isinstance(cursor, tuple)


def test_a_page_knows_whether_another_follows() -> None:
    page = Page(size=2)
    assert slice_of([1, 2, 3], page, key=lambda n: (n,)).next_cursor == encode_cursor((2,))
    assert slice_of([1, 2], page, key=lambda n: (n,)).next_cursor is None


@given(st.sampled_from(sorted(PREFIXES)), st.integers(1, 10**17))
def test_a_reference_reads_back_as_its_id(noun: str, identity: int) -> None:
    assert parse_ref(noun, ref(noun, identity)) == identity


@given(st.text(max_size=40))
def test_any_text_is_a_reference_or_nothing(text: str) -> None:
    assert parse_ref("case", text) is None or text.strip().upper().startswith("MG-")
