"""What the commands say to the person in front of them."""

import contextlib
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence


class Problem(Exception):
    """Something is missing or wrong, and a person can do something about it.

    :param what: what is wrong, in one sentence
    :param todo: what to do about it
    """

    def __init__(self, what: str, todo: str) -> None:
        super().__init__(what)
        self.todo = todo


def run_command(main: Callable[[], int]) -> int:
    """Run a command's ``main`` and turn problems into a message and a code."""
    try:
        return main()
    except Problem as problem:
        print(f"\nerror: {problem}\n  → {problem.todo}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return 130


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def step(title: str) -> Iterator[None]:
    """Announce a long step, show that it still goes on, and how long it took."""
    say(f"• {title} …")
    start = time.monotonic()
    ended = threading.Event()

    def heartbeat() -> None:
        while not ended.wait(15):
            say(f"  … {title}: {time.monotonic() - start:.0f} s")

    thread = threading.Thread(target=heartbeat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
    say(f"  done in {time.monotonic() - start:.1f} s")


def call(command: Sequence[object], todo: str, name: str = "", **kwargs) -> str:
    """Run ``command``, return what it printed; raise :class:`Problem` if it fails.

    :param todo: what to do when it fails
    :param name: what to call it then, its first word when empty
    """
    words = [str(word) for word in command]
    name = name or words[0]
    try:
        done = subprocess.run(
            words,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **kwargs,
        )
    except FileNotFoundError:
        raise Problem(f"the command {name} is not on this system", todo) from None
    if done.returncode:
        tail = "\n    ".join(done.stdout.strip().splitlines()[-12:])
        raise Problem(f"{name} failed ({done.returncode}):\n    {tail}", todo)
    return done.stdout
