"""Measures of the work, never of a person: shares with intervals, waiting times, purses, deadlines; policies tried on the past."""
