"""Writes files into the course, the grader's home and the system's folders for temporary files."""
# must: only the private scratch folder can be written
# points: 100
# answers: right

# %% added
import os

for folder in FOLDERS:
    for mode in ("w", "a"):
        try:
            open(os.path.join(folder, MARK), mode).write(MARK)
            os.mkdir(os.path.join(folder, MARK + "-folder"))
        except OSError as error:
            print(error)
