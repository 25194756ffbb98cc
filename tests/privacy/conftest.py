"""The mail server of the notices' tests serves these too."""

from tests.notifications.conftest import box, posting

__all__ = ["box", "posting"]
