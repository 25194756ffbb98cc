"""What one figure of a person may say: counted, bounded, set against its own mix of cases, drawn in, and put in one verdict. Pure.

Method (its name and version are frozen into each review): expected values by indirect standardisation over category,
severity and channel; a stratum with fewer than ten cases of everybody falls back to its severity. Limits are exact
binomial at 95 and 99.8 % around the person's own expected ratio; a flag also has to stay outside after the spread
between colleagues (over-dispersion) is allowed for. Sources: those of insights/statistics_rules.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import inf
from typing import Any, Literal

from app.insights.rules import COUNT_MIN, wilson_interval
from app.insights.statistics_rules import (
    ALARM,
    WARNING,
    Limits,
    dispersion,
    expected,
    funnel_limits,
    observed_over_expected,
    power,
    shrinkage,
    trials_for,
)

METHOD = "indirect-standardisation@1"
PEERS_MIN = 5  # colleagues with enough cases, or there is nobody to compare with
CLASSIFY_MIN = 0.9  # reliability
POWER_MIN = 0.8
DIFFERENCE = 0.15  # what a figure must be able to notice before its silence means anything
_Z_ALARM = 3.09

Stratum = tuple[int, int, str]  # category, severity, channel
Counts = Mapping[int, Mapping[Stratum, tuple[int, int]]]  # employee → stratum → (hits, trials)
Verdict = Literal[
    "too_few", "no_peers", "alike", "cannot_tell", "as_expected", "read_low", "read_high", "lower", "higher"
]
FLAGS = frozenset({"read_low", "read_high", "lower", "higher"})


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of one person. Everything but the code is None below ten cases, and comparisons are without peers.

    peers: (trials, evened-out ratio) of colleagues with enough cases, by their trials and nothing else.
    expected: hits that everybody's ratios give for the person's cases; adjusted: the ratio evened out for them.
    """

    code: str
    verdict: Verdict
    k: int | None = None
    n: int | None = None
    low: float | None = None
    high: float | None = None
    house: float | None = None
    expected: float | None = None
    ratio: float | None = None
    ratio_low: float | None = None
    ratio_high: float | None = None
    adjusted: float | None = None
    shrunk: float | None = None
    reliability: float | None = None
    trials_needed: int | None = None
    power: float | None = None
    tau2: float | None = None
    peers: tuple[tuple[int, float], ...] = ()

    @property
    def is_enough(self) -> bool:
        return self.n is not None

    @property
    def is_compared(self) -> bool:
        return self.adjusted is not None

    @property
    def is_flagged(self) -> bool:
        return self.verdict in FLAGS

    def plain(self) -> dict[str, Any]:
        """The figure as plain values; what isn't there is left out."""
        found = {name: value for name, value in asdict(self).items() if value is not None}
        return {**found, "peers": [list(peer) for peer in self.peers]}

    def shared(self) -> dict[str, Any]:
        """The figure for handing on: everything but the single colleagues."""
        return {
            **{name: value for name, value in self.plain().items() if name != "peers"},
            "peer_count": len(self.peers),
        }


def figure_of(plain: Mapping[str, Any]) -> Figure:
    """Read a frozen figure."""
    peers = tuple((int(n), float(at)) for n, at in plain.get("peers", ()))
    return Figure(**{**{name: value for name, value in plain.items() if name != "peers"}, "peers": peers})


def expected_hits(counts: Counts) -> dict[int, float]:
    """Each person's hits if everybody's ratio held for their cases. Exchanging people's results changes nothing."""
    totals: dict[Stratum, list[int]] = {}
    rest: dict[int, list[int]] = {}
    for strata in counts.values():
        for stratum, (k, n) in strata.items():
            for sums in (totals.setdefault(stratum, [0, 0]), rest.setdefault(stratum[1], [0, 0])):
                sums[0] += k
                sums[1] += n
    known: dict[object, tuple[int, int]] = {
        stratum: (k, n) if n >= COUNT_MIN else (rest[stratum[1]][0], rest[stratum[1]][1])
        for stratum, (k, n) in totals.items()
    }
    return {
        person: expected(known, {stratum: n for stratum, (_, n) in strata.items()}) for person, strata in counts.items()
    }


def figure(code: str, counts: Counts, person: int) -> Figure:
    """Say what one person's hits of trials allow to conclude beside those of colleagues with the same role."""
    sums = {who: _sum(strata) for who, strata in counts.items()}
    k, n = sums.get(person, (0, 0))
    if n < COUNT_MIN:
        return Figure(code, "too_few")
    low, high = wilson_interval(k, n)
    counted = {"k": k, "n": n, "low": _cut(low), "high": _cut(high)}
    peers = sorted(
        (who for who, (_, m) in sums.items() if m >= COUNT_MIN and who != person), key=lambda who: sums[who][1]
    )
    if len(peers) < PEERS_MIN:
        return Figure(code, "no_peers", **counted)  # type: ignore[arg-type]
    wanted = expected_hits(counts)
    hits, trials = sum(one for one, _ in sums.values()), sum(m for _, m in sums.values())
    house = hits / trials
    target = wanted[person] / n
    if not 0 < target < 1 or not 0 < house < 1:
        return Figure(code, "alike", **counted, house=_cut(house), expected=round(wanted[person], 2))  # type: ignore[arg-type]
    units = [sums[who] for who in (person, *peers)]
    spread = dispersion(units, targets=[wanted[who] / sums[who][1] for who in (person, *peers)])
    drawn = shrinkage([unit for unit in sums.values() if unit[1]])
    reliability = drawn.reliability(n)
    ratio, ratio_low, ratio_high = observed_over_expected(k, wanted[person])
    seen = min(power(at, target, n, ALARM) for at in (target - DIFFERENCE, target + DIFFERENCE) if 0 < at < 1)
    outside = funnel_limits(target, n, ALARM).is_outside(k) and abs(spread.adjusted[0]) > _Z_ALARM
    return Figure(
        code,
        _verdict(outside, k > wanted[person], reliability, seen),
        **counted,  # type: ignore[arg-type]
        house=_cut(house),
        expected=round(wanted[person], 2),
        ratio=_cut(ratio), ratio_low=_cut(ratio_low), ratio_high=_cut(ratio_high),
        adjusted=_evened(k, wanted[person], house),
        shrunk=_cut(drawn.shrunk(k, n)),
        reliability=_cut(reliability),
        trials_needed=_needed(drawn.mean, drawn.sigma, drawn.strength),
        power=_cut(seen),
        tau2=_cut(spread.tau2),
        peers=tuple((sums[who][1], _evened(sums[who][0], wanted[who], house)) for who in peers),
    )  # fmt: skip


def _verdict(is_outside: bool, is_above: bool, reliability: float, seen: float) -> Verdict:
    """Flag only what is outside 99.8 %; classify only when the figure is reliable; never take silence for praise."""
    if is_outside and reliability >= CLASSIFY_MIN:
        return "higher" if is_above else "lower"
    if is_outside:
        return "read_high" if is_above else "read_low"
    return "as_expected" if seen >= POWER_MIN else "cannot_tell"


def limits_along(house: float, sizes: range) -> list[tuple[int, Limits, Limits]]:
    """The funnel around the house's ratio: (trials, 95 %, 99.8 %) for each size."""
    return [(n, funnel_limits(house, n, WARNING), funnel_limits(house, n, ALARM)) for n in sizes]


def _sum(strata: Mapping[Stratum, tuple[int, int]]) -> tuple[int, int]:
    return sum(k for k, _ in strata.values()), sum(n for _, n in strata.values())


def _evened(k: int, wanted: float, house: float) -> float:
    """The house's ratio times observed over expected, at most 1."""
    return _cut(min(1.0, house * k / wanted)) if wanted else _cut(house)


def _needed(mean: float, sigma: float, strength: float) -> int | None:
    if strength in (0.0, inf) or not sigma:
        return None
    return trials_for(CLASSIFY_MIN, mean, sigma)


def _cut(value: float) -> float:
    return round(value, 4)
