"""Turn one row of a file into a record, or say what is wrong with it. Pure: never guesses, never repairs a contradiction."""

import re
from collections.abc import Mapping as Map
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l

from app.cases.rules import SUMMARY_MAX, TEXT_MAX
from app.intake.mapping_rules import Mapping, Part
from app.kernel.money import BadMoney, Money
from app.kernel.sheets import safe_cell as safe_cell
from app.kernel.time import UTC

REF_MAX = 100
EARLIEST = datetime(1950, 1, 1, tzinfo=UTC)

SENTENCES: dict[str, Any] = {
    "columns": _l("The row has %(value)s columns, the header has %(other)s."),
    "missing": _l("The value is missing."),
    "unknown-value": _l("“%(value)s” isn't in the mapping."),
    "bad-date": _l("“%(value)s” is no date of the form that the mapping names."),
    "no-such-time": _l("“%(value)s” doesn't exist in %(other)s: the clocks skipped it."),
    "too-early": _l("“%(value)s” is before 1950."),
    "future": _l("“%(value)s” lies in the future."),
    "closed-before-opened": _l("Closed (%(value)s) before it was opened (%(other)s)."),
    "received-before-incident": _l("Received (%(value)s) before the day of the incident (%(other)s)."),
    "due-before-opened": _l("Due (%(value)s) before it was opened (%(other)s)."),
    "closed-without-date": _l("Closed, but without a closing date."),
    "open-with-date": _l("Open, but with a closing date (%(value)s)."),
    "bad-amount": _l("“%(value)s” is no amount."),
    "too-long": _l("The text has %(value)s characters; at most %(other)s fit."),
    "unknown-site": _l("There is no site “%(value)s”, and the mapping doesn't allow new ones."),
    "unknown-team": _l("There is no team “%(value)s” at this site, and the mapping doesn't allow new ones."),
    "unknown-category": _l("There is no category “%(value)s”, and the mapping doesn't allow new ones."),
    "unknown-person": _l("Nobody here has the name or e-mail address “%(value)s”. Imports add no people."),
    "two-people": _l("“%(value)s” is the name of more than one person here: say the e-mail address."),
    "bad-score": _l("“%(value)s” is no score from 1 to 5."),
    "score-while-open": _l("Open, but with the customer's score (%(value)s)."),
    "twice": _l("“%(value)s” stands in this file twice; the first one counts."),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a row: a code of SENTENCES, the column, and the values that the sentence names."""

    code: str
    column: str
    value: str = ""
    other: str = ""

    @property
    def sentence(self) -> str:
        return str(SENTENCES[self.code]) % {"value": self.value[:200], "other": self.other[:200]}


@dataclass(frozen=True, slots=True)
class Record:
    """One past case as a file tells it. None means that the file doesn't say."""

    line: int
    source_ref: str
    received_at: datetime
    occurred_at: datetime | None
    due_at: datetime | None
    resolved_at: datetime | None
    state: str
    channel: str
    severity: int
    attribution: str
    category: str
    site: str
    site_name: str
    team: str | None
    summary: str
    description: str
    outcome: str | None
    paid: Money | None
    resolved_by: str | None = None  # as the file names them
    survey_score: int | None = None


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that is not imported, with every reason found."""

    line: int
    source_ref: str
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class _Moment:
    """An instant as written; `day` is its local date, `dated` says that no time of day was written."""

    at: datetime
    day: str
    dated: bool
    text: str


class _Row:
    """Reads the fields of one row and collects what is wrong."""

    def __init__(self, values: Map[str, str], mapping: Mapping) -> None:
        self.values = values
        self.mapping = mapping
        self.problems: list[Problem] = []

    def clean(self, column: str, *, is_told: bool = False) -> str | None:
        """The value without blanks around and doubled inside, or None when it is one of the missing markers.

        is_told: it is somebody's story, which stays as it is, character for character.
        """
        text = self.values[column]
        tidy = text.strip() if "\n" in text else " ".join(text.split())
        return None if tidy in self.mapping.missing else text if is_told else tidy

    def text(self, key: str, *, needed: bool = False) -> str | None:
        part = self.mapping.fields.get(key)
        if part is None:
            return None
        if part.value is not None:
            return part.value
        is_told = key == "description"
        is_one = len(part.columns) == 1 and not part.labels
        found = self.clean(part.columns[0], is_told=is_told) if is_one else self._joined(part, is_told)
        if found is None:
            found = part.default
        elif part.values is not None:
            found = self._mapped(key, part, found)
        if found is None and needed and not any(p.column == part.columns[0] for p in self.problems):
            self.problems.append(Problem("missing", part.columns[0]))
        return found

    def _mapped(self, key: str, part: Part, found: str) -> str | None:
        assert part.values is not None
        if found in part.values:
            return part.values[found]
        if key == "site":
            return found
        if key == "severity" and part.default is not None:
            return part.default
        self.problems.append(Problem("unknown-value", part.columns[0], found))
        return None

    def _joined(self, part: Part, is_told: bool = False) -> str | None:
        pieces = []
        for index, column in enumerate(part.columns):
            value = self.clean(column, is_told=is_told and not (part.labels and part.labels[index]))
            if value is not None:
                label = part.labels[index] if part.labels else ""
                pieces.append(f"{label}: {value}" if label else value)
        return ("\n" if part.labels else part.join).join(pieces) or None

    def moment(self, key: str, zone: str, *, needed: bool = False) -> _Moment | None:
        part = self.mapping.fields.get(key)
        if part is None:
            return None
        text = self.clean(part.columns[0])
        if text is None:
            if needed:
                self.problems.append(Problem("missing", part.columns[0]))
            return None
        for form in part.formats:
            try:
                local = datetime.strptime(text, form)  # noqa: DTZ007 - the zone is added below
            except ValueError:
                continue
            at = local.replace(tzinfo=_zone(zone)).astimezone(UTC)
            if at.astimezone(_zone(zone)).replace(tzinfo=None) != local:
                self.problems.append(Problem("no-such-time", part.columns[0], text, zone))
                return None
            if at < EARLIEST:
                self.problems.append(Problem("too-early", part.columns[0], text))
                return None
            return _Moment(at, local.date().isoformat(), "%H" not in form and "%I" not in form, text)
        self.problems.append(Problem("bad-date", part.columns[0], text))
        return None

    def column(self, key: str) -> str:
        part = self.mapping.fields[key]
        return part.columns[0] if part.columns else key


_ZONES: dict[str, ZoneInfo] = {}


def _zone(name: str) -> ZoneInfo:
    if name not in _ZONES:
        _ZONES[name] = ZoneInfo(name)
    return _ZONES[name]


def convert(line: int, header: tuple[str, ...], cells: list[str], mapping: Mapping, now: datetime) -> Record | Reject:
    """Read one row. All reasons are collected, so that a file is mended in one go."""
    if len(cells) != len(header):
        return Reject(
            line, cells[0].strip() if cells else "", (Problem("columns", "", str(len(cells)), str(len(header))),)
        )
    row = _Row(dict(zip(header, cells, strict=True)), mapping)
    source_ref = row.text("source_ref", needed=True) or ""
    site = row.text("site", needed=True) or ""
    raw_site = row.clean(row.column("site")) if mapping.fields["site"].columns else None
    zone = mapping.zones.get(raw_site or site, mapping.zone)
    moments = {
        "received_at": row.moment("received_at", zone, needed=True),
        "occurred_at": row.moment("occurred_at", zone),
        "due_at": row.moment("due_at", zone),
        "resolved_at": row.moment("resolved_at", zone),
    }
    state = row.text("state", needed=True) or ""
    _check_moments(row, moments, state, now)
    summary = row.text("summary") or row.text("category") or source_ref
    description = row.text("description") or ""
    for key, text, most in (("description", description, TEXT_MAX), ("source_ref", source_ref, REF_MAX)):
        if len(text) > most:
            row.problems.append(Problem("too-long", row.column(key), str(len(text)), str(most)))
    channel, severity = row.text("channel", needed=True), row.text("severity", needed=True)
    category, paid = row.text("category", needed=True), _paid(row)
    resolver, score = row.text("resolved_by") if state == "closed" else None, _score(row, state)
    if row.problems:
        return Reject(line, source_ref[:REF_MAX], tuple(row.problems))
    received, occurred = moments["received_at"], moments["occurred_at"]
    assert received is not None
    return Record(
        line=line,
        source_ref=source_ref,
        received_at=_received(received, occurred),
        occurred_at=occurred.at if occurred else None,
        due_at=_at(moments["due_at"]),
        resolved_at=_at(moments["resolved_at"]),
        state=state,
        channel=channel or "",
        severity=int(severity or 0),
        attribution=row.text("attribution") or "unknown",
        category=category or "",
        site=site,
        site_name=_site_name(row),
        team=row.text("team"),
        summary=shortened(summary, SUMMARY_MAX),
        description=description,
        outcome=row.text("outcome") or None,
        paid=paid,
        resolved_by=resolver,
        survey_score=score,
    )


def once(item: Record | Reject, mapping: Mapping, seen: set[str]) -> Record | Reject:
    """Turn away an id that came before in this file; `seen` grows by each new one."""
    if isinstance(item, Record):
        if item.source_ref in seen:
            column = mapping.fields["source_ref"].columns[0]
            return Reject(item.line, item.source_ref, (Problem("twice", column, item.source_ref),))
        seen.add(item.source_ref)
    return item


def _check_moments(row: _Row, moments: Map[str, _Moment | None], state: str, now: datetime) -> None:
    received, occurred = moments["received_at"], moments["occurred_at"]
    due, resolved = moments["due_at"], moments["resolved_at"]

    def problem(code: str, key: str, value: _Moment, other: _Moment | None = None) -> None:
        row.problems.append(Problem(code, row.column(key), value.text, other.text if other else ""))

    # A date without a time may still be ahead of UTC for some hours.
    horizon = now + timedelta(days=1)
    for key in ("received_at", "occurred_at", "resolved_at"):
        moment = moments[key]
        if moment and moment.at > horizon:
            problem("future", key, moment)
    if received and occurred and _before(received, occurred):
        problem("received-before-incident", "received_at", received, occurred)
    if received and resolved and _before(resolved, received):
        problem("closed-before-opened", "resolved_at", resolved, received)
    if received and due and _before(due, received):
        problem("due-before-opened", "due_at", due, received)
    if "resolved_at" in row.mapping.fields and state:
        if state == "closed" and resolved is None:
            row.problems.append(Problem("closed-without-date", row.column("resolved_at")))
        if state == "open" and resolved is not None:
            problem("open-with-date", "resolved_at", resolved)


def _before(earlier: _Moment, later: _Moment) -> bool:
    """Compare as exactly as both were written: by day when one of them is only a date."""
    if earlier.dated or later.dated:
        return earlier.day < later.day
    return earlier.at < later.at


def _received(received: _Moment, occurred: _Moment | None) -> datetime:
    """A day without a time counts from its start, or from the incident when that was on the same day."""
    if occurred is not None and received.dated and occurred.day == received.day:
        return max(received.at, occurred.at)
    return received.at


def _at(moment: _Moment | None) -> datetime | None:
    return moment.at if moment else None


def _paid(row: _Row) -> Money | None:
    """The amount that was paid, exactly; nothing paid and nothing known are both None."""
    paid = row.mapping.paid
    if paid is None:
        return None
    text = row.clean(paid.column)
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,15}(\.[0-9]{1,6})?", text, re.ASCII):
        row.problems.append(Problem("bad-amount", paid.column, text))
        return None
    try:
        money = Money.of(Decimal(text), paid.currency)
    except BadMoney:
        row.problems.append(Problem("bad-amount", paid.column, text))
        return None
    return money if money.minor else None


def _score(row: _Row, state: str) -> int | None:
    """The customer's answer, 1 to 5, of a case that has ended; no answer is None and never 0."""
    text = row.text("survey_score")
    if text is None:
        return None
    if not re.fullmatch(r"[1-5](\.0+)?", text, re.ASCII):
        row.problems.append(Problem("bad-score", row.column("survey_score"), text))
        return None
    if state == "open":
        row.problems.append(Problem("score-while-open", row.column("survey_score"), text))
    return int(text[0])


def _site_name(row: _Row) -> str:
    """The name that a new site would get; columns that are missing leave their code or nothing."""
    new = row.mapping.new_site
    if new is None or "{" not in new.name:
        return new.name if new else ""
    filled = re.sub(r"\{([^{}]+)\}", lambda found: row.clean(found.group(1)) or "", new.name)
    return " ".join(filled.replace("()", "").split())


def shortened(text: str, most: int) -> str:
    """Fit a text into `most` characters at a word's end; the whole text stands in the description."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1].rsplit(" ", 1)[0] + "…"


def report_row(reject: Reject) -> list[list[str]]:
    """The lines of the report for one rejected row: line, id, column, value, reason; one for each reason."""
    return [
        [
            str(reject.line),
            safe_cell(reject.source_ref),
            safe_cell(problem.column),
            safe_cell(problem.value[:500]),
            problem.sentence,
        ]
        for problem in reject.problems
    ]


REPORT_HEADER = ["line", "id", "column", "value", "reason"]
