"""Measures of the work, never of a person: shares with intervals, waiting times, use of purses, deadlines."""
