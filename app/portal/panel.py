"""The card about the customer's page, beside a case."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.attachments.queries import FileRow
from app.cases.queries import CasePage
from app.notifications.mail_actions import is_mail_on
from app.portal.link_queries import LinkRow, url_of
from app.portal.page_queries import AnswerRow, of_desk
from app.portal.rules import is_alive
from app.remedies.queries import RemedyRow


@dataclass(frozen=True, slots=True)
class CustomerPanel:
    """The live link with its address, what she answered last, and the offers she could choose from.

    files: of the case, read along with them.

    is_open: what she said last asks for something better, and nothing was offered since.
    """

    link: LinkRow | None
    url: str | None
    can_make: bool
    can_mail: bool
    open_offers: tuple[RemedyRow, ...]
    choice: tuple[RemedyRow, ...]
    last: AnswerRow | None
    is_open: bool
    files: tuple[FileRow, ...]


def customer_panel(page: CasePage, given: Sequence[RemedyRow], now: datetime) -> CustomerPanel:
    case = page.case
    link, last, grouped, files = of_desk(case.id)
    offers = tuple(one for one in given if one.state == "reserved")
    newest = max((one.created_at for one in given), default=None)
    is_open = (
        last is not None
        and last.answer in ("declined", "disagreed")
        and case.resolved_at is None
        and (newest is None or newest < last.at)
    )
    alive = is_alive(case.resolved_at, case.closed_at, now)
    return CustomerPanel(
        link=link,
        url=url_of(case.id, link.serial) if link and alive else None,
        can_make=alive,
        can_mail=alive and is_mail_on() and bool(page.customer_email),
        open_offers=offers,
        choice=tuple(one for one in offers if one.id in grouped),
        last=last,
        is_open=is_open,
        files=files,
    )
