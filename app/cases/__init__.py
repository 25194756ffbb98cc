"""The issue log: what went wrong for whom, how bad, who answers for it, its timeline, resolution and reopening."""
