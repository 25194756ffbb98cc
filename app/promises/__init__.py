"""What was told to a customer, by when, and whether it was kept."""
