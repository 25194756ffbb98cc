"""Purses and the ledger: what may be spent, held and settled; guarded in the statement that takes it."""
