"""What these tests borrow: a real SMTP server and an application that sends through it."""

from tests.notifications.conftest import box, posting

__all__ = ["box", "posting"]
