"""Where higher rooms follow a customer's changes, inside the same transaction."""

from collections.abc import Callable

# Each is called with the customer's id after the name was changed.
on_rename: list[Callable[[int], None]] = []
