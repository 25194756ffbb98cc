"""The base of every form: CSRF, cleaned text, money and instants that keep what was typed."""

import hashlib
import secrets
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, tzinfo
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel.numbers import format_decimal
from flask_babel import gettext as _
from flask_babel.speaklater import LazyString
from flask_wtf import FlaskForm
from wtforms import Field, HiddenField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice, SelectFieldBase  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.i18n import get_translations
from wtforms.validators import StopValidation
from wtforms.widgets import DateTimeLocalInput, FileInput, HiddenInput, TextInput

from app.kernel.errors import BadInput, Refusal
from app.kernel.money import BadMoney, Money, precision
from app.kernel.texts import CONTROL
from app.kernel.time import UTC
from app.ui.filters import locale_name

YEAR_MIN, YEAR_MAX = 1900, 2999
LOCAL_FORMATS = ("%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M")


def strip(text: str | None) -> str | None:
    """Take off surrounding blanks and characters that no person types (control, direction overrides)."""
    return None if text is None else CONTROL.sub("", text).strip()


def strip_line(text: str | None) -> str | None:
    """As strip(), and make one line of it."""
    cleaned = strip(text)
    return None if cleaned is None else " ".join(cleaned.split())


def strip_lines(text: str | None) -> str | None:
    """As strip(), with the browser's line ends made plain."""
    cleaned = strip(text)
    return None if cleaned is None else cleaned.replace("\r\n", "\n").replace("\r", "\n")


def strip_or_none(text: str | None) -> str | None:
    """As strip_line(), and nothing typed is None."""
    return strip_line(text) or None


@lru_cache(maxsize=20)
def _texts(locale: str) -> Any:
    return get_translations([locale, locale.split("_")[0], "en"])


class Form(FlaskForm):
    """A form with CSRF; fields are declared by the room."""

    class Meta(FlaskForm.Meta):  # type: ignore[misc]
        def get_translations(self, form: Any) -> Any:
            """WTForms' own texts, read from disk once per process and not once per request."""
            return _texts(locale_name())

    form_errors: Sequence[str]

    def validate(self, extra_validators: Any = None) -> bool:
        """As WTForms does; and no day lies so far off that it is beyond the calendar in another zone."""
        is_good = super().validate(extra_validators)
        for field in self._fields.values():
            if isinstance(field.data, date) and not YEAR_MIN <= field.data.year <= YEAR_MAX and not field.errors:
                field.errors = [_("This date is out of range.")]
                is_good = False
        return is_good

    def take(self, refusal: Refusal) -> int:
        """Say a refusal on the form: mistakes beside the fields that they name, all else above it. Returns the answer's status."""
        if not isinstance(refusal, BadInput):
            self.refuse(refusal)
            return refusal.status
        for name, texts in refusal.errors.items():
            field = self._fields.get(name)
            if field is None:
                self.form_errors = [*self.form_errors, *texts]
            else:
                field.errors = [*field.errors, *texts]
        return refusal.status

    def refuse(self, sentence: object) -> None:
        """Put a sentence above the form."""
        self.form_errors = [*self.form_errors, str(sentence)]


class LineField(StringField):
    """One line of text, cleaned."""

    def __init__(self, label: Any = None, validators: Any = None, **kwargs: Any) -> None:
        kwargs.setdefault("filters", (strip_line,))
        super().__init__(label, validators, **kwargs)


class ParagraphField(TextAreaField):
    """Several lines of text, cleaned."""

    def __init__(self, label: Any = None, validators: Any = None, **kwargs: Any) -> None:
        kwargs.setdefault("filters", (strip_lines,))
        super().__init__(label, validators, **kwargs)


class IntentField(HiddenField):
    """A key made when the form is shown, so that the same form sent twice does its deed once."""

    def __init__(self, label: Any = None, validators: Any = None, **kwargs: Any) -> None:
        kwargs.setdefault("default", new_intent)
        super().__init__(label, validators, **kwargs)

    def renew(self) -> None:
        """Put a new key into the form, after a definite refusal."""
        self.data = new_intent()
        self.raw_data = None

    def with_content(self, *said: object) -> str | None:
        """Return the key of this form sent with just these words: changed and sent again it is another deed.

        None: it was sent without a key, by a program.
        """
        return hashlib.sha256(repr((self.data, said)).encode()).hexdigest()[:32] if self.data else None


class OnceForm(Form):
    """What makes something new: sent again as it was, by a second click or the browser's way back, it is the same deed."""

    intent = IntentField()

    def key(self, *place: object) -> str | None:
        """Return the key of this form at this place with just these words; None: it was sent without one, by a program."""
        said = [(field.name, str(field.data)) for field in self if field.name not in ("csrf_token", "intent")]
        return self.intent.with_content(place, said)


def differing(form: Form, held: Form) -> list[tuple[Any, str]]:
    """Name each field in which what is held now differs from what is typed, with what is held; what is hidden is left out."""
    found = []
    for field in held:
        typed = form[field.name]
        if not isinstance(field.widget, HiddenInput | FileInput) and _plain(_as_said(field)) != _plain(_as_said(typed)):
            found.append((typed.label.text, _as_said(field) or "–"))
    return found


def _plain(text: str) -> str:
    """What is typed in small letters or with a hyphen is kept in large ones and with a dash: that is no difference."""
    return " ".join(text.casefold().replace("–", "-").split())


def _as_said(field: Field) -> str:
    """A field as its reader sees it: the words of what is chosen, the text of what is typed."""
    if isinstance(field, SelectFieldBase):
        chosen = {str(one) for one in (field.data if isinstance(field.data, list | tuple) else [field.data])}
        return ", ".join(str(choice[1]) for choice in field.iter_choices() if str(choice[0]) in chosen)
    if isinstance(field, _TypedField):
        return "" if field.data is None else field.written()
    if isinstance(field.data, bool):
        return _("yes") if field.data else _("no")
    return str(field.data or "")


class VersionField(HiddenField):
    """The version of a record that the form was shown with. What is no number, or isn't there, counts as an old one: 0."""

    data: int  # type: ignore[assignment]  # its stubs know text alone

    def __init__(self, label: Any = None, validators: Any = None, **kwargs: Any) -> None:
        kwargs.setdefault("default", 0)
        super().__init__(label, validators, **kwargs)

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        self.data = version_of(valuelist[0]) if valuelist else 0

    def renew(self, version: int) -> None:
        """Let what is typed be sent again, on top of the record as it stands now."""
        self.data, self.raw_data = version, None


class VersionForm(Form):
    """A deed without words, on the record as it was shown; refused when somebody changed it meanwhile."""

    version = VersionField()


def version_of(typed: object) -> int:
    """Read a record's version; what is none is 0, older than any."""
    return int(typed) if isinstance(typed, str) and typed.isascii() and typed.isdigit() and len(typed) < 18 else 0


def options(pairs: Iterable[tuple[Any, Any]], *, empty: object | None = None) -> list[SelectChoice]:
    """Make a select's choices of (value, words) pairs; `empty` names the choice of nothing, put first.

    Lazy words stay lazy, so a form's class may hold them and each reader sees their own language.
    """
    found = [(value, label) for value, label in pairs]
    if empty is not None:
        found.insert(0, ("", empty))
    return [SelectChoice(str(value), label if isinstance(label, LazyString) else str(label)) for value, label in found]


def new_intent() -> str:
    return secrets.token_urlsafe(18)


class _TypedField(Field):
    """A field whose text is read at validation, so that a view may first say its currency or zone."""

    text: str = ""

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        if valuelist:
            self.text = str(valuelist[0])
            self.data = None

    def pre_validate(self, form: Any) -> None:
        if self.text.strip():
            try:
                self.data = self.parse(self.text)
            except ValueError as mistake:
                raise StopValidation(str(mistake)) from None

    def parse(self, text: str) -> Any:
        raise NotImplementedError

    def _value(self) -> str:
        if self.raw_data:
            return self.text
        return "" if self.data is None else self.written()

    def written(self) -> str:
        raise NotImplementedError


class MoneyField(_TypedField):
    """An amount in one currency, read in the reader's locale; `data` is a Money or None.

    Set `currency` on the bound field before validate() when it depends on the site.
    """

    widget = TextInput()

    def __init__(
        self,
        label: Any = None,
        validators: Any = None,
        *,
        currency: str | Callable[[], str] = "EUR",
        minor_min: int = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__(label, validators, **kwargs)
        self.currency = currency() if callable(currency) else currency
        self.minor_min = minor_min

    def parse(self, text: str) -> Money:
        try:
            amount = Money.parse(text, self.currency, locale_name())
        except BadMoney as mistake:
            raise ValueError(str(mistake)) from None
        if amount.minor < self.minor_min:
            least = Money(self.minor_min, self.currency)
            raise ValueError(_("Type at least %(least)s.", least=least.format(locale_name())))
        return amount

    def written(self) -> str:
        digits = precision(self.currency)
        pattern = "0" + ("." + "0" * digits if digits else "")
        return format_decimal(self.data.decimal(), format=pattern, locale=locale_name())


class InstantField(_TypedField):
    """A date and time on the wall of a site; `data` is an aware UTC instant or None.

    Set `zone` on the bound field before validate() or rendering. An hour that the clocks skip is refused; of an hour
    that comes twice the first is meant.
    """

    widget = DateTimeLocalInput()

    def __init__(self, label: Any = None, validators: Any = None, *, zone: str | tzinfo = "UTC", **kwargs: Any) -> None:
        super().__init__(label, validators, **kwargs)
        self.zone = zone

    def _zone(self) -> tzinfo:
        return ZoneInfo(self.zone) if isinstance(self.zone, str) else self.zone

    def parse(self, text: str) -> datetime:
        return parse_local(text, self._zone())

    def written(self) -> str:
        written: str = self.data.astimezone(self._zone()).strftime("%Y-%m-%dT%H:%M")
        return written


def parse_local(text: str, zone: tzinfo) -> datetime:
    """Read a wall time of a zone as a UTC instant; raises ValueError with a sentence when it can't be one."""
    for pattern in LOCAL_FORMATS:
        try:
            local = datetime.strptime(text.strip(), pattern).replace(tzinfo=zone)
            there = local.astimezone(UTC)
            back = there.astimezone(zone)
            break
        except ValueError:
            continue
        except OverflowError:
            raise ValueError(_("This date is out of range.")) from None
    else:
        raise ValueError(_("Give a date and a time."))
    if back.replace(tzinfo=None) != local.replace(tzinfo=None):
        raise ValueError(_("The clocks go forward then: this time does not exist at the site."))
    return there
