"""Adds raw cells that ask to be shown as HTML and JavaScript, and cells whose metadata are script."""
# must: raw cells are shown as text
# points: 100
# answers: right

# %% notebook
bad = "<script>alert(1)</script><img src=x onerror=alert(1)>"
for kind in ("text/html", "application/javascript", "text/markdown"):
    notebook["cells"].append(
        {
            "cell_type": "raw",
            "id": f"raw-{len(notebook['cells'])}",
            "source": bad,
            "metadata": {"raw_mimetype": kind, "format": kind},
        }
    )
notebook["metadata"]["title"] = notebook["metadata"]["authors"] = "</title>" + bad
notebook["metadata"]["kernelspec"]["display_name"] = bad
notebook["metadata"]["language_info"] = {
    "name": "python",
    "pygments_lexer": '"><script>alert(1)</script>',
    "codemirror_mode": bad,
    "mimetype": bad,
}
for cell in notebook["cells"]:
    cell["metadata"]["tags"] = ['"><script>alert(1)</script>']
