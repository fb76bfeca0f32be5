"""Opens files until none can be opened."""
# must: their number is limited and the exercises are graded all the same
# points: 70..100
# answers: right

# %% added
kept = []
try:
    for _ in range(5000):
        kept.append(open("/dev/null"))
except OSError as error:
    print(error)
    kept.clear()
