"""Clocks: targets per severity, their deadlines in the site's hours, pauses, warnings and breaches."""
