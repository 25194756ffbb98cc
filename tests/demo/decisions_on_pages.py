"""What was decided, given and tried, as pages and the API say it, set against SQL of another hand, from the definitions in docs/."""

from collections import defaultdict
from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction
from math import comb
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from app.insights.queries import Part
from tests.api.client import Api
from tests.demo.busy_day import TRIED
from tests.demo.readers import HERE, TOO_FEW, Reader, money, percent, share, time_words
from tests.insights import figure_oracles as oracles
from tests.insights.figure_oracles import at_rank, instant, parsed, wilson

DAYS = timedelta(days=90)
STEPS = (10, 15, 20, 30, 50, 75)  # of bands: 1 · 1.5 · 2 · 3 · 5 · 7.5 · 10 …


_LIMITS = {
    ("incident", None): "per incident", ("customer_days", 30): "per customer in 30 days", ("remedy", None): "per remedy",
    ("customer_day", None): "per customer and day",
}  # fmt: skip


def lately(reader: Reader) -> Part:
    return Part(reader.sites, None, reader.now - DAYS, reader.now)


def at_work(reader: Reader) -> Part:
    """Where they work, of all the places that they see."""
    return replace(reader.part, site_ids=(reader.person.site_id,))


def half_bounds(values: list[int]) -> tuple[int, int]:
    """The order statistics around the median that hold it in at least 95 of 100 samples, half of the rest in each tail."""
    n, tail = len(values), Fraction(1, 40)
    below = [Fraction(sum(comb(n, hits) for hits in range(rank + 1)), 2**n) for rank in range(n)]
    low = max(rank for rank in range(1, n) if below[rank - 1] <= tail)
    return sorted(values)[low - 1], sorted(values)[n - low]


def appeals_page(reader: Reader) -> None:
    """Refusals that came back, what customers waited for answers, and offers after waiting against those at once."""
    page, part = reader.get("/metrics/appeals"), lately(reader)
    (n, *rest) = oracles.FIGURES["overturn"](part, reader.now)["all"]
    boxes = page.boxes
    assert boxes["Refused, appealed, then granted"] == share(round(rest[0] * n) if n >= 10 else 0, n)
    took = [
        int((instant(row.ended_at) - instant(row.asked_at)).total_seconds())
        for row in reader.rows(
            f"SELECT t.asked_at, t.ended_at FROM exception_request t WHERE {HERE} AND t.state IN ('approved', 'declined')"
            " AND t.ended_at >= :since", part=part,
        )
    ]  # fmt: skip
    if len(took) < 10:
        assert boxes["Customers waited for answers"][0] == TOO_FEW
    else:
        low, high = half_bounds(took)
        said = f"95 % between {time_words(low)} and {time_words(high)}, {len(took)} answers"
        assert boxes["Customers waited for answers"] == (time_words(sum(took)), said)
    offers = reader.rows(
        "SELECT t.kind, t.currency, t.amount_minor, t.state, t.exception_id FROM remedy t LEFT JOIN exception_request x ON x.id"
        f" = t.exception_id WHERE {HERE} AND t.created_at >= :since AND t.nature = 'goodwill' AND NOT t.historic AND t.state IN"
        " ('settled', 'reversed', 'declined', 'released', 'expired', 'withdrawn') AND (x.id IS NULL OR x.state = 'approved')",
        part=part,
    )  # fmt: skip
    waited, others, value, below, above = oracles.mantel(
        ((row.kind, row.currency, sum(row.amount_minor > edge for edge in oracles.EDGES)), row.exception_id is not None,
         row.state in ("settled", "reversed")) for row in offers
    )  # fmt: skip
    of = f"{waited} who waited, {others} who did not"
    wanted = (TOO_FEW, f"{of}: too few to say")
    if value is not None:
        wanted = (percent(value), f"{of}; 95 % between {percent(below)} and {percent(above)}")
    assert boxes["Offers taken, after waiting against at once"] == wanted
    granted = reader.rows(
        "SELECT t.case_id, d.amount_minor, t.currency FROM exception_credit c JOIN exception_request t ON t.id = c.exception_id"
        f" JOIN exception_decision d ON d.exception_id = t.id WHERE {HERE} AND c.at >= :since ORDER BY c.at DESC, t.id DESC LIMIT 20",
        part=part,
    )  # fmt: skip
    shown = [(row[0].split()[0], row[1]) for row in page.rows]
    assert shown == [(f"MG-{row.case_id}", money(row.amount_minor, row.currency)) for row in granted]


def own_mirror(reader: Reader) -> None:
    """What somebody decided themselves, on their own page and first on the page of appeals."""
    votes = reader.rows(
        "SELECT v.outcome, v.amount_minor, v.reason, v.at, s.opened_at, x.amount_minor AS asked FROM exception_vote v"
        " JOIN exception_request x ON x.id = v.exception_id JOIN exception_step s ON s.exception_id = x.id AND s.round ="
        " v.round AND s.number = v.number WHERE v.decided_by_id = {me} AND v.at >= :since", part=lately(reader),
    )  # fmt: skip
    took = [int((instant(row.at) - instant(row.opened_at)).total_seconds()) for row in votes]
    quick = [
        row.outcome == "approved" and row.amount_minor == row.asked and row.reason == "" and seconds <= 20
        for row, seconds in zip(votes, took, strict=True)
    ]
    boxes, n = reader.get("/metrics/my-decisions").boxes, len(votes)
    assert boxes["Granted at once, without a word"] == share(sum(quick), n)
    assert boxes["Refused by the rules, then granted"] == share(sum(row.outcome == "approved" for row in votes), n)
    said = f"{n} decision{'s' * (n != 1)}"
    assert boxes["Half decided within"] == (time_words(at_rank(took, Fraction(1, 2))), said)
    assert boxes["Nine of ten decided within"] == (time_words(at_rank(took, Fraction(9, 10))), said)
    assert boxes["Customers waited in all"][0] == time_words(sum(took) if n >= 10 else None)
    first = reader.get("/metrics/appeals").boxes
    assert first["Half decided within"][0] == time_words(at_rank(took, Fraction(1, 2)))
    assert first["Customers waited for you"][0] == time_words(sum(took) if n >= 10 else None)


def growing_authority(reader: Reader) -> int:
    """Bands of decided requests; returns how many have ten behind them."""
    kinds = dict(map(tuple, reader.rows("SELECT code, name FROM remedy_kind")))
    categories = dict(map(tuple, reader.rows("SELECT id, name FROM category")))
    bands: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for row in reader.rows(
        "SELECT t.over, t.asked_at, t.amount_minor AS asked, t.currency, d.at, d.amount_minor AS granted, r.decision FROM"
        " exception_request t JOIN exception_decision d ON d.exception_id = t.id JOIN remedy r ON r.id = t.remedy_id"
        f" WHERE {HERE} AND t.ended_at > :since AND t.state IN ('approved', 'declined')"
    ):  # fmt: skip
        over = [one for one in parsed(row.over) if one["unit"] != "customer_cause"]
        if not over or any(
            one.get("measure", "amount") != "amount" or one["currency"] != row.currency or "month" in one["unit"]
            for one in over
        ):
            continue
        asked, needed = parsed(row.decision)["asked"], max(one["limit"] + one["over"] for one in over)
        whole = 1 if row.currency == "JPY" else 100  # a band ends at whole units of its currency
        edges = [step * 10**power // 10 * whole for power in range(9) for step in STEPS if step * 10**power % 10 == 0]
        low, high = (
            max((edge for edge in edges if edge < needed), default=0),
            min(edge for edge in edges if edge >= needed),
        )
        what = f"{kinds[asked['kind']]}, {categories[asked['category_id']]}"
        amounts = f"over {money(low, row.currency)} to {money(high, row.currency)}"
        windows = {(one["unit"], one["days"]) for one in over}
        bands[what, amounts].append((row, windows, row.granted is not None and row.granted >= row.asked))
    wanted = {}
    for key, members in bands.items():
        n, full = len(members), [row for row, _, is_full in members if is_full]
        if n < 10:
            wanted[key] = ("", f"{n}, too few", "–", "–")
            continue
        _, _, low_share, high_share = wilson(len(full), n)
        waited = sum(int((instant(row.at) - instant(row.asked_at)).total_seconds()) for row in full)
        units = {unit for _, windows, is_full in members if is_full for unit in windows}
        wanted[key] = (
            ", ".join(_LIMITS[unit] for unit in sorted(units, key=str)),
            f"{len(full)} of {n} {percent(low_share)}–{percent(high_share)}", time_words(waited),
            money(sum(row.granted for row in full), full[0].currency),
        )  # fmt: skip
    page = reader.get("/authority-proposals")
    shown = {}
    for row in page.rows:
        what, _, per = row[0].partition(" Frontline")
        shown[what, row[1]] = (per.removeprefix("; "), *row[2:5])
    assert len(wanted) <= 25 and shown == wanted and wanted, (shown, wanted)
    return sum(figures[-1] != "–" for figures in wanted.values())


def bands_of_amounts(reader: Reader) -> int:
    """Decided without an approver, and granted in full, by kind, currency and band; returns how many bands say a share."""
    kinds, said = dict(map(tuple, reader.rows("SELECT code, name FROM remedy_kind"))), 0
    for name, hit, rows in (
        ("autonomy", "t.exception_id IS NULL", f"FROM remedy t WHERE {HERE} AND t.created_at >= :since AND t.created_at < :until"
         " AND t.nature = 'goodwill' AND NOT t.historic AND t.amount_minor > 0 AND t.state NOT IN ('requested', 'withdrawn')"),
        ("rubber-stamp", "d.outcome = 'approved' AND d.amount_minor >= t.amount_minor", "FROM exception_request t JOIN"
         f" exception_decision d ON d.exception_id = t.id WHERE {HERE} AND t.ended_at >= :since AND t.ended_at < :until AND"
         " t.state IN ('approved', 'declined')"),
    ):  # fmt: skip
        found: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for kind, currency, minor, k in reader.rows(
            f"SELECT t.kind, t.currency, t.amount_minor, CASE WHEN {hit} THEN 1 ELSE 0 END {rows}"
        ):
            low = max((edge + 1 for edge in oracles.EDGES if minor > edge), default=0)
            high = min((edge for edge in oracles.EDGES if minor <= edge), default=None)
            ends = f" to {money(high, currency)}" if high else " or more"
            one = found[f"{kinds[kind]}, {money(low, currency)}{ends}"]
            one[0], one[1] = one[0] + k, one[1] + 1
        page = reader.get(f"/insights/measures/{name}?period=365d").under("figure")
        shown = {tuple(row) for row in page.rows if row[0].split(", ")[0] in kinds.values()}
        wanted = set()
        for called, (k, n) in found.items():
            figure, note = share(k, n)
            wanted.add((f"{called} {note}", figure) if n >= 10 else (f"{called} {n} counted: too few to say", "–"))
            said += n >= 10
        assert shown == wanted, (name, shown, wanted)
    return said


def spent_ahead(reader: Reader) -> int:
    """Pools of this month of which half is gone, and more than of the month, by their entries; returns how many."""
    zones = dict(map(tuple, reader.rows("SELECT id, time_zone FROM site")))
    wanted = []
    for row in reader.rows(
        "SELECT t.id, t.unit, t.site_id, t.team_id, t.period, t.currency, t.ceiling_minor, t.approved_minor, (SELECT"
        " coalesce(sum(e.amount_minor), 0) FROM ledger_entry e WHERE e.purse_id = t.id AND e.bucket IN ('settled', 'reserved'))"
        f" AS used FROM purse t WHERE {HERE} AND t.unit IN ('team_month', 'site_month') AND t.currency <> 'XXX'"
    ):  # fmt: skip
        local = reader.now.astimezone(ZoneInfo(zones[row.site_id]))
        first = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        gone = (reader.now - first) / ((first + timedelta(days=40)).replace(day=1) - first)
        used = int(row.used) - row.approved_minor
        if row.period == f"{local:%Y-%m}" and used * 2 >= row.ceiling_minor and used > gone * row.ceiling_minor:
            wanted.append((row, used, gone, first))
    cards = {
        " ".join(one.words for one in card.by_tag("p")): card.rows
        for card in reader.get("/spend-alarms").by_class("card")
        if card.rows
    }
    for row, used, gone, first in wanted:
        limit = money(row.ceiling_minor, row.currency)
        said = f"{money(used, row.currency)} of {limit} are given or held; {percent(gone)} of the month have gone by."
        (rows,) = [rows for text, rows in cards.items() if said in text]
        assert [_band(one) for one in rows] == _went_to(reader, row, first)[:3]
    assert len(cards) == len(wanted)
    return len(wanted)


def _band(cells: list[str]) -> tuple[str, str, str, str]:
    what, count, amount, limit = cells
    return what, count, amount, limit.split(":")[0].removesuffix(" Draft and try it")


def _went_to(reader: Reader, purse: Any, first: datetime) -> list[tuple[str, str, str, str]]:
    """What alike gifts of the month took; three of four of ten or more stay within the limit that is named."""
    kinds = dict(map(tuple, reader.rows("SELECT code, name FROM remedy_kind")))
    categories = dict(map(tuple, reader.rows("SELECT id, name FROM category")))
    groups: dict[Any, list[int]] = defaultdict(list)
    part = Part((purse.site_id,), None, first, reader.now)
    team = f" AND t.team_id = {purse.team_id}" if purse.team_id else ""
    for row in reader.rows(
        f"SELECT t.kind, t.currency, t.amount_minor, t.decision FROM remedy t WHERE {HERE}{team} AND t.created_at >= :since AND"
        " t.nature = 'goodwill' AND t.state IN ('reserved', 'settled') AND t.amount_minor > 0 AND NOT t.historic AND t.decision"
        " IS NOT NULL", part=part,
    ):  # fmt: skip
        asked = parsed(row.decision)["asked"]
        groups[row.kind, asked["category_id"], asked["role"], row.currency].append(row.amount_minor)
    whole: dict[str, int] = defaultdict(int)
    for key, amounts in groups.items():
        whole[key[3]] += sum(amounts)
    order = sorted(groups, key=lambda key: (-Fraction(sum(groups[key]), whole[key[3]]), ":".join(map(str, key))))
    found = []
    for key in order:
        amounts, currency = groups[key], key[3]
        limit = min(one for one in amounts if sum(other <= one for other in amounts) * 4 >= 3 * len(amounts))
        said = money(limit, currency) if len(amounts) >= 10 else "too few to say one"
        together = f"{money(sum(amounts), currency)} {percent(sum(amounts) / whole[currency])}"
        what = f"{kinds[key[0]]}, {categories[key[1]]} {key[2].capitalize()}"
        found.append((what, f"{len(amounts)}", together, said))
    return found


def in_the_shadow(reader: Reader, draft: int) -> None:
    """Every run by its kept answers; of the one with one limit for a gift, each answer by the amount alone."""
    runs = reader.rows(
        f"SELECT u.id, u.version_id, count(t.id) AS asked, sum(CASE WHEN a.live <> a.shadow THEN 1 ELSE 0 END) AS other FROM"
        f" shadow_run u LEFT JOIN shadow_answer a ON a.run_id = u.id LEFT JOIN remedy t ON t.id = a.remedy_id AND {HERE}"
        " GROUP BY u.id, u.version_id ORDER BY u.id DESC"
    )  # fmt: skip
    rows = [row[3:] for row in reader.get("/shadow-runs").rows]
    assert rows == [[f"{row.asked}", f"{int(row.other)}" if row.asked >= 10 else TOO_FEW] for row in runs]
    for row in runs:
        boxes, n, k = (
            reader.get(f"/policies/PO-{row.version_id}/shadow").boxes,
            row.asked,
            row.asked - int(row.other or 0),
        )
        assert boxes["Questions answered"][0] == f"{n}"
        figure, note = share(k, n)
        assert boxes["Answered alike"] == (figure, note if n >= 10 else f"{n}, too few")
        assert boxes["Would have differed"][0] == (f"{n - k}" if n >= 10 else TOO_FEW)
    answers = reader.rows(
        "SELECT a.shadow, t.amount_minor, t.currency, t.decision FROM shadow_answer a JOIN shadow_run u ON u.id = a.run_id JOIN"
        f" remedy t ON t.id = a.remedy_id WHERE u.version_id = {draft}"
    )  # fmt: skip
    assert all(row.shadow == _tried(row) for row in answers) and (not draft or len(answers) > 30)


def _minor(decision: Any) -> tuple[int, str]:
    said = decision["asked"]["amount"]
    return int(Fraction(said["amount"]) * (1 if said["currency"] == "JPY" else 100)), said["currency"]


def _tried(row: Any) -> str:
    minor, currency = _minor(parsed(row.decision))
    return "allowed" if minor <= TRIED[currency] else "needs_approval"


def on_the_past(reader: Reader, draft: int) -> None:
    """The draft that says only how much a single gift may be: who would have had to ask, and what that costs."""
    first, last = reader.now - timedelta(days=20), reader.now
    local = [one.astimezone(ZoneInfo("America/New_York")).date() for one in (first, last)]
    rows = reader.rows(
        "SELECT t.id, t.case_id, t.customer_id, t.amount_minor, t.currency, t.decision, t.exception_id, x.asked_at, d.at,"
        " d.amount_minor AS granted, (SELECT l.kind FROM hold h JOIN ledger_transfer l ON l.hold_id = h.id WHERE h.remedy_id ="
        " t.id AND l.kind <> 'reserve' ORDER BY l.id DESC LIMIT 1) AS ended, (SELECT l.amount_minor FROM hold h JOIN"
        " ledger_transfer l ON l.hold_id = h.id WHERE h.remedy_id = t.id AND l.kind <> 'reserve' ORDER BY l.id DESC LIMIT 1) AS"
        f" took FROM remedy t LEFT JOIN exception_request x ON x.id = t.exception_id LEFT JOIN exception_decision d ON"
        f" d.exception_id = x.id WHERE {HERE} AND t.nature = 'goodwill' AND NOT t.historic AND t.decision IS NOT NULL"
    )  # fmt: skip
    answers = [(row, parsed(row.decision)) for row in rows]
    answers = [(row, said) for row, said in answers if said["asked"]["is_monetary"] or said["windows"]]
    counts = {"allowed": 0, "needs_approval": 0}
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    freed, restrained = [], 0
    changed, waits = set(), []
    for row, said in answers:
        now = _tried(row) if said["asked"]["is_monetary"] else "allowed"
        minor, currency = _minor(said)
        counts[now] += 1
        held = (minor if row.exception_id is None else row.granted or 0) if minor else 0
        gave = held if row.ended is None else row.took if row.ended == "settle" else 0
        sums[currency][0] += gave if held else 0
        takes_all = now == "allowed" and row.exception_id is not None and gave >= held
        sums[currency][1] += minor if takes_all else gave if held else 0
        waited = int((instant(row.at) - instant(row.asked_at)).total_seconds()) if row.at is not None else None
        waits += [] if waited is None else [waited]
        if now != said["outcome"]:
            changed.add(row.case_id)
            freed += [waited] if now == "allowed" else []
            restrained += now != "allowed"
    page = reader.get(f"/policies/PO-{draft}/simulation?from={local[0]}&to={local[1]}&against=then")
    n, before = len(answers), sum(said["outcome"] == "needs_approval" for _, said in answers)
    assert page.boxes["Answered at once"] == (percent(counts["allowed"] / n), f"{counts['allowed']} of {n}")
    gap = counts["needs_approval"] - before
    note = f"{before} before, {counts['needs_approval']} under the draft"
    assert page.boxes["Exceptions, more or fewer"] == (f"{gap:+d}".replace("-", "−") if gap else "0", note)
    words = page.under("main").words
    assert f"{len(freed) + restrained} of {n} answers differ" in words and f"{n} of {n} answers come out" in words
    parts = {row[0]: row[1:] for row in page.under("answers").rows}
    assert parts["Under the draft"][:3] == [f"{counts['allowed']}", f"{counts['needs_approval']}", "0"]
    shown = {row[0]: [row[1], row[3]] for row in page.under("money").rows}
    assert shown == {code: [money(was, code), money(would, code)] for code, (was, would) in sums.items()}
    assert f"{len(changed)} cases" in page.under("affected").words
    assert len(waits) >= 10 and len(freed) > 2 and restrained > 2, "both ways, and waits to measure by"
    net = sum(int(median(waits)) if one is None else one for one in freed) - restrained * int(median(waits))
    sign = "−" if net < 0 else ""
    assert page.boxes["Waiting that customers are spared"][0] == f"{sign}{time_words(abs(net))}"


def read_by_programs(app: Flask, reader: Reader) -> None:
    """Purses by their entries, requests by what was asked and granted, and what an exception takes here."""
    api = Api(app, reader.person)
    wanted = {
        f"PU-{row.id}": [money(minor, row.currency) for minor in (row.top, row.held, row.settled, row.top - row.held - row.settled)]
        for row in reader.rows(
            "SELECT t.id, t.currency, t.ceiling_minor + t.approved_minor AS top, CAST((SELECT coalesce(sum(e.amount_minor), 0)"
            " FROM ledger_entry e WHERE e.purse_id = t.id AND e.bucket = 'settled') AS bigint) AS settled, CAST((SELECT"
            " coalesce(sum(e.amount_minor), 0) FROM ledger_entry e WHERE e.purse_id = t.id AND e.bucket = 'reserved') AS bigint)"
            f" AS held FROM purse t WHERE {HERE} AND t.unit IN ('employee_month', 'team_month', 'site_month')"
        )
    }  # fmt: skip
    shown, cursor = {}, None
    while True:
        body = api.get("/purses", limit=50, **({"cursor": cursor} if cursor else {})).get_json()
        for one in body["items"]:
            shown[one["ref"]] = [_money(one[part]) for part in ("limit", "reserved", "settled", "headroom")]
        cursor = body["next"]
        if not cursor:
            break
    assert shown == wanted and wanted
    case = reader.rows(f"SELECT max(t.id) AS id FROM case_file t WHERE {HERE}", part=at_work(reader))[0].id
    question = {"case": f"MG-{case}", "kind": "credit", "amount": {"amount": "900.00", "currency": "USD"}}
    wait = api.post("/decisions", question).get_json()["wait"]
    took = [
        int((instant(row.ended_at) - instant(row.asked_at)).total_seconds())
        for row in reader.rows(
            f"SELECT t.asked_at, t.ended_at FROM exception_request t WHERE {HERE} AND t.state IN ('approved', 'declined')"
            " AND t.asked_at >= :since", part=replace(at_work(reader), since=reader.now - DAYS),
        )
    ]  # fmt: skip
    assert (wait["n"], wait["p50_seconds"], wait["p90_seconds"]) == (
        len(took), at_rank(took, Fraction(1, 2)), at_rank(took, Fraction(9, 10)),
    )  # fmt: skip
    requests = {
        f"EX-{row.id}": (money(row.amount_minor, row.currency), money(row.granted, row.currency) if row.granted is not None else None)
        for row in reader.rows(
            "SELECT t.id, t.amount_minor, t.currency, d.amount_minor AS granted FROM exception_request t LEFT JOIN"
            f" exception_decision d ON d.exception_id = t.id WHERE {HERE}"
        )
    }  # fmt: skip
    for one in api.get("/exceptions", tab="decided", limit=50).get_json()["items"]:
        granted = _money(one["granted"]) if one["granted"] else None
        assert (_money(one["amount"]), granted) == requests[one["ref"]], one["ref"]


def what_recovery_returns(app: Flask, reader: Reader) -> int:
    """By currency, also where there is nobody to compare with; returns how many have a figure."""
    known = oracles.FIGURES["recovery-return"](reader.part, reader.now)
    given = Api(app, reader.person).get("/metrics/recovery-return", period="365d").get_json()["figures"]
    words = reader.get("/insights/measures/recovery-return?period=365d").under("main").words
    assert {one["key"] for one in given} == set(known) >= {"USD", "JPY"}
    for one in given:
        n, value, *bounds = known[one["key"]]
        assert (one["n"], one["value"]) == (n, value if value is None else pytest.approx(value, rel=1e-6))
        assert (one["low"], one["high"]) == (pytest.approx(tuple(bounds)) if bounds else (None, None))
        said = f"{one['key']} {n} against {one['rest_n']}"
        bounded = "".join(
            f" {join} {round(bound, 2):.0%}" for join, bound in zip(("between", "and"), bounds, strict=False)
        )
        assert said + (f"; 95 %{bounded}" if bounds else ": no comparison group, so no figure –") in words, (
            said,
            words,
        )
    return sum(value is not None for _, value, *_ in known.values())


def _money(said: dict[str, str]) -> str:
    digits = 1 if said["currency"] == "JPY" else 100
    return money(int(Fraction(said["amount"]) * digits), said["currency"])
