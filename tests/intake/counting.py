"""An independent count of the raw files, with the csv module and nothing of the product."""

import csv
import gzip
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

_BOSTON = ZoneInfo("America/New_York")
_CHANNEL = {
    "Constituent Call": "phone",
    "Employee Generated": "desk",
    "City Worker App": "desk",
    "Citizens Connect App": "web",
    "Self Service": "web",
    "Maximo Integration": "other",
    "Twitter": "chat",
}
_OUTCOME = {
    "Closed with explanation": "explained",
    "Closed with monetary relief": "made_good",
    "Closed with non-monetary relief": "made_good",
}


def rows(path: Path) -> Iterator[dict[str, str]]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def city_instant(text: str) -> datetime:
    return datetime.strptime(text, "%m/%d/%Y %I:%M:%S %p").replace(tzinfo=_BOSTON).astimezone(UTC)


@dataclass
class City:
    reversed: int = 0
    open: int = 0
    with_due: int = 0
    met: int = 0
    late: int = 0
    departments: int = 0
    channels: Counter[str] = field(default_factory=Counter)


def city(path: Path) -> City:
    """Count what the rows that aren't closed before they were opened say; the published flag is the judge of on time."""
    found, departments = City(), set()
    for row in rows(path):
        if row["CLOSED_DT"] and city_instant(row["CLOSED_DT"]) < city_instant(row["OPEN_DT"]):
            found.reversed += 1
            continue
        departments.add(row["Department"])
        found.channels[_CHANNEL[row["Source"]]] += 1
        found.open += row["CASE_STATUS"] == "Open"
        found.with_due += bool(row["TARGET_DT"])
        if row["TARGET_DT"] and row["CLOSED_DT"]:
            on_time = {"ONTIME": True, "OVERDUE": False}.get(row["OnTime_Status"])
            if on_time is None:
                on_time = city_instant(row["CLOSED_DT"]) <= city_instant(row["TARGET_DT"])
            found.met += on_time
            found.late += not on_time
    found.departments = len(departments)
    return found


@dataclass
class Baggage:
    good: int = 0
    too_early: int = 0
    undecided: int = 0
    paid_count: int = 0
    paid_total: Decimal = Decimal(0)
    airports: int = 0
    by_airport: Counter[str] = field(default_factory=Counter)


def baggage(path: Path) -> Baggage:
    found = Baggage()
    for row in rows(path):
        if row["Date Received"] < row["Incident Date"][:10]:
            found.too_early += 1
            continue
        found.good += 1
        found.undecided += row["Disposition"] == "-"
        found.by_airport[row["Airport Code"].strip()] += 1
        if row["Close Amount"] not in ("-", "0"):
            found.paid_count += 1
            found.paid_total += Decimal(row["Close Amount"])
    found.airports = len(found.by_airport)
    return found


@dataclass
class Bank:
    ids: set[str] = field(default_factory=set)
    outcomes: Counter[str | None] = field(default_factory=Counter)


def bank(path: Path) -> Bank:
    found = Bank()
    for row in rows(path):
        found.ids.add(row["Complaint ID"])
        found.outcomes[_OUTCOME.get(row["Company response to consumer"])] += 1
    return found


@dataclass
class Support:
    """Of the rows that ended before `until`: satisfied (4 or 5) of answered for each person, and the answers unhappy (1 or 2)."""

    satisfied: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)
    stars: int = 0
    unhappy: int = 0


def support(path: Path, until: str) -> Support:
    found = Support()
    for row in rows(path):
        if row["Survey results"] and row["Resolution time"] < until:
            score = float(row["Survey results"])
            found.answered[row["Agent Name"]] += 1
            found.satisfied[row["Agent Name"]] += score >= 4
            found.stars += int(score)
            found.unhappy += score <= 2
    return found
