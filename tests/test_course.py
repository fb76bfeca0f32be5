from datetime import UTC, datetime
from pathlib import Path

import pytest

from autograder.course import (
    CourseError,
    Exercise,
    LatePolicy,
    Limits,
    Returned,
    find_root,
    load_course,
)

ADDING = "solutions/adding/assignment.toml"


def test_calendar_is_read_with_its_time_zone(tiny):
    course = tiny.load()
    assert (course.id, course.title, course.root) == ("tiny", "Sums", tiny.root)
    assert course.late == LatePolicy(grace_minutes=15, percent_per_day=10.0, max_days=5)
    assert [(entry.name, entry.weight) for entry in course.schedule] == [("adding", 1.0), ("scaling", 2.5)]
    # Berlin is one hour ahead of UTC in January and two in July.
    assert course.scheduled("adding").due == datetime(2027, 1, 18, 22, 59, tzinfo=UTC)
    assert course.scheduled("scaling").due == datetime(2027, 7, 25, 21, 59, tzinfo=UTC)
    assert str(course.scheduled("adding").due.tzinfo) == "Europe/Berlin"


def test_a_time_with_an_offset_keeps_its_instant(tiny):
    tiny.edit("course.toml", "2027-01-18T23:59:00", "2027-01-18T23:59:00-05:00")
    assert tiny.load().scheduled("adding").due == datetime(2027, 1, 19, 4, 59, tzinfo=UTC)


def test_assignment_is_read(tiny):
    assignment = tiny.load().assignment("adding")
    assert assignment.title == "Title of adding"
    assert assignment.max_score == 60 + 30 + 10
    assert assignment.exercise("total") == Exercise(
        name="total",
        points=60.0,
        kind="code",
        functions={"total": (Returned("sum", "float"), Returned("cache", "handle"))},
        needs=(),
        forbids=("sum",),
    )
    assert assignment.exercise("mean").needs == ("total",)
    assert assignment.exercise("reason").kind == "written"
    assert assignment.limits == Limits(memory_mib=512)
    assert assignment.unlocks == ("course_lib/adding.py",)
    assert assignment.released_notebook == tiny.root / "assignments/adding/adding.ipynb"


def test_limits_have_defaults():
    assert Limits() == Limits(
        cell_timeout_s=30.0,
        notebook_timeout_s=120.0,
        call_timeout_s=10.0,
        memory_mib=4096,
        processes=64,
        file_mib=64,
        scratch_mib=256,
        output_mib=8,
    )


WRONG_CALENDARS = {
    "syntax": ("[late]", "[late", "course.toml: is not valid TOML: .*line 5"),
    "time zone": (
        "Europe/Berlin",
        "Europe/Berln",
        "course.toml: timezone: must be a time zone .*'Europe/Berln'",
    ),
    "misspelt key": (
        "weight = 1",
        "wieght = 1",
        r"course.toml: schedule\[0\].wieght: .*did you mean weight\?",
    ),
    "unknown key": ("weight = 1", "xyzzy = 1", r"course.toml: schedule\[0\].xyzzy: unknown key$"),
    "key of another table": (
        "weight = 1",
        "max_days = 1",
        r"schedule\[0\].max_days: is no key of this table",
    ),
    "key that no file may set": (
        'title = "Sums"',
        'title = "Sums"\nroot = "/"',
        "course.toml: root: unknown key",
    ),
    "missing key": ('title = "Sums"\n', "", "course.toml: title: is missing"),
    "id": ('id = "tiny"', 'id = "a b"', "course.toml: id: .*'a b'"),
    "date without time": (
        "2027-01-18T23:59:00",
        "2027-01-18",
        r"schedule\[0\].due: must be a date and a time",
    ),
    "date that is text": (
        "2027-01-18T23:59:00",
        '"soon"',
        r"schedule\[0\].due: must be a date and a time .*'soon'",
    ),
    "no such date": ("2027-01-18T23:59:00", "2027-02-30T23:59:00", "course.toml: is not valid TOML"),
    "hour lost in spring": (
        "due = 2027-01-18T23:59:00",
        "due = 2027-03-28T02:30:00",
        r"course.toml: schedule\[0\].due: .* does not exist in Europe/Berlin",
    ),
    "due before release": (
        "due = 2027-01-18",
        "due = 2027-01-10",
        r"schedule\[0\].due: must come after release",
    ),
    "wrong order": (
        "release = 2027-01-18",
        "release = 2027-01-04",
        r"schedule\[1\].release: must not come before that of adding",
    ),
    "weight": ("weight = 2.5", "weight = 0", r"schedule\[1\].weight: must be a positive number, got 0"),
    "infinite weight": ("weight = 2.5", "weight = inf", r"schedule\[1\].weight: must be a finite number"),
    "repeated assignment": (
        'name = "scaling"',
        'name = "adding"',
        r"schedule\[1\].name: 'adding' is used twice",
    ),
    "no folder": ('name = "scaling"', 'name = "pooling"', r"schedule\[1\].name: no folder solutions/pooling"),
    "path as a name": ('name = "scaling"', 'name = "../x"', r"schedule\[1\].name: must be lower-case words"),
    "negative grace": (
        "grace_minutes = 15",
        "grace_minutes = -1",
        "late.grace_minutes: must be at least 0, got -1",
    ),
    "percentage": (
        "percent_per_day = 10",
        "percent_per_day = 101",
        "late.percent_per_day: must be at most 100",
    ),
    "locked elsewhere": ('id = "tiny"', 'id = "tiny"\nlocked = ["solutions"]', r"locked\[0\]: must lie in course_lib/"),
    "locked nothing": (
        'id = "tiny"',
        'id = "tiny"\nlocked = ["course_lib/ading.py"]',
        r"locked\[0\]: no such file, 'course_lib/adin",
    ),
    "number as text": ("max_days = 5", 'max_days = "5"', "late.max_days: must be a whole number, got '5'"),
}


@pytest.mark.parametrize(("old", "new", "message"), WRONG_CALENDARS.values(), ids=WRONG_CALENDARS)
def test_wrong_calendar_is_refused_with_file_and_key(tiny, old, new, message):
    tiny.edit("course.toml", old, new)
    with pytest.raises(CourseError, match=message) as caught:
        tiny.load()
    assert str(caught.value).startswith("course.toml: ")


def test_empty_schedule_is_refused(tiny):
    text = (tiny.root / "course.toml").read_text()
    tiny.write("course.toml", "schedule = []\n" + text.partition("[[schedule]]")[0])
    with pytest.raises(CourseError, match="course.toml: schedule: must not be empty"):
        tiny.load()


WRONG_ASSIGNMENTS = {
    "syntax": ("points = 60", "points = ", "is not valid TOML: .*line 1[0-9]"),
    "misspelt key": ("points = 60", "point = 60", r"exercises\[0\].point.*did you mean points\?"),
    "misspelt limit": (
        "memory_mib",
        "memory_mb",
        r"limits.memory_mb: unknown key; did you mean memory_mib\?",
    ),
    "key of another table": (
        "points = 30",
        "points = 30\nunlocks = []",
        r"exercises\[1\].unlocks: is no key of this",
    ),
    "name set in the file": ("title =", 'name = "x"\ntitle =', "name: unknown key"),
    "negative points": (
        "points = 30",
        "points = -3",
        r"exercises\[1\].points: must be a positive number, got -3",
    ),
    "points as text": ("points = 30", 'points = "30"', r"exercises\[1\].points: must be a number, got '30'"),
    "points that are true": (
        "points = 30",
        "points = true",
        r"exercises\[1\].points: must be a number, got true",
    ),
    "points that are no number": ("points = 30", "points = nan", r"exercises\[1\].points: must be a"),
    "sum of points": ("points = 30", "points = 29", "exercises: points must sum to 100, got 99"),
    "kind": (
        'kind = "code"',
        'kind = "oral"',
        r"exercises\[1\].kind: must be 'code' or 'written', got 'oral'",
    ),
    "repeated exercise": (
        'name = "mean"\npoints = 30\nkind = "code"\nfunctions.mean',
        'name = "total"\npoints = 30\nkind = "code"\nfunctions.total',
        r"exercises\[1\].name: 'total' is used twice",
    ),
    "exercise that is no name": (
        'name = "reason"',
        'name = "a reason"',
        r"exercises\[2\].name: must be a Python name",
    ),
    "needs an unknown exercise": (
        'needs = ["total"]',
        'needs = ["sum"]',
        r"exercises\[1\].needs\[0\]: 'sum' is no exer",
    ),
    "needs itself": (
        'needs = ["total"]',
        'needs = ["mean"]',
        r"exercises\[1\].needs\[0\]: 'mean' must come before",
    ),
    "code without functions": (
        'functions.mean = ["mean: float"]\n',
        "",
        r"exercises\[1\].functions: the first must",
    ),
    "other function first": (
        "functions.mean",
        "functions.median",
        r"exercises\[1\].functions: the first must be mean",
    ),
    "written with functions": (
        'kind = "written"',
        'kind = "written"\nfunctions.reason = []',
        r"exercises\[2\].functions: a written exercise has none",
    ),
    "kind of a returned value": (
        '"mean: float"',
        '"mean: double"',
        r"exercises\[1\].functions.mean\[0\].kind: must be 'array', .*got 'double'",
    ),
    "returned value without kind": (
        '"mean: float"',
        '"mean"',
        r"exercises\[1\].functions.mean\[0\]: must read 'name: kind', got 'mean'",
    ),
    "limit": ("memory_mib = 512", "memory_mib = 0", "limits.memory_mib: must be a positive number, got 0"),
    "limit that is a fraction": (
        "memory_mib = 512",
        "memory_mib = 0.5",
        "limits.memory_mib: must be a whole number",
    ),
    "unlocks nothing": (
        "course_lib/adding.py",
        "course_lib/ading.py",
        r"unlocks\[0\]: no such file, 'course_lib/adin",
    ),
    "unlocks elsewhere": ("course_lib/adding.py", "solutions", r"unlocks\[0\]: must lie in course_lib/"),
    "data from elsewhere": ("data/table.csv", "../adding/data/table.csv", r"data\[0\]: no such file"),
    "missing title": ('title = "Title of adding"\n', "", "title: is missing"),
}


@pytest.mark.parametrize(("old", "new", "message"), WRONG_ASSIGNMENTS.values(), ids=WRONG_ASSIGNMENTS)
def test_wrong_assignment_is_refused_with_file_and_key(tiny, old, new, message):
    tiny.edit(ADDING, old, new)
    with pytest.raises(CourseError, match=message) as caught:
        tiny.load().assignment("adding")
    assert str(caught.value).startswith(f"{ADDING}: ")


def test_missing_settings_are_named(tiny):
    (tiny.root / ADDING).unlink()
    with pytest.raises(CourseError, match=f"{ADDING}: no such file"):
        tiny.load().assignment("adding")


@pytest.mark.parametrize("name", ["pooling", "../adding", ""])
def test_unknown_assignment_is_refused_with_the_known_ones(tiny, name):
    with pytest.raises(CourseError, match="there are: adding, scaling"):
        tiny.load().assignment(name)
    with pytest.raises(CourseError, match="there are: adding, scaling"):
        tiny.load().scheduled(name)


def test_unknown_exercise_is_refused(tiny):
    with pytest.raises(CourseError, match=f"{ADDING}: no exercise 'median'"):
        tiny.load().assignment("adding").exercise("median")


def test_root_is_found_from_below(tiny, monkeypatch):
    monkeypatch.delenv("COURSE_ROOT")
    assert find_root(tiny.root / "solutions/adding") == tiny.root
    monkeypatch.chdir(tiny.root / "solutions")
    assert find_root() == tiny.root


def test_root_from_the_environment_wins(tiny, monkeypatch, tmp_path_factory):
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert find_root() == tiny.root


def test_no_course_is_an_error(monkeypatch, tmp_path):
    monkeypatch.delenv("COURSE_ROOT", raising=False)
    with pytest.raises(CourseError, match="no course.toml in"):
        find_root(tmp_path)
    monkeypatch.setenv("COURSE_ROOT", str(tmp_path))
    with pytest.raises(CourseError, match="COURSE_ROOT is .* holds no course.toml"):
        find_root()


def test_this_course_is_valid():
    course = load_course(Path(__file__).parent.parent)
    for folder in (course.root / "solutions").iterdir():
        if folder.is_dir():
            course.assignment(folder.name)
