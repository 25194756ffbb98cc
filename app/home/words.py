"""What each page is for, said to those whose desk is a set of doors."""

from flask_babel import lazy_gettext as _l

from app.ui.navigation import Entry

ENTRIES = (
    Entry("insights.overview", _l("Metrics"), "chart", "metrics.read",
          note=_l("How cases ended, with the number behind every figure and how sure it is.")),
    Entry("reviews.index", _l("Reviews"), "met", "reviews.read",
          note=_l("What somebody's cases came to, what may be concluded, and what they say themselves.")),
    Entry("insights.pulses", _l("Pulse"), "team", "pulse.read",
          note=_l("How much say people feel they have, asked without names and told for teams alone.")),
    Entry("audit.trail", _l("Trail"), "trail", "audit.read",
          note=_l("Every deed with its doer, and the proof that nothing was taken out.")),
    Entry("cases.index", _l("Cases"), "queue", "cases.read",
          note=_l("What went wrong, what is due next, and who takes care of it.")),
    Entry("approvals.inbox", _l("Exceptions"), "approve", "exceptions.read",
          note=_l("What was asked for beyond a limit, and who decided it.")),
    Entry("budgets.mine", _l("Purses"), "purse", "purses.read",
          note=_l("What people and teams have settled and reserved each month.")),
    Entry("sla.board", _l("Clocks"), "running", "clocks.read",
          note=_l("Which deadlines are near, and which were missed.")),
    Entry("customers.index", _l("Customers"), "person", "customers.read",
          note=_l("Whom something happened to, and what was done about it.")),
    Entry("policies.index", _l("Policies"), "scale", "policies.read",
          note=_l("Who may give what, up to which limit, and since when.")),
    Entry("people.directory", _l("People"), "people", "people.read",
          note=_l("Who works here, in which role, and how they get in.")),
    Entry("people.sites", _l("Sites"), "building", "people.write",
          note=_l("Time zone, currency and working hours of each place.")),
    Entry("intake.index", _l("Imports"), "upload", "cases.import", note=_l("Bring in cases from files.")),
    Entry("ui.settings", _l("Settings"), "settings", "settings.write",
          note=_l("What the company decided once and everybody works with.")),
    Entry("ops.health", _l("Health"), "seal", "ops.read", note=_l("Scheduler, checkpoints, backups and queues.")),
)  # fmt: skip
