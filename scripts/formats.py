"""What scripts/formats checks: `formats.py WAITSPEC XSD`."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter

import jsonschema
import junitparser
import tap.parser
from lxml import etree

ROOT = pathlib.Path(__file__).resolve().parent.parent
WAITSPEC = os.path.abspath(sys.argv[1])
XSD = etree.XMLSchema(etree.parse(sys.argv[2]))
BAD = ("fail", "hang", "crash", "leak", "xpass", "broken")
# One of each verdict that counts: a wrong answer, a crash, a hang, a process left behind, and two excused ones.
SUBJECTS = ["libc"] + [
    f"mutant:{name}" for name in ("nohang-minus-one-eagain", "echild-crashes", "nohang-blocks", "peek-leaks-process")
]
BASELINE = """\
nohang.running-child@waitpid mutant:nohang-minus-one-eagain fail # on purpose: https://example.org/1#c2
nohang.running-child@wait4 libc fail
"""


def validator(name):
    schema = json.loads((ROOT / "docs/schema" / name).read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


REPORT = validator("report-1.json")
DIFF = validator("diff-1.json")


class Refused(Exception):
    pass


def records(path, may_be_cut=False):
    """The lines of a report, each checked against the schema, and their order."""
    text = pathlib.Path(path).read_bytes()
    lines = text.split(b"\n")
    cut = lines.pop()
    if cut and not may_be_cut:
        raise Refused("the last line is cut off")
    try:
        found = [json.loads(line) for line in lines]
    except ValueError as error:
        raise Refused(str(error)) from error
    for record in found:
        problem = jsonschema.exceptions.best_match(REPORT.iter_errors(record))
        if problem is not None:
            raise Refused(problem.message)
    kinds = [record["type"] for record in found]
    if kinds[:1] != ["run"] or kinds.count("run") != 1:
        raise Refused("not one header, first")
    if "summary" in kinds[:-1]:
        raise Refused("a line behind the summary")
    return found


def read_tap(path):
    """The test points of a TAP file, read by two consumers that must agree, and the complaints of the first."""
    script = (
        "my $p = TAP::Parser->new({source => $ARGV[0]}); my $u = 0;"
        'while (my $r = $p->next) { $u++ if $r->is_unknown } print join("\\n", $u, scalar($p->passed),'
        'scalar($p->failed), scalar($p->skipped), scalar($p->todo), join(";", $p->parse_errors)), "\\n";'
    )
    out = subprocess.run(["perl", "-MTAP::Parser", "-e", script, path], check=True, capture_output=True, text=True)
    unknown, passed, failed, skipped, todo, errors = (out.stdout + "\n").split("\n")[:6]
    assert unknown == "0", f"{path}: {unknown} lines that TAP::Parser does not know"
    lines = list(tap.parser.Parser().parse_file(path))
    kinds = Counter(line.category for line in lines)
    assert kinds["unknown"] == 0, f"{path}: {kinds}"
    tests = [line for line in lines if line.category == "test"]
    assert int(passed) + int(failed) == len(tests), path
    assert int(skipped) == sum(1 for test in tests if test.skip), path
    assert int(todo) == sum(1 for test in tests if test.todo), path
    for test in tests:
        if not test.ok:
            assert test.yaml_block and test.yaml_block["verdict"] in BAD + ("xfail",), test.description
    return tests, kinds, errors


def read_junit(path):
    document = etree.parse(path)
    assert XSD.validate(document), f"{path}: {XSD.error_log}"
    return junitparser.JUnitXml.fromfile(path)


def agree(trials, folder):
    """All three formats report the same trials."""
    counts = Counter(trial["verdict"] for trial in trials)
    tests, kinds, errors = read_tap(folder / "r.tap")
    assert len(tests) == len(trials), (len(tests), len(trials))
    assert sum(1 for t in tests if not t.ok and not t.todo) == sum(counts[v] for v in BAD)
    assert sum(1 for t in tests if t.skip) == counts["skip"]
    assert sum(1 for t in tests if t.todo) == counts["xfail"]
    names = {test.description.lstrip("- ") for test in tests}
    assert names == {f"{trial['id']} {trial['subject']}" for trial in trials}
    junit = read_junit(folder / "r.xml")
    assert junit.tests == len(trials), (junit.tests, len(trials))
    assert junit.failures == sum(counts[v] for v in ("fail", "hang", "leak", "xpass"))
    assert junit.errors == counts["crash"] + counts["broken"]
    assert junit.skipped == counts["skip"] + counts["xfail"]
    return counts, kinds, errors


def command(folder, *more):
    outputs = [f"--output={folder / name}" for name in ("r.jsonl", "r.tap", "r.xml", "r.html", "r.md", "r.txt")]
    return [WAITSPEC, "run", *more, *outputs]


def whole_run(folder):
    (folder / "known").write_text(BASELINE)
    subjects = [part for subject in SUBJECTS for part in ("--subject", subject)]
    run = command(folder, "nohang", "pointers", "exit-code", "nowait", *subjects, "--baseline", folder / "known")
    assert subprocess.run(run, stdout=subprocess.DEVNULL).returncode == 1
    found = records(folder / "r.jsonl")
    assert found[-1]["type"] == "summary" and not found[-1]["interrupted"]
    trials = found[1:-1]
    counts, kinds, errors = agree(trials, folder)
    assert errors == "" and kinds["plan"] == 1, errors
    for verdict in ("pass", "fail", "hang", "crash", "leak", "skip", "recorded", "xfail", "xpass"):
        assert counts[verdict] > 0, f"no {verdict}: {counts}"
    assert all(trial["reproduce"] for trial in trials if trial["verdict"] in BAD)
    diff = [WAITSPEC, "diff", folder / "r.jsonl", folder / "r.jsonl", "--format", "json"]
    DIFF.validate(json.loads(subprocess.run(diff, check=True, capture_output=True).stdout))
    return f"{len(trials)} trials, {dict(counts)}"


def cut_short(folder, number):
    """A long run, ended by a signal as soon as its report has some trials."""
    run = subprocess.Popen(
        command(folder, "exit-code", "--subject", "libc", "--repeat", "5000"),
        stdout=subprocess.DEVNULL,
        # A shell starts background jobs with SIGINT ignored, and a run leaves it ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        deadline = time.monotonic() + 60
        report = folder / "r.jsonl"
        while not report.exists() or report.read_bytes().count(b"\n") < 20:
            assert time.monotonic() < deadline and run.poll() is None, "the run shows no trials"
            time.sleep(0.01)
        run.send_signal(number)
        assert run.wait(60) == -number, run.returncode
    finally:
        run.kill()
        run.wait()


def interrupted_run(folder):
    cut_short(folder, signal.SIGINT)
    found = records(folder / "r.jsonl")
    assert found[-1]["type"] == "summary" and found[-1]["interrupted"] is True
    counts, kinds, errors = agree(found[1:-1], folder)
    # The consumer's only complaint is that there should have been more.
    assert kinds["bail"] == 1 and kinds["plan"] == 0, kinds
    assert "interrupted" in (folder / "r.txt").read_text()
    assert "is partial" in (folder / "r.html").read_text() and "is partial" in (folder / "r.md").read_text()
    return f"{len(found) - 2} trials"


def killed_run(folder):
    cut_short(folder, signal.SIGKILL)
    found = records(folder / "r.jsonl", may_be_cut=True)
    assert found[-1]["type"] == "trial"
    tests, kinds, errors = read_tap(folder / "r.tap")
    assert kinds["plan"] == 0 and "No plan" in errors, errors
    return f"{len(found) - 1} trials"


def fixtures(_):
    for path in sorted((ROOT / "fixtures/reports/valid").iterdir()):
        records(path, may_be_cut=path.stem == "cut-off")
    invalid = sorted((ROOT / "fixtures/reports/invalid").iterdir())
    for path in invalid:
        try:
            records(path)
        except Refused:
            continue
        raise AssertionError(f"{path.name} is accepted")
    return f"{len(invalid)} invalid ones refused"


for check in (fixtures, whole_run, interrupted_run, killed_run):
    with tempfile.TemporaryDirectory() as name:
        print(f"{check.__name__.replace('_', ' ')}: {check(pathlib.Path(name))}", flush=True)
