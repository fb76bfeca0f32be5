"""The `course` command. Each command imports its worker when it is called, so that `--help` is quick."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from typer.core import TyperGroup

from autograder.errors import CourseError

STALE, WEAK, STAFF_ERROR, INTERRUPTED = 1, 1, 2, 130
_out = Console(highlight=False, soft_wrap=True)
_err = Console(stderr=True, highlight=False, soft_wrap=True)


class _Commands(TyperGroup):
    """Staff errors and Ctrl-C end a command with one line and no traceback."""

    def invoke(self, context: typer.Context) -> object:
        try:
            return super().invoke(context)
        except CourseError as error:
            _err.print(f"error: {error}", style="red", markup=False)
            raise typer.Exit(STAFF_ERROR) from None
        except KeyboardInterrupt:
            _err.print("stopped: what was not finished was not recorded", style="red")
            raise typer.Exit(INTERRUPTED) from None


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Release, grade and look after the course. Run it in the course's folder, or set COURSE_ROOT.",
)

Name = Annotated[str, typer.Argument(help="The assignment: its folder in solutions/.", show_default=False)]
AllowWeak = Annotated[
    bool, typer.Option("--allow-weak-isolation", help="Grade even where this machine isolates too little.")
]
OptionalName = Annotated[str | None, typer.Argument(help="The assignment: its folder in solutions/.")]


@app.callback()
def _main() -> None:
    pass


@app.command()
def build(name: Name) -> None:
    """Build the instructor's notebook, the solved one and the student edition of course_lib, all under build/."""
    from autograder.build import build_solved, build_source
    from autograder.course import load_course
    from autograder.student_edition import student_edition

    course = load_course()
    for step in (build_source, build_solved, student_edition):
        _out.print(f"[green]built[/] {step(course, name).relative_to(course.root)}")


@app.command()
def release(
    name: OptionalName = None,
    all_: Annotated[bool, typer.Option("--all", help="Every scheduled assignment.")] = False,
    check: Annotated[bool, typer.Option(help="Write nothing; say which released files are stale.")] = False,
) -> None:
    """Generate what students get: assignments/NAME and the bundle build/release/NAME.zip."""
    if (name is None) is not all_:
        raise typer.BadParameter("give the name of one assignment, or --all")
    from autograder.course import load_course
    from autograder.release import release as release_one
    from autograder.release import stale
    from autograder.student_edition import bundle

    course = load_course()
    names = [scheduled.name for scheduled in course.schedule] if name is None else [name]
    if check:
        _report_stale([path for path in stale(course) if path.split("/")[1] in names or all_])
        return
    for one in names:
        for step in (release_one, bundle):
            _out.print(f"[green]released[/] {step(course, one).relative_to(course.root)}")


def _report_stale(paths: list[str]) -> None:
    for path in paths:
        _out.print(f"[red]stale[/] {path}: run `course release`")
    if paths:
        raise typer.Exit(STALE)
    _out.print("[green]fresh[/] assignments/ is what release generates now")


@app.command()
def judge(
    name: Name,
    file: Annotated[Path, typer.Argument(help="The notebook to judge.", show_default=False)],
    json_: Annotated[bool, typer.Option("--json", help="Print the whole verdict as JSON.")] = False,
    allow_weak_isolation: AllowWeak = False,
) -> None:
    """Judge one notebook; no database. Exits 0 whatever the score, 2 for a staff error."""
    from autograder.quick_imports import quick_imports

    with quick_imports():
        from autograder.course import load_course
        from autograder.fork_server import load_ahead
        from autograder.student_edition import student_edition

        course = load_course()
        assignment = course.assignment(name)
        if not file.exists() and not file.is_symlink():
            raise CourseError(f"{file}: no such file")
        edition = student_edition(course, name)
        load_ahead(assignment)  # beside what this process loads
        import torch.fx.experimental.symbolic_shapes  # noqa: F401 (what torch imports at the first backward pass)

        from autograder.grading import grade
        from autograder.terminal import verdict_table

    verdict = grade(file, assignment, edition, allow_weak_isolation).verdict
    if json_:
        print(verdict.to_json())
    else:
        _out.print(verdict_table(verdict))


@app.command()
def prove(name: OptionalName = None) -> None:
    """Grade an assignment's known wrong and right answers and write solutions/<name>/WRONG_ANSWERS.md.

    Without a name: every scheduled assignment. Exits 1 if a wrong answer is not caught and named, if a right one loses,
    or if answers that do nothing earn something.
    """
    from rich.progress import Progress

    from autograder import proofs
    from autograder.course import load_course

    course, all_faults = load_course(), []
    for one in [scheduled.name for scheduled in course.schedule] if name is None else [name]:
        assignment = course.assignment(one)
        with Progress(console=_err) as progress:
            task = progress.add_task(f"{one}: submissions", total=proofs.num_submissions(assignment))
            found, faults = proofs.prove(course, assignment, lambda task=task, p=progress: p.advance(task))
        path = assignment.folder / proofs.TABLE
        path.write_text(proofs.table_text(assignment, found), encoding="utf-8")
        _out.print(f"[green]wrote[/] {path.relative_to(course.root)}: {len(found)} wrong answers, {len(faults)} faults")
        for fault in faults:
            _out.print(fault, style="red", markup=False)
        all_faults += faults
    if all_faults:
        raise typer.Exit(STALE)


@app.command()
def report(name: Name) -> None:
    """Show the class's scores and write classroom/reports/index.html."""
    from autograder.classroom import results
    from autograder.course import load_course
    from autograder.report import class_table, write_report

    course = load_course()
    assignment = course.assignment(name)
    found = results(course, assignment)
    _out.print(class_table(assignment, found))
    _out.print(f"[green]wrote[/] {write_report(course, assignment, found).relative_to(course.root)}")


@app.command()
def demo(name: OptionalName = None, allow_weak_isolation: AllowWeak = False) -> None:
    """Release an assignment, grade a class of made-up students for real, write feedback and report. Safe to repeat.

    Without a name: every scheduled assignment. Only students named demo-... are touched.
    """
    from autograder.course import load_course
    from autograder.demo import run_demo

    course = load_course()
    for one in [scheduled.name for scheduled in course.schedule] if name is None else [name]:
        run_demo(course, one, _out, allow_weak_isolation)
        report(one)


@app.command()
def doctor(
    json_: Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")] = False,
) -> None:
    """Try what isolates students' code on this machine. Exits 0 if strong, 1 if weak, 2 for a staff error."""
    from autograder.isolation.doctor import examine

    found = examine()
    if json_:
        print(found.to_json())
    else:
        found.print(_out)
    if not found.strong:
        raise typer.Exit(WEAK)
