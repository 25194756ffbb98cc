"""What similar cases got, as the page beside a case says it; set against SQL of another hand."""

from collections import Counter
from datetime import datetime
from fractions import Fraction

import pytest
from flask import Flask

from app.people import queries as people
from tests.demo.readers import Reader, money, stop_the_clock
from tests.insights.figure_oracles import at_rank

NEWEST, FEW = 200, 20
RANKS = (Fraction(1, 10), Fraction(1, 2), Fraction(9, 10))


def precedents_say_what_sql_counts(app: Flask, monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    """One case of each kind of case and remedy, with a band and without."""
    monkeypatch.undo()
    stop_the_clock(monkeypatch, now)
    manager = Reader(app, "max@makegood.example", now, tuple(sorted(row.id for row in people.sites())))
    given = manager.rows(
        "SELECT min(c.id) AS case_id, p.category_id, p.severity, p.kind, p.currency, count(*) AS n FROM precedent p JOIN case_file c"
        " ON c.category_id = p.category_id AND c.severity = p.severity JOIN site s ON s.id = c.site_id AND s.currency = p.currency"
        " WHERE c.id = p.case_id GROUP BY p.category_id, p.severity, p.kind, p.currency ORDER BY count(*) DESC, 1"
    )
    assert given[0].n > FEW > given[-1].n, "both are shown"
    for row in (*given[:4], *given[-2:]):
        _one(manager, row.case_id, (row.category_id, row.severity, row.kind, row.currency))


def _one(manager: Reader, case_id: int, alike: tuple[int, int, str, str]) -> None:
    category_id, severity, kind, currency = alike
    found = manager.rows(
        "SELECT r.amount_minor, p.answer FROM precedent p JOIN remedy r ON r.id = p.remedy_id"
        f" WHERE p.category_id = {category_id} AND p.severity = {severity} AND r.kind = '{kind}' AND r.currency = '{currency}'"
        f" ORDER BY p.at DESC, r.id DESC LIMIT {NEWEST}"
    )
    [kind_name] = [row.name for row in manager.rows(f"SELECT k.name FROM remedy_kind k WHERE k.code = '{kind}'")]
    said = manager.get(f"/cases/MG-{case_id}/precedents?kind={kind}").under("similar").words
    got = sorted(row.amount_minor for row in found if row.answer == "accepted")
    answers = Counter(row.answer for row in found)
    if len(got) >= FEW:
        low, middle, high = (money(at_rank(got, share), currency) for share in RANKS)
        assert (
            f"{kind_name} in {len(got)} similar cases: eight of ten got {low} to {high}, the middle one {middle}."
            in said
        )
    else:
        assert f"Too few to compare with: {len(got)} similar case" in said and "eight of ten" not in said
    if got or answers["declined"] or answers["none"]:
        assert (
            f"Customers accepted {len(got)}, declined {answers['declined']}, and left {answers['none']} without an answer."
            in said
        )
