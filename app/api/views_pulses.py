"""Pulses: which there are, and what a closed one came to, as far as the page shows it to who asks."""

from datetime import datetime
from typing import Any

from app.api import schemas_pulses as given
from app.api.endpoints import Call, endpoint, identity
from app.insights import pulse_actions, pulse_queries, pulse_sheet, pulse_words
from app.insights.pulse_queries import PulseRow
from app.insights.pulse_rules import Total
from app.kernel.errors import NotFound


@endpoint("GET", "/pulses", "List pulses, the newest first", permission="pulse.read", answer=given.PulsesOut)
def list_pulses(call: Call) -> given.PulsesOut:
    return given.PulsesOut(items=[given.PulseRowOut(**_row(row, call.now)) for row in pulse_queries.pulses()])


@endpoint("GET", "/pulses/{ref}", "Read what a closed pulse came to", permission="pulse.read", answer=given.PulseOut)
def show_pulse(call: Call, ref: str) -> given.PulseOut:
    row = pulse_queries.pulse(identity("pulse", ref))
    told = pulse_queries.readings([row] if row else [], call.scope("pulse.read"), call.actor, call.now)
    if not told:
        raise NotFound
    names = pulse_sheet.named(told[0].totals)
    pulse_actions.note_export(pulse_id=told[0].row.id, form="api", units=len(names), actor=call.actor, now=call.now)
    units = [_unit(one.words, told[0].totals[one.unit]) for one in names]
    return given.PulseOut(
        **_row(told[0].row, call.now),
        definition=str(pulse_words.DEFINITION),
        not_for=str(pulse_words.NOT_FOR),
        units=units,
    )


def _row(row: PulseRow, now: datetime) -> dict[str, Any]:
    return {
        "ref": row.ref,
        "name": row.name,
        "state": row.state(now),
        "opens_at": row.opens_at,
        "closes_at": row.closes_at,
    }


def _unit(name: str, total: Total) -> given.PulseUnitOut:
    return given.PulseUnitOut(
        unit=pulse_sheet.unit_ref(total.unit),
        name=name,
        asked=total.rate.trials,
        answered=total.rate.successes,
        low=total.rate.low,
        high=total.rate.high,
        scales=[
            given.PulseScaleOut(
                scale=one.scale, n=one.count, mean=one.mean, low=one.low, high=one.high, verdict=one.verdict
            )
            for one in total.scales
        ],
        conclusion=pulse_words.conclusion(total),
    )
