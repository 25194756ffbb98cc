"""Each guard of deciding, taken out: the model that watches any sequence of deeds notices that it is gone.

The rules' own text is changed and loaded as another module, so that what is proved is the line that runs, not a copy of it.
"""

import importlib.util
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from app.approvals import rules
from tests.approvals import test_stateful as model

SOURCE = Path(str(rules.__file__)).read_text(encoding="utf-8")
GUARDS = {
    "own request": ("if decider.person == facts.human(facts.requested_by_id):", "if False:"),
    "own case": ("if decider.person == facts.human(facts.handler_id):", "if False:"),
    "spoken already": ('if facts.state == "waiting" and decider.person in facts.acted:', "if False:"),
    "quorum": ('return "approved" if len(outcomes) >= needed else None', 'return "approved"'),
    "principal barred": (
        "if principal.person == facts.human(facts.requested_by_id) or _barred(principal, facts) is not None:",
        "if False:",
    ),
    "own absence": ("if principal.person == decider.person:", "if False:"),
    "ended": ('if facts.state != "waiting":', "if False:"),
    "expired": ("if facts.expires_at <= now:", "if False:"),
    "outside the period": ("if not mandate.from_at <= now < mandate.to_at:", "if False:"),
    "amount": ("mandate.currency != facts.currency or facts.amount_minor > mandate.amount_minor_max", "False"),
}
# What the roster or the principal's own right refuses as well: the model can't tell, an example can.
TWICE = ("principal barred", "outside the period")


@pytest.fixture
def without(request: pytest.FixtureRequest) -> Iterator[ModuleType]:
    """The rules without one guard."""
    guard, nothing = GUARDS[request.param]
    assert SOURCE.count(guard) == 1, f"the guard has moved: {guard}"
    spec = importlib.util.spec_from_loader("app.approvals.rules_without_a_guard", loader=None)
    assert spec is not None
    mutant = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = mutant
    exec(compile(SOURCE.replace(guard, nothing), "rules_without_a_guard.py", "exec"), mutant.__dict__)
    yield mutant
    del sys.modules[spec.name]


@pytest.mark.slow
@pytest.mark.parametrize("without", [name for name in GUARDS if name not in TWICE], indirect=True)
def test_the_model_notices_a_guard_that_is_gone(without: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "rules", without)
    seen = settings(
        max_examples=3_000, stateful_step_count=30, deadline=None, database=None, derandomize=True,
        phases=[Phase.generate], print_blob=False, suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    with pytest.raises((AssertionError, ExceptionGroup)):
        run_state_machine_as_test(model.Desk, settings=seen)


@pytest.mark.parametrize("without", ["principal barred"], indirect=True)
def test_who_stands_in_for_somebody_with_a_part_in_it_reads_so(without: ModuleType) -> None:
    """The principal's own right refuses it as well; this guard says why."""

    def answer(of: ModuleType) -> str:
        facts = of.RequestFacts(3, 1, 1, None, "waiting", model.START + timedelta(days=1))
        away = of.Decider(3, "site", 1)
        lent = of.Mandate(away, "Sam", model.START, model.START + timedelta(days=1))
        found = of.may_decide(of.Decider(5, "site", 2, mandates=(lent,)), facts, model.START)
        return str(found.code)

    assert (answer(rules), answer(without)) == ("principal-barred", "own-request")


@pytest.mark.parametrize("without", ["outside the period"], indirect=True)
def test_a_stand_in_has_no_authority_outside_of_the_period(without: ModuleType) -> None:
    """The roster reads only what holds now; should it ever read more, this guard still holds."""

    def is_allowed(of: ModuleType, days: int) -> bool:
        facts = of.RequestFacts(1, 1, 1, None, "waiting", model.START + timedelta(days=9))
        lent = of.Mandate(of.Decider(3, "site", 1), "Sam", model.START, model.START + timedelta(days=1))
        found = of.may_decide(of.Decider(5, "site", 2, mandates=(lent,)), facts, model.START + timedelta(days=days))
        return isinstance(found, of.Allowed)

    assert [is_allowed(rules, day) for day in (-1, 0, 1)] == [False, True, False]
    assert [is_allowed(without, day) for day in (-1, 0, 1)] == [True, True, True]
