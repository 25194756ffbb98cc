#!/usr/bin/env python3
"""Check what Makegood's trail exports, without Makegood: Python 3.11 or newer and the package `cryptography`, nothing else.

    python -I verify.py PACK.zip [--keys KEYS.json] [--list]
    python -I verify.py --trail TRAIL.jsonl --checkpoints CHECKPOINTS.jsonl --keys KEYS.json

The first form checks an evidence pack (a ZIP file or the folder it was unpacked to): that the trail's key signed every
checkpoint, that the trail only grew from each checkpoint to the next, that every entry is in the trail that was signed, and
that the readable part of each entry is the one that was committed to. The second form checks a whole export, entry by entry,
against a record of checkpoints. Exit code 0: everything holds. 1: something doesn't, and it is named. 2: wrong call.

Keys that come with the pack show only that the pack agrees with itself. Give --keys with a copy that you had before.
"""

import argparse
import base64
import hashlib
import json
import re
import sys
import zipfile
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

NOTE = re.compile(
    r"([^\s+]{1,200})\n([1-9][0-9]{0,17})\n([A-Za-z0-9+/]{43}=)\nserial ([1-9][0-9]{0,17})\nchain ([0-9a-f]{64})\n"
    r"at ([0-9T:.-]{19,26}Z)\nprevious ([0-9a-f]{64})\n\n\u2014 ([^\s+]{1,200}) ([A-Za-z0-9+/=]{92})\n"
)
BYTES_MAX = 500_000_000
Keys = list[tuple[bytes, bytes, datetime, datetime | None]]  # id, key, from, until


class Wrong(Exception):
    """Something does not hold; the text says what and where."""


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def is_included(leaf: bytes, index: int, size: int, path: list[bytes], root: bytes) -> bool:
    """RFC 9162, 2.1.3.2."""
    place, last, found = index, size - 1, leaf
    if not 0 <= index < size:
        return False
    for step in path:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = node(step, found)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            found = node(found, step)
        place, last = place >> 1, last >> 1
    return last == 0 and found == root


def is_consistent(first: int, first_root: bytes, size: int, root: bytes, path: list[bytes]) -> bool:
    """RFC 9162, 2.1.4.2."""
    if first == size:
        return not path and first_root == root
    if not 1 <= first < size or not path:
        return False
    steps = [first_root, *path] if first & (first - 1) == 0 else list(path)
    place, last = first - 1, size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    older = newer = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            older, newer = node(step, older), node(step, newer)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            newer = node(newer, step)
        place, last = place >> 1, last >> 1
    return last == 0 and older == first_root and newer == root


def root_of(peaks: list[bytes]) -> bytes:
    found = peaks[-1]
    for peak in reversed(peaks[:-1]):
        found = node(peak, found)
    return found


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def read_keys(content: bytes) -> tuple[str, Keys]:
    said = json.loads(content)
    keys = []
    for row in said["keys"]:
        raw = base64.b64decode(row["public"], validate=True)
        named = hashlib.sha256(f"{said['origin']}\n\x01".encode() + raw).digest()[:4]
        until = instant(row["until"]) if row["until"] else None
        keys.append((named, raw, instant(row["from"]), until))
    return said["origin"], keys


def read_checkpoint(note: str, origin: str, keys: Keys) -> dict[str, Any]:
    """Check one signed note; returns its size, root, serial, chain hash, time, previous and own digest."""
    found = NOTE.fullmatch(note)
    if not found:
        raise Wrong("a checkpoint can't be read")
    name, size, root, serial, chain, at, previous, signer, signed = found.groups()
    if name != origin or signer != origin:
        raise Wrong(f"checkpoint {serial} belongs to another trail: {name}")
    signature = base64.b64decode(signed)
    text = note.partition("\n\n")[0] + "\n"
    for named, raw, since, until in keys:
        if named == signature[:4] and since <= instant(at) and (until is None or instant(at) < until):
            try:
                Ed25519PublicKey.from_public_bytes(raw).verify(signature[4:], text.encode())
            except InvalidSignature:
                continue
            return {
                "size": int(size),
                "root": base64.b64decode(root),
                "serial": int(serial),
                "chain": chain,
                "at": at,
                "previous": previous,
                "digest": hashlib.sha256(note.encode()).hexdigest(),
            }
    raise Wrong(f"checkpoint {serial} was not signed by a key of this trail that was in use at {at}")


def lines(content: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in content.decode().splitlines() if line.strip()]


def check_payload(row: dict[str, Any], content: dict[str, Any]) -> bool:
    """Tell whether the readable part is there; raises Wrong when it isn't the one that was committed to."""
    if row["salt"] is None and row["payload"] is None:
        return False
    try:
        bound = hashlib.sha256(bytes.fromhex(row["salt"]) + row["payload"].encode()).hexdigest()
    except (ValueError, TypeError, AttributeError):
        bound = ""
    if bound != content["commitment"]:
        raise Wrong(f"entry {row['number']}: its readable part is not the one that was committed to")
    return True


def check_growth(checkpoints: list[dict[str, Any]], rows: list[dict[str, Any]]) -> None:
    """Check that the trail only grew from each checkpoint to the next."""
    proofs = {(row["from"], row["to"]): [bytes.fromhex(step) for step in row["path"]] for row in rows}
    for before, after in zip(checkpoints, checkpoints[1:], strict=False):
        path = proofs.get((before["serial"], after["serial"]))
        if after["serial"] <= before["serial"] or path is None:
            raise Wrong(f"nothing shows that checkpoint {after['serial']} goes on from {before['serial']}")
        if not is_consistent(before["size"], before["root"], after["size"], after["root"], path):
            raise Wrong(f"checkpoint {after['serial']} does not go on from {before['serial']}: the trail was rewritten")


def is_proven(row: dict[str, Any], newest: dict[str, Any]) -> bool:
    """Tell whether an entry is under the newest checkpoint; raises Wrong when it should be and isn't."""
    number = row["number"]
    if number is None or (row["path"] is None and number > newest["size"]):
        return False
    if row["path"] is None:
        raise Wrong(f"entry {number} comes without its proof")
    leaf = hashlib.sha256(b"\x00" + row["content"].encode()).digest()
    path = [bytes.fromhex(step) for step in row["path"]]
    if not is_included(leaf, number - 1, newest["size"], path, newest["root"]):
        raise Wrong(f"entry {number} is not in the trail that checkpoint {newest['serial']} signs")
    return True


def told(row: dict[str, Any], content: dict[str, Any], checkpoints: list[dict[str, Any]]) -> str:
    """One line about an entry; nothing in it can move a terminal's cursor."""
    by = next((one["at"] for one in checkpoints if row["number"] and one["size"] >= row["number"]), "no checkpoint yet")
    line = f"{row['number'] or '-':>8}  {content['at']:<27}  {content['type']:<24}  {content['subject']:<12}  sealed by {by}"
    return "".join(sign if sign.isprintable() else "?" for sign in line)


def check_pack(read: Callable[[str], bytes], keys_file: Path | None, show: bool) -> bytes:
    keys_bytes = keys_file.read_bytes() if keys_file else read("keys.json")
    origin, keys = read_keys(keys_bytes)
    checkpoints = [read_checkpoint(row["note"], origin, keys) for row in lines(read("checkpoints.jsonl"))]
    if not checkpoints:
        raise Wrong("the pack holds no checkpoint")
    check_growth(checkpoints, lines(read("consistency.jsonl")))
    newest, erased, proven, last = checkpoints[-1], 0, 0, 0
    entries = lines(read("entries.jsonl"))
    for row in entries:
        number, content = row["number"], json.loads(row["content"])
        if number is not None and number <= last:
            raise Wrong(f"entry {number} stands after entry {last}")
        last = number or last
        proven += is_proven(row, newest)
        erased += not check_payload(row, content)
        if show:
            print(told(row, content, checkpoints))
    print(f"{len(entries)} entries, {proven} of them proven to be in the trail of {origin}.")
    print(
        f"{len(checkpoints)} checkpoints hold; the newest is {newest['serial']} of {newest['at']} over {newest['size']} entries."
    )
    if erased:
        print(f"{erased} entries come without their readable part, erased or withheld; that they exist still holds.")
    if proven < len(entries):
        print(f"{len(entries) - proven} entries are newer than the newest checkpoint: nothing outside proves them yet.")
    return keys_bytes


def check_trail(trail: Iterable[str], record: bytes, keys_bytes: bytes) -> bytes:
    origin, keys = read_keys(keys_bytes)
    checkpoints = [read_checkpoint(row["note"], origin, keys) for row in lines(record)]
    for before, after in zip(checkpoints, checkpoints[1:], strict=False):
        if (
            after["serial"] != before["serial"] + 1
            or after["previous"] != before["digest"]
            or after["size"] <= before["size"]
        ):
            raise Wrong(f"checkpoint {before['serial']} is not followed by the one after it")
    ends = {one["size"]: one for one in checkpoints}
    number, chain, erased = 0, "0" * 64, 0
    peaks: list[bytes] = []
    for line in trail:
        row = json.loads(line)
        number += 1
        digest = hashlib.sha256(b"\x00" + row["content"].encode())
        chain = hashlib.sha256(f"{chain}:{number}:{row['entry_id']}:{digest.hexdigest()}".encode()).hexdigest()
        if row["number"] != number or row["content_hash"] != digest.hexdigest() or row["chain_hash"] != chain:
            raise Wrong(f"entry {number} is missing, was changed or stands in another place")
        erased += not check_payload(row, json.loads(row["content"]))
        grown, rest = digest.digest(), number - 1
        while rest & 1:
            grown, rest = node(peaks.pop(), grown), rest >> 1
        peaks.append(grown)
        end = ends.pop(number, None)
        if end and (chain != end["chain"] or root_of(peaks) != end["root"]):
            raise Wrong(
                f"the trail was rewritten at or before entry {number}: checkpoint {end['serial']} says something else"
            )
    if ends:
        raise Wrong(
            f"the trail ends with entry {number}, but checkpoint {min(one['serial'] for one in ends.values())} signs more"
        )
    print(f"{number} entries hold, {erased} of them erased; {len(checkpoints)} checkpoints of {origin} agree.")
    return keys_bytes


def reader(pack: Path) -> Callable[[str], bytes]:
    """Return a function that gives a file of the pack, which is a ZIP file or a folder."""

    def from_folder(name: str) -> bytes:
        return (pack / name).read_bytes()

    def from_zip(name: str) -> bytes:
        with zipfile.ZipFile(pack) as archive:
            if archive.getinfo(name).file_size > BYTES_MAX:
                raise Wrong(f"{name} is too large")
            return archive.read(name)

    return from_folder if pack.is_dir() else from_zip


def main() -> int:
    parser = argparse.ArgumentParser(description="Check an evidence pack or a whole export of Makegood's trail.")
    parser.add_argument("pack", nargs="?", type=Path, help="evidence pack: a ZIP file or a folder")
    parser.add_argument("--keys", type=Path, help="public keys that you kept yourself")
    parser.add_argument("--list", action="store_true", help="name every entry and by when it was sealed")
    parser.add_argument("--trail", type=Path, help="a whole export instead of a pack")
    parser.add_argument("--checkpoints", type=Path, help="the record of checkpoints, for --trail")
    given = parser.parse_args()
    if (given.trail and not (given.checkpoints and given.keys)) or bool(given.trail) == bool(given.pack):
        parser.error("give a pack, or --trail with --checkpoints and --keys")
    try:
        if given.trail:
            with given.trail.open(encoding="utf-8") as trail:
                keys = check_trail(trail, given.checkpoints.read_bytes(), given.keys.read_bytes())
        else:
            keys = check_pack(reader(given.pack), given.keys, given.list)
    except Wrong as wrong:
        print(f"DOES NOT HOLD: {wrong}")
        return 1
    except (OSError, ValueError, KeyError, TypeError, AttributeError, zipfile.BadZipFile) as trouble:
        print(f"DOES NOT HOLD: it can't be read ({type(trouble).__name__}: {trouble})")
        return 1
    whose = "that you gave" if given.keys else "that came with the pack: compare them with a copy that you had before"
    print(f"Everything holds, by the keys {whose} (SHA-256 {hashlib.sha256(keys).hexdigest()[:16]}…).")
    return 0


if __name__ == "__main__":
    sys.exit(main())
