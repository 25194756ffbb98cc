"""Rows of the in-app inbox, written in the transaction of the change they tell about."""
