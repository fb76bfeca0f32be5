"""Hands in widgets' state that holds script, and outputs that show it."""
# must: no state of widgets reaches a page
# points: 100
# answers: right

# %% notebook
bad = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"
view = {"model_id": "m", "version_major": 2, "version_minor": 0}
state = {
    "m": {
        "model_name": "HTMLModel",
        "model_module": "@jupyter-widgets/controls",
        "model_module_version": "1.5.0",
        "state": {"value": bad, "description": bad},
    }
}
notebook["metadata"]["widgets"] = {
    "application/vnd.jupyter.widget-state+json": {"version_major": 2, "version_minor": 0, "state": state}
}
find("total")["outputs"] = [
    {
        "output_type": "display_data",
        "metadata": {},
        "data": {"application/vnd.jupyter.widget-view+json": view, "text/html": bad},
    }
]
