"""Customers: found or made while typing, with their ways to be reached."""
