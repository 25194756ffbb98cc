"""The deeds of a review, from opening to the signatures and an appeal. Each asks whose turn it is; nobody acts for another."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

import orjson
from flask_babel import format_date
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.audit import actions as audit
from app.insights.rules import COUNT_MIN
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, Conflict, NotFound, NotPermitted, Refusal
from app.kernel.references import ref
from app.kernel.transactions import transaction
from app.notifications.actions import notify
from app.notifications.rules import declare
from app.people import permissions
from app.people import queries as people
from app.reviews import count_queries, queries, rules
from app.reviews.count_queries import Span
from app.reviews.figure_rules import METHOD, figure
from app.reviews.models import Review, ReviewAccess, ReviewCase, ReviewSignature, ReviewText
from app.reviews.queries import ReviewRow
from app.reviews.rules import Side
from app.reviews.sealing import keep

OPENED = audit.declare(
    "review:open", "employee", "since", "until", "method", "figures", "seed", "cases",
    sentence=_l("opened an outcome review"),
)  # fmt: skip
SAID = {
    "self_assessment": audit.declare("review:assess", "length", sentence=_l("assessed themselves in a review")),
    "notes": audit.declare("review:note", "length", sentence=_l("wrote notes of a review's conversation")),
    "comment": audit.declare("review:comment", "length", sentence=_l("commented on a figure of a review")),
}
CHOSE = audit.declare("review:choose-case", "case", sentence=_l("chose a case to be read in a review"))
LOCKED = audit.declare("review:lock", "round", "content", sentence=_l("asked for the signatures of a review"))
UNLOCKED = audit.declare("review:unlock", "round", sentence=_l("took a review back into conversation"))
SIGNED = audit.declare("review:sign", "round", "side", "content", sentence=_l("signed a review"))
CLOSED = audit.declare("review:close", "round", sentence=_l("closed a review, signed by both"))
APPEALED = audit.declare("review:appeal", "round", "reader", sentence=_l("appealed against a review"))
READ = audit.declare("review:read", "how", sentence=_l("read a review"))

LINES = {
    "open": declare("review:open", _l("%(who)s opened an outcome review with you. Your own words come first.")),
    "assess": declare("review:assess", _l("%(who)s has written the self-assessment. Now it is your turn.")),
    "lock": declare(
        "review:lock", _l("%(who)s asks for your signature. Read it as it stands; you can also take it back.")
    ),
    "unlock": declare("review:unlock", _l("%(who)s took the review back into conversation.")),
    "close": declare("review:close", _l("The review is signed by both and closed.")),
    "appeal": declare("review:appeal", _l("%(who)s asks you to read a review a second time.")),
}


class WrongStep(Refusal):
    """Not now, or not yours to do."""

    code = "wrong-step"
    sentence = _l("This isn't open now. The self-assessment comes first, then the conversation, then both sign.")


class ReviewRunning(Refusal):
    code = "review-running"
    sentence = _l("This person has a review that isn't closed yet.")


class NotesMissing(Refusal):
    code = "notes-missing"
    sentence = _l("Write your notes of the conversation first: there is nothing to sign without them.")


class SignedAlready(Refusal):
    code = "review-signed"
    sentence = _l("You have signed it already.")


class AppealOver(Refusal):
    code = "appeal-over"
    sentence = _l("An appeal is possible within 30 days of the last signature.")


def open_review(*, employee_id: int, since_on: date, until_on: date, actor: Actor, now: datetime) -> Review:
    """Open a review and freeze its figures and the random cases; until_on is exclusive.

    Raises NotFound for somebody who isn't reviewed, NotPermitted for oneself, ReviewRunning, and BadInput, also where a
    review covers a part of the period: two figures of overlapping days can be subtracted to one of few answers, and one
    case would be held against somebody twice.
    """
    permissions.require(actor, "reviews.open")
    with transaction():
        person = people.person(employee_id)
        if person is None or not person.is_active or person.role not in rules.ROLES:
            raise NotFound
        if actor.id is None or actor.id == employee_id:
            raise NotPermitted(_l("Nobody opens a review of themselves."))
        if not rules.may_open(
            opener_role=actor.role, opener_id=actor.id, employee_role=person.role, manager_id=person.manager_id
        ):
            raise NotPermitted(_l("People in HR are reviewed by their own manager, and everybody else by HR."))
        site = people.site(person.site_id)
        span = queries.span_of(since_on, until_on, site.time_zone, now)
        mistake = rules.period_mistake(since_on, until_on, now.astimezone(span.until.tzinfo).date())
        if mistake:
            raise BadInput({"until_on": [_period_words(mistake)]})
        if queries.running_count(employee_id):
            raise ReviewRunning
        _refuse_covered(employee_id, since_on, until_on)
        figures = freeze(employee_id, person.role, span)
        digest = hashlib.sha256(figures.encode()).hexdigest()
        row = Review(
            employee_id=employee_id, reviewer_id=actor.id, site_id=person.site_id, since_on=since_on, until_on=until_on,
            opened_by_id=actor.id, opened_at=now, seed=secrets.randbelow(2**31), method=METHOD, figures=figures,
            figures_hash=digest,
        )  # fmt: skip
        db.session.add(row)
        db.session.flush()
        drawn = rules.draw(count_queries.cases_of(employee_id, span), row.seed)
        db.session.add_all(ReviewCase(review_id=row.id, case_id=one, origin="random", at=now) for one in drawn)
        audit.record(
            OPENED, subject=row.ref, actor=actor, at=now, employee=person.ref, since=since_on.isoformat(),
            until=until_on.isoformat(), method=METHOD, figures=digest, seed=row.seed,
            cases=[ref("case", one) for one in drawn],
        )  # fmt: skip
        _tell("open", row, [employee_id], actor, now)
        return row


def freeze(employee_id: int, role: str, span: Span) -> str:
    """Compute every figure once, as JSON text; a figure with too few behind it holds no number at all."""
    figures = [
        figure(one.name, count_queries.counts(one.name, span, role), employee_id) for one in count_queries.REVIEWED
    ]
    k, n = count_queries.money_of(employee_id, span)
    money = {"k": k, "n": n} if n >= COUNT_MIN else {}
    found = {"method": METHOD, "figures": [one.plain() for one in figures], "money": money}
    return orjson.dumps(found, option=orjson.OPT_SORT_KEYS).decode()


def say(
    *, review_id: int, kind: str, text: str, version: int, actor: Actor, now: datetime, measure: str | None = None
) -> None:
    """Say something in a review: the self-assessment, notes of the conversation, or a comment on a figure.

    The self-assessment opens the conversation; before it the reviewer can write nothing.
    """
    deed = {"self_assessment": "assess", "notes": "note", "comment": "comment"}[kind]
    with transaction():
        row = _taken(review_id, version, deed, actor)
        if not rules.TEXT_MIN <= len(text.strip()) <= rules.TEXT_MAX:
            raise BadInput({"text": [_("Write 3 to 4,000 characters.")]})
        if (kind == "comment") != (measure in count_queries.CODES):
            raise NotFound
        _add_text(row, kind, text, measure, actor, now)
        if kind == "self_assessment":
            row.state = "conversation"
            _tell("assess", row, [row.reviewer_id], actor, now)
        audit.record(SAID[kind], subject=row.ref, actor=actor, at=now, length=len(text.strip()))


def choose_case(*, review_id: int, case_id: int, version: int, actor: Actor, now: datetime) -> None:
    """Let the employee choose a case of their own to be read together."""
    with transaction():
        row = _taken(review_id, version, "choose", actor)
        found = _row(review_id)
        known = {one.case_id: one.origin for one in queries.evidence(found)}
        if sum(origin == "chosen" for origin in known.values()) >= rules.CHOSEN_MAX:
            raise BadInput({"case": [_("You have chosen five cases; that is enough to read.")]})
        if case_id in known:
            raise BadInput({"case": [_("This case is on the list already.")]})
        if case_id not in own_cases(found):
            raise BadInput({"case": [_("Choose a case that you resolved or gave something for in this period.")]})
        db.session.add(ReviewCase(review_id=row.id, case_id=case_id, origin="chosen", at=now))
        audit.record(CHOSE, subject=row.ref, actor=actor, at=now, case=ref("case", case_id))


def lock(*, review_id: int, version: int, actor: Actor, now: datetime) -> None:
    """Close the words for signing: from here on only both signatures or taking it back change anything."""
    with transaction():
        row = _taken(review_id, version, "lock", actor)
        found = _row(review_id)
        if not any(one.kind == "notes" and one.author_id == row.reviewer_id for one in queries.texts(row.id)):
            raise NotesMissing
        row.state = "signing"
        audit.record(LOCKED, subject=row.ref, actor=actor, at=now, round=row.round, content=queries.content(found))
        _tell("lock", row, [row.employee_id], actor, now)


def unlock(*, review_id: int, version: int, actor: Actor, now: datetime) -> None:
    """Take it back into conversation; signatures of this round no longer count, and stay."""
    with transaction():
        row = _taken(review_id, version, "unlock", actor)
        row.state, row.round = "conversation", row.round + 1
        audit.record(UNLOCKED, subject=row.ref, actor=actor, at=now, round=row.round)
        _tell("unlock", row, [_other(row, actor)], actor, now)


def sign(*, review_id: int, version: int, actor: Actor, now: datetime) -> bool:
    """Sign for oneself what stands there; True when both have, which closes it.

    The other's signature of the same round changes nothing of it: both may sign from pages that were open at the same time.
    """
    with transaction():
        row = _taken(review_id, version, "sign", actor)
        found = _row(review_id)
        side = found.side_of(actor)
        signed = {one.side for one in queries.signatures(row.id) if one.round == row.round}
        if side in signed:
            raise SignedAlready
        content = queries.content(found)
        db.session.add(
            ReviewSignature(
                review_id=row.id, round=row.round, side=side, employee_id=actor.id, content_hash=content, at=now
            )
        )
        audit.record(SIGNED, subject=row.ref, actor=actor, at=now, round=row.round, side=side, content=content)
        if not signed:
            return False
        row.state, row.closed_at = "closed", now
        audit.record(CLOSED, subject=row.ref, actor=actor, at=now, round=row.round)
        _tell("close", row, [row.employee_id, row.reviewer_id], actor, now)
        return True


def appeal(*, review_id: int, reader_id: int, text: str, version: int, actor: Actor, now: datetime) -> None:
    """Ask somebody without a hand in it to read the review again; it opens again with them as its reviewer."""
    with transaction():
        row = _taken(review_id, version, "appeal", actor)
        if not rules.can_appeal(row.closed_at, now):
            raise AppealOver
        errors = {}
        if not rules.TEXT_MIN <= len(text.strip()) <= rules.TEXT_MAX:
            errors["text"] = [_("Write 3 to 4,000 characters.")]
        if reader_id not in dict(queries.readers(_row(review_id))):
            errors["reader"] = [_("Choose somebody from the list: they had no hand in this review.")]
        if errors:
            raise BadInput(errors)
        _add_text(row, "appeal", text, None, actor, now)
        row.state, row.closed_at, row.round, row.reviewer_id = "conversation", None, row.round + 1, reader_id
        reader = ref("employee", reader_id)
        audit.record(APPEALED, subject=row.ref, actor=actor, at=now, round=row.round, reader=reader)
        _tell("appeal", row, [reader_id], actor, now)


def log_read(*, row: ReviewRow, how: str, actor: Actor, now: datetime) -> None:
    """Note that somebody read a review, or took it along; one's own reading isn't noted."""
    if actor.id is None or (actor.id == row.employee_id and how in ("page", "api")):
        return
    with transaction():
        db.session.add(ReviewAccess(review_id=row.id, reader_id=actor.id, how=how, at=now))
        audit.record(READ, subject=row.ref, actor=actor, at=now, how=how)


def own_cases(row: ReviewRow) -> set[int]:
    """The cases that may be read and named in this review, as they were known when it was opened."""
    return set(
        count_queries.cases_of(row.employee_id, queries.span_of(row.since_on, row.until_on, row.zone, row.opened_at))
    )


def taken(review_id: int, version: int, deed: str, actor: Actor) -> tuple[Review, ReviewRow]:
    """Take a review for a deed of another file of this room, inside its transaction."""
    return _taken(review_id, version, deed, actor), _row(review_id)


def _taken(review_id: int, version: int, deed: str, actor: Actor) -> Review:
    """Lock a review for a deed: it is there, it is one's own side and turn, and nobody changed it meanwhile."""
    permissions.require(actor, "reviews.write")
    row = db.session.get(Review, review_id, with_for_update=True)
    scope = permissions.scope_of(actor, "reviews.read")
    if row is None or scope is None:
        raise NotFound
    side: Side | None = {row.employee_id: "employee", row.reviewer_id: "reviewer"}.get(actor.id or 0)  # type: ignore[assignment]
    if side is None:
        if scope.kind == "company":
            raise NotPermitted(_l("Only the two people of a review write in it, each for themselves."))
        raise NotFound
    if not row.version - _signed_since(row, deed) <= version <= row.version:
        raise Conflict
    if not rules.may(row.state, deed, side):
        raise WrongStep
    row.version += 1
    return row


def _signed_since(row: Review, deed: str) -> int:
    """How many signatures were added to what a signer may have open: while it waits for them, nothing else counts up."""
    if deed != "sign" or row.state != "signing":
        return 0
    return sum(one.round == row.round for one in queries.signatures(row.id))


def _row(review_id: int) -> ReviewRow:
    row = queries.review(review_id, permissions.COMPANY)
    assert row is not None
    return row


def _add_text(row: Review, kind: str, text: str, measure: str | None, actor: Actor, now: datetime) -> None:
    said = ReviewText(review_id=row.id, round=row.round, kind=kind, measure=measure, author_id=actor.id, at=now)
    keep(said, {"text": text.strip()}, employee_id=row.employee_id)


def _other(row: Review, actor: Actor) -> int:
    return row.reviewer_id if actor.id == row.employee_id else row.employee_id


def _tell(line: str, row: Review, employee_ids: Iterable[int], actor: Actor, now: datetime) -> None:
    params: dict[str, Any] = {"who": people.names([actor.id]).get(actor.id or 0, "")}
    notify(
        employee_ids=employee_ids, kind="review", subject=row.ref, url=f"/reviews/{row.ref}", text_key=LINES[line],
        params=params, at=now,
    )  # fmt: skip


def _refuse_covered(employee_id: int, since_on: date, until_on: date) -> None:
    covering = queries.covering(employee_id, since_on, until_on)
    if covering is None:
        return
    reference, first, last = covering
    raise BadInput(
        {
            "since_on": [
                _(
                    "%(review)s covers %(first)s to %(last)s already, and each case counts in one review. Choose days that it "
                    "leaves out.",
                    review=reference, first=format_date(first), last=format_date(last),
                )
            ]
        }
    )  # fmt: skip


def _period_words(mistake: str) -> str:
    return {
        "order": _("The period ends before it begins."),
        "ahead": _("A review looks back: the period can't end in the future."),
        "short": _("Choose at least 28 days."),
        "long": _("Choose at most 400 days."),
    }[mistake]
