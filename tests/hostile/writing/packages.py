"""Tries whether it may change NumPy's files where they are installed, for all that run on this machine."""
# must: the installed packages are read-only
# points: 100
# answers: right

# %% added
import os

folder = os.path.dirname(np.__file__)
try:
    os.close(os.open(os.path.join(folder, "__init__.py"), os.O_WRONLY))  # writes nothing
    print(MARK, "did open NumPy's files for writing")
except OSError as error:
    print(error)
