"""Sends outputs of malformed types and keys, with lone surrogates, while a cell runs."""
# must: what is malformed is dropped, the exercises are graded all the same
# points: 100
# answers: right

# %% added

outputs = [
    None, 7, [], {"output_type": "stream", "name": "stdin", "text": "x"}, {"output_type": "stream", "name": "stdout", "text": 5},
    {"output_type": "display_data", "data": {"text/plain": ["a", {"b": 1}], "text/html": "<script>alert(1)</script>"}},
    {"output_type": "error", "ename": 5, "evalue": [], "traceback": "x"},
    {"output_type": "error", "ename": "\ud800", "evalue": "\ud800" * 10_000, "traceback": ["<img src=x onerror=alert(1)>", 5]},
    {"output_type": "execute_result", "data": {"text/plain": "100"}, "execution_count": "1e999"},
    {"output_type": "update_display_data", "data": {}}, {"output_type": "__class__"},
]  # fmt: skip
number = current_number()
for output in outputs:
    say(frame({"n": number, "output": output}))
