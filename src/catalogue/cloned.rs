//! Children of clone, clone3 and posix_spawn: with another exit signal or none, with a pidfd, as siblings of who made them.

use crate::harness::trial::{
    Calls, Case, Change, Child, Need, Needs, Options, Outcome, Stop, Target, Trial, here,
};
use crate::protocol::Line;
use crate::scenario::{Offspring, Scenario, Step};
use crate::spec::{linux, posix};
use crate::sys::family::Call;
use crate::wait::Signal;

pub const CASES: &[Case] = &[
    Case {
        id: "cloned.like-forked",
        title: "children of clone and clone3 with exit signal SIGCHLD are reported like forked ones",
        clauses: &[&linux::CLONE_SIGCHLD_ORDINARY, &linux::CLONE_PRIMITIVES_ALIKE],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: like_forked,
    },
    Case {
        id: "cloned.spawned",
        title: "a child of posix_spawn is found by a wait for any",
        clauses: &[&posix::SPAWN_CHILD_WAITABLE, &linux::CLONE_PRIMITIVES_ALIKE],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: spawned,
    },
    Case {
        id: "cloned.spawned-by-pid-and-group",
        title: "a child of posix_spawn is found by its pid and by its group, and a missing program's fate is recorded",
        clauses: &[&posix::SPAWN_CHILD_WAITABLE, &posix::SPAWN_MISSING_PROGRAM],
        calls: Calls::WITH_TARGET.few(),
        needs: Needs::NOTHING,
        at: here(),
        run: spawned_by_pid_and_group,
    },
    Case {
        id: "cloned.silent",
        title: "a child without an exit signal is passed over, alive and dead: ECHILD",
        clauses: &[&linux::CLONE_SILENT_PASSED_OVER],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: silent,
    },
    Case {
        id: "cloned.wclone",
        title: "with __WCLONE a child without an exit signal, or with another one, is reported, and a forked one is not",
        clauses: &[
            &linux::CLONE_WCLONE_FINDS,
            &linux::CLONE_WCLONE_PASSES_FORKED,
            &linux::WAITID_CLONE_OPTIONS,
        ],
        calls: Calls::WITH_OPTIONS.few(),
        needs: Needs::NOTHING,
        at: here(),
        run: wclone,
    },
    Case {
        id: "cloned.wall",
        title: "with __WALL children of both kinds are reported, with __WCLONE beside it too",
        clauses: &[&linux::CLONE_WALL_FINDS_ALL, &linux::WAITID_CLONE_OPTIONS],
        calls: Calls::WITH_OPTIONS.few(),
        needs: Needs::NOTHING,
        at: here(),
        run: wall,
    },
    Case {
        id: "cloned.exit-signal",
        title: "the end of a child with another exit signal sends that one, with what SIGCHLD would carry, and no SIGCHLD",
        clauses: &[&linux::CLONE_EXIT_SIGNAL_SENT],
        calls: Calls::WITH_OPTIONS.few(),
        needs: Needs::NOTHING,
        at: here(),
        run: exit_signal,
    },
    Case {
        id: "cloned.exec-resets",
        title: "exec makes a child with another exit signal an ordinary one",
        clauses: &[&linux::CLONE_EXEC_RESETS_SIGNAL],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: exec_resets,
    },
    Case {
        id: "cloned.adoption-resets",
        title: "adoption makes a child with another exit signal an ordinary one",
        clauses: &[&linux::SUBREAPER_RESETS_EXIT_SIGNAL],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: adoption_resets,
    },
    Case {
        id: "cloned.bad-exit-signal",
        title: "clone3 with an exit signal that is none fails with EINVAL, and there is no child",
        clauses: &[&linux::CLONE_BAD_SIGNAL_EINVAL],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: bad_exit_signal,
    },
    Case {
        id: "cloned.sibling",
        title: "a child that a child made with CLONE_PARENT is its creator's sibling: it is ours, and not the creator's",
        clauses: &[&linux::CLONE_PARENT_SIBLING],
        calls: Calls::WITH_TARGET.few(),
        needs: Needs::NOTHING,
        at: here(),
        run: sibling,
    },
    Case {
        id: "cloned.pidfd",
        title: "a pidfd that came with a child polls and waits like one of pidfd_open",
        clauses: &[&linux::PIDFD_FROM_CLONE],
        calls: Calls::only(&[Call::Waitid]),
        needs: Needs::PIDFD_WAITS,
        at: here(),
        run: pidfd,
    },
    Case {
        id: "cloned.thread-is-no-child",
        title: "a thread of the caller is no child: its id gives ECHILD at once, with __WALL too",
        clauses: &[&linux::THREADS_NEVER_WAITABLE],
        calls: Calls::WITH_TARGET.few(),
        needs: Needs::of(&[Need::Threads]),
        at: here(),
        run: thread_is_no_child,
    },
    Case {
        id: "cloned.rehomed",
        title: "whether __WNOTHREAD finds a child whose creating thread ended is recorded",
        clauses: &[&linux::THREADS_REHOMED_WNOTHREAD],
        calls: Calls::ENTRIES,
        needs: Needs::of(&[Need::Threads]),
        at: here(),
        run: rehomed,
    },
];

/// A child of clone with that exit signal, `0` for none.
fn cloned(t: &mut Trial, scenario: Scenario, exit_signal: &str) -> Result<Child, Stop> {
    t.spawn_by("clone", scenario, &[("exit-signal", exit_signal)]).map(|(child, _)| child)
}

fn like_forked(t: &mut Trial) -> Outcome {
    let child = cloned(t, Scenario::exits(7), "SIGCHLD")?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&linux::CLONE_SIGCHLD_ORDINARY).reaped(&seen, &child, Change::Exited(7))?;
    match t.try_spawn_by("clone", Scenario::exits(8), &[("exit-signal", "SIGCHLD"), ("clone3", "yes")])? {
        Ok((child, _)) => {
            let seen = t.wait(Target::Any, Options::NONE)?;
            t.expect(&linux::CLONE_PRIMITIVES_ALIKE).reaped(&seen, &child, Change::Exited(8))
        }
        // Older than Linux 5.3, or forbidden in a container.
        Err(_) => t.expect(&linux::CLONE_PRIMITIVES_ALIKE).not_observed("clone3 is not to be had here"),
    }
}

fn spawned(t: &mut Trial) -> Outcome {
    let (child, _) = t.spawn_by("posix_spawn", Scenario::exits(7), &[])?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    let expect = t.expect(&posix::SPAWN_CHILD_WAITABLE).and(&linux::CLONE_PRIMITIVES_ALIKE);
    expect.reports(&seen, &child, Change::Exited(7))
}

fn spawned_by_pid_and_group(t: &mut Trial) -> Outcome {
    let clause = &posix::SPAWN_CHILD_WAITABLE;
    let (child, _) = t.spawn_by("posix_spawn", Scenario::exits(7), &[])?;
    let seen = t.wait(Target::Child(&child), Options::NONE)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))?;
    let (child, _) = t.spawn_by("posix_spawn", Scenario::exits(8), &[])?;
    let seen = t.wait(Target::OwnGroup, Options::NONE)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(8))?;
    let fate = match t.attempt(Line::new("posix_spawn").with_list("argv", ["/nonexistent/program"]))? {
        Err(errno) => errno,
        Ok(_) => format!("a child: {}", t.wait(Target::Any, Options::NONE)?.outcome()),
    };
    t.expect(&posix::SPAWN_MISSING_PROGRAM).records("posix-spawn-of-a-missing-program", fate)
}

fn silent(t: &mut Trial) -> Outcome {
    let clause = &linux::CLONE_SILENT_PASSED_OVER;
    let child = cloned(t, Scenario::held(), "0")?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).error(&seen, "ECHILD")?;
    t.tell(&child, Step::exit(7))?;
    t.await_zombie(&child)?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).error(&seen, "ECHILD")?;
    let state = t.state(&child)?;
    t.expect(clause).that(state != "gone", "the child to be kept", state)
}

/// Checks both: what every call does, and that `waitid` knows the option at all.
fn finds(t: &mut Trial, clause: &'static crate::spec::Clause, child: &Child, options: Options) -> Outcome {
    let seen = t.wait(Target::Any, options)?;
    let by_waitid = t.call() == Call::Waitid;
    let expect = t.expect(clause);
    let expect = if by_waitid { expect.and(&linux::WAITID_CLONE_OPTIONS) } else { expect };
    expect.reaped(&seen, child, Change::Exited(7))
}

fn wclone(t: &mut Trial) -> Outcome {
    let forked = t.spawn(Scenario::exits(8))?;
    t.await_zombie(&forked)?;
    let seen = t.wait(Target::Any, Options::CLONE | Options::NOHANG)?;
    t.expect(&linux::CLONE_WCLONE_PASSES_FORKED).error(&seen, "ECHILD")?;
    for signal in ["0", "SIGUSR1"] {
        // What the end of the second one sends is not to end the agent.
        t.sigaction(Signal::USR1, "count", &["restart"])?;
        let child = cloned(t, Scenario::exits(7), signal)?;
        finds(t, &linux::CLONE_WCLONE_FINDS, &child, Options::CLONE)?;
    }
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&linux::CLONE_WCLONE_PASSES_FORKED).reaped(&seen, &forked, Change::Exited(8))
}

fn wall(t: &mut Trial) -> Outcome {
    for options in [Options::ALL, Options::ALL | Options::CLONE] {
        for signal in ["0", "SIGCHLD"] {
            let child = cloned(t, Scenario::exits(7), signal)?;
            finds(t, &linux::CLONE_WALL_FINDS_ALL, &child, options)?;
        }
    }
    Ok(())
}

fn exit_signal(t: &mut Trial) -> Outcome {
    let clause = &linux::CLONE_EXIT_SIGNAL_SENT;
    t.sigaction(Signal::CHLD, "record", &["restart"])?;
    t.sigaction(Signal::USR1, "record", &["restart"])?;
    let child = cloned(t, Scenario::exits(7), "SIGUSR1")?;
    let seen = t.wait(Target::Child(&child), Options::ALL)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))?;
    let caught = t.await_signals(1)?;
    let names: Vec<String> = caught.seen.iter().map(|s| s.signal.clone()).collect();
    t.expect(clause).equal("signals", &names.join(" "), &"SIGUSR1".to_owned())?;
    let told = caught.seen.first().map(|s| (s.code.clone(), s.pid, s.status));
    let expected = Some(("CLD_EXITED".to_owned(), child.pid, 7));
    t.expect(clause).that(told == expected, format!("{expected:?}"), format!("{told:?}"))
}

fn exec_resets(t: &mut Trial) -> Outcome {
    let clause = &linux::CLONE_EXEC_RESETS_SIGNAL;
    t.sigaction(Signal::CHLD, "record", &["restart"])?;
    t.sigaction(Signal::USR1, "record", &["restart"])?;
    let child = cloned(t, Scenario::held(), "SIGUSR1")?;
    let seen = t.wait(Target::Any, Options::NOHANG)?;
    t.expect(clause).error(&seen, "ECHILD")?;
    t.tell(&child, Step::Exec { steps: vec![] })?;
    t.await_image(&child)?;
    let pending = t.begin(Target::Any, Options::NONE)?;
    t.expect(clause).blocks(&pending)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.finish(pending)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))?;
    only_sigchld(t, clause)
}

/// That the agent caught SIGCHLD once, and nothing else.
fn only_sigchld(t: &mut Trial, clause: &'static crate::spec::Clause) -> Outcome {
    let caught = t.await_signals(1)?;
    let names: Vec<String> = caught.seen.iter().map(|s| s.signal.clone()).collect();
    t.expect(clause).equal("signals", &names.join(" "), &"SIGCHLD".to_owned())
}

fn adoption_resets(t: &mut Trial) -> Outcome {
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
    t.sigaction(Signal::CHLD, "record", &["restart"])?;
    t.sigaction(Signal::USR1, "record", &["restart"])?;
    t.tell(&below, Step::exit(7))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reaped(&seen, &below, Change::Exited(7))?;
    only_sigchld(t, clause)
}

fn bad_exit_signal(t: &mut Trial) -> Outcome {
    let clause = &linux::CLONE_BAD_SIGNAL_EINVAL;
    for signal in ["65", "200"] {
        let how = [("exit-signal", signal), ("clone3", "yes")];
        let errno = match t.try_spawn_by("clone", Scenario::exits(7), &how)? {
            Ok(_) => "0".to_owned(),
            Err(errno) if errno == "ENOSYS" => return Err(Stop::Skip("no clone3 here".into())),
            Err(errno) => errno,
        };
        t.expect(clause).equal("clone3", &errno, &"EINVAL".to_owned())?;
    }
    let seen = t.wait(Target::Any, Options::NOHANG)?;
    t.expect(clause).error(&seen, "ECHILD")
}

fn sibling(t: &mut Trial) -> Outcome {
    let clause = &linux::CLONE_PARENT_SIBLING;
    let child = t.spawn(Scenario::held())?;
    let sibling = t.spawn_from(&child, |token| Step::Clone {
        offspring: Offspring { token: Some(token), orphan: true, steps: vec![] },
        sibling: true,
        exit_signal: None,
    })?;
    let pid = sibling.pid as i32;
    let taken = match t.try_tell(&child, Step::Wait { pid })? {
        Ok(_) => "its creator could wait for it".to_owned(),
        Err(errno) => errno,
    };
    t.expect(clause).equal("the creator's wait", &taken, &"ECHILD".to_owned())?;
    let pending = t.begin(Target::Child(&sibling), Options::NONE)?;
    t.expect(clause).blocks(&pending)?;
    t.tell(&sibling, Step::exit(7))?;
    let seen = t.finish(pending)?;
    t.expect(clause).reaped(&seen, &sibling, Change::Exited(7))
}

fn pidfd(t: &mut Trial) -> Outcome {
    let clause = &linux::PIDFD_FROM_CLONE;
    let how = [("exit-signal", "SIGCHLD"), ("pidfd", "yes")];
    let (child, reply) = t.spawn_by("clone", Scenario::held(), &how)?;
    let Ok(fd) = reply.number("fd") else { return Err(Stop::Skip("clone gives no pidfd here".into())) };
    let polled = t.poll(fd)?.join(" ");
    t.expect(clause).equal("poll of a live child", &polled, &String::new())?;
    t.tell(&child, Step::exit(7))?;
    t.await_zombie(&child)?;
    let polled = t.poll(fd)?.join(" ");
    t.expect(clause).equal("poll of a zombie", &polled, &"POLLIN".to_owned())?;
    let seen = t.wait(Target::Pidfd(fd), Options::NONE)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))
}

fn thread_is_no_child(t: &mut Trial) -> Outcome {
    let clause = &linux::THREADS_NEVER_WAITABLE;
    let child = t.spawn(Scenario::held())?;
    let (_, tid) = t.agent_ids(1)?;
    let seen = t.wait(Target::Pid(tid), Options::NONE)?;
    t.expect(clause).error(&seen, "ECHILD")?;
    let seen = t.wait(Target::Pid(tid), Options::ALL)?;
    t.expect(clause).error(&seen, "ECHILD")?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.wait(Target::Any, Options::ALL)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))
}

fn rehomed(t: &mut Trial) -> Outcome {
    let child = t.spawn_with(Scenario::exits(7), &[("thread", "1")])?;
    t.exit_thread(1)?;
    t.await_zombie(&child)?;
    let seen = t.wait(Target::Any, Options::NOTHREAD | Options::NOHANG)?;
    let found = if seen.is_report() { "found".to_owned() } else { seen.outcome() };
    t.expect(&linux::THREADS_REHOMED_WNOTHREAD).records("child-of-an-ended-thread-with-wnothread", found)
}
