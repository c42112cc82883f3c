//! Waits: until the exit and no longer, whatever happens in the meantime.

use crate::scenario::{Offspring, Scenario, Step};
use crate::spec::{Clause, promise};
use crate::trial::handle::{Pending, Trial};
use crate::trial::{Abort, Change, Child, Disposition, Needs, Outcome, Shown, cases};
use crate::wait::Signal;
use std::time::{Duration, Instant};

cases! { handle "handle-wait";

    /// a wait blocks while the child is alive, and returns once it has terminated
    until_exit(THREADS) => [promise::HANDLE_WAIT_BLOCKS, promise::HANDLE_WAIT_RETURNS];

    /// a wait that starts after the exit returns at once
    after_exit() => [promise::HANDLE_WAIT_RETURNS];

    /// a wait keeps waiting while the child is stopped and continued
    stopped_meanwhile(THREADS) => [promise::HANDLE_STOP_IS_NO_EXIT];

    /// a wait with a timeout goes on while the child is stopped and continued
    stopped_meanwhile_timeout(TIMEOUT | THREADS) => [promise::HANDLE_STOP_IS_NO_EXIT];

    /// a wait returns at the exit although a child of the child lives on
    descendant_lives() => [promise::HANDLE_WAIT_RETURNS];

    /// a wait keeps waiting for a child that has closed its standard output
    output_closed(PIPES | THREADS) => [promise::HANDLE_WAIT_BLOCKS];

    /// a wait returns at the exit of a child that has left the process group
    leaves_group() => [promise::HANDLE_WAIT_RETURNS];

    /// a process that waits uses no CPU time
    idle(THREADS), needs Needs::NOTHING.burning() => [promise::HANDLE_WAIT_IDLE];

    /// a process that waits sleeps, and does not wake up to look for its child
    sleeps(THREADS) => [promise::HANDLE_WAIT_IDLE];

    /// a process that waits with a timeout sleeps, and does not wake up to look for its child
    sleeps_timeout(TIMEOUT | THREADS), needs Needs::PIDFD_WAITS => [promise::HANDLE_TIMEOUT_IDLE];

    /// a wait that times out leaves the child alive, and a later wait reports its exit
    timeout(TIMEOUT) => [promise::HANDLE_TIMEOUT_KEEPS];

    /// a wait with a timeout of 0 returns at once, both before and after the exit
    timeout_of_zero(TIMEOUT) => [promise::HANDLE_TIMEOUT_KEEPS, promise::HANDLE_WAIT_RETURNS];

    /// a wait with a long timeout returns at the exit
    ended_before_timeout(TIMEOUT) => [promise::HANDLE_WAIT_RETURNS];

    /// a wait with a timeout goes on while another child exits and is reported
    other_exits_timeout(TIMEOUT | THREADS) => [promise::HANDLE_WAIT_BLOCKS];

    /// a wait that times out returns no sooner than its timeout, a whole number of seconds or not
    timeout_passes(TIMEOUT) => [promise::HANDLE_TIMEOUT_PASSES];

    /// a wait and a poll report nothing while a thread of the child runs whose first thread has exited
    leader_exits(THREADS) => [promise::HANDLE_WAIT_BLOCKS];

    /// a child that is killed while it is stopped is reported as killed
    killed_while_stopped(THREADS) => [promise::HANDLE_STOP_IS_NO_EXIT, promise::HANDLE_SIGNAL];

    /// two concurrent waits on a handle report the same result
    two_waiters(THREADS) => [promise::HANDLE_TWO_WAITERS];

    /// concurrent waits on a handle, with timeouts and without, report the same result
    four_waiters(TIMEOUT | THREADS) => [promise::HANDLE_TWO_WAITERS];

    /// if one of two concurrent waits times out, the other still reports the result
    one_times_out(TIMEOUT | THREADS) => [promise::HANDLE_TWO_WAITERS];

    /// a wait with a timeout whose milliseconds exceed 31 bits, or 32 bits, returns at the exit
    timeout_of_a_month(TIMEOUT | THREADS) => [promise::HANDLE_WAIT_RETURNS];

    /// a wait reports the result even if a poll has reported it in the meantime
    polled_meanwhile(POLL | THREADS) => [promise::HANDLE_STABLE];

    /// signals caught by the process neither interrupt a wait nor change its result
    signals_caught(THREADS | SIGACTION) => [promise::HANDLE_SIGNAL_DURING_WAIT];

    /// signals caught by the process neither interrupt a wait with a timeout nor change its result
    signals_caught_timeout(TIMEOUT | THREADS | SIGACTION) => [promise::HANDLE_SIGNAL_DURING_WAIT];

    /// signals caught by the process do not extend the timeout of a wait
    timeout_under_signals(TIMEOUT | THREADS | SIGACTION) => [promise::HANDLE_SIGNAL_DURING_WAIT];

    /// a SIGCHLD from elsewhere, while the child is alive, is not taken for an exit
    spurious_sigchld(THREADS) => [promise::HANDLE_SPURIOUS_SIGCHLD];

    /// the same of a wait with a timeout
    spurious_sigchld_timeout(TIMEOUT | THREADS) => [promise::HANDLE_SPURIOUS_SIGCHLD];
}

/// How often to check whether a wait has returned too early.
const LOOKS: usize = 3;

fn until_exit(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let pending = t.begin_wait(&child, None)?;
    keeps_waiting(t, &pending, &promise::HANDLE_WAIT_BLOCKS)?;
    t.tell(&child, Step::exit(7))?;
    let answered = t.finish(&pending)?;
    t.expect(&promise::HANDLE_WAIT_RETURNS).reports(&answered, &child, Change::Exited(7))
}

fn after_exit(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::exits(7))?;
    t.await_ended(&child)?;
    let answered = t.wait(&child)?;
    t.expect(&promise::HANDLE_WAIT_RETURNS).reports(&answered, &child, Change::Exited(7))
}

/// The wait must not have returned, whenever it is looked at.
fn keeps_waiting(t: &mut Trial, pending: &Pending, clause: &'static Clause) -> Outcome {
    for _ in 0..LOOKS {
        t.await_read()?;
        t.expect(clause).waits(pending)?;
    }
    Ok(())
}

fn output_closed(t: &mut Trial) -> Outcome {
    let child = t.spawn_without_output(&Scenario::held())?;
    let pending = t.begin_wait(&child, None)?;
    keeps_waiting(t, &pending, &promise::HANDLE_WAIT_BLOCKS)?;
    t.tell(&child, Step::exit(7))?;
    let answered = t.finish(&pending)?;
    t.expect(&promise::HANDLE_WAIT_BLOCKS).reports(&answered, &child, Change::Exited(7))
}

/// A child that was stopped during a wait, which must not return.
fn stopped_during_wait(t: &mut Trial, timeout: Option<Duration>) -> Result<(Child, Pending), Abort> {
    let child = t.spawn(Scenario::held())?;
    let pending = t.begin_wait(&child, timeout)?;
    t.await_read()?;
    t.signal(&child, Signal::STOP)?;
    t.await_stopped(&child)?;
    keeps_waiting(t, &pending, &promise::HANDLE_STOP_IS_NO_EXIT)?;
    Ok((child, pending))
}

fn stopped_meanwhile(t: &mut Trial) -> Outcome {
    goes_on_after_stop(t, None)
}

fn stopped_meanwhile_timeout(t: &mut Trial) -> Outcome {
    goes_on_after_stop(t, Some(LONG))
}

fn goes_on_after_stop(t: &mut Trial, timeout: Option<Duration>) -> Outcome {
    let (child, pending) = stopped_during_wait(t, timeout)?;
    t.signal(&child, Signal::CONT)?;
    t.await_running(&child)?;
    t.await_read()?;
    t.expect(&promise::HANDLE_STOP_IS_NO_EXIT).waits(&pending)?;
    t.tell(&child, Step::exit(7))?;
    let answered = t.finish(&pending)?;
    t.expect(&promise::HANDLE_STOP_IS_NO_EXIT).reports(&answered, &child, Change::Exited(7))
}

/// A timeout that expires while the child is alive.
const SHORT: Duration = Duration::from_millis(20);

/// A timeout longer than any trial.
const LONG: Duration = Duration::from_secs(3600);

fn timeout(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let answered = t.wait_for(&child, SHORT)?;
    t.expect(&promise::HANDLE_TIMEOUT_KEEPS).runs(&answered)?;
    t.tell(&child, Step::exit(7))?;
    if t.shows("poll") {
        t.await_ended(&child)?;
        let answered = t.poll_exited(&child)?;
        t.expect(&promise::HANDLE_TIMEOUT_KEEPS).reports(&answered, &child, Change::Exited(7))?;
    }
    let answered = t.wait(&child)?;
    t.expect(&promise::HANDLE_TIMEOUT_KEEPS).reports(&answered, &child, Change::Exited(7))
}

fn timeout_of_zero(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    for _ in 0..2 {
        let answered = t.wait_for(&child, Duration::ZERO)?;
        t.expect(&promise::HANDLE_TIMEOUT_KEEPS).runs(&answered)?;
    }
    t.tell(&child, Step::exit(7))?;
    let answered = t.wait_for(&child, LONG)?;
    t.expect(&promise::HANDLE_TIMEOUT_KEEPS).reports(&answered, &child, Change::Exited(7))?;
    let answered = t.wait_for(&child, Duration::ZERO)?;
    t.expect(&promise::HANDLE_TIMEOUT_KEEPS).reports(&answered, &child, Change::Exited(7))?;
    if !t.looks_directly() {
        return Ok(());
    }
    // Nothing has been asked about this one before.
    let child = t.spawn(Scenario::exits(7))?;
    t.await_ended(&child)?;
    let answered = t.wait_for(&child, Duration::ZERO)?;
    t.expect(&promise::HANDLE_WAIT_RETURNS).reports(&answered, &child, Change::Exited(7))
}

fn ended_before_timeout(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let pending = t.begin_wait(&child, Some(LONG))?;
    t.tell(&child, Step::exit(7))?;
    let answered = t.finish(&pending)?;
    t.expect(&promise::HANDLE_WAIT_RETURNS).reports(&answered, &child, Change::Exited(7))
}

fn other_exits_timeout(t: &mut Trial) -> Outcome {
    let (child, other) = (t.spawn(Scenario::held())?, t.spawn(Scenario::held())?);
    let pending = t.begin_wait(&child, Some(LONG))?;
    t.await_read()?;
    t.tell(&other, Step::exit(3))?;
    t.await_ended(&other)?;
    t.wait(&other)?;
    keeps_waiting(t, &pending, &promise::HANDLE_WAIT_BLOCKS)?;
    t.tell(&child, Step::exit(7))?;
    let answered = t.finish(&pending)?;
    t.expect(&promise::HANDLE_WAIT_BLOCKS).reports(&answered, &child, Change::Exited(7))
}

fn timeout_passes(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    for timeout in [Duration::from_millis(300), Duration::from_millis(1100)] {
        // It is sent after this, and answered before the next look at the clock: on a busy machine all the more has passed.
        let began = Instant::now();
        let answered = t.wait_for(&child, timeout)?;
        let passed = began.elapsed();
        t.expect(&promise::HANDLE_TIMEOUT_PASSES).returns(&answered)?;
        if answered.is_ignorant() {
            return t.expect(&promise::HANDLE_TIMEOUT_PASSES).not_observed("such a timeout is refused");
        }
        t.expect(&promise::HANDLE_TIMEOUT_PASSES).that(
            passed >= timeout,
            format!("{timeout:?} or more"),
            format!("{} after {passed:.0?}", answered.outcome()),
        )?;
    }
    Ok(())
}

fn leader_exits(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let pending = t.begin_wait(&child, None)?;
    t.await_read()?;
    t.tell(&child, Step::LeaderExit { code: 5 })?;
    keeps_waiting(t, &pending, &promise::HANDLE_WAIT_BLOCKS)?;
    if t.shows("poll") {
        let answered = t.poll(&child)?;
        t.expect(&promise::HANDLE_WAIT_BLOCKS).runs(&answered)?;
    }
    t.tell(&child, Step::exit(7))?;
    let answered = t.finish(&pending)?;
    t.expect(&promise::HANDLE_WAIT_BLOCKS).reports(&answered, &child, Change::Exited(7))
}

fn killed_while_stopped(t: &mut Trial) -> Outcome {
    let (child, pending) = stopped_during_wait(t, None)?;
    t.signal(&child, Signal::KILL)?;
    let answered = t.finish(&pending)?;
    t.expect(&promise::HANDLE_SIGNAL).reports(&answered, &child, Change::Killed(Signal::KILL, false))
}

/// How many times two waits are made: the second may not have begun when the first returns.
const PAIRS: u32 = 4;

fn two_waiters(t: &mut Trial) -> Outcome {
    for _ in 0..PAIRS {
        let child = t.spawn(Scenario::held())?;
        let (first, second) = (t.begin_wait(&child, None)?, t.begin_wait(&child, None)?);
        t.await_read()?;
        t.tell(&child, Step::exit(7))?;
        for pending in [first, second] {
            let answered = t.finish(&pending)?;
            t.expect(&promise::HANDLE_TWO_WAITERS).reports(&answered, &child, Change::Exited(7))?;
        }
    }
    Ok(())
}

fn four_waiters(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let mut waits = Vec::new();
    for timeout in [None, Some(LONG), None, Some(LONG)] {
        waits.push(t.begin_wait(&child, timeout)?);
    }
    t.await_read()?;
    t.tell(&child, Step::exit(7))?;
    for pending in waits {
        let answered = t.finish(&pending)?;
        t.expect(&promise::HANDLE_TWO_WAITERS).reports(&answered, &child, Change::Exited(7))?;
    }
    Ok(())
}

fn descendant_lives(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let of = |token| Step::Fork(Offspring { token: Some(token), orphan: true, steps: Vec::new() });
    let descendant = t.spawn_from(&child, of)?;
    t.tell(&child, Step::exit(7))?;
    let answered = t.wait(&child)?;
    t.expect(&promise::HANDLE_WAIT_RETURNS).reports(&answered, &child, Change::Exited(7))?;
    t.tell(&descendant, Step::exit(0))
}

fn leaves_group(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::Setpgid { pgid: 0 })?;
    t.tell(&child, Step::exit(7))?;
    let answered = t.wait(&child)?;
    t.expect(&promise::HANDLE_WAIT_RETURNS).reports(&answered, &child, Change::Exited(7))
}

/// How much CPU time the child burns, and how much a process that waits may use meanwhile, in microseconds.
const SPAN: u64 = 60_000;
const SHARE: i64 = 30_000;

/// By how much a figure of the process grows while it waits for a child that performs this step.
fn grows(
    t: &mut Trial,
    timeout: Option<Duration>,
    figure: fn(&mut Trial) -> Result<i64, Abort>,
    step: Step,
) -> Result<i64, Abort> {
    let child = t.spawn(Scenario::held())?;
    let pending = t.begin_wait(&child, timeout)?;
    t.await_read()?;
    let before = figure(t)?;
    t.tell(&child, step)?;
    let grown = figure(t)? - before;
    t.tell(&child, Step::exit(7))?;
    t.finish(&pending)?;
    Ok(grown)
}

fn idle(t: &mut Trial) -> Outcome {
    let used = grows(t, None, |t| t.agent_cpu(), Step::BurnUser { us: SPAN })?;
    t.note(&format!("the process used {used} us during a wait in which the child used {SPAN} us"));
    t.expect(&promise::HANDLE_WAIT_IDLE).that(
        used <= SHARE,
        "a process that sleeps during a wait",
        "one that uses CPU time",
    )
}

/// How long the child sleeps: one that is looked at once a second is so three times.
const ASLEEP: Step = Step::Sleep { ms: 3200 };
/// How often the process may wake up meanwhile: to begin the wait, and to learn of something that happened before.
const WOKEN: i64 = 2;

fn sleeps(t: &mut Trial) -> Outcome {
    stays_asleep(t, &promise::HANDLE_WAIT_IDLE, None)
}

fn sleeps_timeout(t: &mut Trial) -> Outcome {
    stays_asleep(t, &promise::HANDLE_TIMEOUT_IDLE, Some(LONG))
}

fn stays_asleep(t: &mut Trial, clause: &'static Clause, timeout: Option<Duration>) -> Outcome {
    let woken = grows(t, timeout, |t| t.agent_switches(), ASLEEP)?;
    t.note(&format!("the process woke up {woken} times during a wait in which the child slept"));
    t.expect(clause).that(
        woken <= WOKEN,
        "a process that sleeps during a wait",
        "one that wakes up again and again",
    )
}

fn one_times_out(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let pending = t.begin_wait(&child, None)?;
    t.await_read()?;
    let answered = t.wait_for(&child, SHORT)?;
    t.expect(&promise::HANDLE_TWO_WAITERS).runs(&answered)?;
    t.expect(&promise::HANDLE_TWO_WAITERS).waits(&pending)?;
    t.tell(&child, Step::exit(7))?;
    let answered = t.finish(&pending)?;
    t.expect(&promise::HANDLE_TWO_WAITERS).reports(&answered, &child, Change::Exited(7))
}

/// A month: more milliseconds than fit in a signed 32-bit integer.
const MONTH: Duration = Duration::from_secs(30 * 24 * 3600);
/// Fifty days: more than fit in an unsigned one, in which little is left of them.
const FIFTY_DAYS: Duration = Duration::from_millis((1 << 32) + 1);

fn timeout_of_a_month(t: &mut Trial) -> Outcome {
    for timeout in [MONTH, FIFTY_DAYS] {
        let (child, other) = (t.spawn(Scenario::held())?, t.spawn(Scenario::held())?);
        let pending = t.begin_wait(&child, Some(timeout))?;
        // By the time this one expires, a truncated timeout has expired, too.
        t.wait_for(&other, SHORT)?;
        t.tell(&child, Step::exit(7))?;
        let answered = t.finish(&pending)?;
        if answered.is_ignorant() {
            return t.expect(&promise::HANDLE_WAIT_RETURNS).not_observed("such a long timeout is rejected");
        }
        t.expect(&promise::HANDLE_WAIT_RETURNS).reports(&answered, &child, Change::Exited(7))?;
    }
    Ok(())
}

fn polled_meanwhile(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let pending = t.begin_wait(&child, None)?;
    t.await_read()?;
    t.tell(&child, Step::exit(7))?;
    t.await_ended(&child)?;
    // Either of the two may be first.
    let answered = t.poll_exited(&child)?;
    t.expect(&promise::HANDLE_STABLE).reports(&answered, &child, Change::Exited(7))?;
    let answered = t.finish(&pending)?;
    t.expect(&promise::HANDLE_STABLE).reports(&answered, &child, Change::Exited(7))
}

/// The number of signals sent: one may arrive before the agent sleeps.
const SIGNALS: usize = 20;

fn signals_caught(t: &mut Trial) -> Outcome {
    catches_signals(t, None)
}

fn signals_caught_timeout(t: &mut Trial) -> Outcome {
    catches_signals(t, Some(LONG))
}

fn catches_signals(t: &mut Trial, timeout: Option<Duration>) -> Outcome {
    t.sigaction(Signal::USR1, Disposition::Count, false)?;
    let child = t.spawn(Scenario::held())?;
    let pending = t.begin_wait(&child, timeout)?;
    for _ in 0..SIGNALS {
        t.await_read()?;
        t.signal_agent(Signal::USR1)?;
        t.await_read()?;
        t.expect(&promise::HANDLE_SIGNAL_DURING_WAIT).waits(&pending)?;
    }
    t.tell(&child, Step::exit(7))?;
    let answered = t.finish(&pending)?;
    t.expect(&promise::HANDLE_SIGNAL_DURING_WAIT).reports(&answered, &child, Change::Exited(7))
}

/// A timeout that many signals fall into, even where the machine is too busy to send one for a second.
const SOON: Duration = Duration::from_secs(2);

fn timeout_under_signals(t: &mut Trial) -> Outcome {
    t.sigaction(Signal::USR1, Disposition::Count, false)?;
    let child = t.spawn(Scenario::held())?;
    let pending = t.begin_wait(&child, Some(SOON))?;
    let came = t.comes_under_signals(&pending, Signal::USR1)?;
    let clause = &promise::HANDLE_SIGNAL_DURING_WAIT;
    t.expect(clause).that(came, "a return once the timeout has passed", "none under repeated signals")?;
    let answered = t.finish(&pending)?;
    t.expect(clause).runs(&answered)
}

fn spurious_sigchld(t: &mut Trial) -> Outcome {
    without_cause(t, None)
}

fn spurious_sigchld_timeout(t: &mut Trial) -> Outcome {
    without_cause(t, Some(LONG))
}

fn without_cause(t: &mut Trial, timeout: Option<Duration>) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let pending = t.begin_wait(&child, timeout)?;
    for _ in 0..SIGNALS {
        t.await_read()?;
        t.signal_agent(Signal::CHLD)?;
        t.await_read()?;
        t.expect(&promise::HANDLE_SPURIOUS_SIGCHLD).waits(&pending)?;
    }
    t.tell(&child, Step::exit(7))?;
    let answered = t.finish(&pending)?;
    t.expect(&promise::HANDLE_SPURIOUS_SIGCHLD).reports(&answered, &child, Change::Exited(7))
}
