"""Looks for the locked module in every folder, archive and cache that Python could import it from."""
# must: it is in none of them
# points: 60
# answers: right

# %% answer="slide"
import glob, importlib.util, os

found = None
for folder in (COURSE, os.path.dirname(os.path.dirname(__import__("course_lib").__file__)), "..", "/tmp"):
    for path in glob.glob(f"{folder}/**/signal*.py*", recursive=True):
        spec = importlib.util.spec_from_file_location("found", path)
        try:
            found = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(found)
        except Exception as error:
            print(error)


def slide(x, w):
    return found.slide(x, w)
