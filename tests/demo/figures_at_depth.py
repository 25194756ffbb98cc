"""Figures of the demo company one step and two steps down, set against SQL of another hand: parts, sums, and the cases behind.

Every table is read whole, and the list behind each of its lines must name the same cases, not only as many.
"""

import csv
import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from app.cases.words import CAUSE_WORDS, CHANNEL_WORDS, STAGE_WORDS
from app.insights import rollup_actions
from app.insights.queries import Part
from app.kernel.database import db
from app.people import queries as people
from app.problems import actions as problems
from tests.demo.pages import Node
from tests.demo.readers import Reader, money, percent, satisfied, share, stop_the_clock, time_words
from tests.insights.figure_oracles import instant, wilson

CASES = "FROM case_file t JOIN site s ON s.id = t.site_id LEFT JOIN customer_segment g ON g.customer_id = t.customer_id"
FAILURES = "t.site_id IN ({sites}) AND t.resolved_at >= :since AND t.resolved_at < :until AND NOT t.historic AND t.severity <> 0"
CUTS = {
    "team": "t.team_id", "stage": "t.journey_stage", "cause": "t.root_cause", "segment": "g.segment",
    "severity": "t.severity", "channel": "t.channel",
}  # fmt: skip
WORDS: dict[str, Any] = {"stage": STAGE_WORDS, "cause": CAUSE_WORDS, "channel": CHANNEL_WORDS}
# By how many hours clocks stand off UTC in summer time and otherwise, and from when to when it was summer time; no library asked.
SUMMER: dict[str, tuple[int, int, tuple[tuple[datetime, datetime], ...]]] = {
    "America/New_York": (-4, -5, (
        (datetime(2025, 3, 9, 7, tzinfo=UTC), datetime(2025, 11, 2, 6, tzinfo=UTC)),
        (datetime(2026, 3, 8, 7, tzinfo=UTC), datetime(2026, 11, 1, 6, tzinfo=UTC)),
    )),
    "Europe/London": (1, 0, (
        (datetime(2025, 3, 30, 1, tzinfo=UTC), datetime(2025, 10, 26, 1, tzinfo=UTC)),
        (datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)),
    )),
    "Asia/Tokyo": (9, 9, ()),
}  # fmt: skip
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
LACKS = (
    "UPDATE customer_segment SET segment = 'gold' WHERE customer_id % 3 = 0",
    "UPDATE case_file SET journey_stage = NULL WHERE id % 11 = 0",
    "UPDATE case_file SET root_cause = NULL WHERE id % 13 = 0",
    "UPDATE case_file SET team_id = NULL WHERE id % 17 = 0",
    "UPDATE case_file SET historic = true WHERE id % 19 = 0",
    "UPDATE clock SET historic = true WHERE case_id % 19 = 0",
    "INSERT INTO survey_answer (survey_id, csat, comment, at) SELECT v.id, 1 + (v.id * 7) % 5, '', v.resolved_at FROM survey v"
    " WHERE v.id % 6 <> 0 AND NOT EXISTS (SELECT 1 FROM survey_answer a WHERE a.survey_id = v.id)",
    "UPDATE survey SET state = 'answered', why_unsent = NULL, sent_at = coalesce(sent_at, resolved_at) WHERE id IN"
    " (SELECT survey_id FROM survey_answer)",
)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def figures_hold_at_every_depth(app: Flask, monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    monkeypatch.undo()
    stop_the_clock(monkeypatch, now)
    leader, sites = Reader(app, "sam@makegood.example", now), tuple(sorted(row.id for row in people.sites()))
    _what_the_story_lacks(leader, now)
    rollup_actions.rebuild(now=now + timedelta(seconds=1))
    manager = Reader(app, "max@makegood.example", now, sites)
    whole = _company(manager, None, is_listed=True)
    for site_id in sites:
        assert _company(manager, site_id, is_listed=site_id == sites[1]) == whole[site_id], (
            "what the place's own line said"
        )
    assert _company(leader, leader.sites[0]) == whole[leader.sites[0]], "whoever leads a site reads the same"
    _company(manager, None, "7d")
    for team_id in (None, *(row.id for row in people.teams(sites[0]))):
        _overview(manager, sites[0], team_id)
    for by in ("stage", "segment"):
        _measure(manager, by)
    for reader, site_id in ((manager, None), (manager, sites[1]), (leader, None)):
        _arrivals(reader, site_id)
    _causes(leader)
    _causes(manager)
    _segments(Reader(app, "ada@makegood.example", now))
    for site_id in sites:
        _clocks(manager, site_id)


def _what_the_story_lacks(leader: Reader, now: datetime) -> None:
    """Answers enough, a second segment, history, what isn't known, cases from before summer time ended, and two causes."""
    received = leader.rows("SELECT t.id, t.received_at FROM case_file t WHERE t.id % 3 <> 0")
    db.session.remove()
    with db.engine.connect().execution_options(makegood_migration=True) as raw:
        for statement in LACKS:
            raw.execute(text(statement))
        for row in received:
            at: Any = instant(row.received_at) - (20 * DAY if row.id % 3 == 1 else 250 * DAY)
            at = f"{at:%Y-%m-%d %H:%M:%S.%f}" if db.engine.dialect.name == "sqlite" else at
            raw.execute(text("UPDATE case_file SET received_at = :at WHERE id = :id"), {"at": at, "id": row.id})
        raw.commit()
    here = [row.id for row in leader.rows("SELECT t.id FROM case_file t WHERE t.site_id IN ({sites}) ORDER BY t.id")]
    for ids, is_fixed in ((here[:5], True), (here[4:12], False)):
        cause = problems.open_cause(
            site_id=leader.sites[0], category_id=None, kind="equipment", title=f"The boiler, {len(ids)}", story="Off.",
            actor=leader.person.actor, now=now,
        )  # fmt: skip
        problems.link(cause_id=cause.id, case_ids=ids, actor=leader.person.actor, now=now)
        problems.unlink(cause_id=cause.id, case_id=ids[-1], actor=leader.person.actor, now=now)
        if is_fixed:
            problems.fix(cause_id=cause.id, version=cause.version, done="New.", actor=leader.person.actor, now=now)


# A page's tables with where each line leads, and the numbers of the cases that a list names on all its pages.
def _lines(table: Node) -> list[tuple[list[str], str]]:
    found = []
    for row in table.by_tag("tr"):
        if row.by_tag("td"):
            (link, *_) = [*(one.attributes["href"] for one in row.by_tag("a")), ""]
            found.append(([cell.words for cell in row.by_tag("td", "th")], link))
    return found


def _named(reader: Reader, url: str) -> list[int]:
    found: list[int] = []
    while url:
        page = reader.get(url)
        for cell in page.by_class("table__subject"):
            (number,) = re.findall(r"MG-(\d+)", " ".join(one.words for one in cell.by_tag("small")))
            found.append(int(number))
        links = [one.attributes.get("href", "") for one in page.by_tag("a")]
        url = next((link for link in links if "after=" in link), "")
    return found


def _company(reader: Reader, site_id: int | None, period: str = "365d", *, is_listed: bool = False) -> Any:
    """Every cut of a place: each line's figures, that they add up, and the cases behind; returns the line of each site."""
    first = datetime.combine(reader.now.date(), datetime.min.time(), UTC) - (int(period[:-1]) - 1) * DAY
    part = Part(reader.sites if site_id is None else (site_id,), None, first, first + int(period[:-1]) * DAY)
    columns = ", ".join(f"{column} AS {name}" for name, column in CUTS.items())
    cases = reader.rows(
        f"SELECT t.id, t.site_id AS site, t.resolved_at, t.severity AS how, t.given_minor, s.currency, {columns} {CASES} WHERE {FAILURES}",
        "", part,
    )  # fmt: skip
    answers = reader.rows(
        f"SELECT v.site_id AS site, v.resolved_at, a.csat, {columns} {CASES} JOIN survey v ON v.case_id = t.id JOIN survey_answer a"
        " ON a.survey_id = v.id WHERE v.site_id IN ({sites}) AND v.resolved_at >= :since AND v.resolved_at < :until"
        " AND a.csat IS NOT NULL", "", part,
    )  # fmt: skip
    place = f"&site={site_id}" if site_id else ""
    whole = _cells(cases, answers)
    for by in ("week", "site", *CUTS):
        page = reader.get(f"/insights/company?period={period}&by={by}{place}")
        lines = _lines(page.under("parts"))
        assert lines.pop()[0] == ["All together", *whole], (by, site_id)
        _boxes(page, whole, [row.csat for row in answers], with_money=site_id is not None or len(reader.sites) == 1)
        of = _keyed(by)
        keys = Counter(of(row) for row in cases) + Counter({of(row): 0 for row in answers})
        keys |= Counter({of(row): 1 for row in answers if of(row) not in keys})
        wanted = {
            key: _cells([one for one in cases if of(one) == key], [one for one in answers if of(one) == key])
            for key in keys
        }
        shown = {_key_of_line(by, cells[0], link): (cells, link) for cells, link in lines}
        assert len(shown) == len(lines) and {key: cells[1:] for key, (cells, _) in shown.items()} == wanted, (
            by,
            site_id,
        )
        assert sum(int(cells[1].replace(",", "")) for cells, _ in shown.values()) == len(cases), (by, "adds up")
        for key, (cells, link) in shown.items():
            if by in CUTS:
                assert by == "team" or cells[0] == _label(by, key), (by, cells)
                behind = sorted(one.id for one in cases if of(one) == key)
                assert not is_listed or sorted(_named(reader, link)) == behind, (by, key)
        if by == "week":
            weeks = [
                [_day(date.fromisoformat(key)), str(count)] for key, count in sorted(Counter(map(of, cases)).items())
            ]
            assert len(weeks) < 2 or page.under("weeks").rows == weeks
        if by == "site":
            found = {int(key): cells[1:] for key, (cells, _) in shown.items()}
    return found if site_id is None and len(reader.sites) > 1 else found[part.site_ids[0]]


def _keyed(by: str) -> Callable[[Any], str]:
    if by != "week":
        return lambda row: "" if getattr(row, by) is None else str(getattr(row, by))
    return lambda row: _monday(instant(row.resolved_at).date()).isoformat()


def _monday(day: date) -> date:
    return day - day.weekday() * DAY


def _day(day: date) -> str:
    return f"{day:%b} {day.day}"


def _key_of_line(by: str, label: str, link: str) -> str:
    """What a line is about: by its address, or for a week, that leads nowhere, by its words."""
    if by == "week":
        return f"{datetime.strptime(label + ' 2026 +0000', 'Week of %b %d %Y %z'):%Y-%m-%d}"
    found = re.search(r"[?&](?:site)=(\d+)" if by == "site" else r"[?&]of=([^&]*)", link)
    assert found, (by, label, link)
    return found[1]


def _label(by: str, key: str) -> str:
    if by == "severity":
        return f"Severity {key}"
    if not key:
        return "Without a segment" if by == "segment" else "Not known"
    return str(WORDS[by][key]) if by in WORDS else key


def _cells(cases: list[Any], answers: list[Any]) -> list[str]:
    """The four figures of one line."""
    given = Counter[str]()
    for row in cases:
        given[row.currency] += row.given_minor
    severe = str(sum(row.how >= 3 for row in cases)) if len(cases) >= 10 else "too few"
    sums = " + ".join(money(minor, currency) for currency, minor in sorted(given.items()) if minor)
    return [f"{len(cases):,}", severe, satisfied([row.csat for row in answers]), sums or "–"]


def _boxes(page: Node, whole: list[str], csat: list[int], *, with_money: bool) -> None:
    assert [page.boxes[name][0] for name in ("Resolved", "Severe")] == whole[:2]
    assert page.boxes["Satisfied (4 or 5 of 5)"] == share(sum(one > 3 for one in csat), len(csat))
    assert page.boxes["Given"][0] == whole[3] if with_money else "Given" not in page.boxes


def _overview(reader: Reader, site_id: int, team_id: int | None) -> None:
    """The overview of a site or of one of its teams: lines, and which cases lie behind each of its five lists."""
    part = Part((site_id,), None, reader.part.since, reader.now)
    team = f" AND t.team_id = {team_id}" if team_id else ""
    query = f"period=365d&site={site_id}" + (f"&team={team_id}" if team_id else "")
    page = reader.get(f"/insights?{query}")
    resolved = reader.rows(
        f"SELECT t.id, t.team_id, (SELECT count(*) FROM exception_request x WHERE x.case_id = t.id) AS asked {CASES} WHERE {FAILURES}"
        + team, "", part,
    )  # fmt: skip
    own = [row for row in resolved if not row.asked]
    assert page.boxes["Resolved on own authority"] == share(len(own), len(resolved))
    names = reader.teams()
    groups = Counter(names.get(row.team_id, "Without a team") for row in resolved)
    good = Counter(names.get(row.team_id, "Without a team") for row in own)
    lines = [
        _interval("All together", len(own), len(resolved)),
        *(_interval(name, good[name], n) for name, n in groups.items()),
    ]
    shown = page.under("own").rows
    assert sorted(row[:3] for row in shown) == sorted(lines if len(groups) > 1 or not team_id else shown and lines), (
        shown
    )
    clocks = reader.rows(
        "SELECT t.id, t.case_id, t.milestone, t.stopped_at, t.due_at, t.breached_at, t.historic FROM clock t WHERE t.site_id IN"
        " ({sites}) AND t.cancelled_at IS NULL" + team, "", part,
    )  # fmt: skip
    stopped = [
        one
        for one in clocks
        if one.stopped_at and part.since <= instant(one.stopped_at) < part.until and not one.historic
    ]
    missed = [one for one in stopped if one.breached_at or instant(one.stopped_at) > instant(one.due_at)]
    words = {"acknowledge": "Acknowledged in time", "approval": "Decided in time", "first_response": "First reply in time",
             "resolve": "Resolved in time"}  # fmt: skip
    by, bad = Counter(one.milestone for one in stopped), Counter(one.milestone for one in missed)
    running = [one for one in clocks if not one.stopped_at and one.due_at and not one.historic]
    late = [one for one in running if instant(one.due_at) < reader.now]
    soon = [one for one in running if reader.now <= instant(one.due_at) < reader.now + 8 * HOUR]
    later = [one for one in running if instant(one.due_at) >= reader.now + 8 * HOUR]
    bars = [["Late", str(len(late))], ["Due within 8 hours", str(len(soon))], ["Due later", str(len(later))]]
    lines = [_interval(words[name], by[name] - bad[name], by[name]) for name in by]
    assert sorted(row[:3] for row in page.under("kept").rows) == sorted([*lines, *bars])
    asked = reader.rows(
        "SELECT t.id, t.case_id FROM exception_request t WHERE t.site_id IN ({sites}) AND t.asked_at >= :since AND t.asked_at < :until"
        + team, "", part,
    )  # fmt: skip
    for measure, ids in (
        ("own", [row.id for row in own]), ("exception", [row.id for row in resolved if row.asked]),
        ("asked", [row.case_id for row in asked]), ("late", [one.case_id for one in late]), ("missed", [one.case_id for one in missed]),
    ):  # fmt: skip
        assert sorted(_named(reader, f"/insights/cases/{measure}?{query}")) == sorted(ids), (measure, team_id)


def _interval(label: str, k: int, n: int) -> list[str]:
    if n < 10:
        return [label, str(n), "–"]
    _, _, low, high = wilson(k, n)
    return [label, f"{k} of {n}", f"{percent(low)}–{percent(high)}"]


def _measure(reader: Reader, by: str) -> None:
    """A share parted by something: each part's figure, those that count and the others."""
    page = reader.get(f"/insights/measures/own-authority?period=365d&by={by}")
    rows = reader.rows(
        f"SELECT t.id, {CUTS[by]} AS part, (SELECT count(*) FROM exception_request x WHERE x.case_id = t.id) AS asked {CASES}"
        f" WHERE {FAILURES}"
    )  # fmt: skip
    parts: dict[str, list[Any]] = {}
    for row in rows:
        parts.setdefault("" if row.part is None else str(row.part), []).append(row)
    wanted = [_part(_label(by, key), sum(not row.asked for row in found), len(found)) for key, found in parts.items()]
    assert sorted(row[:3] for row in page.under("parts").rows) == sorted(wanted), by
    links = {
        one.words: one.attributes["href"]
        for one in page.under("parts").by_tag("a")
        if "/cases" in one.attributes.get("href", "")
    }
    assert len(links) == len(parts)
    for key, found in parts.items():
        link = links[f"{_label(by, key)} ({len(found)})"]
        assert sorted(_named(reader, link)) == sorted(row.id for row in found), (by, key)
        good = sorted(row.id for row in found if not row.asked)
        assert sorted(_named(reader, f"{link}&hit=1")) == (
            good if len(found) >= 10 else sorted(row.id for row in found)
        ), (by, key)


def _part(label: str, k: int, n: int) -> list[str]:
    return _interval(label, k, n) if n >= 10 else [label, f"{n}, too few", "–"]


def _arrivals(reader: Reader, site_id: int | None) -> None:
    """Each case at the hour that clocks showed at its site, in summer and in winter."""
    rows = reader.rows(
        f"SELECT t.received_at, s.time_zone {CASES} WHERE t.site_id IN ({{sites}}) AND t.logged_at >= :since AND t.logged_at < :until"
        " AND NOT t.historic", "", None if site_id is None else Part((site_id,), None, reader.part.since, reader.now),
    )  # fmt: skip
    counts, offs = Counter[tuple[int, int]](), set()
    for row in rows:
        local = _on_the_wall(row.time_zone, instant(row.received_at))
        offs.add((row.time_zone, local - instant(row.received_at)))
        counts[local.weekday(), local.hour // 2] += 1
    zones = {row.time_zone for row in rows}
    assert len(offs) == sum(2 if SUMMER[zone][2] else 1 for zone in zones), "some in summer time and some not"
    page = reader.get("/insights/arrivals?period=365d" + (f"&site={site_id}" if site_id else ""))
    card = page.under("arrivals")
    assert card.rows[1:] == [
        [day, *(str(counts[number, step]) for step in range(12))] for number, day in enumerate(DAYS)
    ]
    assert f"{len(rows)} cases" in card.words and len(rows) > 10


def _on_the_wall(zone: str, at: datetime) -> datetime:
    summer, winter, times = SUMMER[zone]
    return at + (summer if any(begins <= at < ends for begins, ends in times) else winter) * HOUR


def _causes(reader: Reader) -> None:
    """Root causes: how many cases each explains, which, and how many notes went out."""
    rows = reader.rows("SELECT t.id, t.title, t.site_id FROM cause t WHERE t.site_id IN ({sites}) OR t.site_id IS NULL")
    assert len(rows) >= 2
    fixed = {row.cause_id for row in reader.rows("SELECT f.cause_id FROM cause_fix f WHERE f.undone_at IS NULL")}
    linked: dict[int, list[int]] = {}
    for row in reader.rows("SELECT l.cause_id, l.case_id FROM cause_case l WHERE l.unlinked_at IS NULL"):
        linked.setdefault(row.cause_id, []).append(row.case_id)
    for state, found in (
        ("", rows),
        ("?state=open", [row for row in rows if row.id not in fixed]),
        ("?state=fixed", [row for row in rows if row.id in fixed]),
    ):  # fmt: skip
        lines = _lines(reader.get(f"/causes{state}").under("main"))
        shown = {link.rsplit("-", 1)[1]: (cells[4], cells[5].split()[-1]) for cells, link in lines}
        assert shown == {
            str(row.id): (str(len(linked.get(row.id, []))), "Fixed" if row.id in fixed else "Open") for row in found
        }, state  # fmt: skip
    for row in rows:
        card = reader.get(f"/causes/RC-{row.id}").under("cases")
        assert sorted(
            int(one) for cell in card.by_class("table__subject") for one in re.findall(r"MG-(\d+)", cell.words)
        ) == sorted(linked.get(row.id, []))
        assert [one.words for one in card.by_class("card__aside")][:1] == [str(len(linked.get(row.id, [])))]


def _segments(keeper: Reader) -> None:
    counts = Counter(row.segment for row in keeper.rows("SELECT g.segment FROM customer_segment g"))
    assert len(counts) >= 2
    chips = {one.words for one in keeper.get("/segments").by_tag("a")}
    for name, count in counts.items():
        assert f"{name} {count}" in chips, (name, count, chips)
        url, seen = f"/segments?segment={name}", []
        while url:
            page = keeper.get(url)
            seen += [row[0] for row in page.rows]
            url = next(
                (one.attributes["href"] for one in page.by_tag("a") if "after=" in one.attributes.get("href", "")), ""
            )
        members = keeper.rows(f"SELECT g.customer_id FROM customer_segment g WHERE g.segment = '{name}'")
        assert sorted(seen) == sorted(f"CU-{row.customer_id}" for row in members)


def _clocks(reader: Reader, site_id: int) -> None:
    """The board, its table, and the month: open clocks of a site with the lateness of each, and how many are due on each day there."""
    rows = reader.rows(
        "SELECT t.id, t.case_id, t.team_id, t.due_at, s.time_zone FROM clock t JOIN site s ON s.id = t.site_id WHERE t.site_id IN ({sites})"
        " AND t.stopped_at IS NULL AND t.cancelled_at IS NULL AND NOT t.historic", "", Part((site_id,), None, reader.now, reader.now),
    )  # fmt: skip
    due = [row for row in rows if row.due_at]
    url, shown = f"/clocks?site={site_id}", []
    while url:
        page = reader.get(url)
        shown += page.rows
        url = next(
            (one.attributes["href"] for one in page.by_tag("a") if "after=" in one.attributes.get("href", "")), ""
        )
    assert sorted(int(re.findall(r"MG-(\d+)", row[1])[0]) for row in shown) == sorted(row.case_id for row in due)
    late = sorted(
        f"late by {time_words((reader.now - instant(row.due_at)).total_seconds())}"
        for row in due
        if instant(row.due_at) < reader.now
    )
    assert sorted(row[0][row[0].index("late by") :] for row in shown if "late by" in row[0]) == late
    table = list(
        csv.DictReader(
            StringIO(
                reader.client.post("/clocks/exports", data={"site": site_id}).get_data(as_text=True).lstrip("\ufeff")
            )
        )
    )
    assert sorted((row["clock"], row["due_at"] != "") for row in table) == sorted(
        (f"CL-{row.id}", bool(row.due_at)) for row in rows
    )
    for row in table:
        if row["due_at"]:
            assert int(row["wall_left_seconds"]) == int(
                (datetime.fromisoformat(row["due_at"]) - reader.now).total_seconds()
            )
    days, over = Counter[str](), Counter[str]()
    for row in due:
        local = _on_the_wall(row.time_zone, instant(row.due_at))
        days[f"{local:%m-%d}"] += 1
        over[f"{local:%m-%d}"] += instant(row.due_at) < reader.now
    cells = [cell for row in reader.get(f"/clocks/month?site={site_id}&month={reader.now:%Y-%m}").rows for cell in row]
    begin = _monday(reader.now.date().replace(day=1))
    for number, cell in enumerate(cells):
        day = f"{begin + number * DAY:%m-%d}"
        counted = re.findall(r"(\d+) (late|due)", cell)
        wanted = [(str(over[day]), "late")] * (over[day] > 0) + [(str(days[day] - over[day]), "due")] * (
            days[day] > over[day]
        )
        assert counted == wanted, (day, cell)
