"""Whether a pass phrase is known from a breach, looked up offline in a sorted file of SHA-1 hashes."""

import hashlib
from pathlib import Path

_HEX = 40


def is_breached(phrase: str, path: str) -> bool:
    """Tell whether the phrase's SHA-1 stands in the file; a binary search, so that its size costs nothing.

    The file has one upper-case hash a line, sorted, with or without ":COUNT" behind it, as Pwned Passwords is published
    ("ordered by hash"). SHA-1 is that list's own choice and protects nothing here.
    """
    wanted = hashlib.sha1(phrase.encode("utf-8", "replace"), usedforsecurity=False).hexdigest().upper().encode()
    with Path(path).open("rb") as file:
        low, high = 0, file.seek(0, 2)  # the wanted line, if any, begins in [low, high)
        while low < high:
            middle = (low + high) // 2
            file.seek(max(0, middle - 1))
            if middle:
                file.readline()  # go to where the next line begins
            begin = file.tell()
            found = file.readline()[:_HEX].upper() if begin < high else b""
            if found == wanted:
                return True
            if not found or found > wanted:
                high = middle
            else:
                low = begin + 1
    return False
