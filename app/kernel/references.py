"""The short names people use for records, e.g. MG-2041 for a case."""

import re

PREFIXES = {
    "case": "MG",
    "customer": "CU",
    "remedy": "RM",
    "exception": "EX",
    "employee": "EM",
    "team": "TE",
    "site": "SI",
    "purse": "PU",
    "clock": "CL",
    "policy": "PO",
    "calendar": "CA",
    "category": "CT",
    "import": "IM",
    "token": "TK",
    "notification": "NO",
    "message": "ME",
    "mail": "ML",
    "mail_template": "MT",
    "letter": "LE",
    "letter_text": "LX",
    "payout": "PT",
    "transfer": "TR",
    "promise": "PR",
    "rerun": "RR",
    "attachment": "AT",
    "report_place": "RP",
    "survey": "SV",
    "follow_up": "FU",
    "check_back": "CB",
    "cause": "RC",
    "review": "RW",
    "coaching": "CO",
    "report_wish": "RE",
    "privacy_request": "DR",
    "erasure": "ER",
    "region": "RG",
    "pulse": "PS",
    "role_change": "RO",
}


def ref(noun: str, identity: int) -> str:
    """Return the reference of a record, e.g. ref("case", 2041) is MG-2041."""
    return f"{PREFIXES[noun]}-{identity}"


def parse_ref(noun: str, text: str) -> int | None:
    """Return the id inside a reference of this noun, or None when it is no such reference."""
    match = re.fullmatch(rf"{PREFIXES[noun]}-([1-9][0-9]{{0,17}})", text.strip().upper(), re.ASCII)
    return int(match.group(1)) if match else None
