#!/usr/bin/env python3
"""A handle agent for `multiprocessing.Process`, whose child execs the program: its results are those of any child."""

import multiprocessing
import os
import platform
import threading

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
handles = {}
pids = {}


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
    handles[request.id] = child
    pids[request.id] = child.pid
    protocol.send("ok", id=request.id, pid=child.pid)


def poll(request):
    protocol.result(request, handles[request.number("handle")].exitcode)


def wait(request):
    child = handles[request.number("handle")]
    child.join(request.timeout())
    protocol.result(request, child.exitcode)


def kill(request):
    child = handles[request.number("handle")]
    send = {"SIGTERM": child.terminate, "SIGKILL": child.kill}.get(request.text("sig"))
    if send is None:
        return protocol.send("unsupported", id=request.id, why="Process sends SIGTERM and SIGKILL only")
    send()
    protocol.send("ok", id=request.id)


def drop(request):
    del handles[request.number("handle")]
    protocol.send("ok", id=request.id)


def steal(request):
    protocol.steal(request, pids[request.number("handle")])


def fork(request):
    pids[request.id] = protocol.fork(request)


def serve(request):
    try:
        REQUESTS[request.word](request)
    except (OSError, KeyError, ValueError, AssertionError) as error:
        protocol.failed(request, error)


REQUESTS = {
    "spawn": spawn,
    "fork": fork,
    "poll": poll,
    "wait": wait,
    "kill": kill,
    "drop": drop,
    "steal": steal,
    "sigaction": protocol.sigaction,
    "sigprocmask": protocol.sigprocmask,
}

if __name__ == "__main__":
    protocol.hello("python-multiprocessing", platform.python_version(), "negative", CAN, PROMISES)
    for request in protocol.lines():
        if request.word == "bye":
            protocol.send("ok", id=request.id)
            os._exit(0)
        if request.word == "wait":
            threading.Thread(target=serve, args=[request], daemon=True).start()
        elif request.word in REQUESTS:
            serve(request)
        else:
            protocol.send("unsupported", id=request.id, why="no such request")
    os._exit(0)
