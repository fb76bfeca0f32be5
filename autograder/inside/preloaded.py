"""The preloaded process: imports what notebooks import, then forks one isolated process for each notebook.

It never runs a byte of the students' code, holds no path to tests, solutions or grades, and starts from an empty
environment. Each child isolates itself before it hears of the student.
"""

import faulthandler
import gc
import json
import os
import random
import resource
import shutil
import signal
import socket
import sys
import tempfile
import traceback
from functools import cache
from pathlib import Path
from typing import Any

THREAD_LIMITS = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB")}
MAX_REQUEST = 1 << 16


def main(control_descriptor: int, folder: str) -> None:
    """Serve fork requests on the given socket until the grader closes it, then remove its own temporary `folder`."""
    try:
        settings = json.load(sys.stdin)
        _find_means(settings, control_descriptor, folder)
        _serve_requests(socket.socket(fileno=control_descriptor), settings)
    except BaseException:
        traceback.print_exc()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(0)


def _find_means(settings: dict, control_descriptor: int, folder: str) -> None:
    """Try what isolates here. Where bubblewrap does, start anew inside of it, with what was found in `settings`."""
    from autograder.isolation import bubblewrap
    from autograder.isolation.means import find_means

    if "refused" in settings:
        return
    means = find_means(settings["layers"])
    settings["refused"] = dict(means.refused)
    if means.allow("bubblewrap"):
        shutil.rmtree(folder)
        options = bubblewrap.wrapping(settings["readable"], folder, settings["scratch_mib"])
        code = f"from autograder.inside.preloaded import main; main({control_descriptor}, {folder!r})"
        bubblewrap.restart_inside(options, json.dumps(settings).encode(), [sys.executable, "-I", "-c", code])


def _serve_requests(control: socket.socket, settings: dict) -> None:
    from autograder.isolation.bubblewrap import Scratches

    gc.disable()  # nothing that is imported becomes garbage worth looking for
    _import_what_notebooks_import()
    _forget_the_project()
    scratches = None if "bubblewrap" in settings["refused"] else Scratches()
    gc.freeze()
    control.send(json.dumps({"refused": settings["refused"]}).encode())
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, MAX_REQUEST, 8)
        if not message:
            return
        request = json.loads(message)
        if "reap" in request:
            status = os.waitpid(request["reap"], 0)[1]
            if scratches:
                scratches.empty(request["reap"])
            control.send(json.dumps({"status": status}).encode())
        else:
            _fork(control, request, descriptors, scratches)
            _draw_once()  # not before: the first child is waited for


def _fork(control: socket.socket, request: dict, descriptors: list[int], scratches: Any) -> None:
    """Start a child and send back its number and a pidfd, or why there is none."""
    try:
        if scratches:
            request["policy"]["scratch"] = scratches.next()
        pid = os.fork()
    except OSError as error:
        control.send(json.dumps({"error": f"no process could be started: {error}"}).encode())
    else:
        if pid == 0:
            _run_child(request, descriptors)
        if scratches:
            scratches.used_by(pid)
        pidfd = os.pidfd_open(pid)
        socket.send_fds(control, [json.dumps({"pid": pid}).encode()], [pidfd])
        os.close(pidfd)
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def _import_what_notebooks_import() -> None:
    """What nearly every notebook needs; the first one waits for this."""
    import matplotlib
    import matplotlib.pyplot  # noqa: F401
    import numpy  # noqa: F401
    import torch
    import torch.fx.experimental.symbolic_shapes  # noqa: F401 (what torch imports at the first backward pass)

    import autograder.inside.answering  # noqa: F401
    from autograder.inside import operator_guard
    from autograder.inside.notebook_shell import NotebookShell

    operator_guard.prepare()
    torch.set_num_threads(1)
    matplotlib.use("Agg")
    NotebookShell.make()


@cache
def _draw_once() -> None:
    """Fill the caches that a first figure fills, once for all further children."""
    import matplotlib.pyplot as plt

    figure = plt.figure()
    plt.plot([0, 1])
    figure.savefig(os.devnull, format="png")
    plt.close("all")
    gc.freeze()


def _forget_the_project() -> None:
    """Leave no way to import from the project: neither its folder nor the hooks of an editable installation."""
    project = str(Path(__file__).resolve().parents[2])
    sys.path[:] = [path for path in sys.path if path and os.path.realpath(path) != project]
    sys.meta_path[:] = [
        finder for finder in sys.meta_path if "__editable__" not in str(getattr(finder, "__module__", ""))
    ]
    sys.path_hooks[:] = [hook for hook in sys.path_hooks if "__editable__" not in str(getattr(hook, "__module__", ""))]
    sys.path_importer_cache.clear()


def _run_child(request: dict, descriptors: list[int]) -> None:
    from autograder.isolation import sandbox, system_calls

    gc.enable()
    report = None
    try:
        line, report = _keep_only(descriptors)
        system_calls.die_with_parent()
        policy = sandbox.Policy(**request["policy"])
        layers = sandbox.enter(policy, announce=lambda pid: _tell(report, pid=pid))
        _require_readable(os.path.dirname(os.__file__), walk=False)
        _fresh_environment(policy)
        _provide(policy, request)
        _tell(report, layers=layers)
        os.close(report)
        report = None
        _serve(line, request["output_bytes"])
    except BaseException as error:
        if report is not None:
            _tell(report, error=f"{type(error).__name__}: {error}")
    finally:
        os._exit(0)


def _keep_only(descriptors: list[int]) -> list[int]:
    """Close every descriptor but these, and move these to 3, 4, ..."""
    faulthandler.disable()
    os.setsid()
    high = [os.dup2(descriptor, 512 + index) for index, descriptor in enumerate(descriptors)]
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    os.closerange(3, 512)
    os.closerange(512 + len(high), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    kept = [os.dup2(descriptor, 3 + index, inheritable=False) for index, descriptor in enumerate(high)]
    os.closerange(512, 512 + len(high))
    signal.set_wakeup_fd(-1)
    return kept


def _tell(report: int, **message: Any) -> None:
    os.write(report, json.dumps(message).encode() + b"\n")


def _fresh_environment(policy: Any) -> None:
    """Variables that name nothing outside, folders inside the scratch folder, a new random state."""
    os.environ.clear()
    home = policy.scratch
    os.environ.update(
        THREAD_LIMITS, PATH=f"{sys.prefix}/bin:/usr/bin:/bin", LANG="C.UTF-8", HOME=home, TMPDIR=home,
        USER="student", LOGNAME="student", IPYTHONDIR=f"{home}/.ipython", JUPYTER_CONFIG_DIR=f"{home}/.jupyter",
        MPLCONFIGDIR=f"{home}/.matplotlib", XDG_CACHE_HOME=f"{home}/.cache", PAGER="cat",
        MPLBACKEND="module://matplotlib_inline.backend_inline",
        PIP_NO_INDEX="1", PIP_DISABLE_PIP_VERSION_CHECK="1",  # there is no network to wait for
    )  # fmt: skip
    tempfile.tempdir = None
    random.seed()
    sys.modules["numpy"].random.seed()
    sys.modules["torch"].seed()


def _provide(policy: Any, request: dict) -> None:
    """The assignment's data in the working folder, the student edition on the path."""
    for name, source in request["data"].items():
        target = Path(policy.scratch, name)
        target.parent.mkdir(parents=True, exist_ok=True)
        if os.path.isdir(source):
            shutil.copytree(source, target, dirs_exist_ok=True, copy_function=shutil.copyfile)
        else:
            shutil.copyfile(source, target)
    for folder in request["import_from"]:
        _require_readable(folder)
    sys.path[:0] = ["", *request["import_from"]]


def _require_readable(folder: str, walk: bool = True) -> None:
    """Else every import from there would fail, and students pay for it."""
    below = os.walk(folder) if walk else ()
    for path in (folder, *(os.path.join(parent, name) for parent, dirs, files in below for name in dirs + files)):
        if not os.access(path, os.R_OK | (os.X_OK if os.path.isdir(path) else 0)):
            raise PermissionError(f"{path}: the sandbox's user must be able to read it: chmod -R a+rX")


def _serve(line: int, output_bytes: int) -> None:
    from autograder.inside.answering import Server
    from autograder.inside.notebook_shell import NotebookShell, Outputs
    from autograder.wire import Channel

    sys.argv = ["notebook"]
    outputs = Outputs(output_bytes)
    shell = NotebookShell.instance()
    shell.use(outputs)
    Server(Channel(socket.socket(fileno=line)), shell, outputs).run()
