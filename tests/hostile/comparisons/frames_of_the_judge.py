"""Walks up the call stack and the garbage collector in search of what it is compared with."""
# must: neither the expected values nor the test are in the student's process
# points: 0


# %% added
def expected(default):
    """What the caller will compare with, if it lies in any frame or object."""
    import gc
    import sys

    frame = sys._getframe(1)
    while frame is not None:
        for name in ("expected", "desired", "answer"):
            if name in frame.f_locals:
                return frame.f_locals[name]
        frame = frame.f_back
    tests = [o for o in gc.get_objects() if getattr(o, "__name__", "").startswith("test_")]
    print("found", [t.__code__.co_consts for t in tests if hasattr(t, "__code__")][:3])
    return default


# %% answer="total"
def total(x):
    return expected(0)
