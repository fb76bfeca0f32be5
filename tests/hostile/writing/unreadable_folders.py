"""Makes folders that nobody may list or enter, with files in them, so that they cannot be cleared."""
# must: nothing is left; where the folder is only watched, what cannot be looked into ends the process
# points: 0..100
# answers: right

# %% added last
import os

before = os.umask(0)
for number in range(5):
    os.mkdir(f"closed-{number}", 0o700)
    open(f"closed-{number}/file", "w").write(MARK)
    try:
        os.chmod(f"closed-{number}", 0)
    except OSError as error:
        print(error)
os.umask(0o777)
os.makedirs("never/opened", mode=0)
os.umask(before)
