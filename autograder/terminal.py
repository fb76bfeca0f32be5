"""A verdict as a table in the terminal. All text that came from a student is printed as it is, unstyled."""

from rich.table import Table
from rich.text import Text

from autograder.feedback import grouped, headline, remarks
from autograder.verdict import BLOCKED, FAILED, MANUAL, MISSING, PARTIAL, PASSED, STATUS_MARKS, Verdict

STYLES = {
    PASSED: "green",
    PARTIAL: "cyan",
    MANUAL: "magenta",
    BLOCKED: "yellow",
    FAILED: "red",
    MISSING: "bright_black",
}


def verdict_table(verdict: Verdict) -> Table:
    """One row for each exercise and, below it, one for each of its tests, with points, message and hint."""
    table = Table(title=f"{verdict.assignment}: {verdict.score:g} of {verdict.max_score:g} points", show_lines=False)
    table.add_column("")
    table.add_column("exercise and what was tried", ratio=1)
    table.add_column("points", justify="right", no_wrap=True)
    for exercise in verdict.exercises:
        mark = Text(STATUS_MARKS[exercise.status], style=STYLES[exercise.status])
        points = f"{exercise.score:g}/{exercise.max_score:g}"
        table.add_row(mark, Text(headline(exercise), style="bold"), Text(points, style="bold"))
        for test in grouped(exercise):
            mark = Text(STATUS_MARKS[test.status], style=STYLES[test.status])
            lines = [Text(test.tried), *(Text(f"  {line}", "dim") for line in remarks(exercise, test))]
            table.add_row(mark, Text("\n").join(lines), f"{test.score:g}/{test.max_score:g}")
        table.add_section()
    for line in filter(None, (verdict.run.problem, *verdict.run.notes)):
        table.add_row("!", Text(line), "")
    return table
