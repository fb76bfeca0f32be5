"""Reads what fork left of the process that it was forked from: its modules, its threads' frames, its history."""
# must: the preloaded process has never held a test, a solution, a path or a secret
# points: 0

# %% added
import gc
import sys

for name, module in sorted(sys.modules.items()):
    if name.startswith(("autograder", "solutions", "hidden", "test_", "conftest")):
        print(name, sorted(vars(module)))
for found in gc.get_objects():
    if type(found) in (str, dict) and "hidden_tests" in repr(found)[:2000]:
        print(repr(found)[:2000])
print([frame.f_locals for frame in sys._current_frames().values()].__repr__()[:20_000])
