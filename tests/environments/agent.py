"""An agent that keeps a trial open for ever: `agent.py AGENT`.

It is the Python agent at that path, but no wait is ever made: instead a stopped and two burning children stand beside
those of the trial, and one that does not die with its parent. The variable WAITSPEC names the program that they are.
"""

import importlib.util
import os
import signal
import sys

SPEC = importlib.util.spec_from_file_location("agent", sys.argv[1])
agent = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(agent)


def child(*words):
    if os.fork() == 0:
        os.execv(os.environ["WAITSPEC"], ["waitspec", "child", *words])


def hold(request):
    child("stop sig=SIGSTOP")
    # In a session of its own: SIGHUP ends an orphaned group that has a stopped process.
    child("--orphan", "setsid", "pause")
    child("burn-user us=600000000")
    child("burn-system us=600000000")
    while True:
        signal.pause()


for name in agent.CALLS:
    agent.REQUESTS[name] = hold
agent.main()
