"""What customers say after a case is resolved, and what is done when they are unhappy."""
