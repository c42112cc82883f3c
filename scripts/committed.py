"""The committed reports: reading them, and converting them to JSON lines for `waitspec matrix`.

    python3 scripts/committed.py FOLDER     writes a file for each into FOLDER, and prints their names in order

A committed report is compact: it lists the trials that did not pass, without their texts and times. They are
fixtures/reports/subjects/NAME.txt (calls), peers/handles/expected/NAME/VERSION.txt (handles) and fixtures/programs/NAME
(programs; one without a file passes everything, and versions.tsv has the tested versions). The results of these trials are in
fixtures/reports/details, written by scripts/details.
"""

import functools
import json
import os
import re
import shlex
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CALLS = "fixtures/reports/subjects"
HANDLES = "peers/handles/expected"
PROGRAMS = "fixtures/programs"
VERSIONS = "versions.tsv"
DETAILS = "fixtures/reports/details"
BAD = ("fail", "hang", "crash", "leak")
CALLS_OF_TRIALS = ("wait", "waitpid", "wait3", "wait4", "wait6", "waitid", "pdwait")
# The pages of docs/findings that explain what a report lists.
FINDINGS = [
    (r"(aarch64|arm|i386|mips64el|ppc64le|riscv64|s390x|x86_64)(-newest)?", ["qemu-user"]),
    (r"runsc.*", ["gvisor"]),
    (r"dietlibc|klibc", ["small-c-libraries"]),
    (r"musl", ["musl-cpuclock"]),
    (r"netbsd", ["netbsd-wait"]),
    (r"i686", ["linux-compat"]),
    (r"go", ["go-signal-reset"]),
    (r"php", ["php-default-sigchld"]),
    (r"tcl", ["tclx-signals"]),
    (r"ruby", ["ruby-sigchld-ignored", "ruby-nohang-in-handler"]),
    (r"gevent", ["gevent-waitpid"]),
    (r"eventlet", ["eventlet-wait"]),
    (r"nix", ["nix-realtime-signals"]),
    (r"tokio", ["tokio-traced-child"]),
    (r"glib-gsubprocess", ["glib-lost-child"]),
    (r"erlang-port", ["erlang-port-descendants"]),
    (r"node-child-process", ["node-realtime-signals"]),
    (r"tcl-open", ["tcl-unnamed-signals"]),
    (r"posh", ["posh-signals", "shell-exit-in-trap"]),
    (r"bash|bash-posix|yash", ["shell-exit-in-trap"]),
    (r"(python-.*)", [r"\1-lost-child", r"\1-second-signal"]),
    (r"time", ["time-after-signal"]),
    (r"setsid|unshare", ["setsid-wait"]),
    (r"ksh93", ["ksh93-wait", "ksh93-pipefail", "shell-exit-in-trap", "shell-foreground-stop", "wait-unknown-operand"]),
    (r"mksh", ["shell-foreground-stop"]),
    (r"zsh", ["zsh-wait-stop", "zsh-wait-several", "zsh-ignored-at-start", "shell-exit-in-trap", "shell-foreground-stop"]),
    (r"busybox-ash|dash", ["wait-unknown-operand", "shell-sigchld-blocked"]),
    (r"script", ["script-stop"]),
    (r"(.*)", [r"\1"]),
]


class Committed:
    """A committed report."""

    def __init__(self, name, about, interface):
        self.name, self.about, self.interface = name, about, interface
        # From the run: the system and its release, and the counts by verdict; only reports of calls have these.
        self.system, self.counts = ("", ""), {}
        # The subjects, each with its versions.
        self.judged = {}
        # Trial, subject, verdict, clause or "".
        self.rows = []
        # The page that it was transcribed from; "" if it is from a run.
        self.transcribed = ""

    @property
    def key(self):
        """A unique name: strace, for instance, is both a tracer and a program that runs other programs."""
        return "%s-%s" % (self.interface, self.name)

    def bad(self):
        return [row for row in self.rows if row[2] in BAD]

    def findings(self):
        """The pages of docs/findings about its failures, without `.md`."""
        for pattern, pages in FINDINGS:
            match = re.fullmatch(pattern, self.name)
            pages = [match.expand(page) for page in pages] if match and self.rows else []
            pages = [page for page in pages if os.path.exists(os.path.join(ROOT, "docs/findings", page + ".md"))]
            if pages:
                return pages
        return []

    def subject_of_run(self):
        """The subject of `waitspec run`, from the root of this repository, and the options that it needs."""
        if self.interface == "program":
            subject, contract = programs()[self.name]
            return [subject] + (["--contract", contract] if contract else [])
        script = "handles" if self.interface == "handle" else "languages"
        return [output(script, "--subject", self.name).strip()]

    def reproduce(self, trial):
        """The command that runs a trial again, from the root of this repository."""
        if self.interface == "calls" and self.name in under():
            return "UNDER_PATTERNS=%s scripts/under %s" % (trial, self.name)
        case = patterns([trial])[0]
        if self.transcribed:
            return "waitspec run %s --subject libc" % case
        if self.interface == "program":
            return shlex.join(["waitspec", "run", case, "--subject", *self.subject_of_run()])
        script = "handles" if self.interface == "handle" else "languages"
        # Built first, unless it is an interpreter's source.
        return 'waitspec run %s --subject "$(scripts/%s --subject %s)"' % (case, script, self.name)

    @functools.cached_property
    def details(self):
        """The expected and the observed result, by trial, subject and verdict."""
        if not os.path.exists(os.path.join(ROOT, DETAILS, self.key + ".tsv")):
            return {}
        rows = (line.split("\t") for line in read(DETAILS, self.key + ".tsv"))
        return {tuple(row[:3]): row[3:] for row in rows}

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
            "environment": notes + ["transcribed from " + self.transcribed] * bool(self.transcribed),
        }
        for trial, subject, verdict, clause in self.rows:
            record = {"type": "trial", "id": trial, "subject": self.spec(subject), "verdict": verdict}
            record |= {"clauses": [], "steps": [], "reproduce": self.reproduce(trial)}
            several = len(self.judged) > 1
            known, expected, got = self.details.get((trial, subject if several else "", verdict), ("", "", ""))
            clause = clause or known
            if expected:
                record |= {"expected": expected, "got": got}
            elif got:
                record["reason"] = got
            if clause:
                outcome = "deviates" if verdict == "deviates" else "fail"
                record |= {"failed_clause": clause, "clauses": [{"id": clause, "outcome": outcome}]}
            yield record
        yield {"type": "summary", "interrupted": False, "processes": 0, "duration_us": 0, **self.counts}

    def spec(self, subject):
        """The subject's column title: the title of the report, and which of its subjects if it has several."""
        return self.about if len(self.judged) == 1 else "%s %s" % (self.about, subject)

    def subject(self, subject, facts):
        pages = " and ".join("docs/findings/%s.md" % page for page in self.findings())
        parts = facts.split(", ")
        libc, arch = ([""] * 2 + parts)[-2:] if len(parts) > 1 else ("", "")
        name = {"subject": self.spec(subject), "name": "", "version": "", "interface": self.interface}
        name |= {"issues": "explained in " + pages} if pages else {}
        return name | {"os": self.system[0].lower(), "libc": libc, "arch": arch, "profile": "", "calls": []}


@functools.cache
def output(script, *arguments):
    """The output of one of the scripts."""
    command = [os.path.join(ROOT, "scripts", script), *arguments]
    return subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.PIPE, text=True).stdout


def under():
    """The names that scripts/under runs; the other reports of calls are of scripts/languages."""
    return output("under", "--list").split()


def programs():
    """The subject and the contract of each program that scripts/programs tests."""
    rows = (line.split("\t") for line in output("programs", "--list").splitlines())
    return {name: (subject, contract) for name, subject, contract in rows}


def patterns(trials):
    """The patterns by which `waitspec run` selects trials: those of programs and handles by their case alone."""
    return sorted({trial if "@" in trial and trial.split("@")[1] in CALLS_OF_TRIALS else trial.split("@")[0] for trial in trials})


def calls(trials):
    """The calls of these trials."""
    return sorted({trial.split("@")[1] for trial in trials if "@" in trial} & set(CALLS_OF_TRIALS))


def read(*parts):
    with open(os.path.join(ROOT, *parts), encoding="utf-8") as file:
        return file.read().splitlines()


def of_calls(file):
    lines = read(CALLS, file)
    head = [line[2:] for line in lines if line.startswith("# ")]
    # The subject's title, one line for each subject, the kernel, the counts, and whether it was truncated.
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
    report.transcribed = next((line.removeprefix("transcribed from ") for line in head if line.startswith("transcribed")), "")
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


def titled(name, package):
    """A program with the version of its package, which may have another name: `dash 0.5.12-2`, `env (coreutils 9.1-1)`."""
    title = package if package.split(" ")[0] == name else "%s (%s)" % (name, package)
    return title if package else name


def of_program(name):
    versions = dict(line.split("\t") for line in read(PROGRAMS, VERSIONS))
    report = Committed(name, titled(name, versions.get(name, "")), "program")
    report.judged = {name: ""}
    # A program that passes everything has no list.
    for line in read(PROGRAMS, name) if os.path.exists(os.path.join(ROOT, PROGRAMS, name)) else []:
        verdict, trial = line.split(" ")[:2]
        report.rows.append((trial, name, verdict, ""))
    return report


def committed():
    """All reports: calls, handles, programs, each by title."""
    names = lambda folder: sorted(os.listdir(os.path.join(ROOT, folder)))
    calls = [of_calls(file) for file in names(CALLS) if file.endswith(".txt")]
    handles = [of_handle(name) for name in names(HANDLES)]
    judged = [of_program(name) for name in programs()]
    return [report for kind in (calls, handles, judged) for report in sorted(kind, key=lambda report: report.about.lower())]


def write(folder):
    """Writes them as JSON lines; the names of the files."""
    os.makedirs(folder, exist_ok=True)
    files = []
    notes = ["the committed reports list only what did not pass"]
    for report in committed():
        files.append(report.key + ".jsonl")
        with open(os.path.join(folder, files[-1]), "w", encoding="utf-8") as file:
            file.writelines(json.dumps(record) + "\n" for record in report.records(notes))
    return files


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    print("\n".join(write(sys.argv[1])))
