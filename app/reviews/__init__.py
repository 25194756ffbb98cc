"""Outcome reviews: frozen figures, what both sides say, evidence, signatures and appeals; the charter, recognition and coaching.

Nothing here ranks people, and a figure that rests on fewer than ten is never computed for anybody to see.
"""
