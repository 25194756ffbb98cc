"""Secrets that were committed by mistake: looked for in every tracked file, offline. `python -m tests.scanners.leaks`

Forms that only a secret has (private keys, the tokens of well-known services, our own), and long random texts that are
assigned to a name which says what they are. The search first has to find every one of the planted ones.
"""

import math
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BYTES_MAX = 2_000_000
BITS_MIN = 3.5  # of each character; words and placeholders have fewer
FORMS = {
    "private key": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\s+[A-Za-z0-9+/=]{20}",
    "cloud key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "repository token": r"\bgh[pousr]_[A-Za-z0-9]{36}\b",
    "package token": r"\bpypi-[A-Za-z0-9_-]{50,}",
    "payment key": r"\b(?:sk|rk)_live_[A-Za-z0-9]{20,}",
    "chat token": r"\bxox[abprs]-[A-Za-z0-9-]{20,}",
    "our own token": r"\bmg_[A-Za-z0-9_-]{40,}",
    "address with a pass phrase": r"\b[a-z+]{3,20}://[^\s:/@\"'{}<>$]{1,40}:(?!PASS|pass|secret|xxx|\.\.\.)[^\s:/@\"'{}<>$]{12,}@",
}
# What looks like one and is none. A reason that covers nothing any more is a finding too.
JUSTIFIED = {
    "tests/ops/test_safety.py": "a secret that must be refused because it can be guessed",
    "tests/people/test_factor_rules.py": "the published key of RFC 6238's examples",
    "tests/remedies/stand_in.py": "what a stand-in for a payment provider shares with the test that starts it",
}
_NAMED = re.compile(
    r"(?i)\b(\w*(?:secret|passw|phrase|token|api_?key|private_?key)\w*)[\"']?\s*[:=]\s*[\"']([A-Za-z0-9+/=_-]{24,})[\"']"
)
_BARE = re.compile(
    r"(?im)^\s*(?:export\s+|-\s+)?(\w*(?:secret|passw|phrase|token|api_?key|private_?key)\w*)\s*[=:]\s*([A-Za-z0-9+/=_-]{24,})\s*$"
)  # as in a file of settings
_SKIPPED = re.compile(
    r"\.(?:png|jpe?g|gif|ico|woff2?|pdf|mo|gz|zip|xlsx|lock)$|(?:^|/)requirements\.txt$|tests/scanners/.*\.txt$"
)


def leaks(text: str) -> Iterator[tuple[int, str]]:
    """Yield (line, what) for everything in a text that looks like a secret."""
    for what, form in FORMS.items():
        for found in re.finditer(form, text):
            yield text.count("\n", 0, found.start()) + 1, what
    for found in (*_NAMED.finditer(text), *_BARE.finditer(text)):
        if bits_of(found.group(2)) >= BITS_MIN and any(sign.isdigit() for sign in found.group(2)):
            yield text.count("\n", 0, found.start()) + 1, f"a random text under the name {found.group(1)}"


def bits_of(text: str) -> float:
    """Shannon's measure for each character. Worked values: "aaaa" 0, "abcd" 2."""
    counts = Counter(text).values()
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts)


def planted() -> dict[str, str]:
    """One of each, put together here so that no file holds them."""
    random = "q7Zx2Lm9Rt4Vb8Nc1Wd6Yf3Hg5Jk0PsQ2w"
    return {
        "private key": "-----BEGIN EC " + f"PRIVATE KEY-----\n{random}",
        "cloud key": "AKIA" + "2LM9RT4VB8NC1WD6",
        "repository token": "ghp_" + (random + random)[:36],
        "package token": "pypi-" + random * 2,
        "payment key": "sk_" + "live_" + random,
        "chat token": "xoxb-" + random,
        "our own token": "mg_" + random + random,
        "address with a pass phrase": "postgresql://app:" + f"{random}@db",
        "a random text under the name API_KEY": "API_KEY = " + f'"{random}"',
        "a random text under the name SECRET_KEY": "export SECRET_KEY=" + random,
    }


def tracked() -> Iterator[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if path.is_file() and not _SKIPPED.search(name) and path.stat().st_size <= BYTES_MAX:
            yield path


def main() -> int:
    blind = [what for what, text in planted().items() if what not in {found for _line, found in leaks(text)}]
    if blind:
        print(f"secrets: NOT RUN, the search doesn't see a planted {', '.join(blind)}")
        return 1
    found, used, count = [], set(), 0
    for path in tracked():
        count += 1
        name = str(path.relative_to(ROOT))
        here = [f"{name}:{line}: {what}" for line, what in leaks(path.read_text(encoding="utf-8", errors="replace"))]
        if here and name in JUSTIFIED:
            used.add(name)
        else:
            found += here
    found += [f"{name}: the reason covers nothing any more" for name in JUSTIFIED if name not in used]
    print("\n".join([*found, f"secrets: {len(found)} in {count} files, {len(used)} justified"]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
