//! The results that a handle reports.

use crate::scenario::{Death, Scenario, Step};
use crate::spec::promise;
use crate::sys::call::abi::Usage;
use crate::trial::handle::{Answered, Trial};
use crate::trial::{Abort, Change, Child, Need, Needs, Outcome, ProcessState, cases};
use crate::wait::Signal;

cases! { handle "handle-result";

    /// each of the 256 exit codes is reported unchanged
    exit_codes() => [promise::HANDLE_EXIT_CODE];

    /// a death by signal is reported as that signal, for every fatal signal, and not as an exit code
    signals() => [promise::HANDLE_SIGNAL];

    /// death by a real-time signal, which has no name that all C libraries agree on, is reported as that signal
    realtime_signals() => [promise::HANDLE_SIGNAL];

    /// a core dump is reported, with the same signal, and none if the limit prevents it
    core_dumped(), needs Needs::of(&[Need::CoreFiles]) => [promise::HANDLE_SIGNAL, promise::HANDLE_CORE];

    /// no core dump is reported for a death without one
    no_core(CORE) => [promise::HANDLE_CORE];

    /// the usage in a result is at least what the child used, and does not include another child's
    usage(USAGE), needs Needs::NOTHING.burning() => [promise::HANDLE_USAGE];

    /// the usage in the result of a child that a signal kills is at least what the child used
    usage_of_killed(USAGE), needs Needs::NOTHING.burning() => [promise::HANDLE_USAGE];

    /// the result is the same however often it is queried
    asked_again() => [promise::HANDLE_STABLE];

    /// a wait reports the same result as an earlier poll
    wait_after_poll(POLL) => [promise::HANDLE_STABLE];

    /// after a wait the child is not a zombie
    no_zombie() => [promise::HANDLE_NO_ZOMBIE];
}

fn exit_codes(t: &mut Trial) -> Outcome {
    let children = t.spawn_all((0..=255).map(Scenario::exits))?;
    for (code, child) in (0..).zip(&children) {
        let answered = t.wait(child)?;
        t.expect(&promise::HANDLE_EXIT_CODE).reports(&answered, child, Change::Exited(code))?;
    }
    Ok(())
}

/// Dies of a signal; without a core dump, as far as the limit decides.
fn dies(signal: Signal) -> Scenario {
    Scenario::of([death(signal, false)])
}

fn death(signal: Signal, core: bool) -> Step {
    Step::KillSelf(Death { signal, core: Some(core), report: false })
}

/// A child that was told to die of a signal, with a core dump if the signal causes one.
fn dead_with_core(t: &mut Trial, signal: Signal) -> Result<Child, Abort> {
    // An implementation that reaps eagerly may reap a child that dies on its own before it has said hello.
    let child = t.spawn(Scenario::held())?;
    // The child may survive the signal: do not wait for anything.
    t.begin_step(&child, death(signal, true))?;
    Ok(child)
}

fn signals(t: &mut Trial) -> Outcome {
    let system = t.system();
    let signals = Signal::deadly_on(system);
    let children = t.spawn_all(signals.clone().map(dies))?;
    for (signal, child) in signals.zip(&children) {
        let answered = t.wait(child)?;
        let (plain, core) = (Change::Killed(signal, false), Change::Killed(signal, true));
        // If cores are piped to a program, the limit does not apply.
        let may_be: &[Change] = if signal.dumps_core_on(system) { &[plain, core] } else { &[plain] };
        t.expect(&promise::HANDLE_SIGNAL).reports_one_of(&answered, child, may_be)?;
    }
    Ok(())
}

fn realtime_signals(t: &mut Trial) -> Outcome {
    // On MIPS there are two that no status word can express.
    let system = t.system();
    let signals =
        Signal::realtime_on(system).filter(|s| s.number_on(system).is_some_and(|number| number < 127));
    if signals.clone().next().is_none() {
        return Err(Abort::Skip("there are no real-time signals".into()));
    }
    let children = t.spawn_all(signals.clone().map(dies))?;
    for (signal, child) in signals.zip(&children) {
        let answered = t.wait(child)?;
        // An emulator may keep some for itself.
        if let Some(why) = t.excuse(child, answered.change(child))? {
            t.note(&format!("{signal}: {why}"));
            continue;
        }
        if answered.is_ignorant() {
            t.expect(&promise::HANDLE_SIGNAL).not_observed("it does not say which signal it was")?;
            continue;
        }
        t.expect(&promise::HANDLE_SIGNAL).reports(&answered, child, Change::Killed(signal, false))?;
    }
    Ok(())
}

fn core_dumped(t: &mut Trial) -> Outcome {
    let child = dead_with_core(t, Signal::ABRT)?;
    let answered = t.wait(&child)?;
    let changes = [Change::Killed(Signal::ABRT, true), Change::Killed(Signal::ABRT, false)];
    t.expect(&promise::HANDLE_SIGNAL).reports_one_of(&answered, &child, &changes)?;
    if !t.shows("core") {
        return Ok(());
    }
    t.expect(&promise::HANDLE_CORE).reports(&answered, &child, changes[0])?;
    // Not every death by such a signal leaves one.
    let child = t.spawn(Scenario::held())?;
    t.begin_step(&child, death(Signal::ABRT, false))?;
    let answered = t.wait(&child)?;
    t.expect(&promise::HANDLE_CORE).reports(&answered, &child, changes[1])
}

fn no_core(t: &mut Trial) -> Outcome {
    let child = dead_with_core(t, Signal::TERM)?;
    let answered = t.wait(&child)?;
    t.expect(&promise::HANDLE_CORE).reports(&answered, &child, Change::Killed(Signal::TERM, false))
}

/// How long the child burns, in microseconds.
const BURNT: i64 = 60_000;

/// User and system time, in microseconds, if both are shown.
fn cpu(answered: &Answered) -> Option<i64> {
    let usage = answered.usage.as_ref()?;
    Some(usage.utime_us?.max(0) + usage.stime_us?.max(0))
}

/// A child that performs these steps and exits: the handle's answer, and its usage by its own account.
fn burns(t: &mut Trial, steps: &[Step]) -> Result<(Child, Answered, Usage), Abort> {
    let child = t.spawn(Scenario::held())?;
    for step in steps {
        t.tell(&child, step.clone())?;
    }
    t.tell(&child, Step::exit(7).reported())?;
    let (own, _) = t.last_usage(&child)?;
    let answered = t.wait(&child)?;
    Ok((child, answered, own))
}

fn usage(t: &mut Trial) -> Outcome {
    let (busy, answered, own) =
        burns(t, &[Step::BurnUser { us: BURNT as u64 }, Step::BurnSystem { us: 20_000 }])?;
    t.expect(&promise::HANDLE_USAGE).reports(&answered, &busy, Change::Exited(7))?;
    // The cost of exiting is far less than what this child has burned.
    let exiting = BURNT / 2;
    let shown = answered.usage.unwrap_or_default();
    let (user, system) = (own.utime_us.unwrap_or(0), own.stime_us.unwrap_or(0));
    t.expect(&promise::HANDLE_USAGE).within("user time in us", shown.utime_us, user, i64::MAX)?;
    t.expect(&promise::HANDLE_USAGE).within("system time in us", shown.stime_us, system, system + exiting)?;
    let peak = own.maxrss.unwrap_or(0);
    t.expect(&promise::HANDLE_USAGE).within("maximum memory", shown.maxrss, peak / 2, peak * 2)?;
    let (_, answered, own) = burns(t, &[])?;
    let least = own.utime_us.unwrap_or(0) + own.stime_us.unwrap_or(0);
    let most = least + exiting;
    t.expect(&promise::HANDLE_USAGE).within("CPU time in us", cpu(&answered), least, most)
}

fn usage_of_killed(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::BurnUser { us: BURNT as u64 })?;
    t.signal(&child, Signal::KILL)?;
    let answered = t.wait(&child)?;
    let killed = Change::Killed(Signal::KILL, false);
    t.expect(&promise::HANDLE_USAGE).reports(&answered, &child, killed)?;
    t.expect(&promise::HANDLE_USAGE).within("CPU time in us", cpu(&answered), BURNT, i64::MAX)
}

fn asked_again(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::exits(7))?;
    for _ in 0..3 {
        let answered = t.wait(&child)?;
        t.expect(&promise::HANDLE_STABLE).reports(&answered, &child, Change::Exited(7))?;
    }
    if !t.shows("poll") {
        return Ok(());
    }
    let answered = t.poll(&child)?;
    t.expect(&promise::HANDLE_STABLE).reports(&answered, &child, Change::Exited(7))
}

fn wait_after_poll(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::exits(7))?;
    t.await_ended(&child)?;
    let answered = t.poll_exited(&child)?;
    t.expect(&promise::HANDLE_STABLE).reports(&answered, &child, Change::Exited(7))?;
    for _ in 0..2 {
        let answered = t.poll(&child)?;
        t.expect(&promise::HANDLE_STABLE).reports(&answered, &child, Change::Exited(7))?;
    }
    let answered = t.wait(&child)?;
    t.expect(&promise::HANDLE_STABLE).reports(&answered, &child, Change::Exited(7))
}

fn no_zombie(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::exits(7))?;
    let answered = t.wait(&child)?;
    t.expect(&promise::HANDLE_NO_ZOMBIE).reaped(&answered, &child, Change::Exited(7))?;
    if !t.shows("poll") {
        return Ok(());
    }
    let child = t.spawn(Scenario::exits(7))?;
    t.await_ended(&child)?;
    let answered = t.poll_exited(&child)?;
    t.expect(&promise::HANDLE_NO_ZOMBIE).reports(&answered, &child, Change::Exited(7))?;
    let state = t.state(&child)?;
    t.expect(&promise::HANDLE_NO_ZOMBIE).that(state != ProcessState::Zombie, "no zombie", state.to_string())
}
