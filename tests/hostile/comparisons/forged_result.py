"""Emits an execute_result with full partial credit from a hook before every cell."""
# must: outputs are never read as credit
# points: 0

# %% added
from IPython.display import publish_display_data


def credit(*_):
    shell = get_ipython()
    for points in ("30", "40"):
        data = {"text/plain": points}
        publish_display_data(data)
        shell.displayhook.write_format_data(data)
    if hasattr(shell, "kernel"):
        content = {"execution_count": 1, "data": {"text/plain": "30.0"}, "metadata": {}}
        kernel = shell.kernel
        kernel.session.send(kernel.iopub_socket, "execute_result", content, parent=kernel.get_parent())


get_ipython().events.register("pre_run_cell", credit)
get_ipython().events.register("post_run_cell", credit)
