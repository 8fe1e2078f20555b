"""What Ctrl-C and kill do to the Odoo that a command runs."""

import os
import pty
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

# Stands in for Odoo: it counts the signals, for a while after the first.
ODOO = """
import signal, time
got = []
signal.signal(signal.SIGINT, lambda number, frame: got.append(number))
print("ready", flush=True)
while not got:
    time.sleep(0.02)
time.sleep(0.5)
print("signals:", len(got), flush=True)
"""
COMMAND = f"""
import sys
from suite.odoo import Odoo
class Fake(Odoo):
    def __init__(self): pass
    def command(self, *arguments): return [sys.executable, "-c", {ODOO!r}]
    def environment(self): return None
sys.exit(Fake().foreground())
"""
WORDS = [sys.executable, "-c", COMMAND]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}


class TestSignals(unittest.TestCase):
    def interrupt(self, send) -> str:
        with subprocess.Popen(
            WORDS,
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as command:
            self.assertEqual(command.stdout.readline(), "ready\n")
            send(command.pid)
            return command.stdout.read()

    def test_signal_to_the_command(self):
        printed = self.interrupt(lambda pid: os.kill(pid, signal.SIGINT))
        self.assertEqual(printed, "signals: 1\n")

    def test_signal_to_the_whole_group(self):
        printed = self.interrupt(lambda pid: os.killpg(pid, signal.SIGINT))
        self.assertEqual(printed, "signals: 1\n")

    def test_signal_to_both_as_timeout_sends_it(self):
        def both(pid):
            os.kill(pid, signal.SIGINT)
            time.sleep(0.1)
            os.killpg(pid, signal.SIGINT)

        self.assertEqual(self.interrupt(both), "signals: 1\n")

    def test_ctrl_c_on_a_terminal(self):
        pid, terminal = pty.fork()
        if not pid:
            os.execve(WORDS[0], WORDS, ENVIRONMENT)
        self.addCleanup(os.close, terminal)
        printed = b""
        while b"ready" not in printed:
            printed += os.read(terminal, 1000)
        os.write(terminal, b"\x03")
        # It may arrive in pieces.
        while b"signals: " not in printed or printed.endswith(b"signals: "):
            printed += os.read(terminal, 1000)
        os.waitpid(pid, 0)
        self.assertIn(b"signals: 1", printed)
