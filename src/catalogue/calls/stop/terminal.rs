//! Job control on a real terminal: the agent leads a session with a controlling terminal, and its children are jobs.

use crate::scenario::{Scenario, Step, TerminalUse};
use crate::spec::{Clause, posix};
use crate::sys::call::abi::Call;
use crate::trial::cases;
use crate::trial::{Abort, Calls, Change, Child, Errno, Options, Outcome, ProcessState, Target, Trial};
use crate::wait::Signal;

cases! { "terminal";

    /// a background read stops the job with SIGTTIN every time, and succeeds in the foreground
    background_read(ANY; NOHANG | UNTRACED) in Calls::WITH_OPTIONS.few()
        => [posix::STATUS_STOPPED_BY_TERMINAL];

    /// a background job that writes with TOSTOP set, or grabs the terminal, stops with SIGTTOU
    background_write(ANY; NOHANG | UNTRACED) in Calls::ENTRIES
        => [posix::STATUS_STOPPED_BY_OUTPUT, posix::STATUS_STOPPED_BY_TCSETPGRP];

    /// the suspend key stops the foreground job, and no other, with SIGTSTP
    suspend_key(ANY; NOHANG | UNTRACED | CONTINUED) in Calls::WITH_OPTIONS.few()
        => [posix::STATUS_STOPPED_BY_KEY];

    /// the interrupt and quit keys kill the foreground job with SIGINT and SIGQUIT
    interrupt_key(ANY) in Calls::ENTRIES => [posix::STATUS_SIGNALED_BY_KEY];

    /// every process of a job stopped by the suspend key is reported
    whole_job(PID; UNTRACED) in Calls::only(&[Call::Waitpid, Call::Waitid]) => [posix::STATUS_STOPPED_BY_KEY];

    /// a job in an orphaned process group does not stop when it reads the terminal in the background
    orphaned_job(ANY; UNTRACED) in Calls::ENTRIES => [posix::STATUS_ORPHANED_GROUP_NO_STOP];
}

/// The characters of these keys, unless stty changes them.
const SUSPEND: &str = "\u{1a}";
const INTERRUPT: &str = "\u{3}";
const QUIT: &str = "\u{1c}";

/// A child in its own process group of the agent's session: a background job.
fn job(t: &mut Trial) -> Result<Child, Abort> {
    t.spawn(Scenario::of([Step::Setpgid { pgid: 0 }]))
}

const fn use_terminal(how: TerminalUse) -> Step {
    Step::Terminal { how }
}

fn background_read(t: &mut Trial) -> Outcome {
    let clause = &posix::STATUS_STOPPED_BY_TERMINAL;
    let terminal = t.terminal()?;
    let child = job(t)?;
    let step = t.begin_step(&child, use_terminal(TerminalUse::Read))?;
    for _ in 0..2 {
        let seen = t.wait(Target::Any, Options::UNTRACED)?;
        t.expect(clause).reports(&seen, &child, Change::Stopped(Signal::TTIN))?;
        t.await_stopped(&child)?;
        // Continued in the background, it reads again.
        t.signal(&child, Signal::CONT)?;
    }
    let seen = t.wait(Target::Any, Options::UNTRACED)?;
    t.expect(clause).reports(&seen, &child, Change::Stopped(Signal::TTIN))?;
    t.await_stopped(&child)?;
    t.foreground(child.pid)?;
    t.signal(&child, Signal::CONT)?;
    t.type_in(terminal, "x\n")?;
    let read = t.await_step(&child, step)?;
    t.expect(clause).equal("bytes", &read.number("bytes").unwrap_or(-1), &2)?;
    let seen = t.wait(Target::Any, Options::UNTRACED | Options::NOHANG)?;
    t.expect(clause).nothing_ready(&seen)
}

fn background_write(t: &mut Trial) -> Outcome {
    let clause = &posix::STATUS_STOPPED_BY_OUTPUT;
    t.terminal()?;
    stops_in_background(t, clause, TerminalUse::Write)?;
    // A job that ignores the signal can write, and so can the foreground job.
    let child = job(t)?;
    t.tell(&child, Step::Ignore(Signal::TTOU))?;
    t.tell(&child, use_terminal(TerminalUse::Write))?;
    t.tell(&child, use_terminal(TerminalUse::Foreground))?;
    t.tell(&child, Step::Default(Signal::TTOU))?;
    t.tell(&child, use_terminal(TerminalUse::Write))?;
    let seen = t.wait(Target::Any, Options::UNTRACED | Options::NOHANG)?;
    t.expect(clause).nothing_ready(&seen)?;
    stops_in_background(t, &posix::STATUS_STOPPED_BY_TCSETPGRP, TerminalUse::Foreground)
}

/// A job that does that in the background is stopped by SIGTTOU.
fn stops_in_background(t: &mut Trial, clause: &'static Clause, how: TerminalUse) -> Outcome {
    let child = job(t)?;
    t.begin_step(&child, use_terminal(how))?;
    let seen = t.wait(Target::Any, Options::UNTRACED)?;
    t.expect(clause).reports(&seen, &child, Change::Stopped(Signal::TTOU))?;
    t.signal(&child, Signal::KILL)?;
    let seen = t.wait(Target::Any, Options::UNTRACED)?;
    t.expect(clause).reaped(&seen, &child, Change::Killed(Signal::KILL, false))
}

fn suspend_key(t: &mut Trial) -> Outcome {
    let clause = &posix::STATUS_STOPPED_BY_KEY;
    let terminal = t.terminal()?;
    let (front, back) = (job(t)?, job(t)?);
    t.foreground(front.pid)?;
    t.type_in(terminal, SUSPEND)?;
    let seen = t.wait(Target::Any, Options::UNTRACED)?;
    t.expect(clause).reports(&seen, &front, Change::Stopped(Signal::TSTP))?;
    let seen = t.wait(Target::Any, Options::UNTRACED | Options::NOHANG)?;
    t.expect(clause).nothing_ready(&seen)?;
    let state = t.state(&back)?;
    t.expect(clause).that(state != ProcessState::Stopped, "background job running", state.to_string())?;
    t.await_stopped(&front)?;
    t.signal(&front, Signal::CONT)?;
    let seen = t.wait(Target::Any, Options::UNTRACED | Options::CONTINUED)?;
    t.expect(clause).reports(&seen, &front, Change::Continued)
}

fn interrupt_key(t: &mut Trial) -> Outcome {
    let clause = &posix::STATUS_SIGNALED_BY_KEY;
    let terminal = t.terminal()?;
    let back = job(t)?;
    for (key, signal) in [(INTERRUPT, Signal::INT), (QUIT, Signal::QUIT)] {
        let front = job(t)?;
        t.foreground(front.pid)?;
        t.type_in(terminal, key)?;
        let seen = t.wait(Target::Any, Options::NONE)?;
        let either = [Change::Killed(signal, false), Change::Killed(signal, true)];
        t.expect(clause).reports_one_of(&seen, &front, &either)?;
    }
    let state = t.state(&back)?;
    t.expect(clause).that(state != ProcessState::Zombie, "background job alive", state.to_string())
}

fn whole_job(t: &mut Trial) -> Outcome {
    let clause = &posix::STATUS_STOPPED_BY_KEY;
    let terminal = t.terminal()?;
    let leader = job(t)?;
    let member = t.spawn(Scenario::of([Step::Setpgid { pgid: leader.pid as i32 }]))?;
    t.foreground(leader.pid)?;
    t.type_in(terminal, SUSPEND)?;
    for child in [&member, &leader] {
        let seen = t.wait(Target::Child(child), Options::UNTRACED)?;
        t.expect(clause).reports(&seen, child, Change::Stopped(Signal::TSTP))?;
    }
    Ok(())
}

/// A child that leads its own session has an orphaned group, but no terminal either. So this uses a grandchild in the agent's
/// session, whose parent has exited and which a process of another session has adopted.
fn orphaned_job(t: &mut Trial) -> Outcome {
    let clause = &posix::STATUS_ORPHANED_GROUP_NO_STOP;
    t.terminal()?;
    let child = t.spawn(Scenario::held())?;
    let grandchild = t.spawn_from(&child, |token| {
        Step::Fork(crate::scenario::Offspring {
            token: Some(token),
            orphan: true,
            steps: vec![Step::Setpgid { pgid: 0 }],
        })
    })?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.wait(Target::Any, Options::UNTRACED)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))?;
    let step = t.begin_step(&grandchild, use_terminal(TerminalUse::Read))?;
    let reply = t.expect(clause).answered(&grandchild, step)?;
    let got = t.error_of(reply)?.err().unwrap_or(Errno::NONE);
    t.expect(clause).equal("background read", &got, &Errno::IO)
}
