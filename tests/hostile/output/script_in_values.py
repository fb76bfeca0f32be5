"""Returns texts and types whose names hold script, which the judge's messages repeat."""
# must: what a message repeats of a student's value is escaped
# points: 0


# %% answer="total"
def total(x):
    return "<script>alert(1)</script><img src=x onerror=alert(1)>"


# %% answer="slide"
def slide(x, w):
    return type("<script>alert(1)</script>", (), {})()


# %% answer="centre"
def centre(x):
    return {"<script>alert(1)</script>": 1}, 0


def restore(centred, cache):
    return "</td></table></div><form action=/formgrader><input onfocus=alert(1) autofocus></form>"
