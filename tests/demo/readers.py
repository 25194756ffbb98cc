"""Who reads the demo company's pages: their pages, their rows by SQL, and how figures are written there."""

import sys
from collections import Counter
from datetime import datetime, timedelta
from statistics import NormalDist
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.insights.queries import Part
from app.kernel import time as kernel_time
from app.kernel.money import Money
from app.people import queries as people
from app.people.queries import PersonRow
from app.ui.words import duration_words
from tests.demo.pages import Node, read
from tests.insights.figure_oracles import rows_of, wilson
from tests.people.builders import sign_in

HERE = "t.site_id IN ({sites})"
IN_TIME = "t.{at} >= :since AND t.{at} < :until"
TOO_FEW = "too few"
Z = NormalDist().inv_cdf(0.975)


class Reader:
    """Somebody who reads pages, with the part of the company that they see, at one instant."""

    def __init__(self, app: Flask, address: str, now: datetime, sites: tuple[int, ...] | None = None) -> None:
        found = people.person_by_email(address)
        assert found is not None
        self.person: PersonRow = found
        self.client: FlaskClient = sign_in(app.test_client(), found, now=now)
        self.now = now
        self.sites = sites or (found.site_id or 0,)
        self.part = Part(self.sites, None, now - timedelta(days=365), now)

    def get(self, url: str) -> Node:
        answer = self.client.get(url)
        assert answer.status_code == 200, (url, answer.status_code)
        return read(answer.text)

    def teams(self) -> dict[int, str]:
        """What each team that they see is called; of those that are called alike, with its site."""
        rows = self.rows(
            "SELECT t.id, t.name, s.name AS site FROM team t JOIN site s ON s.id = t.site_id WHERE t.site_id IN ({sites})"
        )
        called = Counter(row.name for row in rows)
        return {row.id: f"{row.name}, {row.site}" if called[row.name] > 1 else row.name for row in rows}

    def pages(self, url: str) -> list[Node]:
        """A list from its first page to its last."""
        found = [self.get(url)]
        while links := [one for one in found[-1].by_tag("a") if "after=" in one.attributes.get("href", "")]:
            found.append(self.get(links[0].attributes["href"]))
        return found

    def count(self, statement: str, at: str = "", part: Part | None = None) -> int:
        return int(rows_of(f"SELECT count(*) FROM {statement}", part or self.part, self.now, at)[0][0])

    def rows(self, statement: str, at: str = "", part: Part | None = None) -> list[Any]:
        return rows_of(statement.replace("{me}", str(self.person.id)), part or self.part, self.now, at)


def stop_the_clock(monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    """Pages ask for the time themselves; here it stands still at the end of the story."""
    real = kernel_time.utc_now
    for name, module in list(sys.modules.items()):
        if name.startswith("app.") and getattr(module, "utc_now", None) is real:
            monkeypatch.setattr(module, "utc_now", lambda: now)


# How a figure is written, in English.
def percent(value: float) -> str:
    return f"{round(round(value, 12), 2):.0%}"  # two ways of working out 0.625 differ in the last binary digit


def share(k: int, n: int) -> tuple[str, str]:
    """The figure in its box, and what stands under it."""
    if n < 10:
        return TOO_FEW, f"{n}: too few to say"
    _, value, low, high = wilson(k, n)
    return percent(value), f"{k:,} of {n:,}; 95 % between {percent(low)} and {percent(high)}"


def satisfied(csat: list[int]) -> str:
    """How many were satisfied, of how many answers."""
    k, n = sum(one > 3 for one in csat), len(csat)
    if n < 10:
        return f"{n}, too few"
    _, value, low, high = wilson(k, n)
    return f"{percent(value)} of {n:,} ({percent(low)}–{percent(high)})"


def time_words(seconds: float | None) -> str:
    return TOO_FEW if seconds is None else " ".join(duration_words(seconds).split())


def money(minor: int, currency: str, locale: str = "en") -> str:
    return " ".join(Money(minor, currency).format(locale).split())
