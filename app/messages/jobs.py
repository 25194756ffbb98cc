"""Due work of mail: fetch what came, sweep originals that no row names, let go of old drafts."""

import imaplib
import logging
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote, urlsplit

from flask import current_app
from imap_tools import AND, BaseMailBox, ImapToolsError, MailBox, MailBoxUnencrypted, MailMessageFlags

from app.messages import mail_in_actions as mail_in
from app.messages import mail_store
from app.messages.draft_actions import forget_old
from app.messages.mail_in_rules import HEADER_BYTES_MAX, MAIL_BYTES_MAX
from app.messages.mail_queries import known_originals

SECONDS_MAX = 20
GRACE = timedelta(hours=1)  # an original is written before its row
TURN_SECONDS = 300
SHARDS_PER_TURN = 16
log = logging.getLogger("makegood.mail")


class MailboxNotReached(Exception):
    """The server of the mailbox doesn't answer, or not as it should; the next run tries again."""


def poll(*, now: datetime, limit: int = 20) -> int:
    """Fetch at most `limit` unseen mails, the oldest first. Each is marked as seen after it was committed, never before."""
    url: str = current_app.extensions["makegood_settings"].imap_url
    if not url:
        return 0
    try:
        with _open(url) as box:
            uids = box.uids(AND(seen=False))[:limit]
            for uid in uids:
                _take(box, uid, now)
            return len(uids)
    except (OSError, imaplib.IMAP4.error, ImapToolsError) as failure:
        raise MailboxNotReached(type(failure).__name__) from failure


def _open(url: str) -> Any:
    parts = urlsplit(url)
    kind = MailBox if parts.scheme == "imaps" else MailBoxUnencrypted
    port = parts.port or (993 if parts.scheme == "imaps" else 143)
    box = kind(host=parts.hostname or "", port=port, timeout=SECONDS_MAX)
    folder = unquote(parts.path.strip("/")) or "INBOX"
    return box.login(unquote(parts.username or ""), unquote(parts.password or ""), initial_folder=folder)


def _take(box: BaseMailBox, uid: str, now: datetime) -> None:
    size = _size(box, uid)
    if size > MAIL_BYTES_MAX:
        head = _fetched(box, uid, f"(BODY.PEEK[HEADER]<0.{HEADER_BYTES_MAX}>)")
        mail_in.note_only(head=head, why="too-large", byte_count=size, stored_as=None, now=now)
    else:
        _take_in(_fetched(box, uid, "(BODY.PEEK[])"), now)
    box.flag(uid, MailMessageFlags.SEEN, True)


def _take_in(raw: bytes, now: datetime) -> None:
    """Take a mail in; one over which the product itself stumbles holds up no other, and lies in the list, with its original."""
    try:
        mail_in.take_in(raw=raw, source="imap", actor=mail_in.POSTMAN, now=now)
    except mail_store.NoRoomForMail:
        raise MailboxNotReached("no room for mail") from None
    except Exception:
        log.exception("a mail could not be taken in")
        stored_as = mail_store.put(raw)
        head = raw[:HEADER_BYTES_MAX]
        mail_in.note_only(head=head, why="unreadable", byte_count=len(raw), stored_as=stored_as, now=now)


def _size(box: BaseMailBox, uid: str) -> int:
    _status, found = box.client.uid("FETCH", uid, "(RFC822.SIZE)")
    _before, _word, after = b" ".join(one for one in found if isinstance(one, bytes)).partition(b"RFC822.SIZE ")
    digits = after.split(b")")[0].split()[:1]
    return int(digits[0]) if digits and digits[0].isdigit() else 0


def _fetched(box: BaseMailBox, uid: str, what: str) -> bytes:
    _status, found = box.client.uid("FETCH", uid, what)
    for one in found:
        if isinstance(one, tuple):
            return bytes(one[1])
    raise MailboxNotReached("no content")


def sweep(*, now: datetime, limit: int = 200) -> int:
    """Delete originals that no row names, a sixteenth of the folder in each turn of five minutes, and old drafts."""
    gone = forget_old(now=now, limit=limit)
    before = (now - GRACE).timestamp()
    turn = int(now.timestamp()) // TURN_SECONDS
    for shard in ((turn * SHARDS_PER_TURN + step) % 256 for step in range(SHARDS_PER_TURN)):
        found = [path for path in mail_store.old_files(shard, before=before) if gone < limit]
        kept = known_originals(path.name for path in found if mail_store.is_name(path.name))
        for path in found[: max(0, limit - gone)]:
            if path.name not in kept:
                path.unlink(missing_ok=True)
                gone += 1
    return gone
