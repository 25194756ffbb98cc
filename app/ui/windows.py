"""One bounded window as the screen shows it: what is used, what is asked, what is left."""

from dataclasses import dataclass

from flask_babel import gettext as _

from app.kernel.money import Money
from app.ui.filters import money


@dataclass(frozen=True, slots=True)
class WindowRow:
    """Amounts of one currency; `ask` is what the form on the page would take, `note` e.g. a clause."""

    name: str
    limit: Money
    settled: Money
    reserved: Money
    ask: Money | None = None
    note: str = ""

    @property
    def left_minor(self) -> int:
        return self.limit.minor - self.settled.minor - self.reserved.minor - (self.ask.minor if self.ask else 0)

    @property
    def left(self) -> Money:
        """What remains after the ask; negative when the window would be overspent."""
        return Money(self.left_minor, self.limit.currency)

    @property
    def is_over(self) -> bool:
        return self.left_minor < 0

    @property
    def over(self) -> Money:
        return Money(max(0, -self.left_minor), self.limit.currency)

    @property
    def figures(self) -> str:
        """Say in words what the bar draws."""
        limit = money(self.limit)
        if self.ask is not None:
            used = money(self.settled + self.reserved)
            return _("%(used)s used + %(ask)s of %(limit)s", used=used, ask=money(self.ask), limit=limit)
        return _(
            "%(settled)s settled · %(reserved)s reserved · %(limit)s limit",
            settled=money(self.settled),
            reserved=money(self.reserved),
            limit=limit,
        )
