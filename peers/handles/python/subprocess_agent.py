#!/usr/bin/env python3
"""A handle agent for `subprocess.Popen`."""

import platform
import subprocess

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
    "timeout-passes": DOCS + "#subprocess.Popen.wait",
    "signal-during-wait": "https://peps.python.org/pep-0475/",
    "kill-delivers": DOCS + "#subprocess.Popen.send_signal",
    "kill-after-exit": DOCS + "#subprocess.Popen.send_signal",
    "child-starts": DOCS + "#popen-constructor",
    "child-descriptors": DOCS + "#popen-constructor",
    "child-sigpipe": DOCS + "#popen-constructor",
    "exec-fails": DOCS + "#exceptions",
}
CAN = ["poll", "timeout", "threads", "kill", "drop", "steal", "fork", "pipes", "sigaction", "sigprocmask"]


def spawn(request):
    output = subprocess.PIPE if "pipes" in request.fields else subprocess.DEVNULL
    child = subprocess.Popen(request.list("argv"), stdin=subprocess.DEVNULL, stdout=output)
    protocol.spawned(request, child, child.pid)


def poll(request):
    protocol.result(request, protocol.handle(request).poll())


def wait(request):
    child = protocol.handle(request)
    try:
        protocol.result(request, child.wait(request.timeout()))
    except subprocess.TimeoutExpired:
        protocol.result(request, None)


def kill(request):
    protocol.handle(request).send_signal(request.signal())
    protocol.send("ok", id=request.id)


REQUESTS = {"spawn": spawn, "poll": poll, "wait": wait, "kill": kill}


def main():
    protocol.hello("python-subprocess", platform.python_version(), "negative", CAN, PROMISES)
    protocol.serve(REQUESTS, (OSError, KeyError, subprocess.SubprocessError))


if __name__ == "__main__":
    main()
