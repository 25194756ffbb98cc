"""One row of the matrix, as it is typed."""

from collections.abc import Sequence

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, IntegerField, SelectField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from app.approvals import matrix_words
from app.approvals.matrix_document_rules import Known
from app.approvals.matrix_rules import DEFAULT_WHO, NEEDED_MAX, MatrixRow
from app.approvals.matrix_words import Names
from app.kernel.money import Money
from app.people.forms import number_or_none
from app.ui.forms import Form, LineField, MoneyField, options

STEPS = 3


class MatrixRowForm(Form):
    """Where the row speaks, about which amounts, and who decides. A first step left empty means that nobody may."""

    version = HiddenField()
    name = LineField(_l("Name of the row"), [InputRequired(), Length(max=100)])
    place = SelectField(_l("Where"))
    kind = SelectField(_l("Remedy"))
    category_id = SelectField(_l("Category"), coerce=number_or_none)
    asker = SelectField(_l("Asked by"))
    currency = SelectField(_l("Currency"))
    above = MoneyField(_l("Above"), minor_min=0)
    up_to = MoneyField(_l("Up to and with"))
    who1 = SelectField(_l("First step"))
    needed1 = IntegerField(_l("How many of them"), [Optional(), NumberRange(1, NEEDED_MAX)], default=1)
    who2 = SelectField(_l("Second step"))
    needed2 = IntegerField(_l("How many of them"), [Optional(), NumberRange(1, NEEDED_MAX)], default=1)
    who3 = SelectField(_l("Third step"))
    needed3 = IntegerField(_l("How many of them"), [Optional(), NumberRange(1, NEEDED_MAX)], default=1)

    def prepare(self, known: Known, names: Names, currencies: Sequence[str], row: MatrixRow | None) -> "MatrixRowForm":
        """Say what can be chosen, and fill in a row that is being changed; before validate() and before rendering."""
        places = [(f"site:{one}", name) for one, name in names.sites.items()]
        places += [
            (f"team:{one}", f"{names.sites[site]} · {names.teams[one]}") for one, site in known.team_sites.items()
        ]
        self.place.choices = options(places, empty=_l("Everywhere"))
        self.kind.choices = options(names.kinds.items(), empty=_l("Any remedy"))
        self.category_id.choices = options(names.categories.items(), empty=_l("Any category"))
        self.currency.choices = options([(one, one) for one in currencies], empty=_l("Any, whatever the amount"))
        asking = [f"role:{role}" for role in ("frontline", "supervisor", "manager")]
        asking += [f"title:{title}" for title in sorted(known.titles)]
        self.asker.choices = options([(one, matrix_words.who_words(one, {})) for one in asking], empty=_l("Anybody"))
        whos = self._whos(known, names, row)
        for field, nobody in ((self.who1, _l("Nobody may decide this")), (self.who2, _l("No second step")),
                              (self.who3, _l("No third step"))):  # fmt: skip
            field.choices = options(whos, empty=nobody)
        if row is not None and not self.is_submitted():
            self._show(row)
        self.above.currency = self.up_to.currency = self.currency.data or (currencies[0] if currencies else "EUR")
        return self

    @staticmethod
    def _whos(known: Known, names: Names, row: MatrixRow | None) -> list[tuple[str, str]]:
        whos = [DEFAULT_WHO, *((f"role:{role}",) for role in ("supervisor", "manager"))]
        whos += [(f"title:{title}",) for title in sorted(known.titles)]
        whos += [(f"person:{one}",) for one in sorted(known.person_ids, key=lambda one: names.people.get(one, ""))]
        for step in row.steps if row else ():
            if step.who not in whos:
                whos.append(step.who)
        return [(matrix_words.choice(who), matrix_words.step_words(who, 1, names.people)) for who in whos]

    def _show(self, row: MatrixRow) -> None:
        self.name.data, self.currency.data = row.name, row.currency or ""
        self.place.data = f"team:{row.team_id}" if row.team_id else f"site:{row.site_id}" if row.site_id else ""
        self.kind.data = row.kinds[0] if row.kinds else ""
        self.category_id.data = row.category_ids[0] if row.category_ids else None
        self.asker.data = row.askers[0] if row.askers else ""
        for place, step in enumerate(row.steps[:STEPS], start=1):
            self[f"who{place}"].data, self[f"needed{place}"].data = matrix_words.choice(step.who), step.needed
        if row.currency:
            self.above.data = Money(row.above_minor, row.currency) if row.above_minor else None
            self.up_to.data = None if row.up_to_minor is None else Money(row.up_to_minor, row.currency)

    def row(self, known: Known) -> MatrixRow:
        """The row that was typed."""
        what, _sep, number = (self.place.data or "").partition(":")
        team_id = int(number) if what == "team" else None
        steps = [(self[f"who{place}"].data, self[f"needed{place}"].data) for place in range(1, STEPS + 1)]
        return MatrixRow(
            name=self.name.data or "",
            steps=matrix_words.steps_of(steps),
            currency=self.currency.data or None,
            above_minor=self.above.data.minor if self.above.data else 0,
            up_to_minor=self.up_to.data.minor if self.up_to.data else None,
            site_id=known.team_sites.get(team_id) if team_id else int(number) if what == "site" else None,
            team_id=team_id,
            kinds=(self.kind.data,) if self.kind.data else (),
            category_ids=(self.category_id.data,) if self.category_id.data else (),
            askers=(self.asker.data,) if self.asker.data else (),
        )

    def mark(self, found: Sequence[str]) -> None:
        """Put what is wrong with the row beside its name."""
        self.name.errors = [*self.name.errors, *found]

    def needs_currency(self) -> bool:
        if not self.currency.data and (self.above.data or self.up_to.data):
            self.currency.errors = [_("Choose the currency of the amounts.")]
            return True
        return False
