"""Shows objects and raises errors whose texts never end, fail, or end the process."""
# must: each costs at most its own cell
# points: 100
# answers: right


# %% added
class Trap(Exception):
    def __str__(self):
        raise SystemExit

    __repr__ = __str__

    def _repr_html_(self):
        raise KeyboardInterrupt

    @property
    def __traceback__(self):
        raise RecursionError


raise Trap

# %% added last
import time


class Slow(Exception):
    def __str__(self):
        time.sleep(10)
        return ""


raise Slow
