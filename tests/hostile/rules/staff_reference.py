"""Imports the staff's own answer from the course's library."""
# must: the student edition holds no answer that is still to be handed in
# points: 60
# answers: right

# %% answer="slide"
import sys

sys.path.insert(0, COURSE)
for name in [name for name in sys.modules if name.startswith("course_lib")]:
    del sys.modules[name]
from course_lib.signals import slide
