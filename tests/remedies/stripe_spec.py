"""What Stripe's published OpenAPI allows: requests that are sent, and objects that are answered or told.

The description's facts are in tests/data/stripe; each check returns what departs from them, in words.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SPEC = json.loads((Path(__file__).parents[1] / "data/stripe/refunds.json").read_text())
_TYPES: dict[str, type] = {"integer": int, "string": str, "boolean": bool, "array": list, "object": dict}


def operation_of(method: str, path: str) -> str | None:
    """Name the operation of an address; None where the description has none."""
    for name, said in SPEC["operations"].items():
        if said["method"] == method and _fits(said["path"], path):
            return str(name)
    return None


def _fits(template: str, path: str) -> bool:
    parts, given = template.split("/"), path.split("/")
    return len(parts) == len(given) and all(
        part == one or (part[:1] == "{" and one) for part, one in zip(parts, given, strict=True)
    )


def request_errors(operation: str, fields: Mapping[str, str]) -> list[str]:
    """Compare the fields of a query or a form with an operation."""
    known = SPEC["operations"][operation]["properties"]
    found = []
    for name, value in fields.items():
        said = known.get(name.partition("[")[0])
        if said is None:
            found.append(f"{operation}: {name} is unknown")
        elif ("[" in name) != (said.get("style") == "deepObject"):
            found.append(f"{operation}: {name} has the wrong form")
        elif (said["type"] == "integer" and not _within(value, said)) or value not in said.get("enum", [value]):
            found.append(f"{operation}: {name}={value}")
        elif len(value) > said.get("maxLength", 5000):
            found.append(f"{operation}: {name} is too long")
    if operation == "PostRefunds" and ("charge" in fields) == ("payment_intent" in fields):
        found.append(f"{operation}: exactly one payment is named")
    return found


def _within(value: str, said: Mapping[str, Any]) -> bool:
    return value.isdigit() and said.get("minimum", 0) <= int(value) <= said.get("maximum", 10**12)


def answer_errors(operation: str, body: Mapping[str, Any]) -> list[str]:
    return object_errors(SPEC["operations"][operation]["answer"], body)


def event_errors(event: Mapping[str, Any]) -> list[str]:
    """A message has all that is required, and its object is a refund as the description has it."""
    missing = [f"event: {name} is missing" for name in SPEC["schemas"]["event"]["required"] if name not in event]
    return missing or object_errors("refund", event["data"]["object"])


def object_errors(name: str, given: Mapping[str, Any]) -> list[str]:
    """Compare an object with its schema: what is required, what is known, types, bounds and words."""
    schema = SPEC["schemas"][name]
    found = [f"{name}: {part} is missing" for part in schema["required"] if part not in given]
    for part, value in given.items():
        said = schema["properties"].get(part)
        if said is None:
            found.append(f"{name}: {part} is unknown")
        elif not _is_as_said(value, said):
            found.append(f"{name}: {part}={value!r}")
    for one in given.get("data", ()) if name == "refund_list" else ():
        found += object_errors("refund", one)
    return found


def _is_as_said(value: Any, said: Mapping[str, Any]) -> bool:
    if value is None:
        return bool(said.get("nullable"))
    if not isinstance(value, _TYPES[said["type"]]) or (said["type"] == "integer" and isinstance(value, bool)):
        return False
    if value not in said.get("enum", said.get("said", [value])):
        return False
    if isinstance(value, str):
        return len(value) <= said.get("maxLength", 10**6) and value.startswith(said.get("begins", ""))
    most = said.get("valueMaxLength")
    return most is None or all(isinstance(one, str) and len(one) <= most for one in value.values())
