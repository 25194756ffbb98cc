"""What waits for somebody, as the lists of work say it: how many, which, how late; set against SQL of another hand."""

import re
from collections import Counter
from datetime import datetime, timedelta
from fractions import Fraction
from math import ceil
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from app.kernel.database import db
from app.people import queries as people
from tests.demo.figures_on_pages import answers_of
from tests.demo.pages import Node
from tests.demo.readers import HERE, Reader, money, percent, stop_the_clock, time_words
from tests.insights.figure_oracles import at_rank, instant, parsed, wilson

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PAYOUT_WORDS = {"pending": "To be paid out", "confirmed": "Paid out", "failed": "Payout failed", "cancelled": "Cancelled",
                "sent": "On its way", "given_up": "Given up"}  # fmt: skip
TABS = {
    "open": ("pending", "sent"), "failed": ("failed",), "done": ("confirmed", "given_up", "cancelled"),
    "all": tuple(PAYOUT_WORDS),
}  # fmt: skip
# What each view of the queue asks of a case `t`; the instant that is due next is worked out from its clocks.
VIEWS = {
    "all": "t.resolved_at IS NULL", "mine": "t.resolved_at IS NULL AND t.owner_id = {me}",
    "unowned": "t.resolved_at IS NULL AND t.owner_id IS NULL", "late": "t.resolved_at IS NULL",
    "team": "t.resolved_at IS NULL AND t.team_id = (SELECT p.team_id FROM employee p WHERE p.id = {me})",
    "resolved": "t.resolved_at IS NOT NULL",
}  # fmt: skip


def lists_say_what_sql_counts(app: Flask, monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    monkeypatch.undo()
    stop_the_clock(monkeypatch, now)
    sites = tuple(sorted(row.id for row in people.sites()))
    manager, leader = Reader(app, "max@makegood.example", now, sites), Reader(app, "sam@makegood.example", now)
    ana, ada = Reader(app, "ana@makegood.example", now), Reader(app, "ada@makegood.example", now, sites)
    _what_the_lists_lack(leader)
    for days, site_id in ((365, sites[0]), (30, sites[1]), (365, sites[2])):
        answers_of(manager, days=days, site_id=site_id)
    _what_they_said(manager, "", "")
    _what_they_said(manager, f"&site={sites[1]}", f" AND v.site_id = {sites[1]}")
    for reader in (manager, leader):
        _what_they_said(reader, "&unhappy=1", " AND EXISTS (SELECT 1 FROM follow_up f WHERE f.survey_id = v.id)")
        _follow_ups(reader)
        _check_backs(reader, "?show=all", "")
        _promises(reader, "?mine=1", f" AND t.keeper_id = {reader.person.id}")
        _exceptions(reader)
        _payouts(reader)
    _check_backs(ana, "", f" AND t.owner_id = {ana.person.id}")
    _promises(ana, "?mine=1", f" AND t.keeper_id = {ana.person.id}")
    for site_id in sites:
        _promises(manager, f"?site={site_id}", f" AND t.site_id = {site_id}")
    _queues(manager, leader, ana)
    _pools(manager)
    _own_payouts(ana)
    _owed(ada, manager)
    _certificates(ada)
    _access(ada)


def _what_the_lists_lack(leader: Reader) -> None:
    """Promises, check-backs and calls that are due, late, done and taken back, at every site; and ended certificates."""
    now, later = leader.now, leader.now + 9 * HOUR
    cases = leader.rows(
        "SELECT t.id, t.site_id, t.team_id, t.customer_id FROM case_file t WHERE t.customer_id > 0 ORDER BY t.id"
    )
    staff = {row.site_id: row.id for row in leader.rows("SELECT p.site_id, p.id FROM employee p ORDER BY p.id DESC")}
    promises, checks = [], []
    for place, row in enumerate(cases):
        keeper = 3 if row.site_id == leader.sites[0] and place % 2 else staff[row.site_id]
        due = now + (place % 7 - 5) * 5 * HOUR + timedelta(minutes=place)
        is_kept, is_back = place % 7 < 3, place % 11 == 3
        kept = due - HOUR if is_kept and place % 3 else due + HOUR if is_kept else None
        is_broken = not is_back and due < now and (kept is None or kept > due)
        promises.append({
            "case": row.id, "ref": f"MG-{row.id}", "site": row.site_id, "team": row.team_id, "who": keeper,
            "made": _as_kept(now - 30 * DAY), "due": _as_kept(due), "kept": None if is_back else _as_kept(kept),
            "broken": _as_kept(due) if is_broken else None, "back": _as_kept(now - 2 * HOUR) if is_back else None,
            "told": _as_kept(due - HOUR) if is_broken and place % 2 else None,
        })  # fmt: skip
        checks.append({
            "customer": row.customer_id, "case": row.id, "site": row.site_id, "who": keeper, "due": _as_kept(due),
            "planned": _as_kept(now - 3 * DAY), "done": _as_kept(now) if place % 5 == 0 else None,
            "note": "All well." if place % 5 == 0 else None,
        })  # fmt: skip
    db.session.remove()
    with db.engine.connect().execution_options(makegood_migration=True) as raw:
        raw.execute(text(
            "INSERT INTO promise (case_id, case_ref, site_id, team_id, keeper_id, made_at, what, told_to, due_at, kept_at, broken_at,"
            " withdrawn_at, told_at, version) VALUES (:case, :ref, :site, :team, :who, :made, 'A call.', 'Her', :due, :kept, :broken,"
            " :back, :told, 1)"), promises)  # fmt: skip
        raw.execute(text(
            "INSERT INTO check_back (customer_id, case_id, site_id, owner_id, channel, what, due_at, planned_at, done_at, note, version)"
            " VALUES (:customer, :case, :site, :who, 'phone', 'Is it warm now?', :due, :planned, :done, :note, 1)"), checks)  # fmt: skip
        raw.execute(text(
            "INSERT INTO follow_up (survey_id, case_id, site_id, team_id, opened_at, due_at, cause, action, closed_at, version) SELECT"
            " v.id, v.case_id, v.site_id, v.team_id, a.at, CASE WHEN v.id % 3 = 0 THEN :later ELSE a.at END,"
            " CASE WHEN v.id % 5 = 0 THEN 'process' END, CASE WHEN v.id % 5 = 0 THEN 'Called.' END, CASE WHEN v.id % 5 = 0 THEN a.at END,"
            " 1 FROM survey v JOIN survey_answer a ON a.survey_id = v.id JOIN case_file c ON c.id = v.case_id WHERE NOT c.historic AND"
            " (a.csat < 3 OR a.nps < 7) AND NOT EXISTS (SELECT 1 FROM follow_up f WHERE f.survey_id = v.id)"
        ).bindparams(later=_as_kept(later)))  # fmt: skip
        raw.execute(text("UPDATE certificate_grant SET expires_at = :now WHERE id % 3 = 0"), {"now": _as_kept(now)})
        raw.execute(text("UPDATE certificate_grant SET revoked_at = :now WHERE id % 7 = 1"), {"now": _as_kept(now)})
        raw.execute(text(
            "INSERT INTO access_review (quarter, employee_id, role, outcome, note, decided_by_id, at) SELECT '2026-Q4', p.id, CASE WHEN"
            " p.id % 5 = 0 THEN 'admin' ELSE p.role END, CASE WHEN p.id % 7 = 0 THEN 'revoked' ELSE 'confirmed' END,"
            " '', CASE WHEN p.id = 1 THEN 6 ELSE 1 END, :now FROM employee p WHERE p.id % 3 > 0 AND NOT EXISTS (SELECT 1 FROM"
            " access_review r WHERE r.employee_id = p.id AND r.quarter = '2026-Q4')"
        ), {"now": _as_kept(now)})  # fmt: skip
        raw.execute(text(
            "UPDATE exception_request SET state = 'approved', ended_at = :now WHERE state = 'waiting' AND id < (SELECT max(x.id) FROM"
            " exception_request x WHERE x.state = 'waiting')"
        ), {"now": _as_kept(now)})  # fmt: skip
        raw.commit()


def _as_kept(at: datetime | None) -> Any:
    return f"{at:%Y-%m-%d %H:%M:%S.%f}" if at and db.engine.dialect.name == "sqlite" else at


def _numbers(node: Node, kind: str = "MG") -> list[int]:
    return [int(one) for one in re.findall(rf"{kind}-(\d+)", node.words)]


def _lines(reader: Reader, url: str) -> list[Node]:
    """The rows of a list, on all its pages."""
    return [row for page in reader.pages(url) for row in page.by_tag("tr") if row.by_class("table__subject")]


def _lateness(reader: Reader, due_at: datetime) -> str:
    return "Late:" if due_at < reader.now else "Running:"


def _what_they_said(reader: Reader, query: str, more: str) -> None:
    """Every answer of any time, with its scores and whether the call was made."""
    rows = reader.rows(
        "SELECT v.case_id, a.csat, a.nps, f.id AS called, f.closed_at FROM survey v JOIN survey_answer a ON a.survey_id = v.id"
        f" LEFT JOIN follow_up f ON f.survey_id = v.id WHERE v.site_id IN ({{sites}}){more} ORDER BY a.id DESC"
    )  # fmt: skip
    wanted = [
        (row.case_id, f"{row.csat} of 5" if row.csat else "–", "–" if row.nps is None else f"{row.nps} of 10",
         "" if not row.called else "Followed up" if row.closed_at else "Waits for a call")
        for row in rows
    ]  # fmt: skip
    found = []
    for line in _lines(reader, f"/feedback?days=30{query}"):
        cells = line.by_tag("td")
        chip = [one.words for one in cells[4].by_class("chip")]
        found.append(
            (
                _numbers(cells[0])[0],
                cells[1].words,
                cells[2].words,
                chip[0].partition(": ")[2] or chip[0] if chip else "",
            )
        )
    assert found == wanted and len(wanted) > 5, query


def _dues(reader: Reader, url: str, number: int = 1) -> list[tuple[int, str]]:
    """Which case each line is about, and whether it is late."""
    return [
        (_numbers(line.by_tag("td")[number])[0], line.by_tag("td")[0].words.split()[0]) for line in _lines(reader, url)
    ]


def _follow_ups(reader: Reader) -> None:
    rows = reader.rows(
        f"SELECT t.case_id, t.due_at FROM follow_up t WHERE {HERE} AND t.closed_at IS NULL ORDER BY t.due_at, t.id"
    )
    wanted = [(row.case_id, _lateness(reader, instant(row.due_at))) for row in rows]
    assert _dues(reader, "/follow-ups") == wanted and len({said for _, said in wanted}) == 2


def _check_backs(reader: Reader, query: str, more: str) -> None:
    rows = reader.rows(
        f"SELECT t.case_id, t.due_at FROM check_back t WHERE {HERE} AND t.done_at IS NULL{more} ORDER BY t.due_at, t.id"
    )
    wanted = [(row.case_id, _lateness(reader, instant(row.due_at))) for row in rows]
    assert _dues(reader, f"/check-backs{query}") == wanted and len({said for _, said in wanted}) == 2


def _promises(reader: Reader, query: str, more: str) -> None:
    rows = reader.rows(
        "SELECT t.case_id, t.due_at, t.kept_at, t.told_at FROM promise t WHERE "
        f"{HERE} AND t.withdrawn_at IS NULL{more} ORDER BY t.due_at, t.id"
    )
    wanted = [(row.case_id, _lateness(reader, instant(row.due_at))) for row in rows if not row.kept_at]
    assert _dues(reader, f"/promises{query}") == wanted, query
    due = [row for row in rows if reader.now - 90 * DAY <= instant(row.due_at) <= reader.now]
    kept = [row for row in due if row.kept_at and instant(row.kept_at) <= instant(row.due_at)]
    missed = [row for row in due if row not in kept]
    told = sum(bool(row.told_at) and instant(row.told_at) <= instant(row.due_at) for row in missed)
    words = reader.get(f"/promises{query}").under("kept").words
    if len(due) < 10:
        assert "%" not in words and "were missed" not in words
        return
    _, value, low, high = wilson(len(kept), len(due))
    assert (
        f"{percent(value)} kept {len(kept)} of {len(due)}, likely between {percent(low)} and {percent(high)}" in words
    )
    said = f"Of {len(missed)} that were missed, {told} customers heard it before."
    assert (said in words) == (len(missed) >= 10), words


def _exceptions(reader: Reader) -> None:
    """Each tab whole, and how long an answer takes, in the sentence above them."""
    rows = reader.rows(
        f"SELECT t.id, t.case_id, t.state, t.due_at, t.asked_at, t.ended_at, t.requested_by_id FROM exception_request t WHERE {HERE}"
    )
    tabs = {
        "waiting": sorted((row for row in rows if row.state == "waiting"), key=lambda row: (instant(row.due_at), row.id)),
        "decided": sorted((row for row in rows if row.state != "waiting"), key=lambda row: -row.id),
        "asked": sorted((row for row in rows if row.requested_by_id == reader.person.id), key=lambda row: -row.id),
    }  # fmt: skip
    starts = {"approved": "Approved", "declined": "Declined", "withdrawn": "Taken back", "expired": "Expired"}
    for tab, wanted in tabs.items():
        found = [
            line
            for page in reader.pages(f"/exceptions?tab={tab}")
            for line in page.by_tag("li")
            if "data-row" in line.attributes
        ]
        assert [_numbers(line.by_tag("p")[0])[0] for line in found] == [row.case_id for row in wanted], tab
        for line, row in zip(found, wanted, strict=True):
            late = _lateness(reader, instant(row.due_at))
            assert starts.get(row.state, late) in line.by_class("chip")[0].words, (tab, row.id)
    took = [
        int((instant(row.ended_at) - instant(row.asked_at)).total_seconds()) for row in rows
        if row.state in ("approved", "declined") and instant(row.asked_at) >= reader.now - 90 * DAY
    ]  # fmt: skip
    half, most = (time_words(at_rank(took, Fraction(part, 10))) for part in (5, 9))
    lead = reader.get("/exceptions").under("main").words
    assert f"takes {half} for half of them, {most} for nine of ten ({len(took)} answers in 90 days)" in lead, lead[:400]


def _payouts(reader: Reader) -> None:
    rows = reader.rows(
        f"SELECT t.id, t.case_id, t.state, t.amount_minor, t.currency FROM payout t WHERE {HERE} ORDER BY t.id DESC"
    )
    for tab, states in TABS.items():
        wanted = [
            (row.case_id, PAYOUT_WORDS[row.state], money(row.amount_minor, row.currency))
            for row in rows
            if row.state in states
        ]
        found = []
        for line in _lines(reader, f"/payouts?show={tab}"):
            what, state, amount = line.by_tag("td")[:3]
            found.append((_numbers(what)[0], state.by_class("chip")[0].words, amount.words))
        assert [(number, said.partition(": ")[2] or said, worth) for number, said, worth in found] == wanted, tab
    failed = sum(row.state == "failed" for row in rows)
    chip = reader.get("/payouts/waiting").words
    assert chip == (f"{failed} payout{'s' * (failed > 1)} failed" if failed else "")


def _own_payouts(reader: Reader) -> None:
    count = reader.count(
        "payout t JOIN remedy r ON r.id = t.remedy_id WHERE t.site_id IN ({sites}) AND t.state IN ('pending', 'failed') AND"
        f" r.employee_id = {reader.person.id}"
    )  # fmt: skip
    assert reader.get("/payouts/waiting").words == f"{count} to pay out" and count
    assert len(_lines(reader, "/payouts?show=mine")) == count


def _queues(manager: Reader, leader: Reader, ana: Reader) -> None:
    """Each view and filter of the queue: the number above it, the cases in it, what is late of them and whose turn it is."""
    (kind,) = leader.rows(
        "SELECT t.category_id FROM case_file t WHERE t.resolved_at IS NULL ORDER BY t.category_id LIMIT 1"
    )[0]
    site = manager.sites[1]
    for reader, views in ((manager, VIEWS.keys() - {"team"}), (leader, VIEWS.keys()), (ana, VIEWS.keys())):
        for view in sorted(views):
            _queue(reader, view, "", "")
    for query, more in (
        (f"&category={kind}", f"t.category_id = {kind}"), ("&severity=2", "t.severity = 2"), ("&state=waiting", "t.state = 'waiting'"),
        (f"&site={site}", f"t.site_id = {site}"), (f"&site={site}&severity=3", f"t.site_id = {site} AND t.severity = 3"),
    ):  # fmt: skip
        _queue(manager, "all", query, f" AND {more}")
    _queue(manager, "late", f"&site={site}", f" AND t.site_id = {site}")


def _queue(reader: Reader, view: str, query: str, more: str) -> None:
    rows = reader.rows(
        "SELECT t.id, t.given_minor, s.currency, (SELECT min(c.due_at) FROM clock c WHERE c.case_id = t.id AND c.stopped_at IS NULL"
        f" AND c.cancelled_at IS NULL) AS due_at FROM case_file t JOIN site s ON s.id = t.site_id WHERE {HERE} AND {VIEWS[view]}{more}"
    )  # fmt: skip
    late = {row.id for row in rows if row.due_at and instant(row.due_at) < reader.now and view != "resolved"}
    wanted = {row.id: money(row.given_minor, row.currency) for row in rows if view != "late" or row.id in late}
    pages = reader.pages(f"/cases?view={view}{query}")
    said = pages[0].under("main").words
    assert f"{len(wanted)} here, " in said, (view, query, len(wanted), said[:200])
    lines = [row for page in pages for row in page.by_tag("tr") if row.by_tag("td")]
    found = {_numbers(line.by_tag("td")[1])[0]: line for line in lines}
    assert len(lines) == len(found)
    assert {number: line.by_tag("td")[-1].words for number, line in found.items()} == wanted, (view, query)
    shown = {number for number, line in found.items() if line.by_tag("td")[0].words.startswith("Late:")}
    assert shown == late & set(wanted), (view, query)


def _owed(ada: Reader, manager: Reader) -> None:
    """Each rule of what is owed, and what it comes to in the cases it is about: at the day's rate, rounded up, and what is left."""
    rules = ada.rows("SELECT * FROM entitlement ORDER BY code")
    shown, met = ada.get("/entitlements").rows, Counter[str]()
    assert [row[0].startswith(rule.name) for row, rule in zip(shown, rules, strict=True)] == [True] * len(rules)
    for row, rule in zip(shown, rules, strict=True):
        formula = parsed(rule.formula)
        assert row[2] == (
            f"{formula['percent']} %"
            if formula["type"] == "loss"
            else f"{formula['minor'] / 100:.2f} {formula['currency']}"
        )
        assert f"from severity {rule.severity_min}" in row[1]
        cases = manager.rows(
            "SELECT t.id, t.loss_minor, s.currency, (SELECT coalesce(sum(r.amount_minor), 0) FROM remedy r JOIN redress_remedy d ON"
            f" d.remedy_id = r.id WHERE d.entitlement_id = {rule.id} AND r.case_id = t.id AND r.state IN ('reserved', 'settled')) AS given"
            f" FROM case_file t JOIN site s ON s.id = t.site_id JOIN entitlement e ON e.id = {rule.id} WHERE t.severity >= e.severity_min"
            " AND (e.category_id IS NULL OR t.category_id = e.category_id) AND (e.country IS NULL OR s.country = e.country) AND"
            " (e.attribution IS NULL OR t.attribution = e.attribution) AND t.occurred_at >= e.valid_from"
            " ORDER BY t.resolved_at IS NULL, t.id"
        )  # fmt: skip
        for case in (*cases[:2], *cases[-2:]):
            due = _owed_minor(manager, formula, case)
            left = None if due is None else max(0, due - int(case.given))
            said = manager.get(f"/cases/MG-{case.id}").under("owed").words
            chip = "Not known yet" if left is None else "To be given" if left else "Given"
            assert chip in said and (due is None or f"{rule.name} {money(due, case.currency)}" in said), (
                case.id,
                due,
                said,
            )
            met[chip] += 1
    assert met["To be given"] and met["Given"], met


def _owed_minor(reader: Reader, formula: dict[str, Any], case: Any) -> int | None:
    if formula["type"] == "loss":
        return None if case.loss_minor is None else ceil(Fraction(case.loss_minor * formula["percent"], 100))
    rates = {"EUR": Fraction(1)}
    for row in reader.rows(
        f"SELECT f.currency, f.millionths FROM fx_rate f WHERE f.on_day <= '{reader.now:%Y-%m-%d}' ORDER BY f.on_day"
    ):
        rates[row.currency] = Fraction(row.millionths, 1_000_000)
    yen = 100 if case.currency == "JPY" else 1
    return ceil(formula["minor"] * rates[case.currency] / rates[formula["currency"]] / yen)


def _pools(reader: Reader) -> None:
    """What each team's pool of the month still holds, at every site, and whose it is: its site once, then the team."""
    rows = reader.rows(
        "SELECT s.name AS site, m.name, t.currency, t.ceiling_minor + t.approved_minor AS top, (SELECT coalesce(sum(e.amount_minor), 0)"
        " FROM ledger_entry e WHERE e.purse_id = t.id AND e.bucket IN ('settled', 'reserved')) AS used FROM purse t JOIN team m ON m.id ="
        f" t.team_id JOIN site s ON s.id = t.site_id WHERE {HERE} AND t.unit = 'team_month' AND t.period = '{reader.now:%Y-%m}'"
    )  # fmt: skip
    lines = [one.words for one in reader.get("/insights/today?period=365d").under("purses").by_class("window")]
    assert len(lines) == len(rows) > 2
    for row in rows:
        called, left = f"{row.site}, {row.name} ", f"{money(row.top - int(row.used), row.currency)} left"
        assert any(line.startswith(called) and left in line for line in lines), (called, left, lines)


def _certificates(reader: Reader) -> None:
    """How many hold each certificate now, and of each of them what their own page says."""
    grants = reader.rows(
        "SELECT k.code, k.name, g.employee_id, g.expires_at, g.revoked_at FROM certificate k JOIN certificate_grant g ON"
        " g.certificate_id = k.id ORDER BY g.id"
    )  # fmt: skip
    holds = [row for row in grants if instant(row.expires_at) > reader.now and not row.revoked_at]
    counts = Counter(code for code, _who in {(row.code, row.employee_id) for row in holds})
    shown = {row[1]: row[3] for row in reader.get("/certificates").rows}
    assert shown == {row.code: f"{counts[row.code]}" for row in reader.rows("SELECT code FROM certificate")}
    assert 0 < len(holds) < len(grants)
    for row in grants[:4]:
        words = reader.get(f"/people/EM-{row.employee_id}").under("certificates").words
        assert ("Level" in words, "Revoked" in words, "Ended" in words) == (
            row in holds, bool(row.revoked_at), not row.revoked_at and row not in holds,
        ), (row, words)  # fmt: skip


def _access(reader: Reader) -> None:
    """How far the quarter's review is, who was gone through, and how many tokens each of them has."""
    quarter = f"{reader.now.year}-Q{(reader.now.month + 2) // 3}"
    rows = reader.rows(
        "SELECT p.id, p.role, p.deactivated_at, r.outcome, r.role AS role_then, (SELECT count(*) FROM api_token k WHERE"
        " k.employee_id = p.id AND k.revoked_at IS NULL AND k.expires_at > :now) AS tokens FROM employee p LEFT JOIN access_review"
        f" r ON r.employee_id = p.id AND r.quarter = '{quarter}' WHERE p.deactivated_at IS NULL OR r.id IS NOT NULL ORDER BY p.id"
    )  # fmt: skip
    here = [row for row in rows if not row.deactivated_at]
    done = sum(row.outcome == "confirmed" and row.role_then == row.role for row in here)
    pages = reader.pages("/access-review")
    assert f"{done} of {len(here)} are confirmed as they are now." in pages[0].words
    lines = [line for page in pages for line in page.by_tag("tr") if line.by_tag("td")]
    assert [line.by_tag("td")[3].words for line in lines] == [str(row.tokens) for row in rows]
    assert 0 < done < len(here)
