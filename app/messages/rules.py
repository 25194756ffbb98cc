"""Where a message may be said. Pure."""

from app.cases.rules import CHANNELS as CASE_CHANNELS

CHANNELS = (*CASE_CHANNELS, "page")
