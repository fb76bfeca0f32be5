"""Replaces the comparisons of the grader's own module for checks."""
# must: the module with the checks is not even in the student's process
# points: 0

# %% added
try:
    import autograder.checks as checks

    checks.assert_close = checks.assert_equal = lambda *_, **__: None
except ImportError:
    pass
np.testing.assert_allclose = lambda *_, **__: None
