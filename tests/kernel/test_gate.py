"""The gate lets people in, in the order in which they came."""

import subprocess
import sys
import threading
from pathlib import Path

from app.kernel.gate import FairGate, file_turn

HOLDER = """
import sys
from pathlib import Path
from app.kernel.gate import file_turn
with file_turn(Path(sys.argv[1]), seconds=5):
    print("held", flush=True)
    sys.stdin.readline()
"""


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


def test_another_process_waits_for_its_turn_and_gets_it_also_when_the_holder_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "turn"
    for end in ("\n", None):
        holder = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            cwd=Path(__file__).resolve().parents[2],
        )  # fmt: skip
        assert holder.stdout is not None and holder.stdin is not None
        assert holder.stdout.readline() == "held\n"
        is_in = threading.Event()

        def enter(reached: threading.Event = is_in) -> None:
            with file_turn(path, seconds=30):
                reached.set()

        waiter = threading.Thread(target=enter)
        waiter.start()
        assert not is_in.wait(0.1)
        if end:
            holder.stdin.write(end)
            holder.stdin.flush()
        else:
            holder.kill()
        assert is_in.wait(10)
        waiter.join(10)
        holder.communicate()


def test_who_waited_long_enough_goes_on_and_one_alone_never_waits(tmp_path: Path) -> None:
    with file_turn(None, seconds=0):
        pass
    for _turn in range(2):  # whoever has gone leaves nothing behind
        with file_turn(tmp_path / "turn", seconds=0):
            pass
