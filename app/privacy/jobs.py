"""Nightly: what has had its time goes. Every minute: what was erased is swept out of free pages."""

from app.privacy.erasure_actions import clean_due
from app.privacy.retention_actions import retain

__all__ = ["clean_due", "retain"]
