"""Processes that an earlier supervisor left behind (it was killed with -9): found by pid file, verified, stopped."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import psutil

GRACE_SECONDS = 20.0


def remember(file: Path, *, pid: int) -> None:
    """Write down a child: its pid and when it started, so that a reused pid is not mistaken for it."""
    file.write_text(json.dumps({"pid": pid, "created": psutil.Process(pid).create_time()}))


def stop_leftover(file: Path, *, stop_signal: signal.Signals = signal.SIGTERM) -> bool:
    """Stop the process that the file names if it still runs; return whether it did.

    It is asked first (PostgreSQL by SIGINT: SIGTERM would wait for its clients) and killed after a grace period.
    """
    if not file.is_file():
        return False
    try:
        known = json.loads(file.read_text())
        process = psutil.Process(int(known["pid"]))
        is_ours = bool(abs(process.create_time() - float(known["created"])) < 1.0)
    except (psutil.NoSuchProcess, ValueError, KeyError):
        is_ours = False
    if is_ours:
        process.send_signal(stop_signal)
        try:
            process.wait(GRACE_SECONDS)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(GRACE_SECONDS)
    file.unlink(missing_ok=True)
    return is_ours


def kill_working_in(folder: Path, *, program: Path) -> int:
    """Kill the processes of a program that work in the folder; return how many there were.

    For what outlives a killed parent and is named in no pid file. A program of the same name elsewhere is not ours.
    """
    found = []
    for process in psutil.process_iter():
        try:
            if process.exe() == str(program.resolve()) and process.cwd() == str(folder.resolve()):
                process.kill()
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    psutil.wait_procs(found, GRACE_SECONDS)
    return len(found)
