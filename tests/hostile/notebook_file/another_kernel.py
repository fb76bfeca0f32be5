"""Asks for a kernel of another language and gives a command to start it."""
# must: it is run with Python in the sandbox
# points: 100
# answers: right

# %% notebook
notebook["metadata"]["kernelspec"] = {
    "name": "bash",
    "language": "bash",
    "display_name": "Bash",
    "argv": ["sh", "-c", f"touch {COURSE}/{MARK}"],
}
notebook["metadata"]["language_info"] = {"name": "bash"}
