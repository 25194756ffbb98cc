"""The permission table, without a database."""

import pytest

from app.kernel.actor import Actor, command, rule
from app.kernel.errors import NotFound, NotPermitted
from app.people.models import ROLES
from app.people.permissions import COMPANY, PERMISSIONS, Scope, has, require, scope_of


def somebody(role: str) -> Actor:
    return Actor("person", "EM-7", 7, role, site_id=1, team_id=11)


def test_every_grant_names_a_known_role_and_scope() -> None:
    for name, grants in PERMISSIONS.items():
        assert set(grants) <= set(ROLES), name
        assert set(grants.values()) <= {"own", "team", "site", "company"}, name


def test_the_auditor_reads_everything_and_changes_nothing() -> None:
    held = {name for name, grants in PERMISSIONS.items() if "auditor" in grants}
    assert {name for name in PERMISSIONS if name.endswith(".read")} <= held
    personal = {"profile.write", "tokens.write", "pulse.answer"}
    reading = {"policies.follow", "policies.simulate", "cases.export"}  # writes nothing but that it was read
    assert {name for name in held if not name.endswith((".read", ".verify"))} == personal | reading


def test_hr_and_administrators_see_no_cases() -> None:
    for role in ("hr", "admin"):
        assert not [
            name
            for name in PERMISSIONS
            if name.startswith(("cases.read", "customers", "remedies")) and has(somebody(role), name)
        ]


def test_only_supervisors_and_managers_decide_exceptions() -> None:
    assert set(PERMISSIONS["exceptions.decide"]) == {"supervisor", "manager"}


@pytest.mark.parametrize(
    ("role", "permission", "kind"),
    [
        ("frontline", "cases.read", "site"),
        ("frontline", "purses.read", "own"),
        ("supervisor", "exceptions.decide", "site"),
        ("manager", "exceptions.decide", "company"),
        ("admin", "tokens.write", "company"),
        ("frontline", "tokens.write", "own"),
        ("frontline", "exceptions.decide", None),
        ("auditor", "cases.write", None),
        ("nobody", "home.read", None),
    ],
)
def test_a_permission_reaches_as_far_as_the_table_says(role: str, permission: str, kind: str | None) -> None:
    scope = scope_of(somebody(role), permission)
    assert (scope.kind if scope else None) == kind
    assert scope is None or scope == Scope(kind, 1, 11, 7)  # type: ignore[arg-type]


def test_an_object_inside_the_scope_is_allowed_and_one_outside_is_not_found() -> None:
    assert require(somebody("frontline"), "cases.read", site_id=1).kind == "site"
    with pytest.raises(NotFound):
        require(somebody("frontline"), "cases.read", site_id=2)
    with pytest.raises(NotFound):
        require(somebody("frontline"), "purses.read", owner_id=8)
    assert require(somebody("manager"), "cases.read", site_id=2).kind == "company"


def test_a_role_without_the_permission_is_refused_before_the_object_is_looked_at() -> None:
    with pytest.raises(NotPermitted):
        require(somebody("hr"), "cases.read", site_id=1)


def test_commands_and_rules_act_on_the_whole_company() -> None:
    assert scope_of(command("import"), "cases.write") == COMPANY
    assert require(rule("sla-sweep"), "cases.write", site_id=9) == COMPANY


def test_an_unknown_permission_is_a_broken_assumption() -> None:
    with pytest.raises(KeyError):
        scope_of(somebody("admin"), "cases.reed")


def test_a_team_scope_covers_its_team_only() -> None:
    scope = Scope("team", 1, 11, 7)
    assert scope.covers(team_id=11)
    assert not scope.covers(team_id=12)
