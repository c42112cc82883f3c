"""The compact form of a report: the subject, the counts, and one line for each trial that did not pass.

    python3 scripts/compact.py NAME=REPORT.jsonl...     writes fixtures/reports/subjects/NAME.txt

Writes their expected and observed results too, to fixtures/reports/details/calls-NAME.tsv. Only what should be the same in every
run is kept: no times, pids, paths or recorded values.
"""

import collections
import json
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FOLDER = os.path.join(ROOT, "fixtures", "reports", "subjects")
DETAILS = os.path.join(ROOT, "fixtures", "reports", "details")
LISTED = ("fail", "hang", "crash", "leak", "broken", "deviates")
ORDER = ("pass", *LISTED, "recorded", "skip")
# A pid or an amount, but not an exit code or a status word.
NUMBER = re.compile(r"\b\d{4,}\b")


class Report:
    """A report of JSON lines."""

    def __init__(self, head, trials):
        self.head, self.trials = head, trials

    @staticmethod
    def read(path):
        """A report, which may be truncated; None if there is none."""
        try:
            with open(path) as file:
                lines = file.read().splitlines()
        except OSError:
            return None
        parsed = []
        for line in lines:
            try:
                parsed.append(json.loads(line))
            except ValueError:
                break
        if not parsed:
            return None
        return Report(parsed[0], [line for line in parsed if line["type"] == "trial"])

    def is_whole(self):
        """Whether every trial that was planned is in it."""
        return len(self.trials) >= self.head["trials"]

    def counts(self):
        counts = collections.Counter(trial["verdict"] for trial in self.trials)
        return ", ".join("%d %s" % (counts[verdict], verdict) for verdict in ORDER if counts[verdict])

    def lines(self):
        """One line for each trial that did not pass, and for each reason to skip."""
        several = len(self.head["subjects"]) > 1
        lines, skips = set(), collections.Counter()
        for trial in self.trials:
            subject = " %s" % named(trial["subject"]) if several else ""
            if trial["verdict"] in LISTED:
                lines.add("%s%s %s %s" % (trial["id"], subject, trial["verdict"], trial.get("failed_clause") or "-"))
            elif trial["verdict"] == "skip":
                skips[without_numbers(trial.get("reason") or "")] += 1
        return sorted(lines), sorted("skip %d %s" % (count, why) for why, count in skips.items())

    def text(self, about):
        bad, skips = self.lines()
        head = ["# " + about]
        for subject in self.head["subjects"]:
            version = subject.get("version") or ""
            # The suffix of a kernel's release identifies the build machine.
            version = version.split("-")[0] if subject["subject"] == "syscall" else version
            facts = [version, subject.get("libc"), subject.get("arch")]
            head.append("# %s: %s" % (named(subject["subject"]), ", ".join(dict.fromkeys(filter(None, facts)))))
        head += ["# kernel %s %s" % (self.head["os"], self.head["kernel"].split("-")[0]), "# " + self.counts()]
        if not self.is_whole():
            head.append("# not finished: %d of %d trials" % (len(self.trials), self.head["trials"]))
        return "".join(line + "\n" for line in [*head, *bad, *skips])

    def write(self, name, about):
        os.makedirs(FOLDER, exist_ok=True)
        with open(os.path.join(FOLDER, name + ".txt"), "w") as file:
            file.write(self.text(about))
        several = len(self.head["subjects"]) > 1
        listed = [trial for trial in self.trials if trial["verdict"] in LISTED]
        write_details("calls-" + name, (details(trial["id"], trial, several) for trial in listed))

    def compare(self, name):
        """Prints how the verdicts differ from those committed; the exit code."""
        try:
            with open(os.path.join(FOLDER, name + ".txt")) as file:
                known = [line for line in file.read().splitlines() if not line.startswith(("#", "skip "))]
        except OSError:
            print("    nothing to compare it with: --update writes it")
            return 0
        seen, _ = self.lines()
        differences = ["+ " + line for line in seen if line not in known] + ["- " + line for line in known if line not in seen]
        for line in differences:
            print("    " + line)
        return 1 if differences else 0


def details(case, trial, several):
    """What a trial was expected to do and what it did: one of the rows of fixtures/reports/details."""
    got = trial.get("got") or trial.get("reason") or "; ".join(trial.get("notes", ()))
    subject = named(trial["subject"]) if several else ""
    return (case, subject, trial["verdict"], trial.get("failed_clause") or "", plain(trial.get("expected")), plain(got))


def write_details(key, rows):
    """Writes these rows; without any there is no file."""
    rows, path = sorted(set(rows)), os.path.join(DETAILS, key + ".tsv")
    os.makedirs(DETAILS, exist_ok=True)
    if not rows and os.path.exists(path):
        os.remove(path)
    if rows:
        with open(path, "w", encoding="utf-8") as file:
            file.writelines("\t".join(row) + "\n" for row in rows)


def plain(text):
    """A result without pids and amounts."""
    # Only their number stays the same.
    if (text or "").startswith("left behind: "):
        return "left behind: %d processes" % len(text.split(", "))
    text = re.sub(r"\bpid \d+", "pid N", text or "")
    # A pid is a small number in a sandbox.
    text = re.sub(r"^[1-9]\d*(?=, status)", "N", text)
    return NUMBER.sub("N", " ".join(text.replace(ROOT, ".").split()))


def named(spec):
    """A subject without the directories of its files."""
    return " ".join(re.sub(r"^.*/", "", word) for word in spec.split(" ")) if "/" in spec else spec


def without_numbers(why):
    """A reason without pids and the like, on one line."""
    return re.sub(r"\d{3,}", "N", " ".join(why.split()))


def main():
    for argument in sys.argv[1:]:
        name, _, path = argument.partition("=")
        report = Report.read(path)
        if report is None or not report.trials:
            sys.exit("%s: no report" % path)
        subject = report.head["subjects"][0]
        of_kernel = subject["subject"] in ("libc", "syscall")
        report.write(name, "this kernel" if of_kernel else ("%s %s" % (subject["name"], subject.get("version") or "")).strip())


if __name__ == "__main__":
    main()
