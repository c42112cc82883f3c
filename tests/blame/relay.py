#!/usr/bin/env python3
"""A warden on a system that loses signals: `relay.py WARDEN LOST [mute|stop|zombie]`, or one that dies: `relay.py
WARDEN N dies`, at its Nth trial, or delivers late: `relay.py WARDEN none late`.

WARDEN is the command of a real one, LOST the signals that are lost, such as `SIGSTOP,SIGKILL`. With `mute`, no child answers a
`getids` once a signal has been lost. With `stop`, these signals are not lost, but stop the process like SIGSTOP. With `zombie`,
the process table shows a process that is being stopped as a zombie. With `late`, as on a machine that is too busy, a child's last
words are delivered with the answer to the second request for a state.
"""

import os
import shlex
import subprocess
import sys
import threading

command, lost, how = shlex.split(sys.argv[1]), sys.argv[2].split(","), (sys.argv[3:] or [""])[0]
warden = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
out = sys.stdout.buffer
lock = threading.RLock()
silent = False
opened = 0
states = 0
held = []


def answer(line):
    with lock:
        out.write(line + b"\n")
        out.flush()


def relay():
    for line in warden.stdout:
        with lock:
            if how == "late" and states < 2 and line.startswith(b"child ") and line.split()[2] == b"last":
                held.append(line.rstrip(b"\n"))
            else:
                answer(line.rstrip(b"\n"))


thread = threading.Thread(target=relay)
thread.start()
for line in sys.stdin.buffer:
    words = line.decode().split()
    fields = dict(word.split("=", 1) for word in words[2:] if "=" in word)
    if how == "stop" and fields.get("sig") in lost:
        line = line.replace(fields["sig"].encode(), b"SIGSTOP")
    elif how == "zombie" and words[:2] == ["warden", "await"] and fields.get("for") == "stopped":
        answer(b"warden late state=zombie id=" + fields["id"].encode())
        continue
    elif words[:2] == ["warden", "signal"] and fields.get("sig") in lost:
        silent = how == "mute"
        answer(b"warden ok id=" + fields["id"].encode())
        continue
    if silent and words[0] == "child" and words[2] == "getids":
        continue
    silent = silent and words[:2] != ["warden", "open"]
    opened += words[:2] == ["warden", "open"]
    if how == "dies" and opened == int(lost[0]):
        # The real one sees that its stream has ended.
        os._exit(1)
    with lock:
        states += words[:2] == ["warden", "state"]
        while states > 1 and held:
            answer(held.pop(0))
    warden.stdin.write(line)
    warden.stdin.flush()
warden.stdin.close()
thread.join()
