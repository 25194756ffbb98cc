"""What a mapping file may say, and which mapping fits a header. Pure; a mapping is data, never code."""

import re
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Map
from dataclasses import dataclass
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from flask_babel import gettext as _

from app.cases.rules import ATTRIBUTIONS, CHANNELS, OUTCOMES

STATES = ("open", "closed")
NATURES = ("goodwill", "redress")
_FIELDS = (
    "source_ref",
    "received_at",
    "occurred_at",
    "due_at",
    "resolved_at",
    "state",
    "channel",
    "severity",
    "attribution",
    "category",
    "site",
    "team",
    "summary",
    "description",
    "outcome",
    "resolved_by",
    "survey_score",
)
_NEEDED = ("source_ref", "received_at", "state", "channel", "severity", "category", "site", "summary")
_OF_ENDED = ("resolved_by", "survey_score")
_MOMENTS = ("received_at", "occurred_at", "due_at", "resolved_at")
_ALLOWED = {"state": STATES, "channel": CHANNELS, "attribution": ATTRIBUTIONS, "severity": ("0", "1", "2", "3", "4"),
            "outcome": ("", *OUTCOMES), "survey_score": ("1", "2", "3", "4", "5")}  # fmt: skip
_TOP = {
    "name",
    "title",
    "source",
    "licence",
    "delimiter",
    "zone",
    "zones",
    "missing",
    "fields",
    "sites",
    "teams",
    "categories",
    "people",
    "money",
    "fit",
}
_PART = {"column", "columns", "join", "labels", "values", "value", "default", "formats"}


class BadMapping(ValueError):
    """The mapping file can't be used; `str()` is a sentence that names the place."""


@dataclass(frozen=True, slots=True)
class Part:
    """How one case field comes out of a row: a constant, one column through a value map, or several joined."""

    columns: tuple[str, ...] = ()
    join: str = " > "
    labels: tuple[str, ...] = ()
    values: Map[str, str] | None = None
    default: str | None = None
    value: str | None = None
    formats: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Paid:
    """The column with an amount that was paid, and what kind of remedy it was."""

    column: str
    currency: str
    kind: str
    nature: str


@dataclass(frozen=True, slots=True)
class NewSite:
    """What a site gets that the file names and the company doesn't have yet; `name` may hold {Column} places."""

    name: str
    currency: str
    locale: str
    country: str
    subdivision: str | None


@dataclass(frozen=True, slots=True)
class Mapping:
    """One kind of file: its columns, zones and value maps."""

    name: str
    title: str
    source: str
    delimiter: str
    zone: str
    zones: Map[str, str]  # site code as in the file → time zone
    missing: frozenset[str]
    fields: Map[str, Part]
    new_site: NewSite | None
    creates_teams: bool
    creates_categories: bool
    leaves_unknown_people: bool  # the case then has no resolver; else the row is turned away
    paid: Paid | None
    fit: tuple[str, ...]

    @property
    def columns(self) -> frozenset[str]:
        """Every column that a file must have."""
        used = {column for part in self.fields.values() for column in part.columns} | set(self.fit)
        if self.paid:
            used.add(self.paid.column)
        if self.new_site:
            used.update(re.findall(r"\{([^{}]+)\}", self.new_site.name))
        return frozenset(used)


def parse_mapping(raw: Any, *, zones: Map[str, Sequence[str]] | None = None) -> Mapping:
    """Read a mapping from plain YAML data; raises BadMapping with one sentence for the first thing that is wrong.

    zones: time zone → site codes, from the file that the mapping names under `zones`.
    """
    top = _table(raw, _TOP, _("the mapping"))
    for key in ("name", "title", "source", "zone", "fields"):
        if key not in top:
            raise BadMapping(_("The mapping lacks “%(key)s”.", key=key))
    name = _text(top["name"], "name")
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", name):
        raise BadMapping(_("The mapping's name is short, in lower case with hyphens, e.g. city-requests."))
    fields = {key: _part(key, value) for key, value in _table(top["fields"], set(_FIELDS), "fields").items()}
    for key in _NEEDED:
        if key not in fields:
            raise BadMapping(_("The mapping lacks the field “%(key)s”.", key=key))
    for key in _OF_ENDED:
        if key in fields and "resolved_at" not in fields:
            raise BadMapping(_("The field “%(key)s” needs the field “resolved_at”.", key=key))
    delimiter = _text(top.get("delimiter", ","), "delimiter")
    if len(delimiter) != 1 or delimiter in '\r\n"':
        raise BadMapping(_("“delimiter” is one character."))
    return Mapping(
        name=name,
        title=_text(top["title"], "title"),
        source=_text(top["source"], "source")[:40],
        delimiter=delimiter,
        zone=_zone(_text(top["zone"], "zone")),
        zones={code: _zone(zone) for zone, codes in (zones or {}).items() for code in codes},
        missing=frozenset(_texts(top.get("missing", [""]), "missing")),
        fields=fields,
        new_site=_new_site(top.get("sites")),
        creates_teams=_creates(top.get("teams"), "teams"),
        creates_categories=_creates(top.get("categories"), "categories"),
        leaves_unknown_people=_leaves_unknown(top.get("people")),
        paid=_paid(top.get("money")),
        fit=tuple(_texts(top.get("fit", []), "fit")),
    )


def fitting(header: Sequence[str], mappings: Iterable[Mapping]) -> Mapping | None:
    """Choose the mapping that uses the most columns of this header, or None when none fits."""
    found = [mapping for mapping in mappings if mapping.columns <= set(header)]
    return max(found, key=lambda mapping: (len(mapping.columns), mapping.name), default=None)


def _part(key: str, raw: Any) -> Part:
    table = _table(raw, _PART, key)
    columns = _texts(table["columns"], key) if "columns" in table else ()
    if "column" in table:
        columns = (_text(table["column"], key),)
    constant = table.get("value")
    if bool(columns) == (constant is not None):
        raise BadMapping(_("The field “%(key)s” takes either columns or a value.", key=key))
    part = Part(
        columns=tuple(columns),
        join=str(table.get("join", " > ")),
        labels=tuple(_texts(table.get("labels", []), key)),
        values={_text(a, key): _text(b, key) for a, b in table["values"].items()} if "values" in table else None,
        default=None if table.get("default") is None else str(table["default"]),
        value=None if constant is None else str(constant),
        formats=tuple(_texts(table.get("formats", []), key)),
    )
    if key in _MOMENTS and not part.formats:
        raise BadMapping(_("The field “%(key)s” needs the formats of its dates.", key=key))
    if part.labels and len(part.labels) != len(part.columns):
        raise BadMapping(_("The field “%(key)s” has as many labels as columns.", key=key))
    for value in (part.value, part.default, *(part.values or {}).values()):
        if value is not None and key in _ALLOWED and value not in _ALLOWED[key]:
            raise BadMapping(_("“%(value)s” is no %(key)s.", value=value, key=key))
    return part


def _new_site(raw: Any) -> NewSite | None:
    if raw is None:
        return None
    table = _table(raw, {"create", "name", "currency", "locale", "country", "subdivision"}, "sites")
    if not table.get("create"):
        return None
    for key in ("name", "currency", "locale", "country"):
        if key not in table:
            raise BadMapping(_("The mapping lacks “%(key)s”.", key=f"sites.{key}"))
    subdivision = table.get("subdivision")
    return NewSite(
        name=_text(table["name"], "sites"),
        currency=_text(table["currency"], "sites"),
        locale=_text(table["locale"], "sites"),
        country=_text(table["country"], "sites"),
        subdivision=None if subdivision is None else _text(subdivision, "sites"),
    )


def _paid(raw: Any) -> Paid | None:
    if raw is None:
        return None
    table = _table(raw, {"column", "currency", "kind", "nature"}, "money")
    if set(table) != {"column", "currency", "kind", "nature"} or table["nature"] not in NATURES:
        raise BadMapping(_("“money” takes a column, a currency, a kind and a nature (goodwill or redress)."))
    return Paid(**{key: _text(value, "money") for key, value in table.items()})


def _creates(raw: Any, place: str) -> bool:
    return bool(_table(raw or {}, {"create"}, place).get("create"))


def _leaves_unknown(raw: Any) -> bool:
    unknown = _table(raw or {}, {"unknown"}, "people").get("unknown", "reject")
    if unknown not in ("reject", "leave"):
        raise BadMapping(_("“people.unknown” is reject or leave."))
    return bool(unknown == "leave")


def _zone(name: str) -> str:
    if name not in _zone_names():
        raise BadMapping(_("“%(value)s” is no time zone, e.g. Europe/London.", value=name))
    return name


@cache
def _zone_names() -> frozenset[str]:
    return frozenset(available_timezones())


def _table(raw: Any, keys: set[str], place: str) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise BadMapping(_("%(place)s should be a table of names and values.", place=place))
    unknown = sorted(str(key) for key in raw if key not in keys)
    if unknown:
        raise BadMapping(_("%(place)s doesn't know “%(key)s”.", place=place, key=unknown[0]))
    return raw


def _text(raw: Any, place: str) -> str:
    if not isinstance(raw, str | int) or isinstance(raw, bool):
        raise BadMapping(_("%(place)s: put quotes around “%(value)s”.", place=place, value=raw))
    return str(raw)


def _texts(raw: Any, place: str) -> tuple[str, ...]:
    if not isinstance(raw, list):
        raise BadMapping(_("%(place)s should be a list.", place=place))
    return tuple(_text(item, place) for item in raw)
