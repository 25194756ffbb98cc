"""The timeline as the case page shows it: days, what people said, and facts in one line."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup, escape

from app.cases import words
from app.cases.queries import CasePage, EventRow
from app.kernel.money import Money
from app.kernel.time import parse_instant
from app.messages.mail_queries import OutRow, SentFile
from app.messages.panel import MailPanel
from app.ui.filters import inline, instant, money

_ICONS = {
    "acknowledged": "met",
    "assigned": "person",
    "changed": "edit",
    "waiting": "paused",
    "resumed": "running",
    "resolved": "met",
    "reopened": "undo",
    "closed": "lock",
    "survey": "star",
    "remedy": "gift",
    "payout": "swap",
    "exception": "approve",
    "clock": "running",
    "promise": "promise",
    "file": "download",
    "mail": "mail",
    "cause": "search",
}
_GOOD = {"resolved", "acknowledged"}
_PAYOUT_TONES = {"confirmed": "good", "proved": "good", "failed": "bad", "given_up": "bad", "twice": "bad"}
_DEEDS = {"remedy": words.REMEDY_DEEDS, "exception": words.EXCEPTION_DEEDS, "payout": words.PAYOUT_DEEDS}


@dataclass(frozen=True, slots=True)
class Line:
    """One line. shape: day, customer, staff, note or fact; `text` is what somebody wrote, `said` a sentence of ours."""

    shape: str
    at: datetime
    who: str = ""
    how: str = ""
    said: str = ""
    text: str = ""
    icon: str = ""
    tone: str = ""
    mail: OutRow | None = None
    original: int | None = None
    files: tuple[SentFile, ...] = ()


def lines(
    page: CasePage, events: Iterable[EventRow], kinds: dict[str, str], mail: MailPanel | None = None
) -> list[Line]:
    """Turn events (oldest first) into lines with a day before each new day. kinds: names of remedies by code.

    mail: what was mailed and what came; each stands at the very instant of its line, since one deed wrote both.
    """
    zone = ZoneInfo(page.time_zone)
    shown: list[Line] = []
    last = None
    for event in events:
        day = event.at.astimezone(zone).date()
        if day != last:
            shown.append(Line("day", event.at))
            last = day
        found = _lines_of(page, event, kinds)
        shown.extend(found if mail is None else (_with_mail(line, event, mail) for line in found))
    return shown


def _with_mail(line: Line, event: EventRow, mail: MailPanel) -> Line:
    """Put what became of a mail, or the way to its original, beside what was said in it."""
    if event.kind == "replied" and (files := tuple(one for one in mail.files if one.at == event.at)):
        line = replace(line, files=files)
    if event.kind == "replied" and event.data.get("channel") == "email" and (sent := mail.out.get(event.at)):
        return replace(line, mail=sent, how=_("mailed %(address)s", address=sent.to))
    if event.kind in ("wrote", "mail", "logged") and line.text and (came := mail.came.get(event.at)):
        return replace(line, original=came.id)
    return line


def counts(events: Iterable[EventRow]) -> dict[str, int]:
    """How many events each chip above the timeline stands for."""
    kinds = [event.kind for event in events]
    found = {chip: sum(kind in of for kind in kinds) for chip, of in words.TIMELINE_KINDS.items()}
    return {"all": len(kinds), **found}


def _lines_of(page: CasePage, event: EventRow, kinds: dict[str, str]) -> list[Line]:
    who = event.actor or (page.customer if event.data.get("by") == "customer" else None) or _("Makegood")
    if event.kind == "logged":
        return _logged(page, event, who)
    if event.kind == "note":
        return [Line("note", event.at, who, _("internal note"), text=event.text)]
    if event.kind == "mail" and event.data.get("what") == "stranger":
        address = event.data.get("address") or _("no address")
        how = _("by e-mail, from an address that isn't the customer's")
        return [Line("stranger", event.at, address, how, text=event.text)]
    if event.kind == "wrote":
        return [Line("customer", event.at, page.customer or _("A customer"), _how(event.data), text=event.text)]
    if event.kind == "survey" and "survey" in event.data:
        return [Line("customer", event.at, page.customer or _("A customer"), _scored(event.data), text=event.text)]
    if event.kind == "replied":
        how = _("told %(customer)s", customer=first_name(page.customer))
        if event.data.get("channel") == "page":
            how = _("wrote to %(customer)s, on the customer's page", customer=first_name(page.customer))
        return [Line("staff", event.at, who, how, text=event.text)]
    tone = "good" if event.kind in _GOOD else ""
    if event.kind == "mail":
        tone = "bad" if event.data.get("what") in ("bounced", "failed") else ""
    if event.kind == "payout":
        tone = _PAYOUT_TONES.get(event.data.get("what", ""), "")
    return [
        Line("fact", event.at, said=_said(page, event, who, kinds), text=event.text, icon=_ICONS[event.kind], tone=tone)
    ]


def _logged(page: CasePage, event: EventRow, who: str) -> list[Line]:
    """The story stands as the customer's own words; when it happened earlier than it was heard, a line says so."""
    found: list[Line] = []
    happened = event.data.get("occurred_at")
    if happened and abs((event.at - parse_instant(happened)).total_seconds()) >= 60:
        said = _(
            "It happened on %(when)s. Clocks count from there.", when=instant(parse_instant(happened), page.time_zone)
        )
        found.append(Line("fact", event.at, said=escape(said), icon="running"))
    channel = str(words.CHANNEL_WORDS.get(event.data.get("channel", ""), ""))
    if event.text:
        found.append(Line("customer", event.at, page.customer or _("A customer"), inline(channel), text=event.text))
    if event.data.get("historic"):
        found.append(
            Line("fact", event.at, said=escape(_("Brought in from a file, with its own dates.")), icon="upload")
        )
    else:
        found.append(Line("fact", event.at, said=_bold(_("%(who)s logged the case.", who="\0"), who), icon="plus"))
    return found


def _scored(data: dict[str, Any]) -> str:
    """What she answered of the two questions that everybody knows."""
    parts = [_("answered the survey")]
    if data.get("csat"):
        parts.append(_("satisfied %(score)s of 5", score=data["csat"]))
    if data.get("nps") is not None:
        parts.append(_("would recommend %(score)s of 10", score=data["nps"]))
    return " · ".join(parts)


def _how(data: dict[str, Any]) -> str:
    """Where the customer said it, and what it was about."""
    known = words.WROTE_WORDS.get(data.get("what", "")) or words.WROTE_WORDS.get(data.get("channel", ""))
    how = inline(str(known or words.CHANNEL_WORDS.get(data.get("channel", ""), "")))
    return f"{how} · {data['about']}" if data.get("about") else how


def _said(page: CasePage, event: EventRow, who: str, kinds: dict[str, str]) -> Markup:
    data = event.data
    if event.kind in _DEEDS:
        return _deed(event, who, kinds)
    sentences: dict[str, Any] = {
        "acknowledged": lambda: _("%(who)s told the customer that we heard them.", who="\0"),
        "assigned": lambda: _assigned(event),
        "changed": lambda: _("%(who)s changed: %(fields)s.", who="\0", fields=_fields(data)),
        "waiting": lambda: _("%(who)s waits for %(whom)s.", who="\0", whom=words.WAITING_WORDS.get(data.get("waiting_for", ""), "")),
        "resumed": lambda: _("%(who)s goes on.", who="\0"),
        "resolved": lambda: _("%(who)s resolved the case: %(outcome)s. Cause: %(cause)s.", who="\0", **_ending(data)),
        "reopened": lambda: _("%(who)s opened the case again.", who="\0"),
        "closed": lambda: _closed(data),
        "survey": lambda: _("%(who)s called the customer who was unhappy.", who="\0"),
        "clock": lambda: str(data.get("text", "")),
        "cause": lambda: str(words.ROOT_CAUSE_DEEDS[data["what"]]) % {"who": "\0", "ref": data["cause"], "title": data["title"]},
        "promise": lambda: _promised(data, page.time_zone),
        "mail": lambda: str(words.MAIL_WORDS.get(data.get("what", ""), "")) % {"address": data.get("address", "")},
        "file": lambda: ngettext("%(who)s added a file.", "%(who)s added %(num)d files.", data["count"], who="\0"),
    }  # fmt: skip
    return _bold(sentences[event.kind](), who)


def _promised(data: dict[str, Any], zone: str) -> str:
    when = instant(parse_instant(data["due_at"]), zone)
    sentences = {
        "made": _("%(who)s promised %(customer)s, by %(when)s:", who="\0", customer=data["told_to"], when=when),
        "kept": _("%(who)s kept a promise in time:", who="\0"),
        "late": _("%(who)s kept a promise that was due on %(when)s:", who="\0", when=when),
        "told": _("%(who)s told %(customer)s that a promise will be late:", who="\0", customer=data["told_to"]),
        "withdrawn": _("%(who)s took a promise back:", who="\0"),
    }
    return sentences[data["deed"]]


def _assigned(event: EventRow) -> str:
    owner = event.data.get("after", {}).get("owner")
    if event.about and event.actor == event.about:
        return _("%(who)s takes care of it now.", who="\0")
    if event.about:
        return _("%(who)s gave the case to %(owner)s.", who="\0", owner=event.about)
    if event.text:
        return _("%(who)s moved the case to %(team)s.", who="\0", team=event.text)
    return _("%(who)s changed the team.", who="\0") if owner else _("%(who)s left the case to nobody.", who="\0")


def _ending(data: dict[str, Any]) -> dict[str, Any]:
    return {
        "outcome": words.OUTCOME_WORDS.get(data.get("outcome") or "", ""),
        "cause": words.CAUSE_WORDS.get(data.get("root_cause") or "", ""),
    }


def _closed(data: dict[str, Any]) -> str:
    if not data.get("historic"):
        return _("%(who)s closed the case.", who="\0")
    outcome = words.OUTCOME_WORDS.get(data.get("outcome") or "")
    ended = _("It had ended: %(outcome)s.", outcome=outcome) if outcome else _("It had ended.")
    return ended if data.get("date_known", True) else ended + " " + _("When is not known.")


def _fields(data: dict[str, Any]) -> str:
    before, after = data.get("before", {}), data.get("after", {})
    parts = []
    for key in sorted(after):
        name = str(words.FIELD_WORDS.get(key, key))
        if key == "severity":
            parts.append(_("%(field)s %(before)s → %(after)s", field=name, before=before.get(key), after=after[key]))
        else:
            parts.append(name)
    return ", ".join(parts)


def _deed(event: EventRow, who: str, kinds: dict[str, str]) -> Markup:
    """A remedy or an exception: who did what with how much of which kind."""
    data, deeds = event.data, _DEEDS[event.kind]
    amount = _amount(data)
    kind = kinds.get(data.get("kind", ""), data.get("kind", ""))
    what = str(deeds.get(data.get("what", ""), "%(amount)s")) % {"amount": f"{amount} {kind}".strip() or kind}
    if data.get("by") == "customer" and data.get("what") in ("accepted", "declined"):
        return escape(_("The customer, on their own page: %(what)s.", what=what))
    if (
        event.actor
        and data.get("what") not in ("accepted", "expired")
        and not (event.kind == "remedy" and data.get("what") == "declined")
    ):
        return _bold("\0 " + what + ".", who)
    return escape(what[:1].upper() + what[1:] + ".")


def _amount(data: dict[str, Any]) -> str:
    if isinstance(data.get("amount"), dict):
        amount = data["amount"]
        return money(Money.parse(amount["amount"], amount["currency"]))
    minor = data.get("amount_minor") or data.get("asked_minor")
    return money(Money(minor, data["currency"])) if minor and data.get("currency") else ""


def _bold(sentence: str, who: str) -> Markup:
    """Put the person's name, in bold, where the mark stands."""
    before, mark, after = str(sentence).partition("\0")
    return escape(before) + (Markup("<b>{}</b>").format(who) if mark else Markup("")) + escape(after)


def first_name(name: str | None) -> str:
    return name.split()[0] if name and name.split() else _("the customer")
