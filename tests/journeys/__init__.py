"""What people do, through a real browser, with nothing replaced."""
