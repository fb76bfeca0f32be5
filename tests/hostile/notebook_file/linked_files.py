"""Hands in links to the gradebook, to the hidden tests and to another student's folder beside its notebook."""
# must: links are taken out before anything is copied or read
# points: 0

# %% added
import os

for parent, folders, names in os.walk(".", followlinks=True):
    for name in names:
        print(name, open(os.path.join(parent, name), errors="replace").read(200_000))

# %% folder
for name, path in SECRETS.items():
    (folder / f"{name}.txt").symlink_to(path)
(folder / "data").symlink_to(SECRETS["home"].rpartition("/")[0])
