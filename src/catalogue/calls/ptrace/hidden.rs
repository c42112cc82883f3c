//! A child that another process traces is not lost to its parent, however the parent waits for it.

use crate::scenario::{Scenario, Step};
use crate::spec::linux;
use crate::sys::call::abi::Call;
use crate::sys::process::ptrace::Request;
use crate::trial::cases;
use crate::trial::{Abort, Calls, Change, Child, Needs, Options, Outcome, Target, Trial};

cases! { "ptrace-hidden";

    /// WNOHANG by pid and by group returns 0 for a child traced by another process, live or dead
    by_pid_and_group(PID | GROUP; NOHANG) in Calls::WITH_TARGET
        => [linux::PTRACE_HIDDEN_BY_TARGET, linux::PTRACE_PARENT_AFTER];

    /// WNOHANG through a pidfd returns 0 for a child traced by another process, live or dead
    by_pidfd(PIDFD; NOHANG) in Calls::only(&[Call::Waitid]), needs Needs::PIDFD_WAITS
        => [linux::PTRACE_HIDDEN_BY_TARGET, linux::PTRACE_PARENT_AFTER];

    /// a wait by pid for a child traced by another process blocks until the tracer has reaped it
    blocks_by_pid(PID) in Calls::WITH_TARGET.few()
        => [linux::PTRACE_HIDDEN_BY_TARGET, linux::PTRACE_PARENT_AFTER];
}

/// A child in a process group of its own, one in the agent's group, and a third that traces both, from another group.
struct Hidden {
    leader: Child,
    member: Child,
    tracer: Child,
}

fn hidden(t: &mut Trial) -> Result<Hidden, Abort> {
    let leader = t.spawn(Scenario::of([Step::Setpgid { pgid: 0 }]))?;
    let member = t.spawn(Scenario::held())?;
    let tracer = t.spawn(Scenario::of([Step::Setpgid { pgid: 0 }]))?;
    for child in [&leader, &member] {
        let pid = child.pid as i32;
        t.tell(&tracer, Step::Trace { request: Request::Seize, pid, signal: None, options: vec![] })?;
    }
    Ok(Hidden { leader, member, tracer })
}

/// Has both children exit, which their parent must not see yet.
fn exit_both(t: &mut Trial, hidden: &Hidden) -> Outcome {
    for (child, code) in [(&hidden.leader, 7), (&hidden.member, 8)] {
        t.tell(child, Step::exit(code))?;
        t.await_dead(child)?;
    }
    Ok(())
}

/// Has the tracer reap a child.
fn tracer_reaps(t: &mut Trial, hidden: &Hidden, child: &Child) -> Outcome {
    t.tell(&hidden.tracer, Step::Wait { pid: child.pid as i32 })
}

fn by_pid_and_group(t: &mut Trial) -> Outcome {
    let hidden = hidden(t)?;
    let targets = [
        Target::Child(&hidden.leader),
        Target::Group(&hidden.leader),
        Target::Child(&hidden.member),
        Target::OwnGroup,
    ];
    for target in targets {
        let seen = t.wait(target, Options::NOHANG)?;
        t.expect(&linux::PTRACE_HIDDEN_BY_TARGET).nothing_ready(&seen)?;
    }
    exit_both(t, &hidden)?;
    for target in targets {
        let seen = t.wait(target, Options::NOHANG)?;
        t.expect(&linux::PTRACE_HIDDEN_BY_TARGET).nothing_ready(&seen)?;
    }
    tracer_reaps(t, &hidden, &hidden.leader)?;
    let seen = t.wait(Target::Group(&hidden.leader), Options::NOHANG)?;
    t.expect(&linux::PTRACE_PARENT_AFTER).reaped(&seen, &hidden.leader, Change::Exited(7))?;
    // The other one is still hidden.
    let seen = t.wait(Target::Child(&hidden.member), Options::NOHANG)?;
    t.expect(&linux::PTRACE_HIDDEN_BY_TARGET).nothing_ready(&seen)?;
    tracer_reaps(t, &hidden, &hidden.member)?;
    let seen = t.wait(Target::Child(&hidden.member), Options::NOHANG)?;
    t.expect(&linux::PTRACE_PARENT_AFTER).reaped(&seen, &hidden.member, Change::Exited(8))
}

fn by_pidfd(t: &mut Trial) -> Outcome {
    let hidden = hidden(t)?;
    let fd = t.pidfd_open(&hidden.leader, false)?;
    let seen = t.wait(Target::Pidfd(fd), Options::NOHANG)?;
    t.expect(&linux::PTRACE_HIDDEN_BY_TARGET).nothing_ready(&seen)?;
    exit_both(t, &hidden)?;
    let seen = t.wait(Target::Pidfd(fd), Options::NOHANG)?;
    t.expect(&linux::PTRACE_HIDDEN_BY_TARGET).nothing_ready(&seen)?;
    tracer_reaps(t, &hidden, &hidden.leader)?;
    let seen = t.wait(Target::Pidfd(fd), Options::NOHANG)?;
    t.expect(&linux::PTRACE_PARENT_AFTER).reaped(&seen, &hidden.leader, Change::Exited(7))
}

fn blocks_by_pid(t: &mut Trial) -> Outcome {
    let hidden = hidden(t)?;
    let pending = t.begin(Target::Child(&hidden.leader), Options::NONE)?;
    t.expect(&linux::PTRACE_HIDDEN_BY_TARGET).blocks(&pending)?;
    exit_both(t, &hidden)?;
    t.expect(&linux::PTRACE_HIDDEN_BY_TARGET).blocks(&pending)?;
    tracer_reaps(t, &hidden, &hidden.leader)?;
    let seen = t.finish(pending)?;
    t.expect(&linux::PTRACE_PARENT_AFTER).reaped(&seen, &hidden.leader, Change::Exited(7))
}
