//! Inits and supervisors, run as process 1 of a PID namespace with a main child and orphans.

use super::command;
use crate::scenario::{Offspring, Scenario, Step};
use crate::spec::contracts::SignalCode;
use crate::spec::promise;
use crate::trial::program::{How, ProgramOutcome, Trial};
use crate::trial::{Abort, Change, Child, Need, Needs, Outcome, ProcessState, Shown, cases};
use crate::wait::Signal;

const NAMESPACE: Needs = Needs::of(&[Need::PidNamespace]);

cases! { program "init";

    /// an init reaps an orphan, whatever its exit code and session
    reaps_one(CONTAINER_INIT | SUPERVISOR), needs NAMESPACE => [promise::INIT_REAPS];

    /// an init reaps orphans that were killed, that had stopped, and that exit while the main child is stopped
    reaps_killed(CONTAINER_INIT | SUPERVISOR), needs NAMESPACE => [promise::INIT_REAPS];

    /// an init reaps five hundred orphans that terminate at once
    reaps_many(CONTAINER_INIT | SUPERVISOR), needs NAMESPACE => [promise::INIT_REAPS];

    /// an init reaps the orphans of an orphan
    reaps_descendants(CONTAINER_INIT | SUPERVISOR), needs NAMESPACE => [promise::INIT_REAPS];

    /// an init that is not process 1 reaps orphans as a subreaper
    as_subreaper(CONTAINER_INIT) => [promise::INIT_REAPS];

    /// an init exits when its main child does, even if an orphan is alive
    exits_with_main(CONTAINER_INIT), needs NAMESPACE => [promise::INIT_EXITS_WITH_MAIN];

    /// an init exits with its main child even if an orphan terminates at the same time
    coalesced(CONTAINER_INIT), needs NAMESPACE => [promise::INIT_EXITS_WITH_MAIN];

    /// an init passes on an exit code of its main child that shells reserve
    exits_with_127(CONTAINER_INIT), needs NAMESPACE => [promise::INIT_EXITS_WITH_MAIN];

    /// an init does not exit when an orphan terminates or stops
    outlives_orphans(CONTAINER_INIT | SUPERVISOR), needs NAMESPACE => [promise::INIT_OUTLIVES_ORPHANS];

    /// an init forwards signals to its main child
    forwards(CONTAINER_INIT), needs NAMESPACE => [promise::INIT_FORWARDS];

    /// an init passes on each of the signals that its manual promises to, even if all are pending at once
    forwards_both(CONTAINER_INIT), needs NAMESPACE => [promise::INIT_FORWARDS];

    /// a signal that the init forwards reaches its main child once
    forwards_once(CONTAINER_INIT), needs NAMESPACE => [promise::INIT_FORWARDS];

    /// an init sleeps while its main child does, and does not wake up to look for children
    sleeps(CONTAINER_INIT | SUPERVISOR), needs NAMESPACE => [promise::INIT_IDLE];

    /// an init sleeps while another process is busy
    idle(CONTAINER_INIT | SUPERVISOR), needs NAMESPACE.burning() => [promise::INIT_IDLE];

    /// neither an init's memory usage nor the number of its descriptors grows with the number of orphans
    size(CONTAINER_INIT | SUPERVISOR), needs NAMESPACE => [promise::INIT_SIZE];

    /// an init that starts with SIGCHLD ignored or blocked passes on the exit code of its main child
    inherited_signals(CONTAINER_INIT), needs NAMESPACE => [promise::INIT_INHERITED_SIGNALS];

    /// a supervisor restarts its child, however it terminated
    restarts(SUPERVISOR), needs NAMESPACE => [promise::INIT_RESTARTS];

    /// a supervisor does not run its child again because that has stopped, or because an orphan has exited
    restarts_nothing_else(SUPERVISOR), needs NAMESPACE => [promise::INIT_RESTARTS];

    /// a child that is restarted inherits what it did the first time
    restarts_alike(SUPERVISOR), needs NAMESPACE => [promise::INIT_RESTARTS];

    /// a supervisor runs one child at a time
    restarts_once(SUPERVISOR), needs NAMESPACE => [promise::INIT_RESTARTS];
}

/// As process 1.
fn first() -> How {
    How { first: true, ..How::default() }
}

/// The main child of an init that is process 1.
fn main_child(t: &mut Trial) -> Result<Child, Abort> {
    t.spawn_how(first(), Scenario::held())
}

/// A held child of a child.
fn fork(t: &mut Trial, parent: &Child, steps: Vec<Step>) -> Result<Child, Abort> {
    t.spawn_from(parent, |token| Step::Fork(Offspring { token: Some(token), orphan: true, steps }))
}

/// A held process whose parent, a child of the main child, has exited and been reaped.
fn orphan(t: &mut Trial, main: &Child, steps: Vec<Step>) -> Result<Child, Abort> {
    let made = make_orphan(t, main, steps);
    unless_exited(t, made)
}

/// The result of a step of the main child, unless the program has exited, taking the child with it.
fn unless_exited<T>(t: &mut Trial, came: Result<T, Abort>) -> Result<T, Abort> {
    if matches!(came, Err(Abort::Broken(_))) && t.exits_soon()?.is_some() {
        let judged = [&promise::INIT_REAPS, &promise::INIT_OUTLIVES_ORPHANS];
        if let Some(clause) = judged.into_iter().find(|clause| t.cites(clause)) {
            t.expect(clause).that(false, "the program to run on", "it has exited")?;
        }
    }
    came
}

fn make_orphan(t: &mut Trial, main: &Child, steps: Vec<Step>) -> Result<Child, Abort> {
    let parent = fork(t, main, Vec::new())?;
    let orphan = fork(t, &parent, steps)?;
    t.tell(&parent, Step::exit(0))?;
    t.tell(main, Step::Wait { pid: 0 })?;
    Ok(orphan)
}

fn reaped(t: &mut Trial, orphan: &Child) -> Outcome {
    let reaped = t.goes(orphan)?;
    t.expect(&promise::INIT_REAPS).that(reaped, "the orphan reaped", "a zombie")
}

fn reaps_one(t: &mut Trial) -> Outcome {
    let main = main_child(t)?;
    for (code, steps) in [(0, Vec::new()), (7, vec![Step::Setpgid { pgid: 0 }]), (255, vec![Step::Setsid])] {
        let orphan = orphan(t, &main, steps)?;
        t.tell(&orphan, Step::exit(code))?;
        reaped(t, &orphan)?;
    }
    Ok(())
}

fn reaps_killed(t: &mut Trial) -> Outcome {
    let main = main_child(t)?;
    let killed = orphan(t, &main, Vec::new())?;
    t.signal(&killed, Signal::KILL)?;
    reaped(t, &killed)?;
    let stopped = orphan(t, &main, Vec::new())?;
    t.signal(&stopped, Signal::STOP)?;
    t.await_stopped_or_exit(&stopped)?;
    let goes_on = t.try_signal(&stopped, Signal::CONT)?.is_none();
    t.expect(&promise::INIT_REAPS).that(
        goes_on,
        "the program to run on",
        "it has exited, and all with it",
    )?;
    t.tell(&stopped, Step::exit(3))?;
    reaped(t, &stopped)?;
    let meanwhile = orphan(t, &main, Vec::new())?;
    t.signal(&main, Signal::STOP)?;
    t.await_stopped_or_exit(&main)?;
    if t.has_exited()? {
        return t.expect(&promise::INIT_REAPS).not_observed("it has exited with the stop of its main child");
    }
    t.tell(&meanwhile, Step::exit(5))?;
    reaped(t, &meanwhile)
}

/// Has the main child leave that many terminated orphans.
fn leave(t: &mut Trial, main: &Child, count: usize) -> Outcome {
    let exits = Step::Fork(Offspring { token: None, orphan: true, steps: vec![Step::exit(0)] });
    let mut steps = vec![exits; count];
    steps.push(Step::exit(0));
    t.tell(main, Step::Fork(Offspring { token: None, orphan: true, steps }))?;
    t.tell(main, Step::Wait { pid: 0 })
}

fn reaps_many(t: &mut Trial) -> Outcome {
    let main = main_child(t)?;
    let left = leave(t, &main, 500);
    unless_exited(t, left)?;
    let reaped = t.zombies_go()?;
    let (_, zombies) = t.tally()?;
    t.expect(&promise::INIT_REAPS).that(reaped, "500 orphans reaped", format!("{zombies} zombies left"))
}

fn reaps_descendants(t: &mut Trial) -> Outcome {
    let main = main_child(t)?;
    let parent = orphan(t, &main, Vec::new())?;
    let second = fork(t, &parent, vec![Step::Setsid])?;
    t.tell(&parent, Step::exit(0))?;
    reaped(t, &parent)?;
    t.tell(&second, Step::exit(1))?;
    reaped(t, &second)
}

fn as_subreaper(t: &mut Trial) -> Outcome {
    let main = t.spawn(Scenario::held())?;
    let orphan = orphan(t, &main, Vec::new())?;
    t.tell(&orphan, Step::exit(0))?;
    let gone = t.goes(&orphan)?;
    if t.was_inherited(&orphan)? {
        return t.expect(&promise::INIT_REAPS).not_observed("it is a subreaper only on request");
    }
    t.expect(&promise::INIT_REAPS).that(gone, "the orphan reaped", "a zombie")
}

/// Checks the exit of an init whose main child exited with that code.
fn exits(t: &mut Trial, main: &Child, code: i32) -> Outcome {
    let ran = t.exit()?;
    t.expect(&promise::INIT_EXITS_WITH_MAIN).reports(&ran, main, Change::Exited(code))
}

fn exits_with_main(t: &mut Trial) -> Outcome {
    let main = main_child(t)?;
    orphan(t, &main, Vec::new())?;
    orphan(t, &main, vec![Step::Setsid])?;
    t.tell(&main, Step::exit(9))?;
    exits(t, &main, 9)
}

fn coalesced(t: &mut Trial) -> Outcome {
    let main = main_child(t)?;
    let orphan = orphan(t, &main, Vec::new())?;
    t.settle()?;
    t.signal_program(Signal::STOP)?;
    t.await_agent(ProcessState::Stopped)?;
    // Both share one SIGCHLD, that of the first.
    t.tell(&orphan, Step::exit(1))?;
    t.await_ended(&orphan)?;
    t.tell(&main, Step::exit(9))?;
    t.await_ended(&main)?;
    t.signal_program(Signal::CONT)?;
    exits(t, &main, 9)
}

fn exits_with_127(t: &mut Trial) -> Outcome {
    let main = main_child(t)?;
    t.tell(&main, Step::exit(127))?;
    exits(t, &main, 127)
}

fn outlives_orphans(t: &mut Trial) -> Outcome {
    let main = main_child(t)?;
    for code in [0, 3] {
        let orphan = orphan(t, &main, Vec::new())?;
        t.signal(&orphan, Signal::STOP)?;
        t.await_stopped_or_exit(&orphan)?;
        if !t.has_exited()? {
            t.signal(&orphan, Signal::CONT)?;
            t.tell(&orphan, Step::exit(code))?;
            t.goes(&orphan)?;
        }
        lives(t, &main)?;
    }
    Ok(())
}

/// The init is still running after it has had time to do something wrong: its main child has done a step.
fn lives(t: &mut Trial, main: &Child) -> Outcome {
    t.settle()?;
    let exited = t.has_exited()?;
    t.expect(&promise::INIT_OUTLIVES_ORPHANS).that(!exited, "the program to run on", "it has exited")?;
    let told = t.tell(main, Step::Getids);
    unless_exited(t, told)
}

fn forwards(t: &mut Trial) -> Outcome {
    let promised = t.contract().row("init/forwards").map(|row| t.contract().signals(row.key));
    for signal in [Signal::HUP, Signal::TERM, Signal::USR1, Signal::USR2] {
        if promised.as_ref().is_some_and(|signals| !signals.contains(&signal)) {
            continue;
        }
        let main = main_child(t)?;
        // The process that would receive a misdirected signal.
        let other = fork(t, &main, Vec::new())?;
        t.settle()?;
        if !t.accepted()?.contains(&signal) {
            t.expect(&promise::INIT_FORWARDS).not_observed("it neither catches nor accepts the signal")?;
            continue;
        }
        t.signal_program(signal)?;
        let reached = t.goes(&main)?;
        let got = if reached { "it terminates" } else { "it survives" };
        t.expect(&promise::INIT_FORWARDS).that(reached, format!("{signal} to the main child"), got)?;
        let ran = t.exit()?;
        let change = match t.contract().signal_code() {
            Some(SignalCode::Above(base)) => Change::Exited(base + signal.number()),
            _ => {
                t.record("a signal that is passed on", format!("{signal}: {}", ran.outcome()));
                continue;
            }
        };
        t.expect(&promise::INIT_FORWARDS).reports(&ran, &main, change)?;
        let _ = other;
    }
    Ok(())
}

fn forwards_both(t: &mut Trial) -> Outcome {
    let mut signals = t.contract().signals("init/forwards");
    let main = main_child(t)?;
    for signal in &signals {
        t.tell(&main, Step::Block(*signal))?;
    }
    t.settle()?;
    let accepted = t.accepted()?;
    signals.retain(|signal| accepted.contains(signal));
    if signals.len() < 2 {
        return t
            .expect(&promise::INIT_FORWARDS)
            .not_observed("it is not said to pass on two, or shows no handlers");
    }
    t.signal_program(Signal::STOP)?;
    t.await_agent(ProcessState::Stopped)?;
    for signal in &signals {
        t.signal_program(*signal)?;
    }
    t.signal_program(Signal::CONT)?;
    let pending = pending_soon(t, &main, &signals)?;
    let names = signals.iter().map(Signal::to_string);
    let lost: Vec<String> = names.filter(|name| !pending.contains(name)).collect();
    let expected = format!("{} signals forwarded to the main child", signals.len());
    t.expect(&promise::INIT_FORWARDS).that(lost.is_empty(), expected, format!("all but {}", lost.join(", ")))
}

/// The signals that are pending for a child that blocks these, once all are, or the init has had its time.
fn pending_soon(t: &mut Trial, child: &Child, signals: &[Signal]) -> Result<Vec<String>, Abort> {
    const LOOKS: usize = 20;
    let mut pending = Vec::new();
    for _ in 0..LOOKS {
        let told = t.tell_for_reply(child, &Step::Getids);
        // An init that has exited takes its main child with it.
        if matches!(told, Err(Abort::Broken(_))) && t.exits_soon()?.is_some() {
            return Ok(Vec::new());
        }
        pending = told?.list("pending");
        if signals.iter().all(|signal| pending.contains(&signal.to_string())) {
            break;
        }
        t.settle()?;
    }
    Ok(pending)
}

fn forwards_once(t: &mut Trial) -> Outcome {
    let main = main_child(t)?;
    command::forwards_once(t, &promise::INIT_FORWARDS, "init/forwards", &main)
}

fn sleeps(t: &mut Trial) -> Outcome {
    let main = main_child(t)?;
    command::sleeps(t, &promise::INIT_IDLE, &main)
}

/// How much CPU time another process burns, in microseconds, and how much an idle one may use.
const SPAN: u64 = 300_000;
const SHARE: i64 = 40_000;

fn idle(t: &mut Trial) -> Outcome {
    let main = main_child(t)?;
    t.settle()?;
    let before = t.figures()?;
    t.tell(&main, Step::BurnUser { us: SPAN })?;
    let after = t.figures()?;
    let used = after.cpu.saturating_sub(before.cpu).as_micros() as i64;
    let woken = i64::try_from(after.switches.saturating_sub(before.switches)).unwrap_or(i64::MAX);
    t.expect(&promise::INIT_IDLE).within("CPU time (us)", Some(used), 0, SHARE)?;
    t.expect(&promise::INIT_IDLE).within("wake-ups", Some(woken), 0, command::WOKEN)
}

/// The number of rounds, the number of orphans per round, and the allowed growth of memory usage, in bytes.
const ROUNDS: usize = 10;
const ORPHANS: usize = 100;
const GROWTH: i64 = 512 * 1024;
/// How many descriptors it may open meanwhile.
const OPENED: i64 = 10;

fn size(t: &mut Trial) -> Outcome {
    let main = main_child(t)?;
    match leave(t, &main, ORPHANS) {
        Err(Abort::Broken(_)) if t.exits_soon()?.is_some() => {
            return t.expect(&promise::INIT_SIZE).not_observed("the program has exited");
        }
        left => left?,
    }
    let reaped = t.zombies_go()?;
    if !reaped {
        return t.expect(&promise::INIT_SIZE).not_observed("the orphans are not reaped");
    }
    let before = t.figures()?;
    for _ in 0..ROUNDS {
        leave(t, &main, ORPHANS)?;
        t.zombies_go()?;
    }
    let after = t.figures()?;
    let grown = (after.resident - before.resident).max(0);
    t.expect(&promise::INIT_SIZE).within("growth (bytes)", Some(grown), 0, GROWTH)?;
    let opened = after.descriptors.zip(before.descriptors).map(|(after, before)| (after - before).max(0));
    t.expect(&promise::INIT_SIZE).within("new descriptors", opened, 0, OPENED)
}

fn inherited_signals(t: &mut Trial) -> Outcome {
    let ignored = How { ignored: vec![Signal::CHLD], ..first() };
    let blocked = How { blocked: vec![Signal::CHLD, Signal::TERM], ..first() };
    for (name, how) in [("SIGCHLD ignored", ignored), ("SIGCHLD and SIGTERM blocked", blocked)] {
        let main = t.spawn_how(how, Scenario::held())?;
        t.tell(&main, Step::exit(7))?;
        let ran = t.exit()?;
        let held = ran == ProgramOutcome::Ended(Change::Exited(7));
        let got = format!("{name}: {}", ran.outcome());
        t.expect(&promise::INIT_INHERITED_SIGNALS).that(held, "the program exited 7", got)?;
    }
    Ok(())
}

fn restarts_nothing_else(t: &mut Trial) -> Outcome {
    let main = main_child(t)?;
    t.signal(&main, Signal::STOP)?;
    t.await_stopped_or_exit(&main)?;
    t.settle()?;
    t.signal(&main, Signal::CONT)?;
    t.await_running(&main)?;
    let orphan = orphan(t, &main, Vec::new())?;
    t.tell(&orphan, Step::exit(0))?;
    t.goes(&orphan)?;
    t.settle()?;
    // Another one would have said hello, under the same name.
    let again = t.has_said_hello(&main)?;
    t.expect(&promise::INIT_RESTARTS).that(!again, "the child run once", "another one runs")
}

fn restarts_once(t: &mut Trial) -> Outcome {
    let main = main_child(t)?;
    t.tell(&main, Step::exit(3))?;
    let again = t.meets_again(&main)?;
    t.expect(&promise::INIT_RESTARTS).that(again.is_some(), "the child restarted", "it is not")?;
    t.settle()?;
    // Another one would say hello under the same name.
    let another = t.has_said_hello(&main)?;
    t.expect(&promise::INIT_RESTARTS).that(!another, "one child", "two children at once")
}

fn restarts(t: &mut Trial) -> Outcome {
    let mut main = main_child(t)?;
    for ends in [Some(Step::exit(0)), Some(Step::exit(3)), None, Some(Step::exit(1)), None] {
        match ends {
            Some(step) => t.tell(&main, step)?,
            None => t.signal(&main, Signal::KILL)?,
        }
        let again = t.meets_again(&main)?;
        t.expect(&promise::INIT_RESTARTS).that(again.is_some(), "the child restarted", "it is not")?;
        main = again.unwrap_or(main);
    }
    let exited = t.has_exited()?;
    t.expect(&promise::INIT_RESTARTS).that(!exited, "the supervisor to run on", "it has exited")
}

/// What a supervisor may set up differently for each run.
const ANEW: [&str; 5] = ["pgid: ", "sid: ", "stdin: ", "stdout: ", "stderr: "];

fn restarts_alike(t: &mut Trial) -> Outcome {
    let main = t.spawn_how(How { keeps_signals: true, ..first() }, Scenario::held())?;
    let before = t.inherited(&main)?;
    t.tell(&main, Step::exit(0))?;
    let Some(main) = t.meets_again(&main)? else {
        return t.expect(&promise::INIT_RESTARTS).that(false, "the child restarted", "it is not");
    };
    let mut differences = t.inherited(&main)?.differences(&before);
    differences.retain(|found| !ANEW.iter().any(|word| found.starts_with(word)));
    let expected = "what the first child has inherited";
    t.expect(&promise::INIT_RESTARTS).that(differences.is_empty(), expected, differences.join("; "))
}
