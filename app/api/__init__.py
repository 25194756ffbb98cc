"""API v1: JSON over the same actions as the pages, described by OpenAPI 3.1, with tokens, keys and problem details.

A resource translates: read the body, call one action or query of a room, answer. It decides nothing of its own.
"""
