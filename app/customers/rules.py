"""How names, e-mail addresses and telephone numbers are compared. Pure."""

import re
import unicodedata

NAME_MAX = 120


def name_key(name: str) -> str:
    """Fold a name to what typing is compared with. Worked value: "  Zoë  O'Neil " gives "zoe o'neil"."""
    folded = unicodedata.normalize("NFKD", name.casefold())
    plain = "".join(mark for mark in folded if not unicodedata.combining(mark))
    return " ".join(plain.split())[:160]


def email_key(email: str | None) -> str | None:
    """Fold an e-mail address; None for a blank one."""
    cleaned = (email or "").strip().casefold()
    return cleaned or None


def phone_key(phone: str | None) -> str | None:
    """Keep the digits and a leading plus; None when there are none. Worked value: "+44 (0)20 7946" gives "+440207946"."""
    cleaned = re.sub(r"[^0-9+]", "", (phone or "").strip())
    cleaned = cleaned[:1] + cleaned[1:].replace("+", "")
    return cleaned if any(mark.isdigit() for mark in cleaned) else None


def is_email(text: str) -> bool:
    """Tell an address from a name, loosely: enough to know what somebody is typing."""
    return bool(re.fullmatch(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+", text.strip()))
