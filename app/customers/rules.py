"""How names, e-mail addresses and telephone numbers are compared. Pure."""

import re
import unicodedata

NAME_MAX = 120
EMAIL_MAX = 254
PHONE_MAX = 30


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


def site_word(site_id: int | None) -> str:
    """Return the word that every customer of a site is found by, so that a scope narrows a search inside the index."""
    return f"site{site_id or 'every'}only"


def search_text(name: str, email: str | None, phone: str | None, site_id: int | None) -> str:
    """Return what a customer is found by; a telephone number also by its last digits, as people say it."""
    digits = (phone or "").lstrip("+")
    tails = [digits[start:] for start in range(1, len(digits) - 4)]
    return "\n".join(part for part in (site_word(site_id), name, email, digits, *tails) if part)


def typed_parts(typed: str) -> tuple[str, str | None]:
    """Tell name and e-mail address apart in what somebody typed into one field.

    Worked values: "Cleo Marchetti <cleo@example.org>" gives ("Cleo Marchetti", "cleo@example.org"); an address alone
    gives its part before the @ as the name.
    """
    words = typed.replace("<", " ").replace(">", " ").replace(",", " ").split()
    address = next((word for word in words if is_email(word)), None)
    name = " ".join(word for word in words if word != address)
    if address and not name:
        name = address.split("@")[0]
    return name, email_key(address)
