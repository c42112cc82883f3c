//! Children of clone, clone3 and posix_spawn: with another exit signal or none, with a pidfd, or as siblings of the caller.

use crate::protocol::codec::Words;
use crate::scenario::{Offspring, Scenario, Step};
use crate::spec::{linux, posix};
use crate::sys::call::abi::Call;
use crate::trial::cases;
use crate::trial::{
    Abort, AgentRequest, By, Calls, Change, Child, CloneHow, Disposition, Errno, Needs, Options, Outcome,
    ProcessState, SiCode, SigactionFlags, Target, Trial,
};
use crate::wait::Signal;

cases! { "clone";

    /// children of clone and clone3 with exit signal SIGCHLD are reported like forked ones
    sigchld_like_fork(ANY) in Calls::ENTRIES
        => [linux::CLONE_SIGCHLD_ORDINARY, linux::CLONE_ALL_PRIMITIVES_AGREE];

    /// a wait for any child reports a child created by posix_spawn
    posix_spawn(ANY) in Calls::ENTRIES => [posix::SPAWN_CHILD_WAITABLE, linux::CLONE_ALL_PRIMITIVES_AGREE];

    /// a posix_spawn child is found by pid and by group; spawning a missing program is recorded
    posix_spawn_by_pid_and_group(ANY | PID | GROUP) in Calls::WITH_TARGET.few()
        => [posix::SPAWN_CHILD_WAITABLE, posix::SPAWN_MISSING_PROGRAM];

    /// a child without an exit signal is skipped, both alive and as a zombie: ECHILD
    no_exit_signal(ANY) in Calls::ENTRIES => [linux::CLONE_NO_EXIT_SIGNAL_SKIPPED];

    /// __WCLONE reports children with no exit signal or one other than SIGCHLD, and skips forked ones
    selects_clone_children(ANY; NOHANG | CLONE) in Calls::WITH_OPTIONS => [
        linux::CLONE_WCLONE_FINDS_CLONE_CHILDREN,
        linux::CLONE_WCLONE_SKIPS_FORKED,
        linux::WAITID_CLONE_OPTIONS,
    ];

    /// __WALL reports both kinds of children, even combined with __WCLONE
    wall(ANY; ALL | CLONE) in Calls::WITH_OPTIONS
        => [linux::CLONE_WALL_FINDS_ALL, linux::WAITID_CLONE_OPTIONS];

    /// a child with another exit signal sends that signal on exit, with SIGCHLD's siginfo, and no SIGCHLD
    exit_signal_sent(PID; ALL) in Calls::ENTRIES => [linux::CLONE_EXIT_SIGNAL_SENT];

    /// exec turns a child with another exit signal into an ordinary one
    exec_resets_exit_signal(ANY; NOHANG) in Calls::ENTRIES => [linux::CLONE_EXEC_RESETS_SIGNAL];

    /// adoption turns a child with another exit signal into an ordinary one
    reparenting_resets_exit_signal(ANY) in Calls::ENTRIES => [linux::SUBREAPER_RESETS_EXIT_SIGNAL];

    /// clone3 with an invalid exit signal fails with EINVAL, and creates no child
    invalid_exit_signal(ANY; NOHANG) in Calls::ENTRIES => [linux::CLONE_BAD_SIGNAL_EINVAL];

    /// a child created with CLONE_PARENT is a child of the creator's parent, not of the creator
    clone_parent(PID) in Calls::WITH_TARGET.few() => [linux::CLONE_CLONE_PARENT_SIBLING];

    /// a pidfd returned by clone polls and waits like one from pidfd_open
    clone_pidfd(PIDFD) in Calls::only(&[Call::Waitid]), needs Needs::PIDFD_WAITS => [linux::PIDFD_FROM_CLONE];

    /// a thread of the caller is not a child: waiting for its tid fails with ECHILD, even with __WALL
    thread_is_not_a_child(ANY | PID; ALL) in Calls::WITH_TARGET.few(), needs Needs::THREADS
        => [linux::THREADS_NEVER_WAITABLE];

    /// whether __WNOTHREAD finds a child whose creating thread has exited is recorded
    wnothread_after_creator_exit(ANY; NOHANG | NOTHREAD) in Calls::ENTRIES, needs Needs::THREADS
        => [linux::THREADS_WNOTHREAD_AFTER_CREATOR_EXIT];
}

/// A child of clone with that exit signal.
fn cloned(t: &mut Trial, scenario: Scenario, exit_signal: Option<Signal>) -> Result<Child, Abort> {
    t.spawn_by(&By::Clone(CloneHow::signalling(exit_signal)), scenario).map(|(child, _)| child)
}

fn sigchld_like_fork(t: &mut Trial) -> Outcome {
    let child = cloned(t, Scenario::exits(7), Some(Signal::CHLD))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&linux::CLONE_SIGCHLD_ORDINARY).reaped(&seen, &child, Change::Exited(7))?;
    let how = CloneHow { clone3: true, ..CloneHow::signalling(Some(Signal::CHLD)) };
    match t.try_spawn_by(&By::Clone(how), Scenario::exits(8))? {
        Ok((child, _)) => {
            let seen = t.wait(Target::Any, Options::NONE)?;
            t.expect(&linux::CLONE_ALL_PRIMITIVES_AGREE).reaped(&seen, &child, Change::Exited(8))
        }
        // Before Linux 5.3, or blocked by a container's seccomp filter.
        Err(_) => t.expect(&linux::CLONE_ALL_PRIMITIVES_AGREE).not_observed("clone3 is unavailable here"),
    }
}

fn posix_spawn(t: &mut Trial) -> Outcome {
    let (child, _) = t.spawn_by(&By::PosixSpawn, Scenario::exits(7))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    let expect = t.expect(&posix::SPAWN_CHILD_WAITABLE).and(&linux::CLONE_ALL_PRIMITIVES_AGREE);
    expect.reports(&seen, &child, Change::Exited(7))
}

fn posix_spawn_by_pid_and_group(t: &mut Trial) -> Outcome {
    let clause = &posix::SPAWN_CHILD_WAITABLE;
    let (child, _) = t.spawn_by(&By::PosixSpawn, Scenario::exits(7))?;
    let seen = t.wait(Target::Child(&child), Options::NONE)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))?;
    let (child, _) = t.spawn_by(&By::PosixSpawn, Scenario::exits(8))?;
    let seen = t.wait(Target::OwnGroup, Options::NONE)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(8))?;
    let fate = match t
        .attempt(&AgentRequest::PosixSpawn { argv: Words::of(["/nonexistent/program"]), thread: None })?
    {
        Err(errno) => errno.to_string(),
        Ok(_) => format!("a child: {}", t.wait(Target::OwnGroup, Options::NONE)?.outcome()),
    };
    t.expect(&posix::SPAWN_MISSING_PROGRAM).records("posix_spawn of a missing program", fate)
}

fn no_exit_signal(t: &mut Trial) -> Outcome {
    let clause = &linux::CLONE_NO_EXIT_SIGNAL_SKIPPED;
    let child = cloned(t, Scenario::held(), None)?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).error(&seen, Errno::CHILD)?;
    t.tell(&child, Step::exit(7))?;
    t.await_zombie(&child)?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).error(&seen, Errno::CHILD)?;
    let state = t.state(&child)?;
    t.expect(clause).that(state != ProcessState::Gone, "child kept", state.to_string())
}

/// Checks both what every call does and that `waitid` accepts the option at all.
fn finds_child(
    t: &mut Trial,
    clause: &'static crate::spec::Clause,
    child: &Child,
    options: Options,
) -> Outcome {
    let seen = t.wait(Target::Any, options)?;
    let by_waitid = t.call() == Call::Waitid;
    let expect = t.expect(clause);
    let expect = if by_waitid { expect.and(&linux::WAITID_CLONE_OPTIONS) } else { expect };
    expect.reaped(&seen, child, Change::Exited(7))
}

fn selects_clone_children(t: &mut Trial) -> Outcome {
    let forked = t.spawn(Scenario::exits(8))?;
    t.await_zombie(&forked)?;
    let seen = t.wait(Target::Any, Options::CLONE | Options::NOHANG)?;
    t.expect(&linux::CLONE_WCLONE_SKIPS_FORKED).error(&seen, Errno::CHILD)?;
    for signal in [None, Some(Signal::USR1)] {
        // The exit signal of the second child must not kill the agent.
        t.sigaction(Signal::USR1, Disposition::Count, SigactionFlags::RESTART)?;
        let child = cloned(t, Scenario::exits(7), signal)?;
        finds_child(t, &linux::CLONE_WCLONE_FINDS_CLONE_CHILDREN, &child, Options::CLONE)?;
    }
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&linux::CLONE_WCLONE_SKIPS_FORKED).reaped(&seen, &forked, Change::Exited(8))
}

fn wall(t: &mut Trial) -> Outcome {
    for options in [Options::ALL, Options::ALL | Options::CLONE] {
        for signal in [None, Some(Signal::CHLD)] {
            let child = cloned(t, Scenario::exits(7), signal)?;
            finds_child(t, &linux::CLONE_WALL_FINDS_ALL, &child, options)?;
        }
    }
    Ok(())
}

fn exit_signal_sent(t: &mut Trial) -> Outcome {
    let clause = &linux::CLONE_EXIT_SIGNAL_SENT;
    t.sigaction(Signal::CHLD, Disposition::Record, SigactionFlags::RESTART)?;
    t.sigaction(Signal::USR1, Disposition::Record, SigactionFlags::RESTART)?;
    let child = cloned(t, Scenario::exits(7), Some(Signal::USR1))?;
    let seen = t.wait(Target::Child(&child), Options::ALL)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))?;
    let caught = t.await_signals(1)?;
    let names: Vec<String> = caught.seen.iter().map(|s| s.signal.to_string()).collect();
    t.expect(clause).equal("signals", &names.join(" "), &"SIGUSR1".to_owned())?;
    let carried = caught.seen.first().map(|s| (s.code, s.pid));
    let expected = Some((SiCode::Exited, child.pid));
    t.expect(clause).that(carried == expected, format!("{expected:?}"), format!("{carried:?}"))?;
    let status = caught.seen.first().map_or(-1, |s| s.status);
    t.expect(clause).exit_value(status, 7)
}

fn exec_resets_exit_signal(t: &mut Trial) -> Outcome {
    let clause = &linux::CLONE_EXEC_RESETS_SIGNAL;
    t.sigaction(Signal::CHLD, Disposition::Record, SigactionFlags::RESTART)?;
    t.sigaction(Signal::USR1, Disposition::Record, SigactionFlags::RESTART)?;
    let child = cloned(t, Scenario::held(), Some(Signal::USR1))?;
    let seen = t.wait(Target::Any, Options::NOHANG)?;
    t.expect(clause).error(&seen, Errno::CHILD)?;
    t.tell(&child, Step::Exec { steps: vec![] })?;
    t.await_image(&child)?;
    let pending = t.begin(Target::Any, Options::NONE)?;
    t.expect(clause).blocks(&pending)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.finish(pending)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))?;
    only_sigchld(t, clause)
}

/// The agent caught exactly one SIGCHLD and nothing else.
fn only_sigchld(t: &mut Trial, clause: &'static crate::spec::Clause) -> Outcome {
    let caught = t.await_signals(1)?;
    let names: Vec<String> = caught.seen.iter().map(|s| s.signal.to_string()).collect();
    t.expect(clause).equal("signals", &names.join(" "), &"SIGCHLD".to_owned())
}

fn reparenting_resets_exit_signal(t: &mut Trial) -> Outcome {
    let clause = &linux::SUBREAPER_RESETS_EXIT_SIGNAL;
    t.subreaper(true)?;
    let child = t.spawn(Scenario::held())?;
    let below = t.spawn_from(&child, |token| Step::Clone {
        offspring: Offspring { token: Some(token), orphan: true, steps: vec![] },
        sibling: false,
        exit_signal: Some(Signal::USR1),
    })?;
    t.tell(&child, Step::exit(8))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(8))?;
    t.sigaction(Signal::CHLD, Disposition::Record, SigactionFlags::RESTART)?;
    t.sigaction(Signal::USR1, Disposition::Record, SigactionFlags::RESTART)?;
    t.tell(&below, Step::exit(7))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reaped(&seen, &below, Change::Exited(7))?;
    only_sigchld(t, clause)
}

fn invalid_exit_signal(t: &mut Trial) -> Outcome {
    let clause = &linux::CLONE_BAD_SIGNAL_EINVAL;
    for signal in [65, 200] {
        let how = CloneHow { clone3: true, ..CloneHow::signalling(Some(Signal::from_number(signal))) };
        let errno = match t.try_spawn_by(&By::Clone(how), Scenario::exits(7))? {
            Ok(_) => Errno::NONE,
            Err(errno) if errno == Errno::NOSYS => {
                return Err(Abort::Skip("clone3 is unavailable here".into()));
            }
            Err(errno) => errno,
        };
        t.expect(clause).equal("clone3", &errno, &Errno::INVAL)?;
    }
    let seen = t.wait(Target::Any, Options::NOHANG)?;
    t.expect(clause).error(&seen, Errno::CHILD)
}

fn clone_parent(t: &mut Trial) -> Outcome {
    let clause = &linux::CLONE_CLONE_PARENT_SIBLING;
    let child = t.spawn(Scenario::held())?;
    let sibling = t.spawn_from(&child, |token| Step::Clone {
        offspring: Offspring { token: Some(token), orphan: true, steps: vec![] },
        sibling: true,
        exit_signal: None,
    })?;
    let pid = sibling.pid as i32;
    let creators_wait = match t.try_tell(&child, Step::Wait { pid })? {
        Ok(_) => Errno::NONE,
        Err(errno) => errno,
    };
    t.expect(clause).equal("the creator's wait", &creators_wait, &Errno::CHILD)?;
    let pending = t.begin(Target::Child(&sibling), Options::NONE)?;
    t.expect(clause).blocks(&pending)?;
    t.tell(&sibling, Step::exit(7))?;
    let seen = t.finish(pending)?;
    t.expect(clause).reaped(&seen, &sibling, Change::Exited(7))
}

fn clone_pidfd(t: &mut Trial) -> Outcome {
    let clause = &linux::PIDFD_FROM_CLONE;
    let how = CloneHow { pidfd: true, ..CloneHow::signalling(Some(Signal::CHLD)) };
    let (child, reply) = t.spawn_by(&By::Clone(how), Scenario::held())?;
    let Ok(fd) = reply.number("fd") else { return Err(Abort::Skip("clone returns no pidfd here".into())) };
    let polled = t.poll(fd)?.join(" ");
    t.expect(clause).equal("poll of a live child", &polled, &String::new())?;
    t.tell(&child, Step::exit(7))?;
    t.await_zombie(&child)?;
    let polled = t.poll(fd)?.join(" ");
    t.expect(clause).equal("poll of a zombie", &polled, &"POLLIN".to_owned())?;
    let seen = t.wait(Target::Pidfd(fd), Options::NONE)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))
}

fn thread_is_not_a_child(t: &mut Trial) -> Outcome {
    let clause = &linux::THREADS_NEVER_WAITABLE;
    let child = t.spawn(Scenario::held())?;
    let (_, tid) = t.agent_ids(1)?;
    let seen = t.wait(Target::Pid(tid), Options::NONE)?;
    t.expect(clause).error(&seen, Errno::CHILD)?;
    let seen = t.wait(Target::Pid(tid), Options::ALL)?;
    t.expect(clause).error(&seen, Errno::CHILD)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.wait(Target::Any, Options::ALL)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))
}

fn wnothread_after_creator_exit(t: &mut Trial) -> Outcome {
    let child = t.spawn_on(1, Scenario::exits(7))?;
    t.exit_thread(1)?;
    t.await_zombie(&child)?;
    let seen = t.wait(Target::Any, Options::NOTHREAD | Options::NOHANG)?;
    let found = if seen.is_report() { "found".to_owned() } else { seen.outcome() };
    t.expect(&linux::THREADS_WNOTHREAD_AFTER_CREATOR_EXIT)
        .records("__WNOTHREAD for the child of an exited thread", found)
}
