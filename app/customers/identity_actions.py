"""Forget who a customer is: their key is destroyed, so that nothing sealed under it opens again, here or in a backup's copy."""

from collections.abc import Sequence


def forget_identity(customer_ids: Sequence[int]) -> None:
    """Destroy the keys of customers, with all that is sealed under them and all digests they are found by.

    Inside the caller's transaction, which writes the audit entry; repeating it changes nothing.
    """
    raise NotImplementedError
