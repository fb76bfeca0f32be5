"""Prints its own environment, as it is and as the process began with it."""
# must: the environment is made anew and holds no variable of the grader's
# points: 100
# answers: right

# %% added
import os

print(dict(os.environ))
print(open("/proc/self/environ", "rb").read())
