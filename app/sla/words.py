"""The words of conditions, reasons and of what happened to a clock."""

from typing import Any

from flask_babel import lazy_gettext as _l

EVENT_WORDS: dict[str, Any] = {
    "logged": _l("the case is logged"),
    "acknowledged": _l("the customer was told that we heard them"),
    "replied": _l("the customer was answered"),
    "customer_wrote": _l("the customer wrote"),
    "waited": _l("the case waits"),
    "resumed": _l("waiting is over"),
    "exception_asked": _l("an exception is asked for"),
    "exception_decided": _l("an exception is decided, taken back or has expired"),
    "resolved": _l("the case is resolved"),
    "reopened": _l("the case is opened again"),
    "closed": _l("the case is closed"),
    "followed_up": _l("the customer was followed up"),
    "done": _l("the task is done"),
}
REASON_WORDS: dict[str, Any] = {
    "customer": _l("waiting for the customer"),
    "third_party": _l("waiting for a third party"),
    "approval": _l("waiting for an approval"),
}
CONDITION_WORDS: dict[str, Any] = {
    "start": _l("Starts when"),
    "pause": _l("Rests while"),
    "resume": _l("Runs on when"),
    "stop": _l("Stops when"),
    "cancel": _l("Is cancelled when"),
    "reset": _l("Begins anew when"),
}
ANCHOR_WORDS: dict[str, Any] = {
    "occurred": _l("when it happened to the customer"),
    "received": _l("when we heard of it"),
    "logged": _l("when it was logged"),
}
TIME_WORDS: dict[str, Any] = {"working": _l("working hours"), "wall": _l("every hour")}
THRESHOLD_WORDS: dict[str, Any] = {
    "half": _l("50 % of the time: the owner"),
    "soon": _l("75 %: owner and supervisor"),
    "near": _l("90 %: owner and supervisor"),
    "breach": _l("The breach: owner and supervisor"),
    "level1": _l("First level: the owner"),
    "level2": _l("Second level: the supervisor"),
    "level3": _l("Third level: the manager"),
}
KIND_WORDS: dict[str, Any] = {
    "start": _l("Started"),
    "pause": _l("Paused"),
    "resume": _l("Ran on"),
    "stop": _l("Stopped"),
    "cancel": _l("Cancelled"),
    "reopen": _l("Ran on after reopening"),
    "retarget": _l("Got another target"),
    "rerun": _l("Moved by a re-run"),
    "half": _l("Told at 50 %"),
    "soon": _l("Warned at 75 %"),
    "near": _l("Warned at 90 %"),
    "breach": _l("Missed, and told"),
    "level1": _l("Escalated to the owner"),
    "level2": _l("Escalated to the supervisor"),
    "level3": _l("Escalated to the manager"),
}
