"""What HR reads of people and of groups, as the pages, the paper and the data say it, set against SQL of another hand."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from math import ceil, comb, exp, isclose, log, sqrt
from statistics import NormalDist, fmean, median_low
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from app.insights.queries import Part
from app.reviews import actions as reviews
from app.ui import paper
from tests.api.client import Api
from tests.demo.pages import read
from tests.demo.readers import Reader, Z, money, percent
from tests.insights.figure_oracles import instant, parsed, wilson
from tests.insights.recoveries import counted_by_person

Strata = dict[int, dict[Any, list[int]]]  # person → what makes cases alike → [satisfied, answers]
YEAR = timedelta(days=365)
PEOPLE_MIN = 5


def fairness(reader: Reader, groups_wanted: int) -> None:
    page = reader.get("/fairness")
    heads = {card.by_tag("h2", "h3")[0].words: card for card in page.by_class("card") if card.by_tag("table")}
    found = 0
    strata = _answers(reader, reader.now - YEAR, reader.now)
    staff = {
        row.id: row
        for row in reader.rows(
            "SELECT p.id, p.active_from, t.name FROM employee p LEFT JOIN team t ON t.id = p.team_id"
        )
    }

    def tenure(who: int) -> str:
        is_new = instant(staff[who].active_from) > reader.now - YEAR
        return "Here for less than a year" if is_new else "Here for longer"

    def team(who: int) -> str:
        return staff[who].name or "–"

    for head, group_of in (("By how long somebody is here", tenure), ("By team", team)):
        members: dict[str, list[int]] = defaultdict(list)
        for who in strata:
            members[group_of(who)].append(who)
        wanted = _staff_rows(strata, {name: who for name, who in members.items() if len(who) >= PEOPLE_MIN})
        shown = heads[head].rows if head in heads else []
        assert [tuple(row) for row in shown] == wanted, (head, shown, wanted)
        found += sum(len(row) > 2 for row in wanted)
    for head, column in (("By segment", "g.segment"), ("By language", "c.language")):
        found += _gifts_alike(reader, heads[head].rows if head in heads else [], column)
    assert found >= groups_wanted, found


def _answers(reader: Reader, since: datetime, until: datetime) -> Strata:
    """Answers to frontline people, by person and by what makes cases alike."""
    found: Strata = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    for row in reader.rows(
        "SELECT t.resolver_id, k.category_id, k.severity, k.channel, a.csat FROM survey t JOIN survey_answer a ON a.survey_id ="
        " t.id JOIN case_file k ON k.id = t.case_id JOIN employee p ON p.id = t.resolver_id WHERE p.role = 'frontline' AND"
        " a.csat IS NOT NULL AND t.resolved_at >= :since AND t.resolved_at < :until",
        part=Part(reader.sites, None, since, until),
    ):  # fmt: skip
        one = found[row.resolver_id][row.category_id, row.severity, row.channel]
        one[0], one[1] = one[0] + (row.csat > 3), one[1] + 1
    return found


def _expected(strata: Strata) -> dict[int, float]:
    """Everybody's ratio of each kind of case, of a severity where a kind has fewer than ten, over a person's own cases."""
    by_kind: dict[Any, list[int]] = defaultdict(lambda: [0, 0])
    for kinds in strata.values():
        for kind, (k, n) in kinds.items():
            for key in (kind, kind[1]):
                by_kind[key][0] += k
                by_kind[key][1] += n
    found = {}
    for who, kinds in strata.items():
        ratios = ((by_kind[kind if by_kind[kind][1] >= 10 else kind[1]], n) for kind, (_, n) in kinds.items())
        found[who] = sum(n * k / m for (k, m), n in ratios)
    return found


def _sum(kinds: dict[Any, list[int]]) -> tuple[int, int]:
    return sum(k for k, _ in kinds.values()), sum(n for _, n in kinds.values())


def _in_order(sizes: dict[Any, int]) -> list[Any]:
    """Those with more behind them first; of two only the larger, since the other says the same."""
    order = sorted(sizes, key=lambda name: (-sizes[name], name))
    return order[:1] if len(order) == 2 else order if len(order) > 2 else []


def _staff_rows(strata: Strata, members: dict[str, list[int]]) -> list[tuple[str, ...]]:
    wanted, sums = _expected(strata), {who: _sum(kinds) for who, kinds in strata.items()}
    totals = {
        name: (sum(sums[one][0] for one in who), sum(sums[one][1] for one in who)) for name, who in members.items()
    }
    order = _in_order({name: n for name, (_, n) in totals.items()})
    rows: list[tuple[str, ...]] = []
    z = NormalDist().inv_cdf(1 - 0.025 / max(1, len(order)))
    for name in order:
        k, n = totals[name]
        other_k, other_n = (sum(one[at] for group, one in totals.items() if group != name) for at in (0, 1))
        called = f"{name} {len(members[name])} people"
        if min(n, other_n) < 10:
            rows.append((called, "Too few"))
            continue
        (low, high), (other_low, other_high) = _score(k, n, z), _score(other_k, other_n, z)
        gap = k / n - other_k / other_n
        below = gap - sqrt((k / n - low) ** 2 + (other_high - other_k / other_n) ** 2)
        above = gap + sqrt((high - k / n) ** 2 + (other_k / other_n - other_low) ** 2)
        said = "Cannot tell" if below <= 0 <= above else "A gap"
        expects = f"{sum(wanted[one] for one in members[name]):.1f}"
        rows.append(
            (called, f"{k} of {n}", expects, f"{100 * gap:.1f} ({100 * below:.1f} to {100 * above:.1f}) {said}")
        )
    return rows


def _score(k: int, n: int, z: float) -> tuple[float, float]:
    """Both ends of |p̂ − p| = z √(p(1−p)/n), solved for p."""
    a, b, c = n + z * z, -(2 * k + z * z), k * k / n
    root = sqrt(max(0.0, b * b - 4 * a * c))
    return (-b - root) / (2 * a), (-b + root) / (2 * a)


def _gifts_alike(reader: Reader, shown: list[list[str]], column: str) -> int:
    """Settled goodwill within one kind, category and severity, in each currency; returns how many figures were met."""
    rows = reader.rows(
        f"SELECT {column} AS called, t.currency, t.kind, k.category_id, k.severity, t.amount_minor FROM remedy t JOIN case_file k"
        " ON k.id = t.case_id JOIN customer c ON c.id = t.customer_id LEFT JOIN customer_segment g ON g.customer_id = c.id WHERE"
        " t.created_at >= :since AND t.created_at < :until AND t.nature = 'goodwill' AND t.state = 'settled' AND t.amount_minor"
        " > 0 AND NOT t.historic AND k.severity > 0"
    )  # fmt: skip
    sides = []
    for currency in sorted({row.currency for row in rows}):
        groups: dict[str, list[Any]] = defaultdict(list)
        for row in rows:
            if row.currency == currency:
                groups[row.called or "–"].append(row)
        sides += [(name, currency, groups) for name in _in_order({name: len(some) for name, some in groups.items()})]
    z, met = NormalDist().inv_cdf(1 - 0.025 / max(1, len(sides))), 0
    assert len(shown) == len(sides)
    for cells, (name, currency, groups) in zip(shown, sides, strict=True):
        kinds: dict[Any, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
        for group, some in groups.items():
            for row in some:
                kinds[tuple(row[2:5])][group != name].append(row.amount_minor)
        both = [pair for pair in kinds.values() if pair[0] and pair[1]]
        one, rest = ([minor for pair in both for minor in pair[at]] for at in (0, 1))
        assert cells[0].startswith({"–": "Without a segment" if column == "g.segment" else "Not known"}.get(name, name))
        if min(len(one), len(rest)) < 10:
            assert cells[1:] == ["Too few"], cells
            continue
        assert cells[1] == f"{len(one)} against {len(rest)}"
        assert cells[2] == f"{money(median_low(one), currency)} / {money(median_low(rest), currency)}"
        _ratio_says(cells[3], both, z)
        met += 1
    return met


def _ratio_says(said: str, both: list[tuple[list[int], list[int]]], z: float) -> None:
    """The ratio exactly; its bootstrap interval near that of least squares with errors of any spread (White's)."""
    weight = sum(len(a) * len(b) / (len(a) + len(b)) for a, b in both)
    gap = sum(len(a) * len(b) / (len(a) + len(b)) * (_log_mean(a) - _log_mean(b)) for a, b in both) / weight
    squares = 0.0
    for a, b in both:
        share, middle = len(a) / (len(a) + len(b)), _log_mean([*a, *b])
        for side, some in ((1 - share, a), (-share, b)):
            squares += sum((side * (log(minor) - middle - gap * side)) ** 2 for minor in some)
    reach = z * sqrt(squares) / weight
    ratio, low, _to, high, *verdict = said.replace("(", "").replace(")", "").split()
    assert ratio == f"{exp(gap):.2f}", (said, exp(gap))
    assert (
        abs(log(float(low)) - (gap - reach)) < 0.25 * reach and abs(log(float(high)) - (gap + reach)) < 0.25 * reach
    ), said
    assert " ".join(verdict) == ("Cannot tell" if float(low) <= 1 <= float(high) else "A gap")


def _log_mean(values: list[int]) -> float:
    return fmean(log(value) for value in values)


def reviewed(app: Flask, hana: Reader, who: Reader, since: date, until: date, monkeypatch: pytest.MonkeyPatch) -> None:
    """A review's figures on its page, on paper, in its data and by the API, each worked out again from the rows."""
    row = reviews.open_review(
        employee_id=who.person.id, since_on=since, until_on=until, actor=hana.person.actor, now=hana.now
    )
    zone = ZoneInfo("America/New_York")
    start, end = (datetime(day.year, day.month, day.day, tzinfo=zone) for day in (since, until))
    part = Part(tuple(one.id for one in hana.rows("SELECT id FROM site")), None, start, end)
    counts = {
        name: counted_by_person(name, part, hana.now)
        for name in ("discretion-utilisation", "double-deviation", "promise-kept")
    }
    strata = _answers(hana, start, end)
    known = _figure(strata, who.person.id)
    data = hana.client.get(f"/reviews/{row.ref}/data").get_json()
    by_code = dict(zip([one["code"] for one in data["figures"]], data["figures"], strict=True))
    said = by_code.pop("recovery")
    for name, value in known.items():
        assert said[name] == (pytest.approx(value, abs=6e-5) if isinstance(value, float) else value), (
            name,
            said[name],
            value,
        )
    for name, one in by_code.items():
        k, n = counts[name].get(who.person.id, (0, 0))
        assert (one.get("k"), one.get("n")) == ((k, n) if n >= 10 else (None, None)), name
    inside, decided = _money(hana, who.person.id, part)
    assert data["money"] == ({"inside_policy": inside, "decisions": decided} if decided >= 10 else None)
    api = {one["measure"]: one for one in Api(app, hana.person).get(f"/reviews/{row.ref}").get_json()["figures"]}
    assert all(api["recovery"][name] == said[name] for name in known if name in api["recovery"])
    sheets: list[str] = []
    monkeypatch.setattr(paper, "pdf", lambda page, style: sheets.append(page) or b"%PDF-1.7")
    assert hana.client.get(f"/reviews/{row.ref}/pdf").status_code == 200
    printed = read(sheets[0])
    shown = hana.get(f"/reviews/{row.ref}").under("figure-recovery")
    for place in (shown, printed):
        for words in _words(known):
            assert words in place.words, (words, place.words[:900])
    assert not [one for one in shown.by_class("chip") if "Read the cases" in one.words], "chance explains it"
    wanted = f"{inside} of {decided}" if decided >= 10 else "Fewer than 10 decisions about money"
    assert wanted in hana.get(f"/reviews/{row.ref}").under("figure-money").words and wanted in printed.words


def _words(known: dict[str, Any]) -> Iterable[str]:
    k, n = known["k"], known["n"]
    yield f"{k} of {n} ({percent(k / n)})"
    yield f"{percent(known['low'])} to {percent(known['high'])}"
    yield f"{known['expected']:.1f} of {n}"
    yield f"{known['ratio']:.2f} ({known['ratio_low']:.2f} to {known['ratio_high']:.2f})"
    yield f"Drawn towards the house {percent(known['shrunk'])}"
    yield f"Reliability {known['reliability']:.2f}"
    yield f"Chance to notice 15 points {percent(known['power'])}"


def _money(reader: Reader, person: int, part: Part) -> tuple[int, int]:
    """Decisions about goodwill money: inside the policy of its time, or approved, and with a reason."""
    rows = reader.rows(
        f"SELECT r.content, r.occasion FROM decision_receipt r JOIN remedy t ON t.id = r.remedy_id WHERE t.employee_id = {person}"
        " AND t.created_at >= :since AND t.created_at < :until AND t.nature = 'goodwill' AND NOT t.historic AND r.occasion <>"
        " 'request'", part=part,
    )  # fmt: skip
    inside = 0
    for row in rows:
        said = parsed(row.content)
        inside += said["about"]["has_reason"] is True and (
            row.occasion == "approval" or said["decision"]["outcome"] == "allowed"
        )
    return inside, len(rows)


def _chance(k: int, n: int, p: float) -> float:
    return comb(n, k) * p**k * (1 - p) ** (n - k)


def _limits(p: float, n: int, tail: float) -> tuple[int, int]:
    """The fewest and the most hits that lie inside: each side beyond holds at most `tail`."""
    low = min(k for k in range(n + 1) if sum(_chance(one, n, p) for one in range(k + 1)) > tail)
    high = max(k for k in range(n + 1) if sum(_chance(one, n, p) for one in range(k, n + 1)) > tail)
    return low, high


def _figure(strata: Strata, who: int) -> dict[str, Any]:
    """Everything that a compared figure says: k of n, the interval, the shrunk value."""
    sums = {one: _sum(kinds) for one, kinds in strata.items()}
    k, n = sums[who]
    wanted = _expected(strata)[who]
    hits, trials = sum(one for one, _ in sums.values()), sum(m for _, m in sums.values())
    house, low, high = hits / trials, *wilson(k, n)[2:]
    # Beta-binomial by moments, over everybody with an answer.
    units = [one for one in sums.values() if one[1]]
    size = trials - sum(m * m for _, m in units) / trials - (len(units) - 1)
    spread = sum(m * (one / m - house) ** 2 for one, m in units)
    between = max(0.0, (spread - house * (1 - house) * (len(units) - 1)) / size)
    strength = house * (1 - house) / between - 1 if between else float("inf")
    target = wanted / n
    inside = _limits(target, n, 0.001)
    assert inside[0] <= k <= inside[1], "nobody here is outside 99.8 percent"
    seen = min(
        sum(_chance(one, n, true) for one in range(n + 1) if not inside[0] <= one <= inside[1])
        for true in (target - 0.15, target + 0.15) if 0 < true < 1
    )  # fmt: skip
    return {
        "k": k, "n": n, "low": low, "high": high, "house": house, "expected": round(wanted, 2), "ratio": k / wanted,
        "ratio_low": k * (1 - 1 / (9 * k) - Z / 3 / sqrt(k)) ** 3 / wanted,
        "ratio_high": (k + 1) * (1 - 1 / (9 * (k + 1)) + Z / 3 / sqrt(k + 1)) ** 3 / wanted,
        "adjusted": min(1.0, house * k / wanted),
        "shrunk": (k + strength * house) / (n + strength) if between else house,
        "reliability": n / (n + strength) if between else 0.0,
        "power": seen,
        "peer_count": sum(m >= 10 for one, (_, m) in sums.items() if one != who),
        "verdict": "as_expected" if seen >= 0.8 else "cannot_tell",
    } | ({"trials_needed": ceil(round(9 * strength, 9))} if between and not isclose(strength, 0) else {})  # fmt: skip
