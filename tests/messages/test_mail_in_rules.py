"""Reading mail from bytes: texts, threads, robots and reports; and sixty mails that mean harm."""

import csv
import gzip
import time
import tracemalloc
from email.message import EmailMessage
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import SMTP
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.messages.mail_in_rules import MAIL_BYTES_MAX, read
from app.messages.mail_place_rules import Known, place
from app.messages.mail_text_rules import split_history, text_of_html, unwrapped
from tests.counts import count
from tests.messages.mails import bounce, hostile, mail

NARRATIVES = Path(__file__).parents[3] / "shared/data/bank-complaints/complaint_narratives.csv.gz"


@pytest.mark.parametrize(
    ("text", "mine"),
    [
        ("Thanks\n\nOn Mon, 2 Feb 2026 at 10:00, Quayside <care+x@quay.example> wrote:\n> hi\n", "Thanks"),
        ("Danke\n\nAm Mo., 2. Feb. 2026 um 10:00 Uhr schrieb Quayside <\ncare@quay.example>:\n> hi\n", "Danke"),
        ("Merci\n\nLe lun. 2 févr. 2026 à 10:00, Quayside <care@quay.example> a écrit :\n> hi\n", "Merci"),
        ("Fine.\n> hi\n> ho", "Fine."),
        ("On 2 Feb 2026, Ana wrote:\n> hi\nmy answer\n", "On 2 Feb 2026, Ana wrote:\n> hi\nmy answer\n"),  # below
        ("> all quoted", "> all quoted"),
        ("Nothing quoted: at all.", "Nothing quoted: at all."),
    ],
)
def test_what_was_written_now_is_parted_from_what_is_quoted(text: str, mine: str) -> None:
    assert split_history(text)[0] == mine
    assert "".join(split_history(text)) == text


@given(st.text(max_size=400))
def test_nothing_is_lost_when_history_is_parted(text: str) -> None:
    assert "".join(split_history(text)) == text


def test_a_page_becomes_its_words() -> None:
    page = "<title>x</title><div>Dear all,</div><div><br></div><div>it is <b>cold</b> &lt;5.</div><script>x()</script>"
    assert text_of_html(page) == ("Dear all,\n\nit is cold <5.", False)
    assert text_of_html("<a href='https://e.example/?a&amp;b'>here</a>")[0] == "here <https://e.example/?a&b>"
    assert unwrapped("It is \ncold.\n> so \n-- \nCleo", deletes_space=False) == "It is cold.\n> so \n-- \nCleo"


def test_the_plain_words_are_taken_before_the_page_and_files_stand_apart() -> None:
    made = EmailMessage(policy=SMTP)
    made["From"], made["Subject"] = "Zoë <zoe@example.org>", "Grüße =?x?"
    made.set_content("  plain – words \n\n")
    made.add_alternative("<p>page</p>", subtype="html")
    made.add_attachment(b"hello", maintype="text", subtype="plain", filename="né.txt")
    came = read(made.as_bytes())
    assert (came.text, came.sender, came.sender_name) == ("  plain – words \n", "zoe@example.org", "Zoë")
    assert [(one.name, one.data) for one in came.files] == [("né.txt", b"hello")]


def test_a_file_beside_the_page_is_not_lost_where_the_plain_words_are_taken() -> None:
    """As Apple's program sends it: plain words, or a page with a file in it and pictures of the page."""
    page = MIMEMultipart("related", None, [MIMEText("<p>page</p>", "html"), MIMEApplication(b"GIF", "gif")])
    mixed = MIMEMultipart(
        "mixed", None, [page, MIMEApplication(b"%PDF", "pdf", name="bill.pdf"), MIMEText("end", "html")]
    )
    whole = MIMEMultipart("alternative", None, [MIMEText("plain"), mixed])
    came = read(whole.as_bytes())
    assert (came.text, [(one.name, one.data) for one in came.files]) == ("plain", [("bill.pdf", b"%PDF")])
    many = MIMEMultipart("mixed", None, [MIMEApplication(b"x") for _part in range(150)])
    came = read(MIMEMultipart("alternative", None, [MIMEText("plain"), many]).as_bytes())
    assert came.text == "plain" and {"files", "parts"} <= set(came.notes)


@pytest.mark.parametrize(
    ("heads", "nature"),
    [
        ({}, "person"),
        ({"Auto_Submitted": "no"}, "person"),
        ({"Auto_Submitted": "auto-replied"}, "auto"),
        ({"Precedence": "bulk"}, "auto"),
        ({"Return_Path": "<>"}, "auto"),
        ({"List_Id": "<news.example>"}, "auto"),
        ({"X_Autoreply": "yes"}, "auto"),
    ],
)
def test_robots_are_known_by_their_heads(heads: dict[str, str], nature: str) -> None:
    assert read(mail(**heads)).nature == nature


def test_a_report_names_what_came_back_and_why() -> None:
    came = read(bounce(mail(Message_ID="<m7.abc@quay.example>")))
    assert (came.nature, came.ids) == ("bounce", ("<m7.abc@quay.example>",))
    assert came.report and came.report.reason == "5.1.1 smtp; 550 no such user"
    assert read(bounce(mail(), action="delayed")).nature == "delay"


def known(**changes: object) -> Known:
    values: dict[str, object] = {
        "is_ours": False, "case_id": 1, "is_proved": True, "customer_email": "cleo@example.org", "site_id": 1,
        "can_open": True, "has_open_case": False, "sent_today": 0,
    }  # fmt: skip
    return Known(**{**values, **changes})  # type: ignore[arg-type]


def test_only_a_proved_mail_from_her_address_is_her_word() -> None:
    hers = mail()
    assert place(read(hers), known()).kind == "customer"
    assert place(read(hers), known(is_proved=False)) == place(read(hers), known(is_proved=False, can_open=False))
    assert place(read(hers), known(is_proved=False)).why == "not-proved"
    assert place(read(mail(sender="mallory@evil.example")), known()).why == "other-address"
    forged = mail(Authentication_Results="mx.quay.example; dkim=pass header.d=evil.example; spf=none")
    assert place(read(forged, our_server="mx.quay.example"), known()).why == "forged"
    assert place(read(forged), known()).kind == "customer"  # nobody was asked
    real = mail(Authentication_Results="mx.quay.example; dmarc=pass header.from=example.org")
    assert place(read(real, our_server="mx.quay.example"), known(is_proved=False)).kind == "customer"
    lied = mail(Authentication_Results="mx.evil.example; dmarc=pass header.from=example.org")
    assert place(read(lied, our_server="mx.quay.example"), known()).why == "forged"


@pytest.mark.parametrize(
    ("changes", "kind", "why"),
    [
        ({}, "opened", "new"),
        ({"can_open": False}, "unsorted", "nowhere"),
        ({"has_open_case": True}, "unsorted", "open-case"),
        ({"sent_today": 19}, "opened", "new"),
        ({"sent_today": 20}, "unsorted", "many"),
        ({"is_ours": True}, "loop", "loop"),
    ],
)
def test_a_mail_of_no_case_opens_one_or_waits_to_be_sorted(changes: dict[str, object], kind: str, why: str) -> None:
    found = place(read(mail()), known(case_id=None, is_proved=False, **changes))
    assert (found.kind, found.why) == (kind, why)


def test_sixty_hostile_mails_are_read_quickly_in_little_memory_and_none_is_lost() -> None:
    found = list(hostile())
    assert len(found) == 60
    for what, raw in found:
        began = time.process_time()
        tracemalloc.start()
        came = read(raw)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert time.process_time() - began < 10, what  # under tracemalloc, on a busy machine
        assert peak < 8 * len(raw) + 30_000_000, (what, peak, len(raw))
        assert came.text.strip() or came.notes or came.subject or came.files, what
        for said in (came.text, came.subject, came.sender, came.sender_name):
            assert "\0" not in said and said == said.encode("utf-8", "replace").decode(), what
        for said in (came.subject, came.sender, came.sender_name):
            assert "\n" not in said and "\r" not in said, what
        if what == "html" and "&lt;script" not in raw.decode():
            assert not any(
                bad in came.text.lower() for bad in ("<script", "onerror", "onload", "javascript:", "<iframe")
            )
        if what in ("two senders", "list of senders"):
            assert came.sender == ""
        if what == "name as address":
            assert came.sender == "mallory@evil.example"
    assert read(b"x" * 10, our_server="").notes == ()
    assert MAIL_BYTES_MAX == 25 * 1024 * 1024


@pytest.mark.skipif(not NARRATIVES.exists(), reason="the narratives of real complaints are not on this machine")
def test_real_complaints_come_through_a_mail_character_for_character() -> None:
    csv.field_size_limit(10**7)
    with gzip.open(NARRATIVES, "rt", newline="") as source:
        texts = [row["Consumer complaint narrative"] for row in csv.DictReader(source)]
    texts = [text for text in texts if text.strip()]
    assert len(texts) == 951
    for text in texts[: count(951, 80)]:
        for heads in ({}, {"In_Reply_To": "<a@b.example>"}):
            came = read(mail(text, **heads))
            assert came.text + came.history == text.removesuffix("\n")
            assert came.text == text or heads
