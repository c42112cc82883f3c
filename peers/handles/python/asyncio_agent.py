#!/usr/bin/env python3
"""A handle agent for `asyncio.create_subprocess_exec`: every request is a task of one event loop."""

import asyncio
import os
import platform
import signal
import sys

import protocol

DOCS = "https://docs.python.org/3/library/asyncio-subprocess.html"
PROMISES = {
    "exit-code": DOCS + "#asyncio.subprocess.Process.returncode",
    "signal": DOCS + "#asyncio.subprocess.Process.returncode",
    "never-invented": DOCS + "#asyncio.subprocess.Process.returncode",
    "stable": DOCS + "#asyncio.subprocess.Process.returncode",
    "poll-running": DOCS + "#asyncio.subprocess.Process.returncode",
    "poll-at-once": DOCS + "#asyncio.subprocess.Process.returncode",
    "wait-blocks": DOCS + "#asyncio.subprocess.Process.wait",
    "wait-returns": DOCS + "#asyncio.subprocess.Process.wait",
    "two-waiters": DOCS + "#asyncio.subprocess.Process.wait",
    "timeout-keeps": "https://docs.python.org/3/library/asyncio-task.html#asyncio.wait_for",
    "kill-delivers": DOCS + "#asyncio.subprocess.Process.send_signal",
    "exec-fails": DOCS + "#asyncio.create_subprocess_exec",
}
# Not `steal`: a thread of asyncio's waits for each child from its start, and who is faster is a race.
CAN = ["poll", "timeout", "threads", "kill", "drop", "pipes", "sigaction", "sigprocmask"]

handles = {}


async def spawn(request):
    output = asyncio.subprocess.PIPE if "pipes" in request.fields else asyncio.subprocess.DEVNULL
    child = await asyncio.create_subprocess_exec(
        *request.list("argv"), stdin=asyncio.subprocess.DEVNULL, stdout=output
    )
    handles[request.id] = child
    protocol.send("ok", id=request.id, pid=child.pid)


async def poll(request):
    protocol.result(request, handles[request.number("handle")].returncode)


async def wait(request):
    child = handles[request.number("handle")]
    try:
        protocol.result(request, await asyncio.wait_for(child.wait(), request.timeout()))
    except asyncio.TimeoutError:
        protocol.result(request, child.returncode)


async def kill(request):
    try:
        handles[request.number("handle")].send_signal(request.signal())
        protocol.send("ok", id=request.id)
    except ProcessLookupError:
        protocol.send("err", id=request.id, errno="ESRCH")


async def drop(request):
    del handles[request.number("handle")]
    protocol.send("ok", id=request.id)


async def sigaction(request):
    # A handler of the loop's own, where the loop has it.
    if request.text("do") == "count" and request.signal() != signal.SIGCHLD:
        asyncio.get_running_loop().add_signal_handler(request.signal(), lambda: None)
        return protocol.send("ok", id=request.id)
    protocol.sigaction(request)


async def sigprocmask(request):
    protocol.sigprocmask(request)


REQUESTS = {
    "spawn": spawn,
    "poll": poll,
    "wait": wait,
    "kill": kill,
    "drop": drop,
    "sigaction": sigaction,
    "sigprocmask": sigprocmask,
}


async def serve(request):
    try:
        await REQUESTS[request.word](request)
    except (OSError, KeyError) as error:
        protocol.failed(request, error)


async def main():
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    protocol.hello("python-asyncio", platform.python_version(), "negative", CAN, PROMISES, reaps="eager", poll="loop")
    tasks = set()
    while text := await reader.readline():
        request = protocol.Line(text.decode())
        if request.word == "bye":
            protocol.send("ok", id=request.id)
            break
        if request.word in REQUESTS:
            # A task that nobody holds may be collected.
            task = loop.create_task(serve(request))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        else:
            protocol.send("unsupported", id=request.id, why="no such request")
    # What still waits is not waited for.
    os._exit(0)


asyncio.run(main())
