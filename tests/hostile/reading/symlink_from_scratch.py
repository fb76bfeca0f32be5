"""Makes symbolic and hard links to the secrets in its folder and reads or copies through them."""
# must: a link leads nowhere that the path itself does not
# points: 0

# %% added
import os
import shutil

for name, path in SECRETS.items():
    for make in (os.symlink, os.link):
        try:
            make(path, f"{name}-{make.__name__}")
            print(open(f"{name}-{make.__name__}", errors="replace").read())
        except OSError as error:
            print(error)
    try:
        print(shutil.copyfile(path, name), open(name, errors="replace").read())
    except OSError as error:
        print(error)
