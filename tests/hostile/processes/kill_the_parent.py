"""Kills the process that started it and the grader."""
# must: it sees neither, and no signal leaves the sandbox
# points: 100
# answers: right

# %% added
import os
import signal

for pid in {GRADER, os.getppid()} - {0, 1}:
    for number in (signal.SIGSTOP, signal.SIGCONT, signal.SIGTERM, signal.SIGKILL):
        try:
            if pid != os.getpid():
                os.kill(pid, number)
        except OSError as error:
            print(error)
