"""Hostile and malformed submissions, one small file each, and what runs them: against our grader and stock nbgrader."""
