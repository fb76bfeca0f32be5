"""Holds a text that Python needs very long and very much memory to compile."""
# must: the cell is stopped or refused, all others count
# points: 100
# answers: right

# %% added
try:
    exec("x = " + "(" * 90 + "1" + ")" * 90)
    compile("-" * 100_000 + "1", "deep", "eval")
except (SyntaxError, RecursionError, MemoryError) as error:
    print(type(error).__name__)
a = "1" + "+1" * 200_000
try:
    eval(a)
except (RecursionError, MemoryError) as error:
    print(type(error).__name__)
