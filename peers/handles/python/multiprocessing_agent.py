#!/usr/bin/env python3
"""A handle agent for `multiprocessing.Process`, whose child execs the program: its results are those of any child."""

import multiprocessing
import os
import platform

import protocol

DOCS = "https://docs.python.org/3/library/multiprocessing.html"
PROMISES = {
    "signal": DOCS + "#multiprocessing.Process.exitcode",
    "exit-code": DOCS + "#multiprocessing.Process.exitcode",
    "never-invented": DOCS + "#multiprocessing.Process.exitcode",
    "stable": DOCS + "#multiprocessing.Process.exitcode",
    "poll-running": DOCS + "#multiprocessing.Process.exitcode",
    "wait-blocks": DOCS + "#multiprocessing.Process.join",
    "wait-returns": DOCS + "#multiprocessing.Process.join",
    "timeout-keeps": DOCS + "#multiprocessing.Process.join",
    "kill-delivers": DOCS + "#multiprocessing.Process.terminate",
}
CAN = ["poll", "timeout", "threads", "kill", "drop", "steal", "fork", "sigaction", "sigprocmask"]

fork_context = multiprocessing.get_context("fork")


def become(argv):
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    # Among these is the end of a pipe by whose closing `join` notices the exit: it must survive the exec.
    for fd in os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else range(3, 64):
        try:
            os.set_inheritable(int(fd), True)
        except OSError:
            pass
    try:
        os.execvp(argv[0], argv)
    except OSError:
        os._exit(127)


def spawn(request):
    child = fork_context.Process(target=become, args=[request.list("argv")], daemon=True)
    child.start()
    protocol.spawned(request, child, child.pid)


def poll(request):
    protocol.result(request, protocol.handle(request).exitcode)


def wait(request):
    child = protocol.handle(request)
    child.join(request.timeout())
    protocol.result(request, child.exitcode)


def kill(request):
    child = protocol.handle(request)
    send = {"SIGTERM": child.terminate, "SIGKILL": child.kill}.get(request.text("sig"))
    if send is None:
        return protocol.send("unsupported", id=request.id, why="Process sends SIGTERM and SIGKILL only")
    send()
    protocol.send("ok", id=request.id)


if __name__ == "__main__":
    protocol.hello("python-multiprocessing", platform.python_version(), "negative", CAN, PROMISES)
    requests = {"spawn": spawn, "poll": poll, "wait": wait, "kill": kill}
    protocol.serve(requests, (OSError, KeyError, ValueError, OverflowError, AssertionError))
