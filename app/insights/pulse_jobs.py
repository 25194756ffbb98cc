"""Due work: ballots of a pulse that begins, and the end of those that nobody used."""

from datetime import datetime

from app.insights import pulse_actions, pulse_queries


def turn_due(*, now: datetime, limit: int = 20) -> int:
    """Hand out what begins and destroy what is over; returns how many pulses turned. May run twice."""
    opening, over = pulse_queries.due_to_open(now, limit), pulse_queries.due_to_sweep(now, limit)
    turned = sum(pulse_actions.hand_out(pulse_id=pulse_id, now=now) for pulse_id in opening)
    return turned + sum(pulse_actions.sweep(pulse_id=pulse_id, now=now) for pulse_id in over)
