"""Due work of mail: fetch what came, sweep originals that no row names, let go of old drafts."""

import imaplib
import logging
from datetime import datetime
from email.errors import MessageError
from typing import Any
from urllib.parse import unquote, urlsplit

from flask import current_app
from imap_tools import AND, BaseMailBox, ImapToolsError, MailBox, MailBoxUnencrypted, MailMessageFlags
from sqlalchemy.exc import DataError

from app.attachments.store import StoreFull
from app.kernel.database import db
from app.kernel.errors import Refusal
from app.messages import mail_in_actions as mail_in
from app.messages.draft_actions import forget_old
from app.messages.mail_in_rules import HEADER_BYTES_MAX, MAIL_BYTES_MAX
from app.messages.mail_queries import known_originals
from app.messages.stores import ORIGINALS

SECONDS_MAX = 20
# What the content of a mail may cause: such a mail lies in the list. Whatever else fails isn't the mail's doing.
UNREADABLE = (MessageError, Refusal, DataError, ValueError, LookupError, RecursionError)
log = logging.getLogger("makegood.mail")


class MailboxNotReached(Exception):
    """The server of the mailbox doesn't answer, or not as it should; the next run tries again."""


class MailLeft(Exception):
    """Mails could not be taken in, and not for what they say: they stay unseen, and the next run tries again."""


def poll(*, now: datetime, limit: int = 20) -> int:
    """Fetch at most `limit` unseen mails, the oldest first. Each is marked as seen after it was committed, never before."""
    url: str = current_app.extensions["makegood_settings"].imap_url
    if not url:
        return 0
    try:
        with _open(url) as box:
            uids = box.uids(AND(seen=False))[:limit]
            left = [uid for uid in uids if not _take(box, uid, now)]
    except (OSError, imaplib.IMAP4.error, ImapToolsError) as failure:
        raise MailboxNotReached(type(failure).__name__) from failure
    if left:
        raise MailLeft(f"{len(left)} of {len(uids)}")
    return len(uids)


def _open(url: str) -> Any:
    parts = urlsplit(url)
    kind = MailBox if parts.scheme == "imaps" else MailBoxUnencrypted
    port = parts.port or (993 if parts.scheme == "imaps" else 143)
    box = kind(host=parts.hostname or "", port=port, timeout=SECONDS_MAX)
    folder = unquote(parts.path.strip("/")) or "INBOX"
    return box.login(unquote(parts.username or ""), unquote(parts.password or ""), initial_folder=folder)


def _take(box: BaseMailBox, uid: str, now: datetime) -> bool:
    """Take one mail in; False when it stays in the mailbox as it was, so that it holds up no other."""
    size = _size(box, uid)
    if size > MAIL_BYTES_MAX:
        head = _fetched(box, uid, f"(BODY.PEEK[HEADER]<0.{HEADER_BYTES_MAX}>)")
        mail_in.note_only(head=head, why="too-large", byte_count=size, stored_as=None, now=now)
    elif not _take_in(_fetched(box, uid, "(BODY.PEEK[])"), now):
        return False
    box.flag(uid, MailMessageFlags.SEEN, True)
    return True


def _take_in(raw: bytes, now: datetime) -> bool:
    """Take a mail in; one over whose content we stumble lies in the list, with its original. False: try it again later."""
    try:
        try:
            mail_in.take_in(raw=raw, source="imap", actor=mail_in.POSTMAN, now=now)
        except StoreFull:
            raise
        except UNREADABLE:
            log.exception("a mail could not be read")
            stored_as = ORIGINALS.put(raw)
            head = raw[:HEADER_BYTES_MAX]
            mail_in.note_only(head=head, why="unreadable", byte_count=len(raw), stored_as=stored_as, now=now)
    except StoreFull:
        raise MailboxNotReached("no room for mail") from None
    except Exception:
        db.session.rollback()
        log.exception("a mail could not be taken in; it stays in the mailbox")
        return False
    return True


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
    """Delete originals that no row names, and old drafts."""
    gone = forget_old(now=now, limit=limit)
    return gone + ORIGINALS.sweep(known_originals, now=now, limit=max(0, limit - gone))
