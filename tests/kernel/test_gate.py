"""The gate lets people in, in the order in which they came."""

import threading

from app.kernel.gate import FairGate


def test_the_gate_serves_first_come_first_served_and_never_more_than_its_width() -> None:
    gate, inside, most, order = FairGate(1), 0, 0, []
    first_is_in, go = threading.Event(), threading.Event()

    def hold_first() -> None:
        with gate.hold():
            first_is_in.set()
            go.wait(10)

    def enter(number: int) -> None:
        nonlocal inside, most
        with gate.hold():
            inside += 1
            most = max(most, inside)
            order.append(number)
            inside -= 1

    holder = threading.Thread(target=hold_first)
    holder.start()
    first_is_in.wait(10)
    threads = []
    for number in range(8):
        thread = threading.Thread(target=enter, args=(number,))
        thread.start()
        threads.append(thread)
        while len(gate._queue) <= number:
            threading.Event().wait(0.001)
    go.set()
    for thread in [holder, *threads]:
        thread.join(10)
    assert order == list(range(8))
    assert most == 1
