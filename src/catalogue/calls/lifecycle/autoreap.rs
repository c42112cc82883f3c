//! Children of clone3 with CLONE_AUTOREAP and CLONE_PIDFD_AUTOKILL (Linux 7.1), which no wait ever reports.

use super::orphans::grandchild;
use crate::scenario::{Scenario, Step};
use crate::spec::linux;
use crate::sys::call::abi::Call;
use crate::trial::cases;
use crate::trial::{
    Abort, AgentRequest, AutoreapHow, By, Calls, Change, Child, Disposition, Errno, Needs, Options, Outcome,
    ProcessState, SigactionFlags, Target, Trial,
};
use crate::wait::Signal;
use std::time::{Duration, Instant};

cases! { "autoreap";

    /// a child created with CLONE_AUTOREAP leaves no zombie, sends no signal, and is not reported by any call
    never_reported(ANY | PID; NOHANG | ALL) in Calls::WITH_TARGET.few()
        => [linux::CLONE_AUTOREAP_NEVER_REPORTED];

    /// a pidfd shows the exit of a child created with CLONE_AUTOREAP, and a wait through it fails with ECHILD
    through_a_pidfd(PIDFD; NOHANG | ALL) in Calls::only(&[Call::Waitid]), needs Needs::PIDFD_WAITS
        => [linux::CLONE_AUTOREAP_PIDFD];

    /// the child of a child created with CLONE_AUTOREAP is an ordinary one, which becomes a zombie
    not_inherited(ANY; NOHANG | ALL) in Calls::WITH_OPTIONS.few() => [linux::CLONE_AUTOREAP_NOT_INHERITED];

    /// clone3 with CLONE_AUTOREAP and an exit signal fails with EINVAL, and creates no child
    exit_signal(ANY; NOHANG | ALL) in Calls::WITH_OPTIONS.few() => [linux::CLONE_AUTOREAP_EXIT_SIGNAL];

    /// closing the pidfd from CLONE_PIDFD_AUTOKILL kills the child; closing another pidfd does not
    autokill(ANY; NOHANG | ALL) in Calls::WITH_OPTIONS.few() => [linux::CLONE_AUTOKILL_CLOSE_KILLS];
}

/// How long to watch a killed child before sending it a step.
const SOON: Duration = Duration::from_secs(2);

/// A child created with CLONE_AUTOREAP, with a pidfd if requested.
fn autoreaped(t: &mut Trial, how: AutoreapHow) -> Result<(Child, i64), Abort> {
    let (child, reply) = t.spawn_by(&By::Autoreap(how), Scenario::held())?;
    Ok((child, reply.number("fd").unwrap_or(-1)))
}

fn never_reported(t: &mut Trial) -> Outcome {
    let clause = &linux::CLONE_AUTOREAP_NEVER_REPORTED;
    t.sigaction(Signal::CHLD, Disposition::Count, SigactionFlags::RESTART)?;
    let (child, _) = autoreaped(t, AutoreapHow::default())?;
    let other = t.spawn(Scenario::held())?;
    t.tell(&child, Step::exit(7))?;
    t.await_ended(&child)?;
    for options in [Options::NOHANG, Options::NOHANG | Options::ALL] {
        let seen = t.wait(Target::Any, options)?;
        t.expect(clause).nothing_ready(&seen)?;
        let seen = t.wait(Target::Child(&child), options)?;
        t.expect(clause).error(&seen, Errno::CHILD)?;
    }
    let state = t.state(&child)?;
    t.expect(clause).equal("state of the child", &state, &ProcessState::Gone)?;
    let none = t.signals()?.count;
    t.expect(clause).equal("signals of its exit:", &none, &0)?;
    t.tell(&other, Step::exit(8))?;
    let seen = t.wait(Target::Any, Options::ALL)?;
    t.expect(clause).reaped(&seen, &other, Change::Exited(8))?;
    let seen = t.wait(Target::Any, Options::ALL)?;
    t.expect(clause).error(&seen, Errno::CHILD)
}

fn through_a_pidfd(t: &mut Trial) -> Outcome {
    let clause = &linux::CLONE_AUTOREAP_PIDFD;
    let (child, fd) = autoreaped(t, AutoreapHow { pidfd: true, ..AutoreapHow::default() })?;
    let polled = t.poll(fd)?.join(" ");
    t.expect(clause).equal("poll of a live child", &polled, &String::new())?;
    t.tell(&child, Step::exit(7))?;
    t.await_ended(&child)?;
    let seen = t.wait(Target::Pidfd(fd), Options::NOHANG | Options::ALL)?;
    t.expect(clause).error(&seen, Errno::CHILD)?;
    let readable = t.poll(fd)?.iter().any(|event| event == "POLLIN");
    t.expect(clause).that(readable, "a readable pidfd", "one that is not readable")?;
    match t.attempt(&AgentRequest::PidfdInfo { fd: fd as i32 })? {
        Ok(reply) => {
            let status = reply.number("status").unwrap_or(-1);
            t.expect(clause).equal("status of PIDFD_GET_INFO", &status, &(7 << 8))
        }
        Err(errno) => t.expect(clause).that(false, "PIDFD_GET_INFO to return a status", errno.to_string()),
    }
}

fn not_inherited(t: &mut Trial) -> Outcome {
    let clause = &linux::CLONE_AUTOREAP_NOT_INHERITED;
    let (child, _) = autoreaped(t, AutoreapHow::default())?;
    let descendant = grandchild(t, &child, false)?;
    t.tell(&descendant, Step::exit(8))?;
    t.await_ended(&descendant)?;
    let state = t.state(&descendant)?;
    t.expect(clause).equal("state of its child", &state, &ProcessState::Zombie)?;
    t.tell(&child, Step::Wait { pid: descendant.pid as i32 })?;
    t.tell(&child, Step::exit(7))?;
    t.await_ended(&child)?;
    let seen = t.wait(Target::Any, Options::NOHANG | Options::ALL)?;
    t.expect(clause).error(&seen, Errno::CHILD)
}

fn exit_signal(t: &mut Trial) -> Outcome {
    let clause = &linux::CLONE_AUTOREAP_EXIT_SIGNAL;
    // Make sure the flag is supported: older kernels also return EINVAL for a flag they do not know.
    let (child, _) = autoreaped(t, AutoreapHow::default())?;
    t.tell(&child, Step::exit(7))?;
    t.await_ended(&child)?;
    for signal in [Signal::CHLD, Signal::USR1] {
        let how = AutoreapHow { exit_signal: Some(signal), ..AutoreapHow::default() };
        let errno = match t.try_spawn_by(&By::Autoreap(how), Scenario::exits(8))? {
            Ok(_) => Errno::NONE,
            Err(errno) => errno,
        };
        t.expect(clause).equal("clone3", &errno, &Errno::INVAL)?;
    }
    let seen = t.wait(Target::Any, Options::NOHANG | Options::ALL)?;
    t.expect(clause).error(&seen, Errno::CHILD)
}

fn autokill(t: &mut Trial) -> Outcome {
    let clause = &linux::CLONE_AUTOKILL_CLOSE_KILLS;
    let (child, fd) = autoreaped(t, AutoreapHow { pidfd: true, autokill: true, ..AutoreapHow::default() })?;
    let another = t.pidfd_open(&child, false)?;
    t.close_fd(another)?;
    let alive = t.tell_for_reply(&child, &Step::Getids).is_ok();
    t.expect(clause).that(alive, "the child alive after another pidfd is closed", "it does not answer")?;
    t.close_fd(fd)?;
    // It was killed before that call returned, and dies soon; a child that still answers a step was not killed.
    let began = Instant::now();
    let mut dead = false;
    while !dead && began.elapsed() < SOON {
        dead = matches!(t.state(&child)?, ProcessState::Zombie | ProcessState::Gone);
    }
    let alive = !dead && t.tell_for_reply(&child, &Step::Getids).is_ok();
    t.expect(clause).that(!alive, "the child killed by closing its pidfd", "it answers a step")?;
    t.await_ended(&child)?;
    let seen = t.wait(Target::Any, Options::NOHANG | Options::ALL)?;
    t.expect(clause).error(&seen, Errno::CHILD)
}
