"""Changes the course's library on disk and in memory, for the student who is graded next."""
# must: the library is read-only, and every submission starts from a process that ran none of it
# points: 0

# %% added
import course_lib

try:
    open(course_lib.__file__, "a").write(f"\n# {MARK}\nimport numpy; numpy.sum = lambda *a: 0\n")
except OSError as error:
    print(error)
course_lib.__doc__ = MARK
