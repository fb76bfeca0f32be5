"""Hands in a verdict of its own with full points, where the grader will put one."""
# must: only the grader's own verdict is read
# points: 0

# %% folder
verdict = {"assignment": "signals", "score": 100, "max_score": 100, "exercises": [], "hashes": {}, "run": {}}
(folder / "verdict.json").write_text(json.dumps(verdict))
