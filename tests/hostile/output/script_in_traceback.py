"""Raises errors whose type, text, notes and source lines hold script, in cells and in calls."""
# must: they are shown as text
# points: 70
# answers: right

# %% added
bad = f"<script>window.{MARK}=1</script><img src=x onerror=alert(1)>"
error = type("Error<script>alert(1)</script>", (Exception,), {})(bad)
error.add_note(bad)
raise error  # <img src=x onerror=alert(1)>


# %% answer="total"
def total(x):
    raise type("<img src=x onerror=alert(1)>", (Exception,), {})(f"</pre><script>window.{MARK}=1</script>")
