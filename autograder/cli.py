"""The `course` command. Each command imports its worker when it is called, so that `--help` is quick."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from typer.core import TyperGroup

from autograder.errors import CourseError

STALE, STAFF_ERROR = 1, 2
_out = Console(highlight=False, soft_wrap=True)
_err = Console(stderr=True, highlight=False, soft_wrap=True)


class _Commands(TyperGroup):
    """Staff errors end a command with one line and no traceback."""

    def invoke(self, context: typer.Context) -> object:
        try:
            return super().invoke(context)
        except CourseError as error:
            _err.print(f"error: {error}", style="red", markup=False)
            raise typer.Exit(STAFF_ERROR) from None


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Release, grade and look after the course. Run it in the course's folder, or set COURSE_ROOT.",
)

Name = Annotated[str, typer.Argument(help="The assignment: its folder in solutions/.", show_default=False)]
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
) -> None:
    """Judge one notebook; no database. Exits 0 whatever the score, 2 for a staff error."""
    from autograder.course import load_course
    from autograder.grading import grade
    from autograder.student_edition import student_edition
    from autograder.terminal import verdict_table

    course = load_course()
    assignment = course.assignment(name)
    if not file.exists() and not file.is_symlink():
        raise CourseError(f"{file}: no such file")
    verdict = grade(file, assignment, student_edition(course, name)).verdict
    if json_:
        print(verdict.to_json())
    else:
        _out.print(verdict_table(verdict))


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
def demo(name: OptionalName = None) -> None:
    """Release an assignment, grade a class of made-up students for real, write feedback and report. Safe to repeat.

    Without a name: every scheduled assignment. Only students named demo-... are touched.
    """
    from autograder.course import load_course
    from autograder.demo import run_demo

    course = load_course()
    for one in [scheduled.name for scheduled in course.schedule] if name is None else [name]:
        run_demo(course, one, _out)
        report(one)
