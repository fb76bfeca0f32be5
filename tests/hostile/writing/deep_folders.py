"""Makes folders nested a few thousand deep, so that whoever clears up runs out of stack or of path."""
# must: nothing is left and the grader goes on; where the folder is only watched, what cannot be looked into ends the process
# points: 0..100
# answers: right

# %% added last
import os

here = os.getcwd()
for _ in range(2500):
    os.mkdir("d")
    os.chdir("d")
os.chdir(here)
