"""The pages of the rail and who sees them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flask_babel import lazy_gettext as _l


@dataclass(frozen=True, slots=True)
class Entry:
    """One page: its endpoint, words, icon and the permission without which it is not shown.

    `group` parts the rail; `is_wide` pages come last when a phone's bottom bar is filled. `note` says in one sentence
    what is decided there. `covers`: how the names of its own pages begin, where it doesn't stand for its whole room.
    """

    endpoint: str
    label: object
    icon: str
    permission: str
    group: str = "work"
    is_wide: bool = False
    note: object = ""
    covers: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """An entry as one person sees it on one page."""

    endpoint: str
    label: object
    icon: str
    group: str
    is_wide: bool
    is_current: bool
    count: int | None
    note: object = ""


ENTRIES = (
    Entry("home.desk", _l("My desk"), "desk", "home.read"),
    Entry("cases.index", _l("Cases"), "queue", "cases.read"),
    Entry("approvals.inbox", _l("Exceptions"), "approve", "exceptions.read"),
    Entry("budgets.mine", _l("Purses"), "purse", "purses.read"),
    Entry("remedies.payout_list", _l("Payouts"), "swap", "payouts.read", is_wide=True, covers="remedies.payout"),
    Entry("messages.unsorted", _l("Mail"), "mail", "mails.sort", is_wide=True, covers="messages.unsorted"),
    Entry("promises.index", _l("Promises"), "promise", "cases.read", is_wide=True),
    Entry("sla.board", _l("Clocks"), "running", "clocks.read", is_wide=True),
    Entry("customers.index", _l("Customers"), "person", "customers.read", is_wide=True),
    Entry("problems.index", _l("Root causes"), "search", "causes.read", "insight", is_wide=True),
    Entry("insights.overview", _l("Metrics"), "chart", "metrics.read", "insight"),
    Entry("insights.pulses", _l("Pulse"), "team", "pulse.read", "insight", is_wide=True, covers="insights.pulse"),
    Entry("reviews.index", _l("Reviews"), "met", "reviews.read", "insight", is_wide=True),
    Entry("feedback.index", _l("Answers"), "star", "feedback.read", "insight", is_wide=True),
    Entry("audit.trail", _l("Trail"), "trail", "audit.read", "insight", is_wide=True),
    Entry("policies.index", _l("Policies"), "scale", "policies.read", "insight", is_wide=True),
    Entry("policies.in_force", _l("What applies"), "book", "policies.follow", "insight", is_wide=True),
    Entry("people.directory", _l("People"), "people", "people.read", "company"),
    Entry("intake.index", _l("Imports"), "upload", "cases.import", "company", is_wide=True),
    Entry("ops.access", _l("Access"), "key", "access.read", "company", is_wide=True, covers="ops.access"),
    Entry("ops.glass", _l("Break glass"), "lock", "raises.read", "company", is_wide=True, covers="ops.glass"),
    Entry("portal.places", _l("Public forms"), "globe", "reports.write", "company", is_wide=True),
    Entry("privacy.index", _l("Privacy"), "lock", "privacy.read", "company", is_wide=True),
    Entry("ui.settings", _l("Settings"), "settings", "settings.write", "company", is_wide=True),
)

SETTINGS = (
    Entry(
        "people.sites",
        _l("Sites"),
        "building",
        "people.read",
        note=_l("Time zone, currency and working hours of each place."),
    ),
    Entry("people.teams", _l("Teams"), "team", "people.read", note=_l("Who works together, and who leads.")),
    Entry(
        "people.directory", _l("People"), "people", "people.read", note=_l("Invite, change roles, reset, deactivate.")
    ),
    Entry(
        "people.provisioning",
        _l("Provisioning and single sign-on"),
        "building",
        "people.write",
        note=_l("A program that adds and closes people, and the company's own sign-in."),
    ),
    Entry(
        "messages.mailboxes",
        _l("Mailboxes"),
        "mail",
        "mails.settings",
        note=_l("Under which address each site writes, and what becomes of mail of no case."),
    ),
    Entry(
        "messages.template_list",
        _l("Templates of mails"),
        "mail",
        "mails.settings",
        note=_l("What is written often, in each language, with its versions."),
    ),
    Entry(
        "messages.letter_texts",
        _l("Words of letters"),
        "mail",
        "mails.settings",
        note=_l("What final responses and other letters begin from, in each language, with its versions."),
    ),
    Entry(
        "remedies.entitlements",
        _l("What is owed"),
        "book",
        "policies.read",
        note=_l("Rules of law and contract, each with its source; they take from no purse."),
    ),
    Entry(
        "people.certificates",
        _l("Certificates"),
        "star",
        "people.read",
        note=_l("What somebody has learned, and the level of authority that it gives."),
    ),
    Entry(
        "customers.segments",
        _l("Customer segments"),
        "tag",
        "settings.write",
        note=_l("Which customers a rule for a segment holds for."),
    ),
    Entry(
        "calendars.index",
        _l("Working hours"),
        "calendar",
        "settings.write",
        note=_l("When clocks run, and on which days they rest."),
    ),
    Entry(
        "sla.index",
        _l("Clock targets"),
        "running",
        "settings.write",
        note=_l("How fast a case of each severity is answered and solved."),
    ),
    Entry(
        "sla.rules",
        _l("Clock rules"),
        "breached",
        "settings.write",
        note=_l("What starts and stops clocks, and who is told."),
    ),
    Entry(
        "sla.legal",
        _l("Legal clocks"),
        "scale",
        "settings.write",
        note=_l("Time limits set by law, and which sites keep them."),
    ),
    Entry(
        "sla.reruns", _l("Re-runs"), "refresh", "settings.write", note=_l("Bring new hours or targets to open cases.")
    ),
    Entry(
        "cases.categories",
        _l("Categories"),
        "tag",
        "catalogue.write",
        note=_l("What can go wrong, in the company's words."),
    ),
    Entry(
        "portal.places",
        _l("Public forms"),
        "globe",
        "reports.write",
        note=_l("Where anybody may report an issue: links and posters of each site."),
    ),
    Entry("policies.catalogue", _l("Remedies"), "gift", "catalogue.write", note=_l("What can be given to make good.")),
    Entry(
        "remedies.payout_routes",
        _l("Ways of paying out"),
        "swap",
        "settings.write",
        note=_l("By hand, by your own server or by Stripe: for each kind of remedy and site."),
    ),
    Entry("policies.index", _l("Policies"), "scale", "policies.read", note=_l("Who may give what, up to which limit.")),
    Entry(
        "approvals.authority_matrix",
        _l("Authority matrix"),
        "approve",
        "policies.read",
        note=_l("Who decides what is asked above somebody's own limit, and in how many steps."),
    ),
    Entry(
        "approvals.deciders",
        _l("Deciders"),
        "people",
        "settings.write",
        note=_l("Who decides when nobody else is there, and which accounts are one person's."),
    ),
    Entry(
        "insights.risk_switch",
        _l("Risk score"),
        "bell",
        "settings.write",
        note=_l("Whether it is worked out which customers may be lost, to turn to them first."),
    ),
    Entry("intake.index", _l("Imports"), "upload", "cases.import", note=_l("Bring in cases from files.")),
    Entry(
        "ops.access",
        _l("Access review"),
        "key",
        "access.read",
        note=_l("Each quarter: what everybody may do, confirmed or revoked."),
    ),
    Entry(
        "ops.glass",
        _l("Break glass"),
        "lock",
        "raises.read",
        note=_l("A higher role for a short time, with a reason, seen by those who watch."),
    ),
    Entry(
        "privacy.index",
        _l("Privacy"),
        "lock",
        "privacy.read",
        note=_l("What people ask about their own data, how long it is kept, and the record of processing."),
    ),
    Entry(
        "people.tokens", _l("Access tokens"), "key", "tokens.write", note=_l("Let a program act with your own rights.")
    ),
    Entry(
        "notifications.dead_letters",
        _l("Outbox"),
        "inbox",
        "ops.read",
        note=_l("Messages that could not be delivered."),
    ),
    Entry("ops.health", _l("Health"), "seal", "ops.read", note=_l("Scheduler, checkpoints, backups and queues.")),
)

GROUPS: Mapping[str, object] = {"insight": _l("Insight"), "company": _l("Company")}

PHONE_PAGES_MAX = 4  # beside "More"


def items(
    entries: tuple[Entry, ...],
    *,
    can: Callable[[str], bool],
    exists: Callable[[str], bool],
    endpoint: str | None,
    counts: Mapping[str, int | None],
) -> list[Item]:
    """Return what this person sees; pages whose room is not there yet are left out."""
    seen = [entry for entry in entries if exists(entry.endpoint) and can(entry.permission)]
    on_phone = {entry.endpoint for entry in sorted(seen, key=lambda entry: entry.is_wide)[:PHONE_PAGES_MAX]}
    current = _current(seen, endpoint)
    return [
        Item(
            endpoint=entry.endpoint,
            label=entry.label,
            icon=entry.icon,
            group=entry.group,
            is_wide=entry.endpoint not in on_phone,
            is_current=entry.endpoint == current,
            count=counts.get(entry.endpoint),
            note=entry.note,
        )
        for entry in seen
    ]


def _current(seen: list[Entry], endpoint: str | None) -> str | None:
    """Choose the page itself, else the first page of the same room."""
    if endpoint is None:
        return None
    names = [entry.endpoint for entry in seen]
    if endpoint in names:
        return endpoint
    room = endpoint.split(".")[0] + "."
    narrow_first = sorted(seen, key=lambda entry: not entry.covers)  # before the one that stands for the whole room
    return next((entry.endpoint for entry in narrow_first if _covers(entry, endpoint, room)), None)


def _covers(entry: Entry, endpoint: str, room: str) -> bool:
    return endpoint.startswith(entry.covers) if entry.covers else entry.endpoint.startswith(room)
