//! Job control by a real terminal: the agent leads a session with a controlling terminal, and its children are jobs.

use crate::harness::trial::{Calls, Case, Change, Child, Needs, Options, Outcome, Stop, Target, Trial, here};
use crate::scenario::{Scenario, Step, TerminalUse};
use crate::spec::posix;
use crate::sys::family::Call;
use crate::wait::Signal;

pub const CASES: &[Case] = &[
    Case {
        id: "terminal.background-read",
        title: "a background job that reads the terminal stops by SIGTTIN, again and again, and reads once it is in front",
        clauses: &[&posix::STATUS_STOPPED_BY_TERMINAL],
        calls: Calls::WITH_OPTIONS.few(),
        needs: Needs::NOTHING,
        at: here(),
        run: background_read,
    },
    Case {
        id: "terminal.background-write",
        title: "a background job that writes to a terminal with TOSTOP, or takes it, stops by SIGTTOU",
        clauses: &[&posix::STATUS_STOPPED_BY_OUTPUT],
        calls: Calls::WITH_OPTIONS.few(),
        needs: Needs::NOTHING,
        at: here(),
        run: background_write,
    },
    Case {
        id: "terminal.suspend-key",
        title: "the suspend key stops the foreground job by SIGTSTP, and no other",
        clauses: &[&posix::STATUS_STOPPED_BY_KEY],
        calls: Calls::WITH_OPTIONS.few(),
        needs: Needs::NOTHING,
        at: here(),
        run: suspend_key,
    },
    Case {
        id: "terminal.interrupt-key",
        title: "the interrupt and quit keys end the foreground job by SIGINT and SIGQUIT",
        clauses: &[&posix::STATUS_SIGNALED_BY_KEY],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: interrupt_key,
    },
    Case {
        id: "terminal.whole-job",
        title: "each process of a job that the suspend key stopped is reported",
        clauses: &[&posix::STATUS_STOPPED_BY_KEY],
        calls: Calls::only(&[Call::Waitpid, Call::Waitid]),
        needs: Needs::NOTHING,
        at: here(),
        run: whole_job,
    },
    Case {
        id: "terminal.orphaned-job",
        title: "a job whose group is orphaned does not stop when it reads the terminal in the background",
        clauses: &[&posix::STATUS_ORPHANED_GROUP_NO_STOP],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: orphaned_job,
    },
];

/// What a terminal sends for these keys, as it comes.
const SUSPEND: &str = "\u{1a}";
const INTERRUPT: &str = "\u{3}";
const QUIT: &str = "\u{1c}";

/// A child in a process group of its own, in the agent's session: a job in the background.
fn job(t: &mut Trial) -> Result<Child, Stop> {
    t.spawn(Scenario::of([Step::Setpgid { pgid: 0 }]))
}

const fn uses(how: TerminalUse) -> Step {
    Step::Terminal { how }
}

fn background_read(t: &mut Trial) -> Outcome {
    let clause = &posix::STATUS_STOPPED_BY_TERMINAL;
    let terminal = t.terminal()?;
    let child = job(t)?;
    let step = t.begin_step(&child, uses(TerminalUse::Read))?;
    for _ in 0..2 {
        let seen = t.wait(Target::Any, Options::UNTRACED)?;
        t.expect(clause).reports(&seen, &child, Change::Stopped(Signal::TTIN))?;
        t.await_stopped(&child)?;
        // Continued in the background it reads again.
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
    for how in [TerminalUse::Write, TerminalUse::Foreground] {
        let child = job(t)?;
        t.begin_step(&child, uses(how))?;
        let seen = t.wait(Target::Any, Options::UNTRACED)?;
        t.expect(clause).reports(&seen, &child, Change::Stopped(Signal::TTOU))?;
        t.signal(&child, Signal::KILL)?;
        let seen = t.wait(Target::Any, Options::UNTRACED)?;
        t.expect(clause).reaped(&seen, &child, Change::Killed(Signal::KILL, false))?;
    }
    // One that ignores the signal, and one that is in front, write.
    let child = job(t)?;
    t.tell(&child, Step::Ignore(Signal::TTOU))?;
    t.tell(&child, uses(TerminalUse::Write))?;
    t.tell(&child, uses(TerminalUse::Foreground))?;
    t.tell(&child, Step::Default(Signal::TTOU))?;
    t.tell(&child, uses(TerminalUse::Write))?;
    let seen = t.wait(Target::Any, Options::UNTRACED | Options::NOHANG)?;
    t.expect(clause).nothing_ready(&seen)
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
    t.expect(clause).that(state != "stopped", "the background job to run", state)?;
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
    t.expect(clause).that(state != "zombie", "the background job to live", state)
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

/// A child that leads a session of its own has a group that is orphaned; it has no terminal either, so the terminal comes from
/// the agent's session: a grandchild there whose parent has ended, and whom somebody of another session adopted.
fn orphaned_job(t: &mut Trial) -> Outcome {
    let clause = &posix::STATUS_ORPHANED_GROUP_NO_STOP;
    t.terminal()?;
    let child = t.spawn(Scenario::held())?;
    let below = t.spawn_from(&child, |token| {
        Step::Fork(crate::scenario::Offspring {
            token: Some(token),
            orphan: true,
            steps: vec![Step::Setpgid { pgid: 0 }],
        })
    })?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.wait(Target::Any, Options::UNTRACED)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))?;
    let read = t.try_tell(&below, uses(TerminalUse::Read))?;
    let got = read.err().unwrap_or_else(|| "it could read".into());
    t.expect(clause).equal("a read in the background", &got, &"EIO".to_owned())
}
