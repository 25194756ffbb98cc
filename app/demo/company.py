"""The hotel group: three houses, forty people, working hours, categories and the policy, made by the rooms' own actions."""

from dataclasses import dataclass, field
from datetime import datetime
from random import Random

from app.calendars.actions import add_calendar
from app.cases.category_actions import add_category
from app.demo import authority, phrases
from app.demo.plans import STORIES
from app.kernel.actor import Actor
from app.kernel.money import Money
from app.people import actions as people
from app.people import place_actions as places
from app.people import region_actions as regions
from app.people.queries import PersonRow, SiteRow, person, site
from app.people.secret_actions import set_pass_phrase
from app.policies import actions as policies
from app.policies.document_rules import Clause
from app.policies.packs import FACTOR, HOTEL_SOURCE, hotel_rules

DOMAIN = "makegood.example"
_DAILY = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class House:
    """One hotel as it starts. hours: None when its desk never closes. people: supervisors and frontline to add."""

    code: str
    name: str
    zone: str
    currency: str
    locale: str
    country: str
    subdivision: str | None
    hours: tuple[str, str] | None
    has_holidays: bool
    supervisors: int
    frontline: int


HOUSES = (
    House("NYC", "Harbour House New York", "America/New_York", "USD", "en_US", "US", "NY", None, False, 2, 11),
    House("LON", "Harbour House London", "Europe/London", "GBP", "en_GB", "GB", "ENG", ("07:00", "22:00"), True, 2, 10),
    House("TYO", "Harbour House Tokyo", "Asia/Tokyo", "JPY", "ja_JP", "JP", None, ("07:00", "23:00"), False, 2, 8),
)
# Name, address, role, title. They work in New York.
NAMED = (
    ("Max Weber", "max", "manager", "Group operations manager"),
    ("Sam Okafor", "sam", "supervisor", "Guest relations supervisor"),
    ("Ana Ruiz", "ana", "frontline", "Guest relations"),
    ("Bo Lindgren", "bo", "frontline", "Guest relations"),
    ("Hana Sato", "hana", "hr", "People and culture"),
    ("Ada Byrne", "ada", "admin", "Administrator"),
    ("Audra Klein", "audra", "auditor", "Internal audit"),
)
# Who came after everybody else: a change of role that Ada proposed waits for her.
NAMED_LATER = (("Ines Duarte", "ines", "admin", "Administrator"),)
TEAMS = ("Guest relations", "Front desk")


@dataclass
class Company:
    """Who and what there is, for the stories to use."""

    sites: dict[str, SiteRow] = field(default_factory=dict)
    teams: dict[tuple[str, str], int] = field(default_factory=dict)
    people: dict[str, PersonRow] = field(default_factory=dict)  # by the address before the @
    frontline: dict[str, list[PersonRow]] = field(default_factory=dict)  # by site
    supervisors: dict[str, list[PersonRow]] = field(default_factory=dict)
    categories: dict[str, int] = field(default_factory=dict)

    def money(self, code: str, dollars: int) -> Money:
        """Turn the stories' dollars into a round amount of a site's money."""
        currency = self.sites[code].currency
        return Money.of(dollars * FACTOR[currency] / FACTOR["USD"], currency)


def found(*, seed: int, phrase: str, actor: Actor, now: datetime, days: int = 365) -> Company:
    """Set up the group as it is on its first day; everybody gets the one pass phrase. days: how long the story lasts."""
    company = Company()
    draw = Random(f"{seed}:people")  # noqa: S311 - names, not secrets
    for house in HOUSES:
        _open(company, house, actor, now)
    _hire_named(company, NAMED, phrase, actor, now)
    for house in HOUSES:
        _hire(company, house, draw, phrase, actor, now)
    _hire_named(company, NAMED_LATER, phrase, actor, now)
    _lead(company, actor, now)
    for story in STORIES:
        company.categories[story.category] = add_category(name=story.category, actor=actor, now=now).id
    policies.add_default_kinds(actor=actor, now=now)
    authority.store_rates(actor, now)
    for people_of in company.frontline.values():
        authority.certify(people_of, days, actor, now)
    authority.name_what_is_owed(company.categories, actor, now)
    publish_policy(company, "Recovery policy", 0.6, actor=actor, now=now)
    authority.bound_batches([company.money(house.code, 400) for house in HOUSES], company.people["max"].actor, now)
    return company


CLAUSES = (
    Clause("3.1", "The outer bound", "Nobody goes beyond this for one incident, not even by exception."),
    Clause("4.2", "One incident", "What each role may give for one incident without asking first."),
    Clause("4.3", "One guest in thirty days", "Several small gifts to one guest count together."),
    Clause("4.4", "Upgrades", "Two upgrades for one guest in thirty days; a third is asked for."),
    Clause("5.1", "One person's month", "What one person gives in a calendar month."),
    Clause("5.2", "The team's pool", "What all people of one team give in a calendar month, so that the money lasts."),
    Clause(
        "5.3", "The house's month", "What one house gives in a calendar month, held in dollars for the whole group."
    ),
)


def publish_policy(company: Company, title: str, share: float, *, actor: Actor, now: datetime) -> None:
    """Publish the hotel pack, with the frontline's limits at a share of it."""
    rules = hotel_rules(list(company.sites.values()))
    for rule in rules:
        if rule.get("role") == "frontline" and rule["unit"] in ("incident", "customer_days"):
            rule["limit_minor"] = int(rule["limit_minor"] * share)
    certified = [
        {**rule, "level_min": authority.LEVEL, "limit_minor": rule["limit_minor"] * 5 // 4}
        for rule in rules
        if rule.get("role") == "frontline" and rule["unit"] == "incident"
    ]
    rules += [*certified, *authority.SHARED]
    version = policies.draft_version(
        title=title, source=HOTEL_SOURCE, rules=rules, clauses=CLAUSES, valid_from=now, actor=actor, now=now
    )
    reviewer = company.people["max"].actor
    policies.review_version(version_id=version.id, outcome="approved", note="", actor=reviewer, now=now)
    policies.publish_version(version_id=version.id, actor=actor, now=now)
    authority.stand_by(version.id, [clause.code for clause in CLAUSES], company.people, now)


def _open(company: Company, house: House, actor: Actor, now: datetime) -> None:
    calendar_id = add_calendar(
        code=house.code.lower(),
        name=house.name,
        zone=house.zone,
        windows={day: [list(house.hours or ("00:00", "24:00"))] for day in _DAILY},
        country=house.country if house.has_holidays else None,
        subdivision=house.subdivision if house.has_holidays else None,
        actor=actor,
        now=now,
    )
    made = places.add_site(
        code=house.code,
        name=house.name,
        time_zone=house.zone,
        currency=house.currency,
        locale=house.locale,
        country=house.country,
        subdivision=house.subdivision,
        calendar_id=calendar_id,
        actor=actor,
        now=now,
    )
    company.sites[house.code] = site(made.id)
    for name in TEAMS:
        company.teams[house.code, name] = places.add_team(site_id=made.id, name=name, actor=actor, now=now).id


def _hire_named(
    company: Company, named: tuple[tuple[str, str, str, str], ...], phrase: str, actor: Actor, now: datetime
) -> None:
    for name, box, role, title in named:
        team = company.teams["NYC", "Guest relations"] if role in ("supervisor", "frontline") else None
        _add(company, "NYC", name, box, role, title, team, phrase, actor, now)


def _hire(company: Company, house: House, draw: Random, phrase: str, actor: Actor, now: datetime) -> None:
    """Fill a house up to its numbers; the second one has a manager of its own."""
    if house.code == "LON":
        _add(company, "LON", "Ruth Adeyemi", "ruth", "manager", "House manager", None, phrase, actor, now)
        _lead_region(company, "British Isles", ("LON",), "ruth", actor, now)
    for role, wanted, title in (
        ("supervisor", house.supervisors, "Front desk supervisor"),
        ("frontline", house.frontline, "Front desk"),
    ):
        staff = company.supervisors if role == "supervisor" else company.frontline
        while len(staff.setdefault(house.code, [])) < wanted:
            first = draw.choice(phrases.FIRST_NAMES[house.locale])
            last = draw.choice(phrases.LAST_NAMES[house.locale])
            box = f"{first}.{last}".lower().replace("'", "")
            if box in company.people or first.lower() in company.people:
                continue
            team = TEAMS[len(staff[house.code]) % 2]
            _add(
                company, house.code, f"{first} {last}", box, role,
                title if team == "Front desk" else title.replace("Front desk", "Guest relations"),
                company.teams[house.code, team], phrase, actor, now,
            )  # fmt: skip


def _lead_region(company: Company, name: str, codes: tuple[str, ...], box: str, actor: Actor, now: datetime) -> None:
    """Let a manager reach these houses and no others."""
    lead, site_ids = company.people[box], [company.sites[code].id for code in codes]
    regions.add_region(name=name, site_ids=site_ids, lead_ids=[lead.id], actor=actor, now=now)
    led = person(lead.id)
    assert led is not None
    company.people[box] = led


def _add(
    company: Company, code: str, name: str, box: str, role: str, title: str, team_id: int | None, phrase: str,
    actor: Actor, now: datetime,
) -> None:  # fmt: skip
    boss = company.people.get("max")
    made = people.add_person(
        name=name,
        email=f"{box}@{DOMAIN}",
        role=role,
        site_id=company.sites[code].id,
        team_id=team_id,
        manager_id=boss.id if boss else None,
        job_title=title,
        actor=actor,
        now=now,
    )
    set_pass_phrase(employee_id=made.id, phrase=phrase, actor=actor, now=now)
    row = person(made.id)
    assert row is not None
    company.people[box] = row
    if role == "frontline":
        company.frontline.setdefault(code, []).append(row)
    elif role == "supervisor":
        company.supervisors.setdefault(code, []).append(row)


def _lead(company: Company, actor: Actor, now: datetime) -> None:
    """Give each team its supervisor; Sam leads guest relations in New York."""
    for (code, name), team_id in company.teams.items():
        leaders = company.supervisors[code]
        leader = leaders[TEAMS.index(name) % len(leaders)]
        places.edit_team(team_id=team_id, name=name, supervisor_id=leader.id, version=1, actor=actor, now=now)
