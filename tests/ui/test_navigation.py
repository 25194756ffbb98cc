"""Who sees which page in the rail."""

from app.ui.navigation import ENTRIES, PHONE_PAGES_MAX, items


def seen(can=lambda _p: True, exists=lambda _e: True, endpoint=None):
    return items(ENTRIES, can=can, exists=exists, endpoint=endpoint, counts={"cases.index": 14})


def test_a_page_is_shown_only_with_its_permission():
    assert [item.endpoint for item in seen(can=lambda p: p == "home.read")] == ["home.desk"]


def test_a_page_whose_room_is_not_there_is_left_out():
    assert all(item.endpoint != "audit.trail" for item in seen(exists=lambda e: e != "audit.trail"))


def test_a_phone_shows_few_pages_and_the_menu_the_rest():
    assert sum(not item.is_wide for item in seen()) == PHONE_PAGES_MAX


def test_a_phone_with_room_left_shows_what_would_stand_in_its_menu():
    auditor = seen(can=lambda p: p in ("cases.read", "audit.read", "policies.read"))
    assert [item.endpoint for item in auditor if not item.is_wide] == [
        "cases.index",
        "promises.index",
        "audit.trail",
        "policies.index",
    ]


def test_another_page_of_the_same_room_marks_its_entry():
    assert [item.endpoint for item in seen(endpoint="cases.show") if item.is_current] == ["cases.index"]


def test_the_page_itself_is_marked_before_its_room():
    assert [item.endpoint for item in seen(endpoint="ui.settings") if item.is_current] == ["ui.settings"]


def test_a_page_of_no_entry_marks_nothing():
    assert not any(item.is_current for item in seen(endpoint="static"))


def test_a_count_stands_beside_its_page():
    assert [item.count for item in seen() if item.count is not None] == [14]
