"""What students get in a given week: course_lib without the answers still to be handed in, and the week's bundle."""

import re
import zipfile
from collections.abc import Iterable
from importlib.metadata import requires
from io import BytesIO
from pathlib import Path

from autograder.course import Assignment, Course
from autograder.errors import CourseError
from autograder.folders import Files, read_files, read_folder, replace_folder

_STUDENT_PACKAGES = (
    "filelock", "ipykernel", "ipywidgets", "jupyterlab", "matplotlib", "numpy", "safetensors", "scikit-learn",
    "torch",
)  # fmt: skip
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)  # the same bytes on every day
_README = """\
# {course}: {title}

Due {due:%A, %d %B %Y, %H:%M} ({timezone}).

1. Once, in this folder, with Python 3.11 or newer: `pip install -r requirements.txt`
2. `jupyter lab {name}.ipynb`
3. Fill in the answer cells. Each check below an answer tells early whether you are on the way; hidden tests grade.
4. Save, and hand in `{name}.ipynb` alone. Everything else in this folder is the same for all.
"""


def student_edition(course: Course, name: str) -> Path:
    """Write build/student/<name>/course_lib. Returns build/student/<name>, the folder to put on `sys.path`.

    Left out are the modules that this and all later assignments unlock, and of what the course keeps locked
    everything that no earlier assignment has unlocked. What an earlier one has unlocked stays so.
    """
    folder = course.assignment(name).student_edition
    replace_folder(folder, _edition(course, name))
    return folder


def bundle(course: Course, name: str) -> Path:
    """Write build/release/<name>.zip: released notebook, data, student edition, read-me. Returns its path."""
    assignment = course.assignment(name)
    if not assignment.released_notebook.is_file():
        raise CourseError(f"assignments/{name}: not released yet: course release {name}")
    files = {
        **read_folder(assignment.released_notebook.parent),
        **_edition(course, name),
        "README.md": _readme(course, assignment).encode(),
        "requirements.txt": _requirements().encode(),
    }
    assignment.bundle.parent.mkdir(parents=True, exist_ok=True)
    assignment.bundle.write_bytes(_zipped(files, name))
    return assignment.bundle


def _edition(course: Course, name: str) -> Files:
    scheduled = [entry.name for entry in course.schedule]
    course.scheduled(name)
    week = scheduled.index(name)
    opened, pending = (
        [path for other in weeks for path in course.assignment(other).unlocks]
        for weeks in (scheduled[:week], scheduled[week:])
    )
    files = read_files(course.root, ["course_lib"])
    return {
        path: content
        for path, content in files.items()
        if _closest(path, opened) >= _closest(path, [*pending, *course.locked])
    }


def _closest(path: str, folders: Iterable[str]) -> int:
    """How many parts the longest of the paths has that is `path` or a folder around it; 0 if none is."""
    return max((len(Path(folder).parts) for folder in folders if Path(path).is_relative_to(folder)), default=0)


def _readme(course: Course, assignment: Assignment) -> str:
    return _README.format(
        course=course.title,
        title=assignment.title,
        name=assignment.name,
        due=course.scheduled(assignment.name).due,
        timezone=course.timezone,
    )


def _requirements() -> str:
    """The course's own requirements, those alone that a notebook needs."""
    lines = requires("cnn-course") or []
    return "".join(f"{line}\n" for line in lines if re.match(r"[\w-]+", line)[0] in _STUDENT_PACKAGES)


def _zipped(files: Files, folder: str) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, content in sorted(files.items()):
            info = zipfile.ZipInfo(f"{folder}/{path}", _ZIP_TIME)
            info.external_attr = 0o644 << 16
            archive.writestr(info, content)
    return buffer.getvalue()
