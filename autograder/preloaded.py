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
from pathlib import Path
from typing import Any

THREAD_LIMITS = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB")}
MAX_REQUEST = 1 << 16


def main(control_descriptor: int, folder: str) -> None:
    """Serve fork requests on the given socket until the grader closes it, then remove its own temporary `folder`."""
    try:
        _serve_requests(socket.socket(fileno=control_descriptor))
    except BaseException:
        traceback.print_exc()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(0)


def _serve_requests(control: socket.socket) -> None:
    from autograder import sandbox

    _import_what_notebooks_import()
    _forget_the_project()
    namespaces = sandbox.namespaces_work()
    gc.collect()
    gc.freeze()
    control.send(json.dumps({"namespaces": namespaces}).encode())
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, MAX_REQUEST, 8)
        if not message:
            return
        request = json.loads(message)
        if "reap" in request:
            control.send(json.dumps({"status": os.waitpid(request["reap"], 0)[1]}).encode())
            continue
        pid = os.fork()
        if pid == 0:
            _run_child(request, descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        control.send(json.dumps({"pid": pid}).encode())


def _import_what_notebooks_import() -> None:
    import ipywidgets  # noqa: F401
    import matplotlib
    import matplotlib.pyplot as plt
    import numpy  # noqa: F401
    import scipy.signal  # noqa: F401
    import torch

    import autograder.answering  # noqa: F401
    from autograder.notebook_shell import NotebookShell

    torch.set_num_threads(1)
    matplotlib.use("Agg")
    figure = plt.figure()
    plt.plot([0, 1])
    figure.savefig(os.devnull, format="png")  # fills the font caches once for all children
    plt.close("all")
    NotebookShell.make()


def _forget_the_project() -> None:
    """Leave no way to import from the project: neither its folder nor the hooks of an editable installation."""
    project = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    sys.path[:] = [path for path in sys.path if path and os.path.realpath(path) != project]
    sys.meta_path[:] = [
        finder for finder in sys.meta_path if "__editable__" not in str(getattr(finder, "__module__", ""))
    ]
    sys.path_hooks[:] = [hook for hook in sys.path_hooks if "__editable__" not in str(getattr(hook, "__module__", ""))]
    sys.path_importer_cache.clear()


def _run_child(request: dict, descriptors: list[int]) -> None:
    from autograder import sandbox, system_calls

    report = None
    try:
        line, report = _keep_only(descriptors)
        system_calls.die_with_parent()
        policy = sandbox.Policy(**request["policy"])
        layers = sandbox.enter(policy, announce=lambda pid: _tell(report, pid=pid))
        _fresh_environment(policy)
        _require_readable(os.path.dirname(os.__file__), walk=False)
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
    from autograder.answering import Server
    from autograder.notebook_shell import NotebookShell, Outputs
    from autograder.wire import Channel

    sys.argv = ["notebook"]
    outputs = Outputs(output_bytes)
    shell = NotebookShell.instance()
    shell.use(outputs)
    Server(Channel(socket.socket(fileno=line)), shell, outputs).run()
