"""Makes a hundred thousand separate outputs."""
# must: they are cut at the limit, in bounded time
# points: 70..100
# answers: right

# %% added
from IPython.display import display

for number in range(20_000):
    display({"text/plain": ""}, raw=True)
