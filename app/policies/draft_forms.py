"""The forms of a draft: its words, its clauses, its limits, and one rule."""

from collections.abc import Mapping
from typing import Any

from babel.numbers import format_decimal
from flask_babel import get_timezone
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import BooleanField, IntegerField, RadioField, SelectField
from wtforms.validators import InputRequired, Length, NumberRange, Optional, ValidationError

from app.kernel.money import NO_CURRENCY, BadMoney, Money, precision
from app.people.words import ROLE_WORDS
from app.policies.document_rules import CLAUSE_MAX, CLAUSE_TITLE_MAX, TITLE_MAX, WORDS_MAX, Document, limit_of
from app.policies.known_rules import GIVING_ROLES, Known
from app.policies.rules import UNITS, Rule
from app.policies.words import unit_words
from app.ui.filters import locale_name
from app.ui.forms import Form, InstantField, LineField, ParagraphField, VersionForm, options

COUNT_MAX = 100_000
_SEVERITIES = tuple((str(level), str(level)) for level in range(5))


class WordsForm(VersionForm):
    """What a draft says around its rules, and from when it is meant to hold."""

    title = LineField(_l("Title"), [InputRequired(), Length(max=TITLE_MAX)])
    rationale = ParagraphField(_l("Why this version"), [Length(max=WORDS_MAX)])
    source = ParagraphField(_l("Where its figures come from"), [Length(max=WORDS_MAX)])
    valid_from = InstantField(_l("Meant to hold from"), [InputRequired()])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.valid_from.zone = get_timezone() or "UTC"


class ClauseForm(VersionForm):
    """A numbered sentence."""

    code = LineField(_l("Number"), [InputRequired(), Length(max=CLAUSE_MAX)])
    title = LineField(_l("Title"), [InputRequired(), Length(max=CLAUSE_TITLE_MAX)])
    text = ParagraphField(_l("What it says"), [Length(max=WORDS_MAX)])


class FileForm(Form):
    """A policy as a YAML file."""

    file = FileField(_l("File"), [InputRequired()])


class PackForm(Form):
    """Which pack, and how its amounts are written in the sites' money; a field `factor-GBP` each."""

    pack = RadioField(_l("Pack"), [InputRequired()])


class RuleForm(VersionForm):
    """One rule. Unnamed parts mean any; `values` gives the parts of a rule after validate()."""

    clause = LineField(_l("Clause"), [InputRequired(), Length(max=CLAUSE_MAX)])
    role = SelectField(_l("Role"))
    site = SelectField(_l("Site"))
    team = SelectField(_l("Team"))
    level_min = IntegerField(_l("Level at least"), [Optional(), NumberRange(1, 9)])
    certificate = SelectField(_l("Certificate"))
    kind = SelectField(_l("Remedy"))
    category = SelectField(_l("Category"))
    severity_min = SelectField(_l("Severity from"), choices=options(_SEVERITIES), default="0")
    severity_max = SelectField(_l("to"), choices=options(_SEVERITIES), default="4")
    segment = LineField(_l("Customer segment"), [Length(max=40)])
    unit = SelectField(_l("The limit is"))
    days = IntegerField(_l("Days"), [Optional(), NumberRange(1, 3_660)])
    measure = RadioField(_l("It limits"), default="amount")
    limit = LineField(_l("Limit"), [InputRequired(), Length(max=30)])
    currency = SelectField(_l("Currency"))
    hard = BooleanField(_l("Nobody may go beyond, not even by exception"))
    valid_from = InstantField(_l("Holds from"))
    valid_to = InstantField(_l("until"))

    def __init__(self, known: Known, document: Document, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.known = known
        self.role.choices = options([(role, ROLE_WORDS[role]) for role in GIVING_ROLES], empty=_("Anyone"))
        self.site.choices = options([(one.id, one.name) for one in known.sites.values()], empty=_("Every site"))
        teams = [(team.id, f"{known.sites[team.site_id].name}: {team.name}") for team in known.teams.values()]
        self.team.choices = options(teams, empty=_("Every team"))
        kinds = [(kind.code, kind.name) for kind in known.kinds.values() if kind.active]
        self.kind.choices = options(_with(kinds, self.kind.data), empty=_("Any remedy"))
        categories = [(one.id, one.name) for one in known.categories.values()]
        self.category.choices = options(categories, empty=_("Any category"))
        certificates = list(known.certificates.items())
        self.certificate.choices = options(_with(certificates, self.certificate.data), empty=_("None needed"))
        units = {unit: unit_words(unit, None) for unit in UNITS} | {"customer_days": _("per customer in so many days")}
        self.unit.choices = options(units.items())
        self.measure.choices = options((("amount", _("an amount")), ("count", _("a number of remedies"))))
        used = [rule.currency for rule in document.rules if rule.measure == "amount"]
        currencies = dict.fromkeys((*known.currencies, *used))
        self.currency.choices = options([(code, code) for code in currencies])
        for field in (self.valid_from, self.valid_to):
            field.zone = get_timezone() or "UTC"

    @classmethod
    def of(cls, rule: Rule, known: Known, document: Document, version: int) -> "RuleForm":
        """The form as it shows a rule."""
        limit = limit_of(rule)
        return cls(
            known, document, formdata=None, version=version, clause=rule.clause, role=rule.role or "",
            site=str(rule.site_id or ""), team=str(rule.team_id or ""), level_min=rule.level_min,
            certificate=rule.certificate or "", kind=rule.kind or "", category=str(rule.category_id or ""),
            severity_min=str(rule.severity_min), severity_max=str(rule.severity_max), segment=rule.segment or "",
            unit=rule.unit, days=rule.days, measure=rule.measure, limit=written_limit(limit),
            currency=rule.currency if rule.measure == "amount" else None, hard=rule.hard, valid_from=rule.valid_from,
            valid_to=rule.valid_to,
        )  # fmt: skip

    def validate_limit(self, field: Any) -> None:
        limit, mistake = read_limit(field.data or "", self.measure.data, self.currency.data or "")
        if mistake:
            raise ValidationError(mistake)
        self.limit_minor = limit

    @property
    def values(self) -> Mapping[str, Any]:
        is_count = self.measure.data == "count"
        return {
            "clause": self.clause.data,
            "role": self.role.data or None,
            "site_id": _id(self.site.data),
            "team_id": _id(self.team.data),
            "level_min": self.level_min.data,
            "certificate": self.certificate.data or None,
            "kind": self.kind.data or None,
            "category_id": _id(self.category.data),
            "severity_min": int(self.severity_min.data),
            "severity_max": int(self.severity_max.data),
            "segment": self.segment.data or None,
            "unit": self.unit.data,
            "days": self.days.data if self.unit.data == "customer_days" else None,
            "measure": self.measure.data,
            "limit_minor": self.limit_minor,
            "currency": NO_CURRENCY if is_count else self.currency.data,
            "hard": bool(self.hard.data),
            "valid_from": self.valid_from.data,
            "valid_to": self.valid_to.data,
        }


def read_limit(text: str, measure: str, currency: str) -> tuple[int, str]:
    """Read a typed limit as minor units or a count; returns (limit, what is wrong with it)."""
    if measure == "count":
        cleaned = text.strip()
        if not (cleaned.isascii() and cleaned.isdecimal()) or int(cleaned[:9]) > COUNT_MAX:
            return 0, _("Type a number of remedies, such as 6.")
        return int(cleaned), ""
    try:
        return Money.parse(text, currency, locale_name()).minor, ""
    except BadMoney as mistake:
        return 0, str(mistake)


def written_limit(limit: Money | int) -> str:
    """A limit as it is typed in the reader's language, without its currency."""
    if isinstance(limit, int):
        return str(limit)
    digits = precision(limit.currency)
    pattern = "0" + ("." + "0" * digits if digits else "")
    return format_decimal(limit.decimal(), format=pattern, locale=locale_name())


def read_limits(document: Document, typed: Mapping[str, str]) -> tuple[dict[int, int], dict[int, str]]:
    """Read the limits of a whole table, typed as `limit-<place>`; returns (place → limit, place → what is wrong)."""
    limits: dict[int, int] = {}
    wrong: dict[int, str] = {}
    for rule in document.rules:
        text = typed.get(f"limit-{rule.id}")
        if text is None:
            continue
        limit, mistake = read_limit(text, rule.measure, rule.currency)
        if mistake:
            wrong[rule.id] = mistake
        else:
            limits[rule.id] = limit
    return limits, wrong


def _id(text: str | None) -> int | None:
    return int(text) if text else None


def _with(pairs: list[tuple[Any, Any]], value: str | None) -> list[tuple[Any, Any]]:
    """The choices, and the one that stands there although it isn't offered any more."""
    return pairs if not value or value in [pair[0] for pair in pairs] else [*pairs, (value, value)]
