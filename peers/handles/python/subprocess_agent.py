#!/usr/bin/env python3
"""A handle agent for `subprocess.Popen`. Each wait has a thread of its own, so that requests are answered meanwhile."""

import platform
import subprocess
import threading

import protocol

DOCS = "https://docs.python.org/3/library/subprocess.html"
PROMISES = {
    "exit-code": DOCS + "#subprocess.Popen.returncode",
    "signal": DOCS + "#subprocess.Popen.returncode",
    "never-invented": DOCS + "#subprocess.Popen.returncode",
    "stable": DOCS + "#subprocess.Popen.returncode",
    "poll-running": DOCS + "#subprocess.Popen.poll",
    "poll-at-once": DOCS + "#subprocess.Popen.poll",
    "wait-blocks": DOCS + "#subprocess.Popen.wait",
    "wait-returns": DOCS + "#subprocess.Popen.wait",
    "timeout-keeps": DOCS + "#subprocess.Popen.wait",
    "signal-during-wait": "https://peps.python.org/pep-0475/",
    "kill-delivers": DOCS + "#subprocess.Popen.send_signal",
    "kill-after-exit": DOCS + "#subprocess.Popen.send_signal",
    "exec-fails": DOCS + "#exceptions",
}
CAN = ["poll", "timeout", "threads", "kill", "drop", "steal", "fork", "pipes", "sigaction", "sigprocmask"]

handles = {}
pids = {}


def spawn(request):
    output = subprocess.PIPE if "pipes" in request.fields else subprocess.DEVNULL
    child = subprocess.Popen(request.list("argv"), stdin=subprocess.DEVNULL, stdout=output)
    handles[request.id] = child
    pids[request.id] = child.pid
    protocol.send("ok", id=request.id, pid=child.pid)


def poll(request):
    protocol.result(request, handles[request.number("handle")].poll())


def wait(request):
    child = handles[request.number("handle")]
    try:
        protocol.result(request, child.wait(request.timeout()))
    except subprocess.TimeoutExpired:
        protocol.result(request, None)


def kill(request):
    handles[request.number("handle")].send_signal(request.signal())
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
    except (OSError, KeyError, subprocess.SubprocessError) as error:
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


def main():
    protocol.hello("python-subprocess", platform.python_version(), "negative", CAN, PROMISES)
    for request in protocol.lines():
        if request.word == "bye":
            protocol.send("ok", id=request.id)
            break
        if request.word == "wait":
            threading.Thread(target=serve, args=[request], daemon=True).start()
        elif request.word in REQUESTS:
            serve(request)
        else:
            protocol.send("unsupported", id=request.id, why="no such request")


if __name__ == "__main__":
    main()
