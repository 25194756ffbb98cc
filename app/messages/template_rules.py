"""Templates of mails: places from a fixed list, filled from a case; what is missing is named. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.kernel.errors import BadInput

PLACES: dict[str, object] = {
    "customer_name": _l("The customer's name"),
    "case_ref": _l("The case's number"),
    "what_happened": _l("What the customer told us"),
    "site": _l("The site's name"),
    "my_name": _l("The writer's name"),
    "due_on": _l("When the next clock is due"),
    "promise": _l("The open promise"),
    "remedy": _l("The remedy that was offered or given"),
    "page_link": _l("The link to the customer's page"),
}
"""What a template may ask for, and what it is called."""

_PLACE = re.compile(r"\{\{[ \t]*([^{}\s][^{}\n]{0,60}?)[ \t]*\}\}")


@dataclass(frozen=True, slots=True)
class Filled:
    """A template's words for one case; missing: the places that this case has nothing for, which stand unfilled."""

    subject: str
    text: str
    missing: tuple[str, ...]


def places_in(text: str) -> tuple[str, ...]:
    """The places that a text asks for, each once, in their order."""
    return tuple(dict.fromkeys(_PLACE.findall(text)))


def unknown_places(texts: Sequence[str]) -> tuple[str, ...]:
    """The places that nobody can fill, since they are not in the list."""
    return tuple(dict.fromkeys(place for text in texts for place in places_in(text) if place not in PLACES))


def fill(subject: str, text: str, values: Mapping[str, str]) -> Filled:
    """Fill a template. A value is put in as it is and never read as a template again.

    Worked value: "Dear {{ customer_name }}" with {"customer_name": "Cleo {{ site }}"} gives "Dear Cleo {{ site }}".
    """
    missing = tuple(place for place in places_in(subject + "\n" + text) if not values.get(place, "").strip())

    def put(found: re.Match[str]) -> str:
        return values.get(found[1], "") if found[1] not in missing else "{{" + found[1] + "}}"

    return Filled(_PLACE.sub(put, subject), _PLACE.sub(put, text), missing)


def check_filled(text: str, subject: str) -> None:
    """Refuse a text in which a place still stands unfilled; the sentence names it."""
    errors = {}
    for field, said in (("text", text), ("subject", subject)):
        left = [place for place in places_in(said) if place in PLACES]
        if left:
            names = ", ".join(str(PLACES[place]) for place in left)
            errors[field] = [_("Fill in what is still missing: %(places)s.", places=names)]
    if errors:
        raise BadInput(errors)
