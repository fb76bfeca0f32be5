"""Makes a hundred thousand empty files."""
# must: their number is limited and nothing is left
# points: 70..100
# answers: right

# %% added last
import time

end = time.time() + 1.5
try:
    for number in range(100_000):
        open(f"{MARK}-{number}", "w").close()
        if time.time() > end:
            break
except OSError as error:
    print(error)
