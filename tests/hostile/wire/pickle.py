"""Answers with a pickle that would run a command in the process that reads it."""
# must: nothing is unpickled
# points: 0

# %% added
import pickle


class Command:
    def __reduce__(self):
        return os.system, (f"touch {COURSE}/{MARK}",)


pickled = pickle.dumps(Command())
lie(lambda number: frame(pickled) if number % 2 else value(number, array(dtype="|u1", shape=(len(pickled),)), pickled))


# %% answer="total"
def total(x):
    return Command()
