"""What people see: nbgrader's feedback pages and its formgrader, in a real browser, for the convolution assignment."""

import ast
import html
import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import jinja2
import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from nbgrader.api import Gradebook

from autograder import samples
from autograder.answers import load_wrong
from autograder.cleaning import clean_html, clean_outputs, markdown_to_html
from autograder.course import Course, load_course
from autograder.feedback import comment, exercise_output, exercise_text, grouped, headline, remarks, summary_cells
from autograder.release import release
from autograder.verdict import (
    BLOCKED,
    FAILED,
    MANUAL,
    MISSING,
    PARTIAL,
    PASSED,
    ExerciseVerdict,
    RunRecord,
    Verdict,
)
from autograder.verdict import TestVerdict as Outcome  # pytest would take the name for a class of tests

PROJECT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
OWN = "document.documentElement.dataset.owned=1"
PAYLOAD = (
    f'<script>{OWN}</script><img src="x" onerror="{OWN}"><svg onload="{OWN}"></svg>'
    f'<iframe srcdoc="<script>top.{OWN}</script>"></iframe>'
)

needs_browser = pytest.mark.skipif(
    not shutil.which("chromium"), reason="chromium is not installed: the pages are not opened in a browser"
)


def open_in_browser(url: str, profile: Path) -> str:
    """The page as the browser holds it after its scripts have run."""
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
    options += ["--disable-component-update", "--disable-sync", f"--user-data-dir={profile}", "--timeout=90000"]
    options += ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--virtual-time-budget=5000"]
    command = [shutil.which("chromium"), *options, "--dump-dom", url]
    return subprocess.run(command, capture_output=True, text=True, timeout=180, check=True).stdout


def was_owned(page: str) -> bool:
    return "data-owned" in page


@needs_browser
def test_the_browser_would_run_the_payload(tmp_path):
    (tmp_path / "page.html").write_text(f"<!DOCTYPE html><html><body>{PAYLOAD}</body></html>")
    assert was_owned(open_in_browser(f"file://{tmp_path}/page.html", tmp_path / "profile"))


def _test(name: str = "test_a", message: str = "out is wrong", hint: str = "", tried: str = "") -> Outcome:
    return Outcome(name, FAILED, tried or f"Trying {name}.", message, hint, "", 0.1, 0, 1)


def _exercise(status: str, *tests: Outcome, score: float = 0, needs: tuple[str, ...] = ()) -> ExerciseVerdict:
    return ExerciseVerdict("conv_cost", score, 6, status, needs, tests)


@pytest.mark.parametrize(
    ("exercise", "said"),
    [
        (_exercise(PASSED, score=6), "conv_cost: 6 of 6 points"),
        (_exercise(PARTIAL, score=2.5), "conv_cost: 2.5 of 6 points"),
        (_exercise(FAILED), "conv_cost: 0 of 6 points"),
        (_exercise(MISSING), "conv_cost: 0 of 6 points, not answered"),
        (_exercise(MANUAL), "conv_cost: graded by a person, up to 6 points"),
        (_exercise(BLOCKED, needs=("a",)), "conv_cost: 0 of 6 points, mend a first, on which this builds"),
        (replace(_exercise(FAILED), max_score=1), "conv_cost: 0 of 1 point"),
    ],
)
def test_a_headline_says_how_the_exercise_stands(exercise, said):
    assert headline(exercise) == said


def test_what_an_earlier_test_said_is_not_said_again():
    first, second = _test("test_a", hint="Look at w."), _test("test_b", hint="Look at w.")
    third = _test("test_c", message="out has another shape", hint="Look at x.")
    exercise = _exercise(FAILED, first, second, third)
    assert [remarks(exercise, test) for test in grouped(exercise)] == [
        ["out is wrong", "Hint: Look at w."], ["the same"], ["out has another shape", "Hint: Look at x."],
    ]  # fmt: skip
    lines = exercise_text(exercise).splitlines()
    assert [line.strip() for line in lines[1:]] == [
        "✗ Trying test_a. (0/1)", "out is wrong", "Hint: Look at w.", "one more went the same way",
        "✗ Trying test_c. (0/1)", "out has another shape", "Hint: Look at x.",
    ]  # fmt: skip
    assert "<li>Trying test_b.</li>" in exercise_output(exercise).data["text/html"]


def test_tests_that_failed_with_the_same_words_keep_their_own_hints():
    exercise = _exercise(FAILED, _test("test_a", hint="X"), _test("test_b", hint="Y"))
    assert "Hint: X\n    Hint: Y\n    one more went the same way" in exercise_text(exercise)


def test_a_cell_is_not_called_by_the_name_that_ipython_gives_it():
    exercise = _exercise(FAILED, _test(message="its cell raised SyntaxError: bad (<ipython-input-2-c1b3af>, line 1)"))
    assert remarks(exercise, grouped(exercise)[0]) == ["its cell raised SyntaxError: bad (line 1)"]


def test_a_hint_is_shown_though_a_case_that_is_not_shown_has_it_too():
    cases = [_test("test_a[1]", hint="X", tried="A case."), _test("test_a[2]", hint="Y", tried="A case.")]
    exercise = _exercise(FAILED, *cases, _test("test_b", message="also wrong", hint="Y"))
    together, other = grouped(exercise)
    assert together.tried == "A case. (2 of 2 cases are wrong)"
    assert remarks(exercise, together) == ["out is wrong", "Hint: X"]
    assert remarks(exercise, other) == ["also wrong", "Hint: Y"]


def test_a_comment_holds_nothing_that_the_student_wrote():
    exercise = _exercise(FAILED, _test(message=f"conv_cost raised {PAYLOAD}", hint="Look at w."))
    assert comment(exercise) == "conv_cost: 0 of 6 points\n\nHint: Look at w."
    assert comment(_exercise(PASSED)) is comment(_exercise(MANUAL)) is None
    assert comment(_exercise(MISSING)) == "No response."


def test_blocks_escape_what_the_student_wrote():
    exercise = _exercise(FAILED, _test(message=f"conv_cost raised Bad: {PAYLOAD} $x$\n\n# no heading"))
    block = exercise_output(exercise).data["text/html"]
    assert "<script" not in block and "<img" not in block and "\n" not in block and "$" not in block
    run = RunRecord(None, (f"the cell that begins `{PAYLOAD}` raised it",), (), 1.0)
    summary, notes = summary_cells(Verdict("convolution", 0, 6, (exercise,), run))
    assert "0 of 6 points" in summary.source and "<script" not in notes.source


def test_an_unreadable_file_is_not_called_unanswered():
    exercise = _exercise(MISSING)
    assert "not answered" in exercise_text(exercise)
    assert "could not be read" in exercise_text(exercise, problem="the file is empty")
    assert "not answered" not in exercise_text(exercise, problem="the file is empty")


@pytest.mark.parametrize(
    "dirty",
    [
        PAYLOAD,
        f'<a href="javascript:{OWN}">x</a>',
        '<a href="/formgrader/?path=/tmp/mine">x</a>',
        '<a href="formgrader/">x</a>',
        '<a href="//example.org">x</a>',
        '<a href="data:text/html,x">x</a>',
        '<img src="/formgrader/?path=/tmp/mine">',
        '<img src="https://example.org/pixel.png">',
        '<img src="data:image/svg+xml;base64,PHN2Zz4=">',
        '<form action="/x"><input name="score"></form>',
        '<div id="conv_cost-check" class="score navbar-fixed-top" onclick="x()">x</div>',
        '<p style="position:fixed; background-image:url(https://example.org)">x</p>',
        "<style>body { display: none }</style><link rel=stylesheet href=https://example.org><meta http-equiv=refresh>",
        "<!-- <script>x</script> --><math><mtext><table><mglyph><style><img src=x onerror=1>",
    ],
)
def test_clean_html_holds_nothing_that_runs_loads_or_leads_elsewhere(dirty):
    clean = clean_html(dirty)
    tags = "".join(re.findall(r"<[^>]*>", clean))
    assert not re.search(r"script|svg|iframe|form|input|<style|link|meta|math|on\w+=|src=|href=|id=|class=", tags)
    assert "url(" not in tags and "position" not in tags


def test_clean_html_keeps_what_reads_well():
    for fine in (
        '<table style="width: 9px;"><tbody><tr><td style="padding: 5px;" colspan="2">1</td></tr></tbody></table>',
        "<details open><summary>Hint</summary>Look.</details>",
        '<a href="https://example.org/x?a=1#b" title="y">x</a>',
        '<div class="highlight"><pre><span class="k">def</span></pre></div>',
        '<img alt="plot" src="data:image/png;base64,iVBORw0KGgo=">',
        "<h3>1 &lt; 2 &amp; $a_b$</h3>",
    ):
        assert clean_html(fine) == fine


def _rendered(markdown: str, **cell: object) -> str:
    environment = jinja2.Environment()
    environment.filters["markdown2html"] = markdown_to_html
    return environment.from_string("{{ source | markdown2html }}").render(source=markdown, cell=cell)


def test_markdown_is_rendered_and_cleaned():
    page = _rendered(
        "# Title\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n$a<b$ and `x<y`\n\n```python\ndef f(): pass\n```\n\n"
        f"[bad](javascript:x) [local](/formgrader/) [good](https://example.org) <b onclick='x'>bold</b>\n\n{PAYLOAD}"
    )
    assert "<h1>Title</h1>" in page and "<td>1</td>" in page and "$a&lt;b$" in page
    assert '<span class="k">def</span>' in page
    assert '<a href="https://example.org">good</a>' in page and "<a>local</a>" in page
    assert "<b>bold</b>" in page
    assert not re.search(r"<(script|svg|iframe)|<[^>]*(src|onerror|onclick|javascript)", page)


def test_a_picture_whose_attachment_is_missing_is_shown_by_its_name():
    page = _rendered("before ![my drawing](attachment:drawing.png) after")
    assert "before" in page and 'alt="my drawing"' in page and "after" in page
    assert "src=" not in page


def test_a_picture_attached_to_an_answer_is_shown():
    attachments = {"drawing.png": {"image/png": "iVBORw0KGgo="}}
    page = _rendered("![my drawing](attachment:drawing.png)", attachments=attachments)
    assert 'src="data:image/png;base64,iVBORw0KGgo="' in page


def test_outputs_are_reduced_to_text_and_pictures():
    picture = "iVBORw0KGgo="
    rich = dict.fromkeys(("text/html", "image/svg+xml", "application/javascript", "text/markdown"), PAYLOAD)
    rich |= {"text/latex": r"\href{javascript:x}{y}", "application/vnd.jupyter.widget-view+json": {"model_id": "x"}}
    outputs = clean_outputs(
        [
            new_output("display_data", data={**rich, "text/plain": "plain", "image/png": picture}),
            new_output("display_data", data=rich),
            new_output("display_data", data={"image/png": '"><script>', "text/plain": "7"}),
            new_output("execute_result", data={"text/plain": "0.5"}, metadata={"text/html": {"isolated": True}}),
            new_output("stream", name="stderr", text="a warning \ud800"),
        ]
    )
    assert [output.output_type for output in outputs] == ["display_data", "display_data", "execute_result", "stream"]
    assert outputs[0].data == {"text/plain": "plain", "image/png": picture}
    assert outputs[1].data == {"text/plain": "7"}
    assert outputs[2].data == {"text/plain": "0.5"} and outputs[2].metadata == {}
    assert outputs[3].text == "a warning \ufffd"


SHOW = f"""\
from IPython.display import display
import matplotlib.pyplot as plt
own, payload = {OWN!r}, {PAYLOAD!r}
kinds = "text/html", "text/markdown", "text/latex", "text/plain", "application/javascript", "image/svg+xml"
for kind in kinds:
    display({{kind: own if kind == "application/javascript" else payload}}, raw=True)
display({{"text/html": payload}}, raw=True, metadata={{"text/html": {{"isolated": True}}}})
display({{"application/vnd.jupyter.widget-view+json": {{"model_id": payload}}, "text/plain": "widget"}}, raw=True)
print(payload, "lone \\ud800 surrogate")
plt.plot([1, 2])
plt.title(payload)
plt.show()
raise type(payload, (Exception,), {{}})(payload)
"""
RAISE = f"""\
def conv_cost(c_in, c_out, kernel, h_out, w_out, bias=True):
    raise type({PAYLOAD!r}, (ValueError,), {{}})({PAYLOAD!r})
"""


@dataclass(frozen=True)
class Classroom:
    course: Course

    @property
    def root(self) -> Path:
        return self.course.root

    def hand_in(self, student: str, notebook: NotebookNode | bytes) -> Path:
        folder = self.root / "classroom/submitted" / student / "convolution"
        folder.mkdir(parents=True, exist_ok=True)
        data = notebook if isinstance(notebook, bytes) else nbformat.writes(notebook).encode()
        (folder / "convolution.ipynb").write_bytes(data)
        return folder

    def command(self, *arguments: str) -> None:
        environment = os.environ | {"COURSE_ROOT": str(self.root)}
        command = [BIN / "nbgrader", *arguments]
        done = subprocess.run(command, cwd=self.root, env=environment, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr

    def verdict(self, student: str) -> Verdict:
        path = self.root / "classroom/autograded" / student / "convolution/verdict.json"
        return Verdict.from_json(path.read_bytes())

    def page(self, student: str) -> Path:
        return self.root / "classroom/feedback" / student / "convolution/convolution.html"


@pytest.fixture(scope="module")
def classroom(tmp_path_factory) -> Iterator[Classroom]:
    """Three students graded by `nbgrader autograde`, with feedback by `nbgrader generate_feedback`."""
    root = tmp_path_factory.mktemp("convolution")
    for part in ("course.toml", "nbgrader_config.py"):
        shutil.copy(PROJECT / part, root)
    for part in ("solutions", "course_lib"):
        shutil.copytree(PROJECT / part, root / part, ignore=shutil.ignore_patterns("__pycache__"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_ROOT", str(root))
        patch.delenv("COURSE_DB_URL", raising=False)
        course = load_course(root)
        release(course, "convolution")
        room, assignment = Classroom(course), course.assignment("convolution")
        room.hand_in("beginner", samples.solved(assignment, *_first_wrong(assignment.folder, "conv_cost", "im2col")))
        room.hand_in("hostile", _hostile(assignment))
        room.hand_in("broken", nbformat.writes(samples.solved(assignment)).encode()[:-300])
        room.command("autograde", "convolution")
        room.command("generate_feedback", "convolution")
        yield room


def _first_wrong(folder: Path, *exercises: str) -> list:
    wrong = load_wrong(folder)
    return [next(answer for answer in wrong if answer.exercise == exercise) for exercise in exercises]


def _hostile(assignment) -> NotebookNode:
    notebook = samples.filled(assignment, {"conv_cost": RAISE, "parameter_sharing": f"Since {PAYLOAD}"})
    prose = f"{PAYLOAD}\n\n[x](javascript:{OWN})\n\n$\\href{{javascript:{OWN}}}{{y}}$"
    notebook.cells[2:2] = [new_code_cell(SHOW), new_markdown_cell(prose)]
    return notebook


def _text(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


def test_feedback_says_what_was_tried_what_came_and_where_to_look(classroom):
    text = _text(classroom.page("beginner").read_text())
    wrong = _first_wrong(classroom.course.assignment("convolution").folder, "conv_cost", "im2col")
    verdict = {exercise.name: exercise for exercise in classroom.verdict("beginner").exercises}
    for answer in wrong:
        exercise = verdict[answer.exercise]
        assert exercise.score < exercise.max_score
        assert headline(exercise) in text
        for test in grouped(exercise):
            assert " ".join(test.tried.split()) in text
            assert all(" ".join(line.split()) in text for line in remarks(exercise, test) if line != "the same")
        assert any(" should be " in test.message and ", got " in test.message for test in exercise.tests)
        assert " ".join(answer.hint.split()) in text


def test_feedback_sums_the_scores_up_as_the_gradebook_does(classroom):
    with Gradebook(f"sqlite:///{classroom.root}/classroom/gradebook.db") as gradebook:
        scores = {name: gradebook.find_submission("convolution", name).score for name in ("beginner", "broken")}
    assert 0 < scores["beginner"] < 100 and scores["broken"] == 0
    for student, score in scores.items():
        page = classroom.page(student).read_text()
        assert f"convolution: {score:g} of 100 points" in page
        table = page[page.index('<table class="scores">') : page.index("</table>")]
        rows = re.findall(r'<a href="#([\w-]+)">(\w+)</a></td>\s*<td class="points">([\d.]+) of ([\d.]+)</td>', table)
        assert [row[1] for row in rows] == [exercise.name for exercise in classroom.verdict(student).exercises]
        assert sum(float(row[2]) for row in rows) == pytest.approx(score)
        assert sum(float(row[3]) for row in rows) == 100
        assert all(f'<a name="{row[0]}">' in page for row in rows), "each name leads to its cell"


def test_feedback_on_a_broken_file_says_why(classroom):
    text = _text(classroom.page("broken").read_text())
    assert "Nothing could be graded: the file is no notebook: its JSON breaks at line" in text
    assert "conv_cost: not graded, since the file could not be read" in text


def test_feedback_never_shows_the_hidden_tests(classroom):
    folder = classroom.root / "solutions/convolution/hidden_tests"
    lines = {line for path in folder.glob("*.py") for line in _code_lines(path) if len(line) >= 20}
    assert len(lines) > 100
    for student in ("beginner", "hostile", "broken"):
        text = _text(classroom.page(student).read_text())
        assert [line for line in lines if line in text] == []
    assert not list(classroom.root.glob("classroom/feedback/*/*/verdict.json"))


def _code_lines(path: Path) -> Iterator[str]:
    """The lines of a test file without its docstrings, which are written to be shown, and without its imports."""
    shown = set()
    for node in ast.walk(ast.parse(path.read_text())):
        is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if is_docstring or isinstance(node, (ast.Import, ast.ImportFrom)):
            shown.update(range(node.lineno, node.end_lineno + 1))
    lines = path.read_text().splitlines()
    return (" ".join(line.split()) for number, line in enumerate(lines, 1) if number not in shown)


@needs_browser
def test_no_script_of_a_student_runs_in_the_feedback(classroom, tmp_path):
    page = open_in_browser(f"file://{classroom.page('hostile')}", tmp_path)
    assert not was_owned(page)
    assert "<svg" not in page and "<iframe" not in page and "javascript:" not in "".join(re.findall(r"<[^>]*>", page))
    assert 'src="data:image/png;base64,' in page, "the figure is shown"
    assert '<span class="k">def</span>' in page, "code is highlighted"
    assert "<table style=" in page and "<td>" in page, "the verdict's tables and the notebook's own are shown"
    assert "lone \ufffd surrogate" in page
    assert "conv_cost raised" in _text(page)


@dataclass(frozen=True)
class Server:
    url: str
    token: str

    def fetch(self, path: str, post: bool = False) -> str:
        request = urllib.request.Request(f"{self.url}{path}", data=b"" if post else None)
        request.add_header("Authorization", f"token {self.token}")
        with urllib.request.urlopen(request, timeout=120) as reply:
            return reply.read().decode()


@pytest.fixture(scope="module")
def server(classroom, tmp_path_factory) -> Iterator[Server]:
    """A Jupyter server with the formgrader, as an assistant starts it in the course's folder."""
    runtime, token = tmp_path_factory.mktemp("runtime"), "a-token-for-this-test"
    environment = os.environ | {"COURSE_ROOT": str(classroom.root), "JUPYTER_RUNTIME_DIR": str(runtime)}
    environment |= {name: str(runtime) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR")}
    command = [
        sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=0",
        f"--IdentityProvider.token={token}",
        "--ServerApp.jpserver_extensions={'nbgrader.server_extensions.formgrader': True}",
    ]  # fmt: skip
    with (runtime / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=classroom.root, env=environment, stdout=log, stderr=log)
    try:
        yield Server(_address(process, runtime), token)
    finally:
        process.terminate()
        process.wait(timeout=30)


def _address(process: subprocess.Popen, runtime: Path) -> str:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and process.poll() is None:
        for path in runtime.glob("jpserver-*.json"):
            return json.loads(path.read_text())["url"].rstrip("/")
        time.sleep(0.2)
    raise AssertionError((runtime / "log").read_text())


def test_the_formgrader_lists_the_class_whatever_a_timestamp_says(classroom, server):
    folder = classroom.hand_in("just-now", b"{}")
    (folder / "timestamp.txt").write_text("soon :)")
    assert "Manage Submissions" in server.fetch("/formgrader/manage_submissions/convolution")
    listed = {entry["student"]: entry for entry in json.loads(server.fetch("/formgrader/api/submissions/convolution"))}
    assert {"beginner", "hostile", "broken", "just-now"} <= listed.keys()
    assert listed["broken"]["score"] == 0 and listed["beginner"]["autograded"]


def test_the_formgraders_button_takes_the_hardened_path(classroom, server):
    patch = "import numpy as np\nnp.testing.assert_allclose = np.testing.assert_equal = lambda *a, **k: None\n"
    answer = patch + "def conv_output_size(*a, **k):\n    return 1"
    notebook = samples.filled(classroom.course.assignment("convolution"), {"conv_output_size": answer})
    classroom.hand_in("patcher", notebook)
    reply = json.loads(server.fetch("/formgrader/api/submission/convolution/patcher/autograde", post=True))
    assert reply["success"], reply
    assert classroom.verdict("patcher").score < 6
    assert "no_new_privs" in classroom.verdict("patcher").run.isolation
    listed = json.loads(server.fetch("/formgrader/api/submission/convolution/patcher"))
    assert listed["score"] == classroom.verdict("patcher").score


@needs_browser
def test_no_script_of_a_student_runs_in_the_formgrader(classroom, server, tmp_path):
    with Gradebook(f"sqlite:///{classroom.root}/classroom/gradebook.db") as gradebook:
        submission = gradebook.find_submission_notebook("convolution", "convolution", "hostile").id
    page = open_in_browser(f"{server.url}/formgrader/submissions/{submission}/?token={server.token}", tmp_path)
    assert "Submission 1 / " in page or "Submission 2 / " in page or "Submission 3 / " in page
    assert not was_owned(page)
    assert "convolution: 0 of 100 points, and up to 4 more" in _text(page)
    assert "conv_cost raised" in _text(page)
