"""Makes hard links to others' files in its own folder, to change them through these."""
# must: a link across the border of the sandbox cannot be made
# points: 100
# answers: right

# %% added
import os

for name in ("peer", "home", "gradebook"):
    try:
        os.link(SECRETS[name], f"{MARK}-{name}")
        open(f"{MARK}-{name}", "a").write(MARK)
    except OSError as error:
        print(error)
