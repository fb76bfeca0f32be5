"""Attaches to the grader as a debugger does, to change its memory."""
# must: ptrace is denied
# points: 0

# %% added
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
for pid in {GRADER, os.getppid()} - {0}:
    if libc.ptrace(16, pid, 0, 0) == 0:  # PTRACE_ATTACH
        os.waitpid(pid, 0)
        print(MARK, "did attach to the grader")
        libc.ptrace(17, pid, 0, 0)  # PTRACE_DETACH
