"""Shows an object whose representation has a hundred million characters."""
# must: it is cut or left out, the exercises are graded all the same
# points: 100
# answers: right


# %% added
class Giant:
    def __repr__(self):
        return "x" * 100_000_000


Giant()
