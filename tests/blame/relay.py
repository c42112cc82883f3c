#!/usr/bin/env python3
"""A warden on a system that loses signals: `relay.py WARDEN LOST [mute]`.

WARDEN is the command of a real one, LOST the signals that are sent in vain, as `SIGSTOP,SIGKILL`. With `mute`, no child answers a
`getids` once a signal was lost.
"""

import shlex
import subprocess
import sys
import threading

command, lost, mute = shlex.split(sys.argv[1]), sys.argv[2].split(","), "mute" in sys.argv
warden = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
out = sys.stdout.buffer
lock = threading.Lock()
silent = False


def answer(line):
    with lock:
        out.write(line + b"\n")
        out.flush()


def relay():
    for line in warden.stdout:
        answer(line.rstrip(b"\n"))


thread = threading.Thread(target=relay)
thread.start()
for line in sys.stdin.buffer:
    words = line.decode().split()
    fields = dict(word.split("=", 1) for word in words[2:] if "=" in word)
    if words[:2] == ["warden", "signal"] and fields.get("sig") in lost:
        silent = mute
        answer(b"warden ok id=" + fields["id"].encode())
        continue
    if silent and words[0] == "child" and words[2] == "getids":
        continue
    silent = silent and words[:2] != ["warden", "open"]
    warden.stdin.write(line)
    warden.stdin.flush()
warden.stdin.close()
thread.join()
