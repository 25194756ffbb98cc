"""Money, time, database base and column types, transactions with the audit guard, references, errors and paging.

The lowest storey: knows no domain noun and imports no other room.
"""
