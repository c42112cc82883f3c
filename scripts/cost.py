"""The CPU time of a run, and its lower bound: for scripts/languages, scripts/handles and scripts/under."""

import ctypes
import os
import resource
import subprocess
import sys

PR_SET_CHILD_SUBREAPER = 36
# The maximum CPU time of a run, as a multiple of its lower bound.
MOST = 1.5


def adopt():
    """Count processes that briefly outlive a command, too."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def spent():
    """The CPU time of all processes started so far, when the last of them has terminated."""
    # The wardens of a run outlive it for a moment.
    while True:
        try:
            os.wait()
        except ChildProcessError:
            break
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def cpu(command, times, text=""):
    """The mean CPU time of a command that reads this text, with its start and all processes below it."""
    before = spent()
    for _ in range(times):
        # A pipe, even if it is empty: asyncio cannot read from the null device.
        subprocess.run(command, input=text.encode(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return (spent() - before) / times


def burning(trials):
    """The cases whose children burn CPU time."""
    return sorted({t["id"].split("@")[0] for t in trials if any("burn" in step for step in t.get("steps", ()))})


def spawns(binary, then=""):
    """The lines that have an agent create a child, the at-th, and then do that with it."""
    spawn = "spawn id=%%d argv=%s,child,exit%%%%20code%%%%3D0\n" % binary

    def lines(at):
        return spawn % (2 * at) + then.format(id=2 * at + 1, child=2 * at)

    return lines


class Meter:
    """The CPU time of a run and of its processes' starts, which are measured before and after it: on a busy machine all of them
    take longer, and not for the same time.

    `spawn`: the lines that have the agent create a child (spawns). A runtime that forks a large process, or does more than a fork
    and an exec, takes longer for that than this script."""

    SPAWNS = 20

    def __init__(self, agent, bare, spawn):
        lines = "".join(spawn(at) for at in range(1, self.SPAWNS + 1))
        self.commands = {"agent": (agent, 10, ""), "bare": (bare, 10, ""), "spawns": (agent, 4, lines)}
        self.taken = {name: [] for name in self.commands}

    def look(self):
        for name, (command, times, text) in self.commands.items():
            self.taken[name].append(cpu(command, times, text))

    def run(self, command):
        """The CPU time of a run; what was measured around an earlier one is forgotten."""
        for taken in self.taken.values():
            taken.clear()
        self.look()
        seconds = cpu(command, 1)
        self.look()
        return seconds

    def mean(self, name):
        return sum(self.taken[name]) / len(self.taken[name])

    def spawn(self):
        """That of a child, created by the agent."""
        return (self.mean("spawns") - self.mean("agent")) / self.SPAWNS


class Cost:
    """The CPU time of a run, compared with that of starting its processes: `started` agents and their children."""

    def __init__(self, seconds, trials, summary, meter):
        self.seconds = seconds
        self.started = sum(1 for trial in trials if trial.get("processes"))
        self.children = summary["processes"] - self.started
        self.agent, self.start, self.spawn = meter.mean("agent"), meter.mean("bare"), meter.spawn()

    def least(self):
        return self.started * self.start + self.children * self.spawn

    def is_too_much(self):
        return self.seconds > MOST * self.least()

    def excess(self):
        """Where the rest goes."""
        own = self.started * (self.agent - self.start)
        rest = self.seconds - self.least() - own
        return "%.1f s to start agents rather than nothing (%.1f ms each), %.1f s to run trials (%.1f ms each)" % (
            own,
            self.agent * 1e3,
            rest,
            rest / self.started * 1e3,
        )

    def __str__(self):
        floor = "%d x %.1f ms + %d x %.1f ms" % (self.started, self.start * 1e3, self.children, self.spawn * 1e3)
        return "%.1f s CPU = %.2f x (%s)" % (self.seconds, self.seconds / self.least(), floor)
