"""Names, shares and the bounds of pictures."""

import pytest

from app.attachments.rules import MEBIBYTE, Refused, Share, clean_name, judge_pixels, judge_share
from tests.attachments.hostile import named


@pytest.mark.parametrize(
    ("given", "kind", "kept"),
    [
        ("../../etc/passwd", "txt", "passwd.txt"),
        ("=cmd.exe", "png", "cmd.png"),
        ("C:\\My Photos\\IMG_1.JPG", "jpg", "IMG_1.jpg"),
        ("invoice.pdf.exe", "txt", "invoice.pdf.txt"),
        ("...", "pdf", "file.pdf"),
        ("Rechnung Ä.pdf", "pdf", "Rechnung Ä.pdf"),
    ],
)
def test_a_name_loses_folders_formulas_and_its_false_ending(given: str, kind: str, kept: str) -> None:
    assert clean_name(given, kind) == kept


def test_no_name_keeps_a_sign_that_a_header_a_shell_or_a_sheet_would_act_on() -> None:
    for sent in named():
        kept = clean_name(sent.name, "txt")
        assert kept.endswith(".txt")
        assert len(kept) <= 110
        assert not set(kept) & set('<>:"|?*%;/\\\r\n\0\u202e\u200b'), sent.name
        assert kept[0] not in "=+-@＝.", sent.name


@pytest.mark.parametrize(
    ("kind", "width", "height", "code"),
    [
        ("jpg", 8_160, 6_120, None),
        ("jpg", 9_999, 5_000, None),
        ("jpg", 9_999, 5_001, "pixels"),
        ("jpg", 10_000, 1, "pixels"),
        ("png", 5_000, 4_000, None),
        ("png", 5_000, 4_001, "pixels"),
        ("png", 0, 10, "broken"),
    ],
)
def test_a_picture_beyond_the_pixels_is_refused_before_it_is_decoded(
    kind: str, width: int, height: int, code: str | None
) -> None:
    refused = judge_pixels(kind, width, height)
    assert (refused.code if refused else None) == code


@pytest.mark.parametrize(
    ("share", "size", "is_customer", "code"),
    [
        (Share(29, 0, 0, 0), 1, False, None),
        (Share(30, 0, 0, 0), 1, False, "subject-full"),
        (Share(0, 99 * MEBIBYTE, 0, 0), MEBIBYTE, False, None),
        (Share(0, 99 * MEBIBYTE, 0, 0), MEBIBYTE + 1, False, "subject-full"),
        (Share(0, 0, 200, 0), 1, False, "person-full"),
        (Share(0, 0, 19, 0), 1, True, None),
        (Share(0, 0, 20, 0), 1, True, "person-full"),
    ],
)
def test_a_share_is_used_up_to_its_bound_and_not_one_more(
    share: Share, size: int, is_customer: bool, code: str | None
) -> None:
    found = judge_share(share, [size], is_customer=is_customer)
    assert (found.code if isinstance(found, Refused) else None) == code
