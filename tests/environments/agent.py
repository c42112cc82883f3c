"""An agent that keeps a trial open forever: `agent.py AGENT`.

It is the Python agent at that path, but it never makes a wait call: instead it adds a stopped child, two that burn CPU time and
one that does not die with its parent to those of the trial. The variable WAITSPEC names the program that they run.
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
