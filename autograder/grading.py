"""Grades one submission: read, run, judge, explain. A pure function of the file, the suite and the environment."""

from dataclasses import dataclass, field
from pathlib import Path

from nbformat import NotebookNode

from autograder.course import Assignment
from autograder.dependencies import refuse_forbidden, unmet_needs
from autograder.hints import find_hints
from autograder.judge import run_suite
from autograder.reference import KnownAnswers
from autograder.scoring import Evidence, score
from autograder.session import Session, Stopped
from autograder.submissions import Submission, read
from autograder.verdict import RunRecord, Verdict, environment_hash, hash_files

_known: dict[str, KnownAnswers] = {}


@dataclass(frozen=True)
class Graded:
    """A verdict, with the submission it is about and what its cells put out, by the cell's place."""

    verdict: Verdict
    submission: Submission
    outputs: dict[int, list[NotebookNode]] = field(default_factory=dict)


def grade(path: Path, assignment: Assignment, import_from: Path) -> Graded:
    """Grade the notebook at `path`; `import_from` holds the student edition of course_lib.

    Whatever the file holds, this gives a verdict. Raises CourseError or SandboxError for the staff's own faults.
    """
    submission = read(path, assignment)
    suite = _suite_hash(assignment)
    known = _known_answers(assignment, suite)
    data = {name: assignment.folder / name for name in assignment.data}
    with Session(submission, assignment, (import_from,), data) as session:
        evidence = _evidence(submission, assignment, session, known)
        notes = (*submission.notes, *session.notes)
        run = RunRecord(evidence.problem, notes, session.isolation, round(session.duration_s, 3))
        hashes = {"submission": submission.sha256, "suite": suite, "environment": environment_hash()}
        exercises = score(assignment, submission, evidence)
        total = round(sum(exercise.score for exercise in exercises), 4)
        verdict = Verdict(assignment.name, total, assignment.max_score, exercises, run, hashes)
        return Graded(verdict, submission, dict(session.outputs))


def _evidence(submission: Submission, assignment: Assignment, session: Session, known: KnownAnswers) -> Evidence:
    written = known.reference.written
    if submission.problem:
        return Evidence(submission.problem, written)
    try:
        session.run()
    except Stopped as stopped:
        return Evidence(str(stopped), written)
    answered = frozenset(exercise.name for exercise in assignment.exercises) - submission.untouched
    outcomes = refuse_forbidden(assignment, submission, run_suite(assignment, session, answered))
    needs = unmet_needs(assignment, submission, outcomes)
    hints = find_hints(assignment, [outcome for outcome in outcomes if not needs[outcome.exercise]], known)
    return Evidence(None, written, outcomes, needs, hints, session.cell_errors)


def _suite_hash(assignment: Assignment) -> str:
    grader = Path(__file__).parent
    files = [path for path in assignment.folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return hash_files(files, assignment.folder)[:32] + hash_files(grader.glob("*.py"), grader)[:32]


def _known_answers(assignment: Assignment, suite_hash: str) -> KnownAnswers:
    """The assignment's known answers, kept from one submission to the next while the suite is the same."""
    if suite_hash not in _known:
        _known.clear()
        _known[suite_hash] = KnownAnswers(assignment)
    return _known[suite_hash]
