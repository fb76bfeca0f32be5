"""Hands in a named pipe, at which whoever copies the folder waits for ever."""
# must: it is taken out; the class goes on
# points: 100
# answers: right

# %% folder
import os

os.mkfifo(folder / "data.txt")
