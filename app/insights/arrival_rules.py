"""When cases arrive: by weekday and hour as clocks on the wall show them, across changes of summer time. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

HOURS = 2  # to a column


def arrivals(received: Iterable[tuple[datetime, int]], zones: Mapping[int, str]) -> list[list[int]]:
    """Count (instant, site) by weekday, Monday first, and stretches of HOURS in each site's own time.

    Worked value: 08:30 UTC in London is in 08–10 in January and in 08–10 of local 09:30 in July: the same column.
    """
    known = {site_id: ZoneInfo(zone) for site_id, zone in zones.items()}
    counts = [[0] * (24 // HOURS) for _ in range(7)]
    for at, site_id in received:
        local = at.astimezone(known[site_id])
        counts[local.weekday()][local.hour // HOURS] += 1
    return counts
