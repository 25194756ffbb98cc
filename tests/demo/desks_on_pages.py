"""What stands beside somebody's work: what an answer may take, who the customer is, what the pool keeps, how long such
an answer takes, what waits for whom; set against SQL of another hand."""

import re
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import text

from app.approvals import bound_actions
from app.audit.jobs import seal_pending
from app.kernel.actor import customer
from app.kernel.database import db
from app.kernel.money import Money
from app.messages import actions as messages
from app.people import queries as people
from app.portal import place_actions
from tests.demo.pages import read as node_of
from tests.demo.readers import HERE, Reader, money, stop_the_clock, time_words
from tests.insights.figure_oracles import at_rank, instant, parsed

DAY = timedelta(days=1)
LIVE = "t.nature = 'goodwill' AND t.state IN ('reserved', 'settled')"
BESIDE = "t.customer_id = {customer} AND t.id <> {case}"
ENOUGH, NEWEST = 20, 200


def desks_say_what_sql_counts(app: Flask, monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    monkeypatch.undo()
    stop_the_clock(monkeypatch, now)
    sites = tuple(sorted(row.id for row in people.sites()))
    manager, leader = Reader(app, "max@makegood.example", now, sites), Reader(app, "sam@makegood.example", now)
    ana, ada = Reader(app, "ana@makegood.example", now), Reader(app, "ada@makegood.example", now, sites)
    assert _windows(ana) > 3, "money of a customer"
    assert _beside_requests(manager) > 3, "customers with other cases"
    assert _pools(leader) > 0
    assert _route(ana) >= 10
    assert _suggested(manager) > 0
    for reader in (manager, leader, ana, ada):
        _inbox(reader)
    assert _batches(leader, ada) > 0
    _outbox(ada)
    assert _to_learn(app, leader) > 0
    _records(manager, ada)


def windows_let_go(app: Flask, monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    """now: weeks later, when the earlier gifts of the thirty days no longer count."""
    monkeypatch.undo()
    stop_the_clock(monkeypatch, now)
    assert _windows(Reader(app, "ana@makegood.example", now)) > 0


def what_has_had_its_time(app: Flask, monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    """now: years later, when something of most classes has had its time."""
    monkeypatch.undo()
    stop_the_clock(monkeypatch, now)
    ada = Reader(app, "ada@makegood.example", now)
    db.session.remove()
    with db.engine.connect().execution_options(makegood_migration=True) as raw:
        for days in (29, 31, 33):
            raw.execute(text(
                "INSERT INTO idempotency_answer (actor_id, key, fingerprint, claim, created_at) VALUES (1, :key, 'f', 'c', :at)"
            ), {"key": f"of {days}", "at": _kept(now - days * DAY)})  # fmt: skip
        raw.commit()
    assert _retention(ada) > 4
    _re_runs(ada)


def _windows(ana: Reader) -> int:
    """What was given in the case, and to its customer in thirty days; returns for how many customers there was any."""
    cases = ana.rows(
        "SELECT t.id, t.customer_id FROM case_file t WHERE t.resolved_at IS NULL AND t.site_id IN ({sites}) AND t.customer_id > 0"
        " AND NOT t.historic ORDER BY (SELECT count(*) FROM remedy r WHERE r.customer_id = t.customer_id) DESC, t.id DESC LIMIT 12"
    )
    met = 0
    for case in cases:
        words = ana.get(f"/cases/MG-{case.id}").words
        spent = ana.rows(
            "SELECT t.case_id, t.state, t.amount_minor, t.created_at FROM remedy t WHERE"
            f" t.customer_id = {case.customer_id} AND {LIVE}"
        )
        lately = [row for row in spent if instant(row.created_at) > ana.now - 30 * DAY]
        for name, rows in ((" 30 days", lately), ("This incident", [row for row in spent if row.case_id == case.id])):
            said = re.search(rf"{name} (\S+) left (\S+) settled · (\S+) reserved · (\S+) limit", words)
            assert said, (case.id, name)
            sums = Counter[str]()
            for row in rows:
                sums[row.state] += row.amount_minor
            left, settled, reserved, limit = said.groups()
            assert (settled, reserved) == (money(sums["settled"], "USD"), money(sums["reserved"], "USD")), (
                case.id,
                name,
            )
            assert _minor(left) == max(0, _minor(limit) - sums.total()), (case.id, name)
            met += bool(sums)
    return met


def _minor(said: str) -> int:
    return int(re.sub(r"\D", "", said))


def _beside_requests(manager: Reader) -> int:
    """How many other cases the customer has, and what they got; returns for how many there was one."""
    met = 0
    requests = manager.rows(
        "SELECT t.id, t.case_id, c.customer_id FROM exception_request t JOIN case_file c ON c.id = t.case_id"
        f" WHERE {HERE} AND c.customer_id > 0 ORDER BY t.id DESC LIMIT 30"
    )
    for row in requests:
        words = manager.get(f"/exceptions/EX-{row.id}").words
        others = manager.rows(
            "SELECT t.id, t.summary FROM case_file t WHERE " + BESIDE.format(customer=row.customer_id, case=row.case_id)
            + " ORDER BY t.id DESC"
        )  # fmt: skip
        assert f" {len(others)} other case" in words, row.id
        sums = manager.rows(
            f"SELECT t.currency, sum(t.amount_minor) AS given FROM remedy t WHERE t.customer_id = {row.customer_id} AND"
            f" t.case_id <> {row.case_id} AND t.state IN ('reserved', 'settled') GROUP BY t.currency ORDER BY t.currency"
        )
        together = ", ".join(money(int(one.given), one.currency) for one in sums if one.given)
        if others:
            met += 1
            assert (f"Given before: {together}." if together else "Nothing given before.") in words, row.id
            assert f"Last: MG-{others[0].id} {others[0].summary}," in words
        else:
            assert "Nothing before this case." in words
    return met


def _pools(leader: Reader) -> int:
    """What the pool has left before and after, by its entries; returns how many requests wait that Sam didn't ask."""
    waiting = leader.rows(
        f"SELECT t.id, t.requested_by_id, t.team_id, t.amount_minor, t.currency FROM exception_request t WHERE {HERE}"
        " AND t.state = 'waiting' AND t.requested_by_id <> {me} AND t.remedy_id > 0"
    )
    for row in waiting:
        [pool] = leader.rows(
            "SELECT t.approved_minor + (SELECT r.limit_minor FROM authority_rule r JOIN employee e ON e.role = r.role WHERE"
            f" e.id = {row.requested_by_id} AND r.unit = 'team_month' AND r.site_id = t.site_id AND r.version_id ="
            " (SELECT p.id FROM policy_version p WHERE p.state = 'published' ORDER BY p.valid_from DESC LIMIT 1)) AS most,"
            " (SELECT coalesce(sum(e.amount_minor), 0) FROM ledger_entry e WHERE e.purse_id = t.id AND e.bucket IN"
            " ('settled', 'reserved')) AS used FROM purse t WHERE t.unit = 'team_month'"
            f" AND t.team_id = {row.team_id} AND t.period = '{leader.now:%Y-%m}' AND t.currency = '{row.currency}'"
        )
        left = pool.most - int(pool.used)
        words = leader.get(f"/exceptions/EX-{row.id}/purse").words
        said = f"{money(left, row.currency)} left {money(left - row.amount_minor, row.currency)} left"
        assert said in words, (row.id, said, words)
    return len(waiting)


def _route(ana: Reader) -> int:
    """How long answers of the same route took, said before somebody asks; returns how many there were."""
    [case, *_] = ana.rows(
        "SELECT t.id FROM case_file t WHERE t.resolved_at IS NULL AND t.owner_id = {me} AND t.given_minor = 0"
        " AND NOT EXISTS (SELECT 1 FROM exception_request x WHERE x.case_id = t.id AND x.state = 'waiting') ORDER BY t.id DESC"
    )
    answer = ana.client.post(f"/cases/MG-{case.id}/can-i", data={"kind": "credit", "amount": "425.00"})
    assert answer.status_code == 200
    words = node_of(answer.text).words
    alike = ana.rows(
        "SELECT t.asked_at, t.ended_at, r.local_hour FROM exception_request t JOIN exception_route r ON r.exception_id = t.id"
        f" WHERE {HERE} AND t.state IN ('approved', 'declined') AND r.key = (SELECT n.key FROM exception_route n JOIN"
        " exception_request x ON x.id = n.exception_id WHERE x.kind = 'credit' AND x.amount_minor = 42500)"
    )
    hour = _local(ana, ana.now).hour
    lately = [row for row in alike if instant(row.asked_at) >= ana.now - 90 * DAY]
    near = [row for row in lately if abs(row.local_hour - hour) in (0, 1, 23)]
    chosen = near if len(near) >= 10 else lately
    took = [int((instant(row.ended_at) - instant(row.asked_at)).total_seconds()) for row in chosen]
    half, most = (time_words(at_rank(took, share)) for share in (Fraction(1, 2), Fraction(9, 10)))
    if chosen is near:
        said = f"At this hour half of the answers took {half} or less, nine in ten {most} ({len(near)} in 90 days)."
    else:
        said = f"Half of the answers here took {half} or less, nine in ten {most} (from {len(chosen)} in 90 days)."
    assert said in words, (said, words)
    return len(chosen)


def _local(reader: Reader, at: datetime) -> datetime:
    return at.astimezone(ZoneInfo(people.site(reader.person.site_id).time_zone))


def _suggested(manager: Reader) -> int:
    """What similar cases got, of the one or two kinds that customers took most often; returns how many were said."""
    met = 0
    cases = manager.rows(
        "SELECT min(t.id) AS id, t.category_id, t.severity, s.currency FROM case_file t JOIN site s ON s.id = t.site_id WHERE"
        " t.attribution = 'company' AND NOT t.historic AND EXISTS (SELECT 1 FROM precedent p WHERE p.category_id = t.category_id"
        " AND p.severity = t.severity AND p.currency = s.currency) GROUP BY t.category_id, t.severity, s.currency"
    )
    for case in cases:
        page = manager.get(f"/cases/MG-{case.id}/suggestions")
        words, is_again = page.words, "Not the first time" in page.words
        [loss] = manager.rows(f"SELECT t.loss_minor FROM case_file t WHERE t.id = {case.id}")
        wanted = []
        for kind, name, found in _alike(manager, case):
            got = sorted(row.amount_minor for row in found if row.answer == "accepted")
            if len(got) < ENOUGH:
                continue
            declined = sum(row.answer == "declined" for row in found)
            minor = at_rank(got, Fraction(9, 10) if is_again else Fraction(1, 2)) or 0
            if loss.loss_minor:
                minor = min(minor, loss.loss_minor * 3 // 2)
            said = (
                f"{name} · {money(minor, case.currency)} The middle of what {len(got)} similar cases got;"
                f" {len(got)} of {len(got) + declined} customers took it."
            )
            wanted.append((-Fraction(len(got), len(got) + declined), -len(got), kind, said))
        for *_, said in sorted(wanted)[:2]:
            assert said in words, (case.id, said, words)
        assert words.count("The middle of what") == min(2, len(wanted)), case.id
        met += min(2, len(wanted))
    return met


def _alike(manager: Reader, case: Any) -> list[tuple[str, str, list[Any]]]:
    kinds = manager.rows("SELECT k.code, k.name FROM remedy_kind k WHERE k.monetary AND k.active")
    return [
        (kind.code, kind.name, manager.rows(
            "SELECT r.amount_minor, p.answer FROM precedent p JOIN remedy r ON r.id = p.remedy_id WHERE"
            f" p.category_id = {case.category_id} AND p.severity = {case.severity} AND r.kind = '{kind.code}' AND"
            f" r.currency = '{case.currency}' ORDER BY p.at DESC, r.id DESC LIMIT {NEWEST}"
        ))
        for kind in kinds
    ]  # fmt: skip


def _inbox(reader: Reader) -> None:
    rows = reader.rows(
        "SELECT n.id, n.subject, n.read_at FROM notification n WHERE n.employee_id = {me} ORDER BY n.id DESC"
    )
    unread = sum(row.read_at is None for row in rows)
    page = reader.get("/inbox")
    said = "99+" if unread > 99 else f"{unread}"
    assert f"{said} line{'' if unread == 1 else 's'} unread" in page.words
    assert [one.words for one in page.by_class("bell__count")] == ([said] if unread else [])
    for url, wanted in (("/inbox", rows), ("/inbox?unread=1", [row for row in rows if row.read_at is None])):
        lines = [line for one in reader.pages(url) for line in one.by_tag("li") if "data-row" in line.attributes]
        shown = [(line.by_tag("p")[0].words.split(" ·")[0], "is-read" in line.attributes["class"]) for line in lines]
        assert shown == [(row.subject, row.read_at is not None) for row in wanted]


def _batches(leader: Reader, ada: Reader) -> int:
    """Waiting requests over the same clauses up to a bound; returns how many may be picked."""
    cap = 70_000
    [bound] = ada.rows("SELECT b.version FROM decision_bound b WHERE b.currency = 'USD'")
    bound_actions.set_bounds(
        currency="USD",
        batch_max=Money(cap, "USD"),
        proof_above=None,
        version=bound.version,
        actor=ada.person.actor,
        now=ada.now,
    )
    groups: dict[Any, set[str]] = defaultdict(set)
    for row in leader.rows(
        f"SELECT t.id, t.kind, t.over, t.policy_version_id FROM exception_request t WHERE {HERE} AND t.state = 'waiting' AND"
        f" t.currency = 'USD' AND t.amount_minor <= {cap} AND t.requested_by_id <> {{me}}"
    ):
        clauses = ", ".join(sorted({one["clause"] for one in parsed(row.over)}))
        groups[row.kind, clauses, row.policy_version_id].add(f"EX-{row.id}")
    wanted = sorted((clauses, sorted(refs)) for (_, clauses, _), refs in groups.items() if len(refs) > 1)
    shown = []
    for card in leader.get("/exceptions/batch").by_class("card"):
        picks = [one.attributes["value"] for one in card.by_tag("input") if one.attributes.get("name") == "pick"]
        head = card.by_tag("h2")[0].words
        assert f"each up to {money(cap, 'USD')}" in card.words
        shown.append((head.split("clause ")[1], sorted(picks)))
    assert sorted(shown) == wanted
    return sum(len(refs) for _, refs in wanted)


def _outbox(ada: Reader) -> None:
    """Messages on their way, one of them late, and two that were given up."""
    late = ada.now - timedelta(hours=5)
    db.session.remove()
    with db.engine.connect().execution_options(makegood_migration=True) as raw:
        for number in range(9):
            raw.execute(text(
                "INSERT INTO outbox_message (channel, key, payload, at) VALUES ('mail', :key, '{}', :at)"
            ), {"key": f"notice:another-hand-{number}", "at": _kept(late)})  # fmt: skip
            state = "waiting" if number < 5 else "dead" if number < 7 else "delivered"
            raw.execute(text(
                "INSERT INTO outbox_attempt (message_id, channel, number, tries_left, state, due_at, ended_at, error) SELECT m.id,"
                " m.channel, :number, 0, :state, :due, :ended, 'Nobody there.' FROM outbox_message m WHERE m.key = :key"
            ), {"number": number + 1, "state": state, "due": _kept(late + number * DAY), "key": f"notice:another-hand-{number}",
                "ended": None if state == "waiting" else _kept(ada.now)})  # fmt: skip
        raw.commit()
    tries = ada.rows(
        "SELECT a.state, a.due_at, a.number, m.key FROM outbox_attempt a JOIN outbox_message m ON m.id = a.message_id"
    )
    waiting = [row for row in tries if row.state in ("waiting", "running")]
    oldest = min(instant(row.due_at) for row in waiting)
    page = ada.get("/outbox")
    assert f"{len(waiting)} messages on their way · the oldest has been due since" in page.words and oldest == late
    assert f"{_local(ada, late):%H:%M}" in page.words.split("due since")[1][:40]
    shown = sorted((row[2], row[0].split("· ")[1]) for row in page.rows)
    assert shown == sorted((f"{row.number}", row.key) for row in tries if row.state == "dead") and len(shown) > 1


def _records(manager: Reader, ada: Reader) -> None:
    """How many people a team has, reports a public form brought, cases an export would hold, entries the trail has."""
    sizes = ada.rows(
        "SELECT t.name, s.name AS site, (SELECT count(*) FROM employee e WHERE e.team_id = t.id AND e.deactivated_at IS NULL) AS n"
        " FROM team t JOIN site s ON s.id = t.site_id"
    )
    shown = [(row[0], int(row[2])) for row in ada.get("/teams").rows]
    assert sorted(shown) == sorted((f"{row.name} {row.site}", row.n) for row in sizes)
    _some_reports(manager)
    places = manager.rows(
        "SELECT p.name, (SELECT count(*) FROM report r WHERE r.place_id = p.id) AS n FROM report_place p"
    )
    found = manager.get("/report-places").rows
    assert len(found) == len(places) and {place.n for place in places} == {5, 3}
    assert all(any(row[0].startswith(place.name) and int(row[2]) == place.n for row in found) for place in places)
    words = manager.get("/cases/export?view=all").words
    assert f"The list I came from: {manager.count('case_file t WHERE t.resolved_at IS NULL')} cases" in words
    assert f"resolved ones too: {manager.count('case_file t')} cases" in words
    if db.engine.dialect.name == "postgresql":
        seal_pending(everything=True)
    written = manager.count("audit_entry t")
    trail = manager.get("/audit").words
    entries = re.search(r"([\d,]+) entries in all · head \S+( ([\d,]+) entr\w+ (is|are) being sealed)?", trail)
    assert entries and _minor(entries.group(1)) + _minor(entries.group(3) or "0") == written > 1_000


def _some_reports(manager: Reader) -> None:
    """Two public forms: five reports by the one, three by the other."""
    for name in ("At the lift", "On the room card"):
        place_actions.add_place(
            site_id=manager.sites[0], name=name, channel="web", actor=manager.person.actor, now=manager.now
        )
    waiting = manager.rows(
        "SELECT t.id, t.site_id, t.customer_id FROM case_file t WHERE t.resolved_at IS NULL AND t.customer_id > 0"
    )
    for row in waiting[:8]:
        messages.receive(
            case_id=row.id,
            text="And again.",
            channel="web",
            actor=customer(f"CU-{row.customer_id}", row.site_id),
            now=manager.now,
        )
    db.session.remove()
    with db.engine.connect().execution_options(makegood_migration=True) as raw:
        raw.execute(text(
            "INSERT INTO report (place_id, case_id, message_id, intent, fingerprint, joined, is_new_customer, at) SELECT p.id, m.case_id,"
            " m.id, 'another hand ' || m.id, 'f', :no, :no, m.at FROM (SELECT id, case_id, at, row_number() OVER (ORDER BY id) AS place"
            " FROM message) m JOIN report_place p ON p.name = CASE WHEN m.place <= 5 THEN 'At the lift' ELSE 'On the room card' END"
            " WHERE m.place <= 8"
        ), {"no": False})  # fmt: skip
        raw.commit()


def _kept(at: datetime) -> Any:
    return at if db.engine.dialect.name == "postgresql" else f"{at:%Y-%m-%d %H:%M:%S.%f}"


def _to_learn(app: Flask, leader: Reader) -> int:
    """Cases that somebody resolved within half a year and that were put down to training; for how many that was said."""
    rows = leader.rows(
        "SELECT t.id, t.resolved_by_id AS who, t.resolved_at, e.email FROM case_file t JOIN employee e ON e.id = t.resolved_by_id"
        " WHERE t.root_cause = 'training' AND t.resolved_at IS NOT NULL AND e.deactivated_at IS NULL ORDER BY t.id"
    )
    of_person: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        if instant(row.resolved_at) >= leader.now - 180 * DAY:
            of_person[row.email].append(row.id)
    met = 0
    for email, cases in of_person.items():
        learn = Reader(app, email, leader.now).get("/coaching").under("learn")
        said = f"{len(cases)} cases of the last half year were put down to training"
        assert (said in learn.words) == (len(cases) >= 3), (email, learn.words)
        if len(cases) >= 3:
            met += 1
            assert [one for one in learn.words.split() if one.startswith("MG-")] == [f"MG-{one}" for one in cases[:8]]
    return met


# What has had its time of each class, by its title on the page: a table and what has to hold of `t` at :before.
OVER = {
    "Words of closed cases": (1_095, "case_file t WHERE t.state IN ('resolved', 'closed') AND"
                              " coalesce(t.closed_at, t.resolved_at) < :since"),
    "Customers without a case": (1_095, "customer t WHERE t.created_at < :since AND t.data_key IS NOT NULL AND NOT EXISTS (SELECT 1"
                                 " FROM case_file c WHERE c.customer_id = t.id AND (c.resolved_at IS NULL OR"
                                 " coalesce(c.closed_at, c.resolved_at) >= :since)) AND NOT EXISTS (SELECT 1 FROM customer_merge m"
                                 " WHERE m.undone_at IS NULL AND t.id IN (m.customer_id, m.root_id))"),
    "Originals of mails and mail of no case": (365, "mail_in t WHERE t.at < :since AND (t.stored_as IS NOT NULL OR t.case_id IS NULL)"),
    "Drafts": (30, "message_draft t WHERE t.at < :since"),
    "Lines of inboxes": (180, "notification t WHERE t.at < :since"),
    "Delivered messages of the outbox": (90, "outbox_message t WHERE t.at < :since AND t.key NOT LIKE 'payout%' AND NOT EXISTS"
                                         " (SELECT 1 FROM outbox_attempt a WHERE a.message_id = t.id AND a.state IN"
                                         " ('waiting', 'running', 'dead'))"),
    "Rows that an import turned away": (90, "import_reject t JOIN import_run r ON r.id = t.run_id WHERE r.started_at < :since"),
    "Answers kept for repeated requests": (30, "idempotency_answer t WHERE t.created_at < :since"),
}  # fmt: skip


def _retention(ada: Reader) -> int:
    """How many rows of each class have had their time; returns of how many classes there are any."""
    shown = {row[0]: row[2] for row in ada.get("/privacy/retention").rows}
    met = 0
    for title, (days, statement) in OVER.items():
        [row] = ada.rows(f"SELECT count(*) AS n FROM {statement}", part=_before(ada, days))
        [(said, figure)] = [(head, figure) for head, figure in shown.items() if head.startswith(title)]
        assert figure == f"{row.n:,}", (said, figure, row.n)
        met += row.n > 0
    return met


def _before(ada: Reader, days: int) -> Any:
    return type(ada.part)(ada.part.site_ids, None, ada.now - days * DAY, ada.now)


def _re_runs(ada: Reader) -> None:
    """Open cases that count by an older policy, or by older hours than their site's newest."""
    db.session.remove()
    with db.engine.connect().execution_options(makegood_migration=True) as raw:
        raw.execute(text(
            "INSERT INTO calendar_version (calendar_id, number, time_zone, country, subdivision, windows, holidays, created_at, special)"
            " SELECT v.calendar_id, v.number + 1, v.time_zone, v.country, v.subdivision, v.windows, v.holidays, v.created_at, v.special"
            " FROM calendar_version v WHERE v.id = (SELECT max(n.id) FROM calendar_version n)"
        ))  # fmt: skip
        raw.execute(
            text("INSERT INTO sla_policy_version (number, created_at) VALUES (99, :at)"), {"at": _kept(ada.now)}
        )
        raw.execute(
            text("UPDATE clock SET policy_version_id = (SELECT max(p.id) FROM sla_policy_version p) WHERE id % 3 > 0")
        )
        raw.commit()
    hours = (
        "t.calendar_version_id <> (SELECT max(v.id) FROM calendar_version v JOIN site s ON s.calendar_id = v.calendar_id"
        " WHERE s.id = t.site_id)"
    )
    targets = "coalesce(t.policy_version_id, 0) <> (SELECT max(p.id) FROM sla_policy_version p)"
    counts = set()
    for kind, older in (("hours", hours), ("targets", targets), ("both", f"({hours} OR {targets})")):
        [row] = ada.rows(
            "SELECT count(DISTINCT t.case_id) AS n FROM clock t WHERE t.stopped_at IS NULL AND t.cancelled_at IS NULL AND NOT"
            f" t.historic AND t.milestone NOT IN ('promise', 'legal') AND {older}"
        )
        said = ada.get(f"/settings/re-runs?kind={kind}").under("preview").words
        assert f"{row.n:,} open case{'' if row.n == 1 else 's'} count" in said, (kind, row.n, said)
        counts.add(row.n)
    assert 0 not in counts and len(counts) > 1
