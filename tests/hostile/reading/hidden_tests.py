"""Opens the hidden tests, the solution, another student's work, the gradebook and the grader's home by path."""
# must: none of these files exists in the sandbox
# points: 0

# %% added
for name, path in SECRETS.items():
    try:
        print(name, open(path, "rb").read())
    except OSError as error:
        print(name, error)
