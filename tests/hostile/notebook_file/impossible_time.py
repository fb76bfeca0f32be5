"""Hands in a timestamp that is no time."""
# must: it is set aside; the submission and the class are graded
# points: 100
# answers: right

# %% folder
(folder / "timestamp.txt").write_text("the day before the deadline; <script>alert(1)</script>")
