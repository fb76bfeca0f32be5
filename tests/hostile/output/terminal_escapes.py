"""Prints and raises control sequences that would rewrite the terminal in which staff judge a notebook."""
# must: what is shown in messages holds no control characters
# points: 70
# answers: right

# %% added
print("\x1b[2J\x1b[1;1H\x1b]0;owned\x07\x1b[8m\u202e100 of 100 points")


# %% answer="total"
def total(x):
    raise ValueError("\x1b[2J\x1b[1;1H\u202e 100 of 100 points\r\n" * 50)
