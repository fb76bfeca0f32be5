"""Grades one submission: read, run, judge, explain. A pure function of the file, the suite and the environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nbformat import NotebookNode

from autograder.answers import Answer
from autograder.course import Assignment
from autograder.dependencies import refuse_forbidden, unmet_needs
from autograder.hints import find_hints
from autograder.judge import Judge, TestOutcome
from autograder.local_line import LocalLine
from autograder.reference import KnownAnswers
from autograder.scoring import Evidence, score
from autograder.session import Session, Stopped
from autograder.submissions import Submission, read
from autograder.verdict import RunRecord, Verdict, environment_hash, hash_files, weaknesses


@dataclass
class _Kept:
    """What is kept of an assignment from one submission to the next, while its files are the same."""

    suite_hash: str
    known: KnownAnswers
    judge: Judge | None = None
    rehearsals: dict[Answer, Mapping[str, TestOutcome]] = field(default_factory=dict)

    def rehearse(self, answer: Answer) -> Mapping[str, TestOutcome]:
        """How the random tests of its exercise go with a known wrong answer, by their names."""
        if answer not in self.rehearsals:
            line = LocalLine(self.known.namespace(answer))
            self.rehearsals[answer] = self.judge.rehearse(line, answer.exercise)
        return self.rehearsals[answer]


_kept: dict[Path, _Kept] = {}


@dataclass(frozen=True)
class Graded:
    """A verdict, with the submission it is about and what its cells put out, by the cell's place."""

    verdict: Verdict
    submission: Submission
    outputs: dict[int, list[NotebookNode]] = field(default_factory=dict)


def grade(
    path: Path,
    assignment: Assignment,
    import_from: Path,
    allow_weak_isolation: bool = False,
    expect_more: bool = False,
    explain: bool = True,
) -> Graded:
    """Grade the notebook at `path`; `import_from` holds the student edition of course_lib.

    expect_more: another submission to the same assignment is likely to follow, so make ready for it meanwhile.
    explain: look for the mistakes behind what failed; no score depends on it.
    Whatever the file holds, this gives a verdict. Raises CourseError or SandboxError for the staff's own faults, also
    where this machine enforces too little, unless `allow_weak_isolation`.
    """
    submission = read(path, assignment)
    kept = _kept_of(assignment)
    data = {name: assignment.folder / name for name in assignment.data}
    with Session(submission, assignment, (import_from,), data, allow_weak_isolation, expect_more) as session:
        evidence = _evidence(submission, assignment, session, kept, explain)
        notes = (*submission.notes, *weaknesses(session.isolation), *session.notes)
        run = RunRecord(evidence.problem, notes, session.isolation, round(session.duration_s, 3))
        hashes = {"submission": submission.sha256, "suite": kept.suite_hash, "environment": environment_hash()}
        exercises = score(assignment, submission, evidence)
        total = round(sum(exercise.score for exercise in exercises), 4)
        verdict = Verdict(assignment.name, total, assignment.max_score, exercises, run, hashes)
        return Graded(verdict, submission, dict(session.outputs))


def _evidence(submission: Submission, assignment: Assignment, session: Session, kept: _Kept, explain: bool) -> Evidence:
    written = kept.known.reference.written
    if submission.problem:
        return Evidence(submission.problem, written)
    kept.judge = kept.judge or Judge(assignment)  # before the cells run: it loads while the first process starts
    try:
        session.run()
    except Stopped as stopped:
        return Evidence(str(stopped), written)
    answered = frozenset(exercise.name for exercise in assignment.exercises) - submission.untouched
    outcomes = refuse_forbidden(assignment, submission, _judged(kept, session, answered))
    needs = unmet_needs(assignment, submission, outcomes)
    unexplained = [outcome for outcome in outcomes if explain and not needs[outcome.exercise]]
    hints = find_hints(assignment, unexplained, kept.known, kept.rehearse)
    return Evidence(None, written, outcomes, needs, hints, session.cell_errors)


def _judged(kept: _Kept, session: Session, answered: frozenset[str]) -> tuple[TestOutcome, ...]:
    """What the hidden tests found. A suite that did not come to its end is not used again."""
    judge, kept.judge = kept.judge, None
    try:
        outcomes = judge.run(session, answered)
    except BaseException:
        judge.close()
        raise
    kept.judge = judge
    return outcomes


def _suite_hash(assignment: Assignment) -> str:
    grader = Path(__file__).parent
    files = [path for path in assignment.folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return hash_files(files, assignment.folder)[:32] + hash_files(grader.rglob("*.py"), grader)[:32]


def _kept_of(assignment: Assignment) -> _Kept:
    """What was loaded for an earlier submission, or afresh where a file has changed since."""
    suite_hash = _suite_hash(assignment)
    kept = _kept.get(assignment.folder)
    if kept is None or kept.suite_hash != suite_hash:
        if kept and kept.judge:
            kept.judge.close()
        kept = _kept[assignment.folder] = _Kept(suite_hash, KnownAnswers(assignment))
    return kept
