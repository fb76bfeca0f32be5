"""Attaches pictures that are HTML and SVG, and displays pictures whose data break out of their attribute."""
# must: only what is a picture is shown as one
# points: 100
# answers: right

# %% added
from IPython.display import display

broken = '" onerror="alert(1)" x="'
for kind in ("image/png", "image/jpeg", "image/gif", "application/pdf", "video/mp4"):
    display({kind: broken, "text/plain": "picture"}, raw=True)

# %% notebook
notebook["cells"].insert(
    0,
    {
        "cell_type": "markdown",
        "id": "attached",
        "metadata": {},
        "source": "![x](attachment:a.svg)",
        "attachments": {"a.svg": {"image/svg+xml": "PHN2ZyBvbmxvYWQ9ImFsZXJ0KDEpIi8+", 'text/html"><script>': "eA=="}},
    },
)
