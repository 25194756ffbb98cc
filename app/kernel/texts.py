"""What people and programs typed, without characters that nobody types."""

import re

# Controls, lone surrogates, and overrides of the direction that make a word read as another.
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")


def one_line(text: str) -> str:
    """Make one line of a text that stands in lists and in the subjects of mails, whichever way it came in.

    Worked value: "Cleo\\r\\nBcc: x" gives "Cleo Bcc: x".
    """
    return " ".join(CONTROL.sub("", text).split())
