"""The preloaded process: imports what notebooks import, then forks one isolated Jupyter kernel per request.

It never runs a byte of the students' code, holds no path to tests, solutions or grades, and starts from an empty
environment. Each child isolates itself before it becomes a kernel.
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
from typing import Any

THREAD_LIMITS = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB")}
OUTPUT_NOTE = "\n[the output was cut here: it is larger than the limit]\n"


def main(control_descriptor: int) -> None:
    """Serve fork requests on the given socket until it closes."""
    from autograder import sandbox

    control = socket.socket(fileno=control_descriptor)
    sandbox.die_with_parent()
    _import_what_notebooks_import()
    _forget_the_project()
    gc.collect()
    gc.freeze()
    control.send(json.dumps({"ready": os.getpid()}).encode())
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 1 << 16, 8)
        if not message:
            os._exit(0)
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
    import ipykernel.ipkernel  # noqa: F401
    import ipykernel.kernelapp  # noqa: F401
    import ipykernel.zmqshell  # noqa: F401
    import IPython.core.completer  # noqa: F401
    import ipywidgets  # noqa: F401
    import matplotlib
    import matplotlib.pyplot as plt
    import matplotlib_inline.backend_inline  # noqa: F401
    import numpy  # noqa: F401
    import scipy.signal  # noqa: F401
    import torch

    import autograder.answering  # noqa: F401

    torch.set_num_threads(1)
    matplotlib.use("Agg")
    figure = plt.figure()
    plt.plot([0, 1])
    figure.savefig(os.devnull, format="png")  # fills the font caches once for all children
    plt.close("all")


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
    from autograder import sandbox

    status = 1
    try:
        answer, report = _keep_only(descriptors)
        sandbox.die_with_parent()
        policy = sandbox.Policy(**request["policy"])
        layers = sandbox.enter(policy, announce=lambda pid: os.write(report, json.dumps({"pid": pid}).encode() + b"\n"))
        _fresh_environment(policy, request)
        app = _start_kernel(request, answer)
        sandbox.deny_connections()
        os.write(report, json.dumps({"layers": layers}).encode() + b"\n")
        os.close(report)
        app.start()
        status = 0
    except BaseException as error:
        os.write(report, json.dumps({"error": f"{type(error).__name__}: {error}"}).encode() + b"\n")
    finally:
        os._exit(status)


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


def _fresh_environment(policy: Any, request: dict) -> None:
    """New random state, folders inside the scratch folder, the assignment's data, the student edition on the path."""
    os.environ.clear()
    home = policy.scratch
    os.environ.update(
        THREAD_LIMITS, PATH="/usr/bin:/bin", LANG="C.UTF-8", HOME=home, TMPDIR=home, USER="student", LOGNAME="student",
        IPYTHONDIR=f"{home}/.ipython", JUPYTER_CONFIG_DIR=f"{home}/.jupyter", MPLCONFIGDIR=f"{home}/.matplotlib",
        XDG_CACHE_HOME=f"{home}/.cache", MPLBACKEND="module://matplotlib_inline.backend_inline",
    )  # fmt: skip
    tempfile.tempdir = None
    random.seed()
    sys.modules["numpy"].random.seed()
    sys.modules["torch"].seed()
    for folder in request["data"]:
        shutil.copytree(folder, home, dirs_exist_ok=True)
    sys.path[:0] = ["", *request["import_from"]]


def _start_kernel(request: dict, answer: int) -> Any:
    from autograder import answering

    answering.prepare(socket.socket(fileno=answer))
    app = _kernel_class(request["output_bytes"]).instance(config=_kernel_config())
    app.connection = request["connection"]
    sys.argv = ["ipykernel"]
    app.initialize([])
    app.shell.enable_matplotlib("inline")
    return app


def _kernel_config() -> Any:
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False
    config.IPKernelApp.log_level = 50
    config.IPKernelApp.capture_fd_output = False
    config.IPKernelApp.quiet = True
    return config


def _kernel_class(output_bytes: int) -> type:
    import zmq
    from ipykernel.iostream import IOPubThread, OutStream
    from ipykernel.kernelapp import IPKernelApp

    class CappedStream(OutStream):
        """Drops what is printed beyond the limit instead of failing a student for printing too much."""

        left = output_bytes

        def write(self, string: str) -> int:
            size, self.left = len(string), self.left - len(string)
            if self.left + size > 0:
                super().write(string if self.left >= 0 else string[: self.left] + OUTPUT_NOTE)
            return size

    class ForkedKernel(IPKernelApp):
        connection: dict

        def init_connection_file(self) -> None:
            self.load_connection_info(self.connection | {"key": self.connection["key"].encode()})

        def write_connection_file(self, **_: Any) -> None:
            """The client knows the connection already."""

        def init_poller(self) -> None:
            """The supervisor and the kernel's death signal end this process; nothing to watch."""

        def init_crash_handler(self) -> None:
            """Reports would go to a folder that nobody reads."""

        def load_config_file(self, suppress_errors: bool | None = None) -> None:
            """No file may configure this kernel."""

        def init_iopub(self, context: zmq.Context) -> None:
            # As in the parent class but without its TCP socket for output of forked children: there is no network.
            self.iopub_socket = context.socket(zmq.XPUB)
            self.iopub_socket.linger = 1000
            self.iopub_port = self._bind_socket(self.iopub_socket, self.iopub_port)
            self.configure_tornado_logger()
            self.iopub_thread = IOPubThread(self.iopub_socket, pipe=False, session=self.session)
            self.iopub_thread.start()
            self.iopub_socket = self.iopub_thread.background_socket

        def init_io(self) -> None:
            super().init_io()
            for name in ("stdout", "stderr"):
                setattr(sys, name, CappedStream(self.session, self.iopub_thread, name, watchfd=False))

    return ForkedKernel
