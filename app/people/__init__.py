"""Employees, roles, sites, teams and the manager line; sign-in, sessions, tokens; the permission table and page access."""
