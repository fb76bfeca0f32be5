"""Signals the grader through a pidfd, a thread's number and a queued signal."""
# must: every way to signal is closed
# points: 100
# answers: right

# %% added
import ctypes
import os
import signal

libc = ctypes.CDLL(None, use_errno=True)
if GRADER != 1:
    try:
        signal.pidfd_send_signal(os.pidfd_open(GRADER), signal.SIGTERM)
    except OSError as error:
        print(error)
    print("tgkill", libc.syscall(234, GRADER, GRADER, signal.SIGTERM))
    print("tkill", libc.syscall(200, GRADER, signal.SIGTERM))
    information = (ctypes.c_int * 32)(signal.SIGTERM, 0, -1)
    print("sigqueue", libc.syscall(129, GRADER, signal.SIGTERM, information))
