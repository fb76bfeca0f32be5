"""Gives the grader the lowest priority and pins it to one processor."""
# must: it can set no other process's schedule
# points: 100
# answers: right

# %% added
import os

try:
    before = os.getpriority(os.PRIO_PROCESS, GRADER), os.sched_getaffinity(GRADER)
    os.sched_setaffinity(GRADER, {min(before[1])})
    os.setpriority(os.PRIO_PROCESS, GRADER, 19)
    if os.getpriority(os.PRIO_PROCESS, GRADER) == 19:
        print(MARK, "did slow the grader down")
        os.sched_setaffinity(GRADER, before[1])
except OSError as error:
    print(error)
