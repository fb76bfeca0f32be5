"""Runs a regular expression that backtracks for ever and answers no interrupt."""
# must: the process is killed, the notebook is run again without that cell
# points: 100
# answers: right

# %% added
import re

re.match(r"(a+)+$", "a" * 26 + "b")
