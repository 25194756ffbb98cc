"""The claims of a real agency through a matrix of six limits: who could have decided each, against published counts."""

import csv
import gzip
from collections import Counter
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from app.approvals.matrix_rules import Ask, Candidate, MatrixRow, StepRule, route
from app.kernel.time import UTC

FILE = Path(__file__).resolve().parents[3] / "shared" / "data" / "baggage-claims" / "claims_2010_2013.csv.gz"
LIMITS = (50, 100, 250, 500, 1_000, 5_000)
# From the data's own description: claims paid more than each limit.
PUBLISHED = (8_458, 6_043, 2_912, 1_209, 416, 16)
NOW = datetime(2026, 3, 19, 15, 0, tzinfo=UTC)
PEOPLE = [
    Candidate(number, number, "supervisor", f"limit {top}", 1, None, "site")
    for number, top in enumerate(LIMITS, start=1)
]
ROWS = tuple(
    MatrixRow(f"to {top}", (StepRule((f"title:limit {top}",)),), "USD", low * 100, top * 100)
    for low, top in zip((0, *LIMITS), LIMITS, strict=False)
)


def test_who_could_have_decided_each_claim_agrees_with_an_independent_count() -> None:
    if not FILE.is_file():
        pytest.skip("the claims are not here")
    with gzip.open(FILE, "rt", encoding="utf-8", newline="") as lines:
        told = [row["Close Amount"].strip() for row in csv.DictReader(lines)]
    assert len(told) == 41_597
    amounts = [Decimal(text) for text in told if text != "-"]
    decided: Counter[str] = Counter()
    for minor, count in Counter(int(amount * 100) for amount in amounts).items():
        found = route(Ask("refund", minor, "USD", 1), ROWS, PEOPLE, NOW)
        assert found.is_beyond or [len(step.decider_ids) for step in found.steps] == [1]
        decided["beyond" if found.is_beyond else found.row_name] += count
    assert sum(decided.values()) == len(amounts) == 41_597 - 6_949
    above = [
        decided["beyond"] + sum(decided[f"to {top}"] for top in LIMITS[place + 1 :]) for place in range(len(LIMITS))
    ]
    assert above == [sum(amount > limit for amount in amounts) for limit in LIMITS] == list(PUBLISHED)
