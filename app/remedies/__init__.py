"""Remedies: "Can I?", offer, accept, decline, give; goodwill and redress kept apart; exceptions about money."""
