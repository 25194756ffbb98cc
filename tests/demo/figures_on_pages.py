"""Pages of the demo company set against SQL of another hand: what stands on the page is what the rows add up to.

Shares and the other measures have their SQL in tests/insights (recoveries, figure_oracles); here they are met as they are
shown and handed out, and the pages that have figures of their own get SQL of their own.
"""

import csv
from collections import Counter
from datetime import datetime, timedelta
from fractions import Fraction
from io import StringIO
from math import sqrt
from statistics import fmean, pvariance, stdev
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from app.cases.words import CHANNEL_WORDS
from app.insights import rollup_actions
from app.insights.measures import GROUPS, MEASURES
from app.insights.queries import Part
from app.kernel import time as kernel_time
from app.people import queries as people
from tests.api.client import Api
from tests.demo.pages import Node
from tests.demo.readers import (
    HERE,
    IN_TIME,
    TOO_FEW,
    Reader,
    Z,
    money,
    percent,
    satisfied,
    share,
    stop_the_clock,
    time_words,
)
from tests.insights import figure_oracles as oracles
from tests.insights.figure_oracles import at_rank, instant, parsed, wilson
from tests.insights.recoveries import ORACLES, counted


def pages_say_what_sql_counts(app: Flask, monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    stop_the_clock(monkeypatch, now)
    rollup_actions.rebuild(now=now)
    sites = tuple(sorted(row.id for row in people.sites()))
    leader, manager = Reader(app, "sam@makegood.example", now), Reader(app, "max@makegood.example", now, sites)
    for reader in (manager, leader):
        _overview(reader)
        _company(reader)
        answers_of(reader)
        _promises(reader)
        _purses(reader)
    _measures(app, manager)
    _day_of_who_leads(leader)
    _customers(manager)
    _desk(Reader(app, "ana@makegood.example", now))


# What is no share and no other measure, as it is shown.
def _overview(reader: Reader) -> None:
    page = reader.get("/insights?period=365d")
    (own_n, own_k) = reader.rows(
        "SELECT count(*), sum(CASE WHEN t.id IN (SELECT case_id FROM exception_request) THEN 0 ELSE 1 END) FROM case_file t"
        f" WHERE {HERE} AND {IN_TIME} AND NOT t.historic AND t.severity BETWEEN 1 AND 4", "resolved_at",
    )[0]  # fmt: skip
    assert page.boxes["Resolved on own authority"] == share(int(own_k or 0), own_n)
    waits = oracles.FIGURES["approval-wait"](reader.part, reader.now)
    half, most = page.boxes["Half the answers within"], page.boxes["Nine of ten within"]
    assert (half[0], most[0]) == tuple(time_words(waits[f"all {name}"][1]) for name in ("p50", "p90"))
    assert f"{waits['all p50'][0]} answers" in half[1]
    late = reader.count(
        f"clock t WHERE {HERE} AND t.stopped_at IS NULL AND t.cancelled_at IS NULL AND NOT t.historic AND t.due_at < :now"
    )
    assert page.boxes["Late now"][0] == f"{late:,}"
    ended = dict(
        reader.rows(
            f"SELECT t.state, count(*) FROM exception_request t WHERE {HERE} AND {IN_TIME} GROUP BY 1", "asked_at"
        )
    )
    shown = {row.words for row in page.under("waits").by_tag("tr")}
    for words, state in (("Still waiting", "waiting"), ("Approved", "approved"), ("Declined", "declined")):
        assert f"{words} {ended.get(state, 0)}" in shown, (shown, ended)
    kept = oracles.FIGURES["clocks-kept"](reader.part, reader.now)
    table = page.under("kept").words
    for milestone, words in (("resolve", "Resolved in time"), ("first_response", "First reply in time")):
        n, value, low, high = kept[milestone]
        assert f"{words} {round(value * n):,} of {n:,} {percent(low)}–{percent(high)}" in table, (words, table)


def _company(reader: Reader) -> None:
    """Every cut of the company: what each part counts, and what was given there."""
    first = (reader.now - timedelta(days=364)).replace(hour=0, minute=0, second=0, microsecond=0)
    part = Part(reader.sites, None, first, first + timedelta(days=365))
    columns = {
        "site": "s.name",
        "severity": "'Severity ' || t.severity",
        "channel": "t.channel",
        "segment": "g.segment",
    }
    for by, column in columns.items():
        found: dict[str, list[Any]] = {}
        for called, currency, resolved, severe, given in reader.rows(
            f"SELECT {column}, s.currency, count(*), sum(CASE WHEN t.severity IN (3, 4) THEN 1 ELSE 0 END), sum(t.given_minor)"
            " FROM case_file t JOIN site s ON s.id = t.site_id LEFT JOIN customer_segment g ON g.customer_id = t.customer_id"
            f" WHERE {HERE} AND {IN_TIME} AND NOT t.historic AND t.severity <> 0 GROUP BY 1, 2 ORDER BY 2",
            "resolved_at", part,
        ):  # fmt: skip
            one = found.setdefault(_called(by, called), [0, 0, []])
            one[0], one[1] = one[0] + resolved, one[1] + int(severe)
            one[2] += [money(int(given), currency)] if given else []
        answers: dict[str, list[int]] = {}
        for called, csat in reader.rows(
            f"SELECT {column}, a.csat FROM survey v JOIN survey_answer a ON a.survey_id = v.id JOIN case_file t ON t.id = v.case_id"
            " JOIN site s ON s.id = v.site_id LEFT JOIN customer_segment g ON g.customer_id = t.customer_id WHERE v.site_id IN"
            " ({sites}) AND a.csat > 0 AND v.resolved_at >= :since AND v.resolved_at < :until", "", part,
        ):  # fmt: skip
            answers.setdefault(_called(by, called), []).append(csat)
        page = reader.get(f"/insights/company?period=365d&by={by}")
        shown = {row[0]: row[1:] for row in page.under("parts").rows}
        whole = shown.pop("All together")
        assert whole[0] == f"{sum(one[0] for one in found.values()):,}"
        assert set(shown) == set(found) | set(answers), by
        for called, (resolved, severe, given) in found.items():
            happy = answers.get(called, [])
            assert shown[called] == [
                f"{resolved:,}", f"{severe}" if resolved >= 10 else "too few", satisfied(happy), " + ".join(given) or "–",
            ], (by, called)  # fmt: skip


def _called(by: str, value: str | None) -> str:
    if by == "channel":
        return str(CHANNEL_WORDS[str(value)])
    return value or "Without a segment"


def answers_of(reader: Reader, *, days: int = 365, site_id: int | None = None) -> None:
    """Answers: whom we asked, and each score from the single answers."""
    part = Part(reader.sites if site_id is None else (site_id,), None, reader.now - timedelta(days=days), reader.now)
    surveys = f"survey t, case_file c WHERE c.id = t.case_id AND {HERE} AND {IN_TIME}"
    resolved, asked, answered = (
        reader.count(f"{surveys} AND NOT c.historic{more}", "resolved_at", part)
        for more in (
            "",
            " AND t.sent_at IS NOT NULL",
            " AND EXISTS (SELECT 1 FROM survey_answer a WHERE a.survey_id = t.id)",
        )
    )
    rows = reader.rows(
        "SELECT c.historic, a.csat, a.nps, a.ces, a.outcome_fair, a.process_fair, a.treated_well FROM survey t JOIN survey_answer a ON"
        f" a.survey_id = t.id JOIN case_file c ON c.id = t.case_id WHERE {HERE} AND {IN_TIME}", "resolved_at", part,
    )  # fmt: skip
    page = reader.get(f"/feedback?days={days}" + (f"&site={site_id}" if site_id else ""))
    words = page.under("main").words
    low = sum(not row.historic and ((row.csat or 5) < 3 or (9 if row.nps is None else row.nps) < 7) for row in rows)
    head = f"{asked:,} of {resolved:,} resolutions were asked about"
    if answered >= 10:
        head += f", {answered} answered, {low} of them unhappy."
    assert resolved < 10 or asked < 10 or head in words, (head, words[:600])
    csat = [row.csat for row in rows if row.csat is not None]
    said = {called.words: figure.words for called, figure in zip(page.by_tag("dt"), page.by_tag("dd"), strict=True)}
    _, top, low_share, high_share = (
        wilson(sum(one >= 4 for one in csat), len(csat)) if len(csat) >= 10 else (0, 0, 0, 0)
    )

    def unsaid(called: str, n: int) -> bool:
        """What too few answered has no line of its own: one sentence speaks for all of it, with the counts where they differ."""
        alike = f"{n} answer{'s' * (n > 1)} in this time: a score is said from 10 on."
        counted = f"{called}: {n:,} answer" in words or alike in words
        return called not in said and (counted or (not n and "No answers in this time" in words))

    wanted = f"{percent(top)} {sum(one >= 4 for one in csat)} of {len(csat)}, likely between {percent(low_share)} and {percent(high_share)}"
    assert said["Satisfied"] == wanted if len(csat) >= 10 else unsaid("Satisfied", len(csat))
    nps = [(row.nps > 8) - (row.nps < 7) for row in rows if row.nps is not None]
    if len(nps) >= 10:
        half = 196 * sqrt(pvariance(nps) / len(nps))
        assert said["Would recommend (NPS)"] == f"{round(100 * fmean(nps))} ± {half:.1f}, {len(nps)} answers"
    else:
        assert unsaid("Would recommend (NPS)", len(nps))
    for called, item in (
        ("The outcome was fair (1–5)", "outcome_fair"), ("The way to it was fair (1–5)", "process_fair"),
        ("Treated with respect (1–5)", "treated_well"), ("It was easy (1–7)", "ces"),
    ):  # fmt: skip
        values = [found for row in rows if (found := getattr(row, item)) is not None]
        if len(values) < 10:
            assert unsaid(called, len(values))
        else:
            half = Z * stdev(values) / sqrt(len(values))
            assert said[called] == f"{fmean(values):.1f} ± {half:.1f}, mean of {len(values)} answers"
    k, n = sum(one >= 4 for one in csat), len(csat)
    assert (f"{k} of {n}" in words) == (n >= 10)


def _promises(reader: Reader) -> None:
    rows = reader.rows(
        f"SELECT t.due_at, t.kept_at, t.broken_at FROM promise t WHERE {HERE} AND t.withdrawn_at IS NULL AND t.due_at <= :now",
    )
    due = [row for row in rows if instant(row.due_at) >= reader.now - timedelta(days=90)]
    kept = [row for row in due if row.kept_at and instant(row.kept_at) <= instant(row.due_at)]
    words = reader.get("/promises").under("kept").words
    if len(due) >= 10:
        _, value, low, high = wilson(len(kept), len(due))
        wanted = f"{percent(value)} kept {len(kept)} of {len(due)}, likely between {percent(low)} and {percent(high)}"
        assert wanted in words, (wanted, words)
    else:
        assert "%" not in words and " of " not in words.replace(" of them", "")


def _purses(reader: Reader) -> None:
    """A purse's line equals the sum of its entries in the ledger, never the totals that the purse keeps."""
    rows = reader.rows(
        "SELECT t.id, t.currency, t.unit, t.period, t.ceiling_minor + t.approved_minor AS top,"
        " coalesce((SELECT sum(e.amount_minor) FROM ledger_entry e WHERE e.purse_id = t.id AND e.bucket = 'settled'), 0) AS settled,"
        " coalesce((SELECT sum(e.amount_minor) FROM ledger_entry e WHERE e.purse_id = t.id AND e.bucket = 'reserved'), 0) AS held"
        f" FROM purse t WHERE {HERE} AND t.unit IN ('employee_month', 'team_month', 'site_month')"
    )  # fmt: skip
    month = f"{reader.now.astimezone(ZoneInfo('America/New_York')):%Y-%m}"
    wanted = sorted(
        [money(row.top - int(row.settled) - int(row.held), row.currency), money(int(row.held), row.currency),
         money(int(row.settled), row.currency), money(row.top, row.currency)]
        for row in rows if row.period == month
    )  # fmt: skip
    shown, url = [], f"/purses?month={month}"
    while url:
        page = reader.get(url)
        shown += [[row[1], *row[3:]] for row in page.under("purses").rows]
        url = next(
            (one.attributes["href"] for one in page.by_tag("a") if "after=" in one.attributes.get("href", "")), ""
        )
    assert sorted(shown) == wanted and wanted


def _measures(app: Flask, reader: Reader) -> None:
    """Every measure as the API, the file and the page give it, and nothing of fewer than it needs."""
    known: dict[str, oracles.Known] = {name: work(reader.part, reader.now) for name, work in oracles.FIGURES.items()}
    hits = {name: counted(name, reader.part, reader.now) for name in ORACLES}
    known |= {name: {"all": wilson(k, n)} for name, (k, n) in hits.items()}
    body = reader.client.post("/insights/exports/csv?period=365d").get_data(as_text=True).lstrip("\ufeff")
    sheet = {(row["measure"], row["key"]): row for row in csv.DictReader(StringIO(body))}
    sites = {f"SI-{row.id}": row.name for row in reader.rows("SELECT s.id, s.name FROM site s")}
    teams = {f"TE-{identity}": name for identity, name in reader.teams().items()}
    said = {"all": "All together"} | sites | teams
    assert {(row["key"], row["of"]) for row in sheet.values() if row["key"] in said} >= {("all", "All together")}
    for row in sheet.values():
        assert row["of"] and row["of"] == said.get(row["key"], row["of"]), row["key"]
    api = Api(app, reader.person)
    for name, figures in known.items():
        given = {one["key"]: one for one in api.get(f"/metrics/{name}", period="365d").get_json()["figures"]}
        for key, (n, value, *bounds) in figures.items():
            if key not in given:
                assert n == 0 or value is None, (name, key)
                continue
            row, one = sheet[name, key], given[key]
            assert (int(row["n"]), one["n"]) == (n, n), (name, key)
            assert one["value"] == (value if value is None else pytest.approx(value, rel=1e-6)), (name, key)
            written = float(row["value"]) if row["value"] else None
            assert written == (value if value is None else pytest.approx(value, abs=1e-6)), (name, key)
            if bounds:
                assert (one["low"], one["high"]) == pytest.approx(tuple(bounds), abs=1e-9), (name, key)
            if name in hits:
                assert one["k"] == (hits[name][0] if n >= 10 else None), name
                assert row["k"] == (str(hits[name][0]) if n >= 10 else ""), name
    for group, members in GROUPS.items():
        page = reader.get(f"/insights/measures?group={group}&period=365d")
        for one_of in members:
            figures = known[one_of.name]
            first = next(iter(sorted(key for name, key in sheet if name == one_of.name and key in figures)), None)
            if first is not None and len(figures) <= 2:
                n, value, *_ = figures[first]
                _shown_in(page, one_of.name, str(one_of.words), n, value)


def _shown_in(page: Node, name: str, words: str, n: int, value: float | None) -> None:
    if words in page.boxes:
        figure, note = page.boxes[words]
    else:
        (head,) = page.under(name).by_class("headline")
        figure, note = str(head.inside[0]).strip(), head.words
    unit = MEASURES[name].unit
    if value is None:
        assert figure.lower().startswith(TOO_FEW) and "%" not in note, (name, figure, note)
        return
    said = time_words(value) if unit == "seconds" else percent(value)
    if name.startswith("equity"):
        said = f"{value:.2f} times"
    assert unit == "count" or " ".join(figure.split()) == said, (name, figure, said)
    assert unit == "count" or f"{n:,}" in note, (name, note)


def _day_of_who_leads(reader: Reader) -> None:
    page, now = reader.get("/insights/today?period=365d"), reader.now
    votes = reader.rows(
        "SELECT x.case_id, v.outcome, v.at, s.opened_at FROM exception_vote v JOIN exception_request x ON x.id = v.exception_id"
        " JOIN exception_step s ON s.exception_id = v.exception_id AND s.round = v.round AND s.number = v.number"
        " WHERE v.decided_by_id = {me}"
    )  # fmt: skip
    votes = [row for row in votes if instant(row.at) >= now - timedelta(days=90)]
    took = [int((instant(row.at) - instant(row.opened_at)).total_seconds()) for row in votes]
    counted_words = f"{len(took)} decisions"
    boxes = page.under("mirror").boxes
    assert boxes["I decide half within"] == (time_words(at_rank(took, Fraction(1, 2))), counted_words)
    assert boxes["Nine of ten within"] == (time_words(at_rank(took, Fraction(9, 10))), counted_words)
    assert list(page.boxes)[:2] == ["I decide half within", "Nine of ten within"], "their own stand first"
    assert boxes["Refused by a colleague, then granted by me"] == share(*_overturned(reader, votes))
    words = reader.rows(
        "SELECT n.read_at FROM notification n WHERE n.employee_id = {me} AND n.kind = 'feedback:low' AND n.at >= :since AND"
        " n.at < :until"
    )  # fmt: skip
    assert boxes["Unhappy answers that I read"] == share(sum(row.read_at is not None for row in words), len(words))
    midnight = now.astimezone(ZoneInfo("America/New_York")).replace(hour=0, minute=0, second=0, microsecond=0)
    day = Part(reader.sites, None, midnight.astimezone(kernel_time.UTC), now)
    cases = f"case_file t WHERE {HERE} AND NOT t.historic AND t.{{at}} >= :since"
    assert page.boxes["Logged today"] == (
        f"{reader.count(cases, 'logged_at', day)}", f"{reader.count(cases, 'resolved_at', day)} resolved today",
    )  # fmt: skip
    due = oracles.FIGURES["due"](reader.part, now)
    assert page.boxes["Late now"] == (f"{due['late'][0]}", f"{due['soon'][0]} more are due within 8 hours")
    waiting = reader.count(f"exception_request t WHERE {HERE} AND t.state = 'waiting'")
    unhappy = reader.count(f"follow_up t WHERE {HERE} AND t.closed_by_id IS NULL AND t.closed_at IS NULL")
    assert page.boxes["Waiting for a decision"][0] == f"{waiting}" and waiting
    assert page.boxes["Unhappy customers to call"][0] == f"{unhappy}"
    pools = reader.rows(
        "SELECT m.name, t.currency, t.ceiling_minor + t.approved_minor AS top, (SELECT coalesce(sum(e.amount_minor), 0) FROM"
        " ledger_entry e WHERE e.purse_id = t.id AND e.bucket IN ('settled', 'reserved')) AS used FROM purse t JOIN team m ON"
        f" m.id = t.team_id WHERE {HERE} AND t.unit = 'team_month' AND t.period = '{now:%Y-%m}'"
    )  # fmt: skip
    lines = [one.words for one in page.under("purses").by_class("window")]
    assert len(lines) == len(pools) > 0
    for row in pools:
        assert any(
            row.name in line and f"{money(row.top - int(row.used), row.currency)} left" in line for line in lines
        )
    tails = reader.get("/insights/today/radar?period=365d").boxes
    for name in ("under-use", "discretion-utilisation", "threshold-hugging", "split-spending"):
        words_of = str(MEASURES[name].words)
        if words_of in tails:
            k, n = counted(name, reader.part, now) if name in ORACLES else (None, 0)
            figures = oracles.FIGURES[name](reader.part, now)["all"] if k is None else wilson(k, n)
            assert tails[words_of][0] == (TOO_FEW if figures[1] is None else percent(figures[1])), name
    assert len(tails) == 4


def _overturned(reader: Reader, votes: list[Any]) -> tuple[int, int]:
    """Of the refusals that came back in the cases that they decided in: those that they granted before the next refusal."""
    last: dict[int, datetime] = {}
    for row in votes:
        last[row.case_id] = max(instant(row.at), last.get(row.case_id, instant(row.at)))
    if not last:
        return 0, 0
    ids = ",".join(map(str, last))
    turns: dict[int, list[Any]] = {}
    for row in reader.rows(
        f"SELECT case_id, kind, at, data FROM case_event WHERE case_id IN ({ids}) AND kind IN ('resolved', 'reopened') ORDER BY at, id"
    ):
        turns.setdefault(row.case_id, []).append(row)
    k = n = 0
    for case_id, events in turns.items():
        for before, turn in zip(events, events[1:], strict=False):
            is_no = before.kind == "resolved" and (parsed(before.data) or {}).get("outcome") == "declined"
            if turn.kind == "reopened" and is_no and instant(turn.at) <= last[case_id]:
                n += 1
                k += any(
                    row.case_id == case_id and row.outcome == "approved" and instant(row.at) >= instant(turn.at)
                    for row in votes
                )
    return k, n


def _customers(reader: Reader) -> None:
    """What was given to the three customers who got most often, and the four flags about them."""
    rows = reader.rows(
        "SELECT t.customer_id, t.currency, sum(t.amount_minor) AS given, count(*) AS gifts FROM remedy t WHERE t.state = 'settled'"
        " AND t.customer_id IS NOT NULL AND t.amount_minor > 0 GROUP BY 1, 2 ORDER BY 4 DESC, 1 LIMIT 3"
    )  # fmt: skip
    assert rows
    for row in rows:
        page = reader.get(f"/customers/CU-{row.customer_id}")
        assert f"{money(int(row.given), row.currency)} settled" in page.under("given").words
        failures = reader.rows(
            f"SELECT t.severity, t.attribution, t.root_cause, t.category_id FROM case_file t WHERE t.customer_id = {row.customer_id}"
            " AND t.severity > 0 AND t.occurred_at > :since"
        )  # fmt: skip
        again = Counter(one.root_cause or one.category_id for one in failures)
        flags = [one.words.removeprefix("Careful: ") for one in page.under("flags").by_class("chip")]
        assert flags == [
            "Badly let down" if any(one.severity >= 3 for one in failures) else "Nothing severe",
            "Not the first time" if len(failures) >= 2 else "No second failure",
            "The same cause again" if max(again.values(), default=0) >= 2 else "No cause came back",
            "In our hands" if any(one.attribution == "company" for one in failures) else "Nothing that was ours to prevent",
        ]  # fmt: skip


def _desk(reader: Reader) -> None:
    page = reader.get("/")
    chips = {one.words for one in page.by_tag("a")}
    mine = reader.count(
        f"case_file t WHERE t.owner_id = {reader.person.id} AND t.resolved_at IS NULL AND NOT t.historic"
    )
    assert f"{mine} open" in chips, (mine, chips)
    nobody = reader.count(
        f"case_file t WHERE {HERE} AND t.owner_id IS NULL AND t.resolved_at IS NULL AND NOT t.historic"
    )
    assert f"{nobody} without an owner" in chips
    spent = Counter[str]()
    for row in reader.rows(
        "SELECT e.bucket, sum(e.amount_minor) AS minor FROM ledger_entry e JOIN purse t ON t.id = e.purse_id WHERE t.unit ="
        f" 'employee_month' AND t.employee_id = {reader.person.id} AND t.period = '{reader.now:%Y-%m}' AND t.currency = 'USD'"
        " GROUP BY 1"
    ):  # fmt: skip
        spent[row.bucket] += int(row.minor)
    (line,) = [one.words for one in page.by_class("window") if one.words.startswith("My month")]
    assert f"{money(spent['settled'], 'USD')} settled · {money(spent['reserved'], 'USD')} reserved" in line
