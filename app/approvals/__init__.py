"""Exceptions: requests above someone's authority, who may decide them, decisions, and the pages where they are decided."""
