"""The committed reports: what they say, and as JSON lines for `waitspec matrix`.

    python3 scripts/committed.py FOLDER     writes FOLDER/NAME.jsonl for each

A committed report is compact: it lists the trials that did not pass, without their texts and times. They are
fixtures/reports/subjects/NAME.txt (calls), peers/handles/expected/NAME/VERSION.txt (handles) and fixtures/programs/NAME
(programs).
"""

import functools
import json
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CALLS = "fixtures/reports/subjects"
HANDLES = "peers/handles/expected"
PROGRAMS = "fixtures/programs"
BAD = ("fail", "hang", "crash", "leak")
# Which pages of docs/findings explain what a report lists.
FINDINGS = [
    (r"(aarch64|arm|i386|mips64el|ppc64le|riscv64|s390x|x86_64)(-newest)?", ["qemu-user"]),
    (r"runsc.*", ["gvisor"]),
    (r"dietlibc|klibc", ["small-c-libraries"]),
    (r"musl", ["musl-cpuclock"]),
    (r"i686", ["linux-compat"]),
    (r"go", ["go-signal-reset"]),
    (r"php", ["php-default-sigchld"]),
    (r"tcl", ["tclx-signals"]),
    (r"ruby", ["ruby-sigchld-ignored", "ruby-nohang-in-handler"]),
    (r"gevent", ["gevent-waitpid"]),
    (r"eventlet", ["eventlet-wait"]),
    (r"nix", ["nix-realtime-signals"]),
    (r"glib-gsubprocess", ["glib-lost-child"]),
    (r"(python-.*)", [r"\1-lost-child"]),
    (r"time", ["time-after-signal"]),
    (r"setsid|unshare", ["setsid-wait"]),
    (r"ksh93", ["ksh93-wait", "shell-foreground-stop"]),
    (r"mksh", ["shell-foreground-stop"]),
    (r"zsh", ["zsh-wait-stop", "shell-foreground-stop"]),
    (r"script", ["script-stop"]),
    (r"(.*)", [r"\1"]),
]


class Committed:
    """A committed report."""

    def __init__(self, name, about, interface):
        self.name, self.about, self.interface = name, about, interface
        # Of the run: the system and its release, and the counts by verdict; only reports of calls have them.
        self.system, self.counts = ("", ""), {}
        # The subjects, each with its versions.
        self.judged = {}
        # Trial, subject, verdict, clause or "".
        self.rows = []

    def bad(self):
        return [row for row in self.rows if row[2] in BAD]

    def findings(self):
        """The pages of docs/findings on what is bad here, without `.md`."""
        for pattern, pages in FINDINGS:
            match = re.fullmatch(pattern, self.name)
            pages = [match.expand(page) for page in pages] if match and self.bad() else []
            pages = [page for page in pages if os.path.exists(os.path.join(ROOT, "docs/findings", page + ".md"))]
            if pages:
                return pages
        return []

    def reproduce(self, trial):
        """The command that runs a trial again."""
        if self.interface == "handle":
            return "scripts/handles " + self.name
        if self.interface == "program":
            return "scripts/programs " + self.name
        if self.name in under():
            return "UNDER_PATTERNS=%s scripts/under %s" % (trial, self.name)
        return "scripts/languages " + self.name

    def records(self, notes):
        """The lines of a JSON report."""
        yield {
            "type": "run",
            "format": 1,
            "version": "",
            "os": self.system[0],
            "kernel": self.system[1],
            "trials": len(self.rows),
            "subjects": [self.subject(subject, facts) for subject, facts in self.judged.items()],
            "environment": list(notes),
        }
        for trial, subject, verdict, clause in self.rows:
            record = {"type": "trial", "id": trial, "subject": self.spec(subject), "verdict": verdict}
            record |= {"clauses": [], "steps": [], "reproduce": self.reproduce(trial)}
            pages = ["docs/findings/%s.md" % page for page in self.findings()]
            if verdict in BAD and pages:
                record["notes"] = ["explained in " + " and ".join(pages)]
            if clause:
                outcome = "deviates" if verdict == "deviates" else "fail"
                record |= {"failed_clause": clause, "clauses": [{"id": clause, "outcome": outcome}]}
            yield record
        yield {"type": "summary", "interrupted": False, "processes": 0, "duration_us": 0, **self.counts}

    def spec(self, subject):
        """What stands for the subject in the columns: the title of the report, and which of its subjects if it has several."""
        return self.about if len(self.judged) == 1 else "%s %s" % (self.about, subject)

    def subject(self, subject, facts):
        parts = facts.split(", ")
        libc, arch = ([""] * 2 + parts)[-2:] if len(parts) > 1 else ("", "")
        name = {"subject": self.spec(subject), "name": "", "version": "", "interface": self.interface}
        return name | {"os": self.system[0].lower(), "libc": libc, "arch": arch, "profile": "", "calls": []}


@functools.cache
def under():
    """The names that scripts/under runs; the other reports of calls are of scripts/languages."""
    script = os.path.join(ROOT, "scripts", "under")
    return subprocess.run([script, "--list"], check=True, stdout=subprocess.PIPE, text=True).stdout.split()


def read(*parts):
    with open(os.path.join(ROOT, *parts), encoding="utf-8") as file:
        return file.read().splitlines()


def of_calls(file):
    lines = read(CALLS, file)
    head = [line[2:] for line in lines if line.startswith("# ")]
    # The subject's title, one line for each subject, the kernel, the counts, and whether it was cut off.
    kernel = next(at for at, line in enumerate(head) if line.startswith("kernel "))
    report = Committed(file.removesuffix(".txt"), head[0], "calls")
    report.judged = dict(line.split(": ", 1) for line in head[1:kernel])
    report.system = tuple(head[kernel].removeprefix("kernel ").split(" ", 1))
    if report.about == "this kernel":
        report.about = " ".join(report.system)
    for part in head[kernel + 1].split(", "):
        count, verdict = part.split(" ")
        report.counts[verdict] = int(count)
    first = next(iter(report.judged))
    for line in lines:
        trial, *words = line.split(" ")
        if "@" not in trial:
            continue
        verdict, clause = words[-2:]
        subject = " ".join(words[:-2]) or first
        report.rows.append((trial, subject, verdict, "" if clause == "-" else clause))
    return report


def of_handle(name):
    versions = sorted(os.listdir(os.path.join(ROOT, HANDLES, name)))
    report = Committed(name, "%s %s" % (name, versions[-1].removesuffix(".txt")), "handle")
    report.judged = {name: ""}
    for line in read(HANDLES, name, versions[-1]):
        trial, verdict, clause = line.split(" ")
        report.rows.append((trial, name, verdict, "" if clause == "-" else clause))
    return report


def of_program(name):
    report = Committed(name, name, "program")
    report.judged = {name: ""}
    for line in read(PROGRAMS, name):
        verdict, trial = line.split(" ")[:2]
        report.rows.append((trial, name, verdict, ""))
    return report


def committed():
    """All of them: calls, handles, programs, each by title."""
    names = lambda folder: sorted(os.listdir(os.path.join(ROOT, folder)))
    calls = [of_calls(file) for file in names(CALLS) if file.endswith(".txt")]
    handles = [of_handle(name) for name in names(HANDLES)]
    programs = [of_program(name) for name in names(PROGRAMS)]
    return [report for kind in (calls, handles, programs) for report in sorted(kind, key=lambda report: report.about.lower())]


def write(folder):
    """Writes them as JSON lines; the names of the files."""
    os.makedirs(folder, exist_ok=True)
    files = []
    # Said once for all.
    notes = ["this and the other compact reports list only what did not pass"]
    for report in committed():
        files.append(report.name + ".jsonl")
        with open(os.path.join(folder, files[-1]), "w", encoding="utf-8") as file:
            file.writelines(json.dumps(record) + "\n" for record in report.records(notes))
        notes = []
    return files


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    write(sys.argv[1])
