//! What a handle reports, and that it is true.

use crate::scenario::{Death, Scenario, Step};
use crate::spec::promise;
use crate::trial::handle::{Answered, Trial};
use crate::trial::{Abort, Change, Child, Need, Needs, Outcome, ProcessState, cases};
use crate::wait::Signal;

cases! { handle "handle-result";

    /// each of the 256 exit codes is reported unchanged
    exit_codes() => [promise::HANDLE_EXIT_CODE];

    /// death by a signal is reported as that signal, for each signal that kills, and as no exit code
    signals() => [promise::HANDLE_SIGNAL];

    /// a core that was dumped is reported, and the signal is the same
    core_dumped(), needs Needs::of(&[Need::CoreFiles]) => [promise::HANDLE_SIGNAL, promise::HANDLE_CORE];

    /// no core is reported of a death that dumps none
    no_core(CORE) => [promise::HANDLE_CORE];

    /// the usage in a result is at least what the child used, and not that of another child
    usage(USAGE), needs Needs::NOTHING.burning() => [promise::HANDLE_USAGE];

    /// the result is the same however often the handle is asked
    asked_again() => [promise::HANDLE_STABLE];

    /// a wait reports the result that a poll has reported before
    wait_after_poll(POLL) => [promise::HANDLE_STABLE];

    /// after a wait the child is no zombie
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

/// Dies of a signal; without a core, as far as the limit decides.
fn dies(signal: Signal) -> Scenario {
    Scenario::of([death(signal, false)])
}

fn death(signal: Signal, core: bool) -> Step {
    Step::KillSelf(Death { signal, core: Some(core), report: false })
}

/// A child that was told to die of a signal, with a core if that dumps one.
fn dead_with_core(t: &mut Trial, signal: Signal) -> Result<Child, Abort> {
    // Whoever reaps eagerly may do so before a child that dies by itself has said hello.
    let child = t.spawn(Scenario::held())?;
    // A signal may be survived: nothing is waited for.
    t.begin_step(&child, death(signal, true))?;
    Ok(child)
}

fn signals(t: &mut Trial) -> Outcome {
    let system = t.system();
    let children = t.spawn_all(Signal::DEADLY.map(dies))?;
    for (signal, child) in Signal::DEADLY.into_iter().zip(&children) {
        let answered = t.wait(child)?;
        let (plain, core) = (Change::Killed(signal, false), Change::Killed(signal, true));
        // Where cores go to a program, the limit does not count.
        let may_be: &[Change] = if signal.dumps_core_on(system) { &[plain, core] } else { &[plain] };
        t.expect(&promise::HANDLE_SIGNAL).reports_one_of(&answered, child, may_be)?;
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
    t.expect(&promise::HANDLE_CORE).reports(&answered, &child, changes[0])
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

/// A child that burns that much user time and exits: the handle's answer, and what it used by its own account.
fn burns(t: &mut Trial, us: u64) -> Result<(Child, Answered, i64), Abort> {
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::BurnUser { us })?;
    t.tell(&child, Step::exit(7).reported())?;
    let (own, _) = t.last_usage(&child)?;
    let answered = t.wait(&child)?;
    Ok((child, answered, own.utime_us.unwrap_or(0) + own.stime_us.unwrap_or(0)))
}

fn usage(t: &mut Trial) -> Outcome {
    let (busy, answered, least) = burns(t, BURNT as u64)?;
    t.expect(&promise::HANDLE_USAGE).reports(&answered, &busy, Change::Exited(7))?;
    t.expect(&promise::HANDLE_USAGE).within("CPU time in us", cpu(&answered), least, i64::MAX)?;
    let (_, answered, least) = burns(t, 0)?;
    // What exit itself costs is far less than the other child burnt.
    let most = least + BURNT / 2;
    t.expect(&promise::HANDLE_USAGE).within("CPU time in us", cpu(&answered), least, most)
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
