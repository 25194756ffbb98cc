"""Ways on which money leaves: each pays one order, tells in the same words how it went, and may be asked again."""
