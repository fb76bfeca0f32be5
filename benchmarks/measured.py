"""Runs a command and measures it with everything that it starts."""

import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

_SAMPLE_S = 0.5


@dataclass(frozen=True)
class Measured:
    """cpu_s: of the command and all that it started and waited for. peak_mib: what they took together, shared pages
    counted once (PSS), sampled twice a second; 0 where it ended before the first sample."""

    wall_s: float
    cpu_s: float
    peak_mib: float


def measure(command: Sequence[str | Path], cwd: Path, environment: Mapping[str, str], log: Path) -> Measured:
    """Run to the end. Output goes to `log`. Raises RuntimeError with its end where the command fails."""
    with log.open("wb") as output:
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=cwd, env=environment, stdout=output, stderr=output)
        sampler = _Sampler(process.pid)
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    sampler.stop()
    if process.returncode:
        raise RuntimeError(f"{command}: exit status {process.returncode}\n{log.read_text()[-3000:]}")
    return Measured(wall_s, usage.ru_utime + usage.ru_stime, sampler.peak_bytes / 2**20)


class _Sampler(threading.Thread):
    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._root = psutil.Process(pid)
        self._ended = threading.Event()
        self.peak_bytes = 0
        self.start()

    def run(self) -> None:
        while not self._ended.wait(_SAMPLE_S):
            try:
                family = [self._root, *self._root.children(recursive=True)]
            except psutil.Error:
                return
            self.peak_bytes = max(self.peak_bytes, sum(map(_pss, family)))

    def stop(self) -> None:
        self._ended.set()
        self.join()


def _pss(process: psutil.Process) -> int:
    try:
        return process.memory_full_info().pss
    except psutil.Error:  # it has ended meanwhile
        return 0
