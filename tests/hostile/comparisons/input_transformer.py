"""Has IPython replace the text of every later cell by nothing."""
# must: the checks do not run in the student's process, and the answers stay wrong
# points: 0

# %% added last
get_ipython().input_transformers_cleanup.append(lambda lines: ["pass\n"])


# %% added
def nothing(lines):
    return ["pass\n"] if any("assert" in line for line in lines) else lines


get_ipython().input_transformers_cleanup.append(nothing)
