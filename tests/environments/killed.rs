//! A run whose driver or warden is killed or interrupted.

use super::poll::poll;
use super::run::{Ended, LIMIT, Run, Running, can_be_found, run, send};
use super::skip::skip;
use super::tools::{file, works};
use rustix::process::Signal;
use std::time::Duration;
use waitspec::sys::signal::{Action, Flags, set_action};

/// A run in progress: trials that hang (the deadlines are a thousand times as long as usual) hold children, one agent burns CPU
/// time and, if there is Python, another one has a stopped child and two that burn CPU time.
fn in_the_middle(prepare: impl Fn(Run) -> Option<Run>) -> Option<Running> {
    let python = works(&["python3", "-c", "pass"]);
    let mut arguments = vec![
        "nohang.running-child@wait4",
        "--jobs=3",
        "--timeout-scale=1000",
        "--format=json",
        "--subject=mutant:nohang-blocks",
        "--subject=mutant:nohang-spins",
    ];
    let agent = "--subject=agent:python3 agent.py python.py";
    if python {
        arguments.push(agent);
    }
    let started = run(&arguments);
    for (from, to) in
        [("tests/environments/agent.py", "agent.py"), ("fixtures/agents/python/agent.py", "python.py")]
    {
        std::fs::copy(file(from), started.folder().join(to)).expect("a copy of the agent");
    }
    // The working directory of the agent is that of the run.
    let started = started.after("cd \"$TMPDIR/..\"");
    let running = prepare(started)?.start();
    let there = poll(LIMIT, || {
        let (agents, children) = (running.below(2), running.below(3));
        let in_state = |state| children.iter().filter(|p| p.state == state).count();
        let burning = agents.iter().chain(&children).filter(|p| p.ticks >= 5 && p.state == 'R').count();
        let held = in_state('S') >= if python { 4 } else { 2 };
        let whole =
            held && (!python || in_state('T') == 1 && children.iter().filter(|p| p.ticks >= 2).count() >= 2);
        (agents.len() >= 2 && burning >= 1 && whole).then_some(())
    });
    assert!(there.is_some(), "not in the middle: {:?}", running.processes());
    Some(running)
}

/// Nothing is left when the driver is gone, as `finish` checks. How long that takes depends on the load of the machine.
fn nothing_is_left(running: Running, signal: Signal) {
    running.signal(signal);
    let ended = running.finish();
    assert_eq!(ended.signal, Some(signal.as_raw()), "{ended:?}");
    eprintln!("nothing was left {:?} after the end", ended.lasted);
    assert!(ended.files.is_empty(), "{:?}", ended.files);
    if signal != Signal::KILL {
        let report = ended.report();
        assert_eq!(report.first().expect("a header")["type"], "run");
        let last = report.last().expect("a summary");
        assert_eq!((&last["type"], &last["interrupted"]), (&"summary".into(), &true.into()));
    }
}

#[test]
fn a_killed_driver_leaves_nothing() {
    if !can_be_found() {
        return skip("no /proc to find processes in");
    }
    let running = in_the_middle(Some).expect("nothing was prepared");
    nothing_is_left(running, Signal::KILL);
}

#[test]
fn a_killed_driver_of_an_ordinary_user_leaves_nothing() {
    if !can_be_found() {
        return skip("no /proc to find processes in");
    }
    match in_the_middle(Run::by_a_user) {
        Some(running) => nothing_is_left(running, Signal::KILL),
        None => skip("no setpriv to become an ordinary user"),
    }
}

#[test]
fn an_interrupted_driver_cleans_up_and_dies_by_the_signal() {
    if !can_be_found() {
        return skip("no /proc to find processes in");
    }
    for signal in [Signal::INT, Signal::TERM] {
        // A shell starts background jobs with SIGINT ignored, and the driver leaves it ignored.
        set_action(signal.as_raw(), Action::Default, Flags::default()).expect("a disposition of our own");
        nothing_is_left(in_the_middle(Some).expect("nothing was prepared"), signal);
    }
}

/// A run of handles in progress: a wait for a live child that never returns, and one in a PID namespace of its own.
fn handles_in_the_middle() -> Running {
    let arguments = [
        "handle-wait.until-exit",
        "handle-kill.after-exit",
        "--jobs=2",
        "--timeout-scale=1000",
        "--format=json",
        "--subject=mutant:handle-wait-misses-exit",
        "--subject=mutant:handle-zombie-first",
    ];
    let running = run(&arguments).start();
    let namespaces = works(&["unshare", "--pid", "--fork", "true"]);
    let there = poll(LIMIT, || {
        // The agents, and one more below process 1 of a namespace. Their children are zombies, which show no environment to be
        // found by.
        let there = running.below(2).len() >= 2 && (!namespaces || !running.below(3).is_empty());
        there.then_some(())
    });
    assert!(there.is_some(), "not in the middle: {:?}", running.processes());
    running
}

#[test]
fn a_killed_driver_leaves_nothing_of_handles() {
    if !can_be_found() {
        return skip("no /proc to find processes in");
    }
    nothing_is_left(handles_in_the_middle(), Signal::KILL);
}

#[test]
fn a_killed_driver_with_killed_wardens_leaves_nothing_of_handles() {
    if !can_be_found() {
        return skip("no /proc to find processes in");
    }
    let running = handles_in_the_middle();
    for warden in running.below(1) {
        send(warden.pid, Signal::KILL);
    }
    running.signal(Signal::KILL);
    let ended = running.finish();
    assert_eq!(ended.signal, Some(Signal::KILL.as_raw()), "{ended:?}");
}

#[test]
fn a_run_without_wardens_is_broken() {
    if !can_be_found() {
        return skip("no /proc to find processes in");
    }
    let running = in_the_middle(Some).expect("nothing was prepared");
    for warden in running.below(1) {
        send(warden.pid, Signal::KILL);
    }
    let ended = running.finish().code(3);
    assert!(ended.took < LIMIT / 2, "{:?}", ended.took);
    let reasons: Vec<String> = ended.trials().into_iter().map(|t| t.reason).collect();
    assert!(!reasons.is_empty() && reasons.iter().all(|r| r == "the warden has died"), "{reasons:?}");
}

#[test]
fn a_killed_warden_breaks_one_trial_only() {
    if !can_be_found() {
        return skip("no /proc to find processes in");
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("report.jsonl");
    let output = format!("--output={}", file.display());
    // More trials than will run.
    let arguments = [
        "nohang.running-child@wait4",
        "--subject=libc",
        "--repeat=1000000",
        "--jobs=2",
        "--format=json",
        &output,
    ];
    let running = run(&arguments).start();
    let report = || std::fs::read_to_string(&file).unwrap_or_default();
    let until = |what: &str, done: &dyn Fn(&str) -> bool| {
        let seen = poll(LIMIT, || done(&report()).then_some(()));
        assert!(seen.is_some(), "{what}: {}", report());
    };
    let passes = |text: &str| text.matches("\"verdict\":\"pass\"").count();
    until("no first trial", &|text| passes(text) > 0);
    let wardens = running.below(1);
    assert_eq!(wardens.len(), 2, "{wardens:?}");
    send(wardens[0].pid, Signal::KILL);
    until("the dead warden went unnoticed", &|text| text.contains("the warden has died"));
    let then = passes(&report());
    until("the other one does not go on", &|text| passes(text) > then + 10);
    running.signal(Signal::TERM);
    let ended = running.finish();
    let ended = Ended { out: report(), ..ended };
    assert_eq!(ended.signal, Some(Signal::TERM.as_raw()), "{}", ended.err);
    let broken = ended.trials().into_iter().filter(|t| t.verdict == "broken");
    let reasons: Vec<String> = broken.map(|t| t.reason).collect();
    assert_eq!(reasons, ["the warden has died"]);
}

/// Like an emulator or a sandbox that crashes occasionally: each crash breaks one trial, and the run continues in a new one.
#[test]
fn an_emulator_that_dies_in_the_middle_is_replaced() {
    if !works(&["python3", "-c", "pass"]) {
        return skip("no python3");
    }
    let (relay, program) = (file("tests/blame/relay.py"), env!("CARGO_BIN_EXE_waitspec"));
    let warden = format!("--warden=python3 {} '{program} warden' 6 dies", relay.display());
    let ended = run(&["nohang.*", "--subject=libc", "--jobs=1", "--format=json", &warden]).finish();
    // No process is left; a warden that is killed while it cleans up may leave its empty folder.
    assert_eq!(ended.code, Some(3), "{ended:?}");
    let trials = ended.trials();
    let (broken, others): (Vec<_>, Vec<_>) = trials.iter().partition(|t| t.verdict == "broken");
    assert!(broken.len() > 1 && broken.len() < others.len(), "{trials:?}");
    assert!(broken.iter().all(|t| t.reason == "the warden has died"), "{broken:?}");
    assert!(others.iter().all(|t| ["pass", "skip", "recorded"].contains(&&*t.verdict)), "{others:?}");
    assert!(ended.took < LIMIT / 2, "{:?}", ended.took);
}

/// A run of one trial again and again, by one warden, with deadlines of a second. Returns it with its report file.
fn again_and_again(folder: &tempfile::TempDir) -> (Running, std::path::PathBuf) {
    let file = folder.path().join("report.jsonl");
    let output = format!("--output={}", file.display());
    let arguments = [
        "nohang.running-child@wait4",
        "--subject=libc",
        "--repeat=1000000",
        "--jobs=1",
        "--timeout-scale=0.1",
        &output,
    ];
    (run(&arguments).start(), file)
}

/// Waits until the report satisfies the condition, and returns it.
fn report_with(file: &std::path::Path, what: &str, done: impl Fn(&str) -> bool) -> String {
    let report = || std::fs::read_to_string(file).unwrap_or_default();
    let seen = poll(LIMIT, || Some(report()).filter(|text| done(text)));
    seen.unwrap_or_else(|| panic!("{what}: {}", report()))
}

fn passes(text: &str) -> usize {
    text.matches("\"verdict\":\"pass\"").count()
}

#[test]
fn a_frozen_warden_is_passed_over_and_replaced() {
    if !can_be_found() {
        return skip("no /proc to find processes in");
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (running, file) = again_and_again(&folder);
    for frozen in 0..3 {
        let before = passes(&report_with(&file, "no trial", |text| passes(text) > 0));
        report_with(&file, "the run does not go on", |text| passes(text) > before + 10);
        // A busy machine may have had one replaced just now.
        let wardens = poll(LIMIT, || Some(running.below(1)).filter(|wardens| wardens.len() == 1));
        let wardens = wardens.unwrap_or_else(|| panic!("not one warden: {:?}", running.processes()));
        // Everything in it is stopped, as when a sandbox freezes.
        send(wardens[0].pid, Signal::STOP);
        let missed = |text: &str| text.matches("the warden no longer answers").count() > frozen;
        report_with(&file, "the stopped warden went unnoticed", missed);
    }
    let before = passes(&report_with(&file, "no trial", |_| true));
    report_with(&file, "the run does not go on", |text| passes(text) > before + 10);
    running.signal(Signal::TERM);
    let ended = running.finish();
    assert_eq!(ended.signal, Some(Signal::TERM.as_raw()), "{}", ended.err);
    assert!(ended.files.is_empty(), "{:?}", ended.files);
}

/// How long an agent has for its start at a scale of 0.1.
const START: Duration = Duration::from_secs(3);

/// A guest that is suspended stops as a whole: no deadline has passed for those in it.
#[test]
fn nobody_is_late_because_of_a_pause_of_the_machine() {
    if !can_be_found() || !works(&["python3", "-c", "pass"]) {
        return skip("no /proc to find processes in, or no python3");
    }
    let agent = file("fixtures/agents/python/agent.py");
    let subject = format!("--subject=agent:sh -c 'sleep 1; exec python3 {}'", agent.display());
    let began = std::time::Instant::now();
    let running =
        run(&["errors.no-children@wait4", "--timeout-scale=0.1", "--format=json", &subject]).start();
    assert!(poll(LIMIT, || (!running.below(2).is_empty()).then_some(())).is_some(), "no agent");
    let stopped = poll(LIMIT, || {
        let processes = running.processes();
        processes.iter().for_each(|process| send(process.pid, Signal::STOP));
        // A shell that waits until its stopped child has called exec sleeps uninterruptibly.
        processes.iter().all(|process| ['T', 'D'].contains(&process.state)).then_some(processes)
    });
    let before = began.elapsed();
    // Longer than the agent has for its start.
    std::thread::sleep(START + Duration::from_secs(2));
    let resumed = std::time::Instant::now();
    for process in stopped.expect("all are stopped") {
        send(process.pid, Signal::CONT);
    }
    let ended = running.finish();
    // Beside other load it may be late in spite of all the time that it had.
    let had = before + resumed.elapsed();
    assert!(had >= START || !ended.err.contains("hello did not come in time"), "{had:?}: {}", ended.err);
    assert!(
        ended.trials().iter().all(|trial| !["fail", "hang"].contains(&trial.verdict.as_str())),
        "{ended:?}"
    );
}

#[test]
fn the_report_so_far_survives_the_driver() {
    if !can_be_found() {
        return skip("no /proc to find processes in");
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (running, file) = again_and_again(&folder);
    report_with(&file, "no trials", |text| passes(text) > 10);
    running.signal(Signal::KILL);
    let ended = running.finish();
    assert_eq!(ended.signal, Some(Signal::KILL.as_raw()));
    let report = Ended { out: std::fs::read_to_string(&file).expect("a report"), ..ended };
    let records = report.report();
    assert_eq!(records.first().expect("a header")["type"], "run");
    assert!(report.count("pass") > 10 && records.iter().all(|record| record["type"] != "summary"));
    // And it can be read like any other.
    let compared =
        std::process::Command::new(env!("CARGO_BIN_EXE_waitspec")).arg("diff").arg(&file).arg(&file).output();
    assert_eq!(compared.expect("the program starts").status.code(), Some(0));
}

#[test]
fn a_run_without_a_terminal_is_not_silent() {
    if !can_be_found() {
        return skip("no /proc to find processes in");
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (running, file) = again_and_again(&folder);
    report_with(&file, "no trials", |text| passes(text) > 0);
    // More than twice the time between two lines.
    let began = std::time::Instant::now();
    report_with(&file, "too short", |_| began.elapsed() > Duration::from_secs(11));
    running.signal(Signal::TERM);
    let ended = running.finish();
    let lines = ended.err.lines().filter(|line| line.contains(" of 1000000 trials")).count();
    assert!(lines >= 1, "{}", ended.err);
}
