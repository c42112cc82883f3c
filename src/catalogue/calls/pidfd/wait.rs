//! Linux: waiting through a pidfd.

use crate::scenario::{Scenario, Step};
use crate::spec::{Clause, linux};
use crate::sys::call::abi::Call;
use crate::trial::cases;
use crate::trial::{
    Calls, Change, Child, Disposition, Errno, Needs, Options, Outcome, SigactionFlags, Target, Trial,
};
use crate::wait::Signal;

/// `P_PIDFD` is an idtype of `waitid` only.
const WAITID: Calls = Calls::only(&[Call::Waitid]);

cases! { "pidfd";

    /// a wait through a pidfd blocks, then reaps the child it refers to and no other
    exit(PID | PIDFD) in WAITID, needs Needs::PIDFD_WAITS => [linux::PIDFD_WAIT_EXIT];

    /// a wait through a pidfd reports a stop and a continue
    stop_continue(PIDFD; NOHANG | UNTRACED | CONTINUED) in WAITID, needs Needs::PIDFD_WAITS
        => [linux::PIDFD_WAIT_STOP_CONTINUE];

    /// WNOHANG through a live child's pidfd returns 0
    nohang(PIDFD; NOHANG) in WAITID, needs Needs::PIDFD_WAITS => [linux::PIDFD_NOHANG_ZERO];

    /// a WNOWAIT peek through a pidfd leaves the child waitable and the pidfd readable
    peek(PIDFD; NOWAIT) in WAITID, needs Needs::PIDFD_WAITS => [linux::PIDFD_NOWAIT];

    /// a nonblocking pidfd gives EAGAIN for a live child, 0 with WNOHANG, and reaps a zombie
    nonblock(PIDFD; NOHANG | NOWAIT) in WAITID, needs Needs::PIDFD_WAITS
        => [linux::PIDFD_NONBLOCK_EAGAIN, linux::PIDFD_NONBLOCK_NOHANG_ZERO, linux::PIDFD_NONBLOCK_READY];

    /// a negative descriptor gives EINVAL
    negative_fd(PIDFD) in WAITID, needs Needs::PIDFD_WAITS => [linux::PIDFD_NEGATIVE_EINVAL];

    /// a closed descriptor and one that is not a pidfd give EBADF, and the child is kept
    not_a_pidfd(PID | PIDFD) in WAITID, needs Needs::PIDFD_WAITS => [linux::PIDFD_OTHER_FD_EBADF];

    /// a bad descriptor gives EINVAL if the options are invalid, too, and EBADF without children
    error_order(PIDFD; NOHANG | OTHER) in WAITID, needs Needs::PIDFD_WAITS => [linux::PIDFD_ERROR_ORDER];

    /// the pidfd of a process that is not a child, the caller's own or a grandchild's, gives ECHILD
    not_a_child(PIDFD; NOHANG) in WAITID, needs Needs::PIDFD_WAITS => [linux::PIDFD_NOT_A_CHILD_ECHILD];

    /// the pidfd of a reaped child gives ECHILD, whichever call reaped it
    after_reap(ANY | PIDFD; NOHANG; adapting) in Calls::ENTRIES, needs Needs::PIDFD_WAITS
        => [linux::PIDFD_AFTER_REAP_ECHILD];

    /// a pidfd becomes readable when its child exits, and stays readable after the reap
    poll(ANY; NOHANG) in Calls::WITH_OPTIONS.few() => [
        linux::PIDFD_POLL_ALIVE,
        linux::PIDFD_POLL_ZOMBIE,
        linux::PIDFD_POLL_AFTER_REAP,
        linux::PIDFD_READABLE_IS_WAITABLE,
    ];

    /// so it does if a signal kills the child, while it runs and while it is stopped, in a group or a session of its own, after an exec
    poll_every_kind(PIDFD) in WAITID, needs Needs::PIDFD_WAITS => [linux::PIDFD_POLL_ALIVE, linux::PIDFD_POLL_ZOMBIE];

    /// a pidfd is not readable while any thread lives, even after the initial thread has exited
    poll_threads(PIDFD; NOHANG | NOWAIT) in WAITID, needs Needs::PIDFD_WAITS => [linux::PIDFD_POLL_WHOLE_PROCESS];

    /// epoll on a live child's pidfd reports nothing until the child exits
    epoll(PIDFD; NOWAIT) in WAITID, needs Needs::PIDFD_WAITS
        => [linux::PIDFD_WAKES_POLLERS, linux::THREADS_PEEK_GROUP_CODE];

    /// two pidfds of one child become readable together, and a reap through one counts for both
    two_pidfds(PIDFD) in WAITID, needs Needs::PIDFD_WAITS => [linux::PIDFD_TWO_HANDLES];

    /// a pidfd can be opened for a zombie, and reaps it, but not for a child that has been reaped
    open_zombie(PIDFD) in WAITID, needs Needs::PIDFD_WAITS
        => [linux::PIDFD_OPEN_ZOMBIE, linux::PIDFD_OPEN_AFTER_REAP_ESRCH, linux::PIDFD_OPEN_EINVAL];

    /// with SIGCHLD ignored, an exited child's pidfd is readable and gives ECHILD
    auto_reaped(PIDFD) in WAITID, needs Needs::PIDFD_WAITS => [linux::PIDFD_AUTO_REAPED];
}

/// Checks whether poll finds the agent's descriptor readable.
fn readable(t: &mut Trial, clause: &'static Clause, fd: i64, expected: bool) -> Outcome {
    let events = t.poll(fd)?;
    let ready = events.iter().any(|event| event == "POLLIN");
    let wanted = if expected { "POLLIN" } else { "no POLLIN" };
    t.expect(clause).that(ready == expected, wanted, format!("{events:?}"))
}

fn exit(t: &mut Trial) -> Outcome {
    let clause = &linux::PIDFD_WAIT_EXIT;
    let other = t.spawn(Scenario::exits(8))?;
    let child = t.spawn(Scenario::held())?;
    let fd = t.pidfd_open(&child, false)?;
    t.await_zombie(&other)?;
    let pending = t.begin(Target::Pidfd(fd), Options::NONE)?;
    t.expect(clause).blocks(&pending)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.finish(pending)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))?;
    let seen = t.wait(Target::Child(&other), Options::NONE)?;
    t.expect(clause).reaped(&seen, &other, Change::Exited(8))?;
    // A death by signal is reported as with P_PID.
    let child = t.spawn(Scenario::dies(Signal::KILL))?;
    let fd = t.pidfd_open(&child, false)?;
    let seen = t.wait(Target::Pidfd(fd), Options::NONE)?;
    t.expect(clause).reaped(&seen, &child, Change::Killed(Signal::KILL, false))
}

fn stop_continue(t: &mut Trial) -> Outcome {
    let clause = &linux::PIDFD_WAIT_STOP_CONTINUE;
    let child = t.spawn(Scenario::held())?;
    let fd = t.pidfd_open(&child, false)?;
    t.signal(&child, Signal::STOP)?;
    t.await_stopped(&child)?;
    let seen = t.wait(Target::Pidfd(fd), Options::UNTRACED | Options::NOT_EXITED)?;
    t.expect(clause).reports(&seen, &child, Change::Stopped(Signal::STOP))?;
    t.signal(&child, Signal::CONT)?;
    let seen = t.wait(Target::Pidfd(fd), Options::CONTINUED | Options::NOT_EXITED)?;
    t.expect(clause).reports(&seen, &child, Change::Continued)?;
    let both = Options::UNTRACED | Options::CONTINUED | Options::NOHANG;
    let seen = t.wait(Target::Pidfd(fd), both)?;
    t.expect(clause).nothing_ready(&seen)
}

fn nohang(t: &mut Trial) -> Outcome {
    let clause = &linux::PIDFD_NOHANG_ZERO;
    let other = t.spawn(Scenario::exits(8))?;
    let child = t.spawn(Scenario::held())?;
    let fd = t.pidfd_open(&child, false)?;
    t.await_zombie(&other)?;
    let seen = t.wait(Target::Pidfd(fd), Options::NOHANG)?;
    t.expect(clause).nothing_ready(&seen)?;
    t.tell(&child, Step::exit(7))?;
    t.await_zombie(&child)?;
    let seen = t.wait(Target::Pidfd(fd), Options::NOHANG)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))
}

fn peek(t: &mut Trial) -> Outcome {
    let clause = &linux::PIDFD_NOWAIT;
    let child = t.spawn(Scenario::exits(7))?;
    let fd = t.pidfd_open(&child, false)?;
    t.await_zombie(&child)?;
    for _ in 0..2 {
        let seen = t.wait(Target::Pidfd(fd), Options::NOWAIT)?;
        t.expect(clause).reports(&seen, &child, Change::Exited(7))?;
        readable(t, clause, fd, true)?;
    }
    let seen = t.wait(Target::Pidfd(fd), Options::NONE)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))
}

fn nonblock(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let fd = t.pidfd_open(&child, true)?;
    for options in [Options::NONE, Options::NOWAIT] {
        let seen = t.wait(Target::Pidfd(fd), options)?;
        t.expect(&linux::PIDFD_NONBLOCK_EAGAIN).error(&seen, Errno::AGAIN)?;
    }
    let seen = t.wait(Target::Pidfd(fd), Options::NOHANG)?;
    t.expect(&linux::PIDFD_NONBLOCK_NOHANG_ZERO).nothing_ready(&seen)?;
    t.tell(&child, Step::exit(7))?;
    t.await_zombie(&child)?;
    let seen = t.wait(Target::Pidfd(fd), Options::NONE)?;
    t.expect(&linux::PIDFD_NONBLOCK_READY).reaped(&seen, &child, Change::Exited(7))
}

fn negative_fd(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::exits(7))?;
    t.await_zombie(&child)?;
    for fd in [-1, i64::from(i32::MIN)] {
        let seen = t.wait(Target::Pidfd(fd), Options::NONE)?;
        t.expect(&linux::PIDFD_NEGATIVE_EINVAL).error(&seen, Errno::INVAL)?;
    }
    Ok(())
}

fn not_a_pidfd(t: &mut Trial) -> Outcome {
    let clause = &linux::PIDFD_OTHER_FD_EBADF;
    let child = t.spawn(Scenario::exits(7))?;
    t.await_zombie(&child)?;
    let fd = t.pidfd_open(&child, false)?;
    // A directory that exists even without /dev.
    let file = t.open_file("/")?;
    let seen = t.wait(Target::Pidfd(file), Options::NONE)?;
    t.expect(clause).error(&seen, Errno::BADF)?;
    t.close_fd(fd)?;
    let seen = t.wait(Target::Pidfd(fd), Options::NONE)?;
    t.expect(clause).error(&seen, Errno::BADF)?;
    let seen = t.wait(Target::Child(&child), Options::NONE)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))
}

fn error_order(t: &mut Trial) -> Outcome {
    /// An option bit undefined on every system.
    const UNKNOWN_BIT: u32 = 1 << 20;
    let clause = &linux::PIDFD_ERROR_ORDER;
    let file = t.open_file("/")?;
    let closed = t.open_file("/")?;
    t.close_fd(closed)?;
    let mut live = false;
    loop {
        for fd in [file, closed] {
            for options in [Options::NONE, Options::NOHANG] {
                let seen = t.wait(Target::Pidfd(fd), options)?;
                t.expect(clause).error(&seen, Errno::BADF)?;
                let mut request = t.ask(Target::Pidfd(fd), options);
                request.options.raw = UNKNOWN_BIT;
                let seen = t.perform(request)?;
                t.expect(clause).error(&seen, Errno::INVAL)?;
                let seen = t.wait(Target::Pidfd(fd), options | Options::NOT_EXITED)?;
                t.expect(clause).error(&seen, Errno::INVAL)?;
            }
        }
        if live {
            return Ok(());
        }
        t.spawn(Scenario::held())?;
        live = true;
    }
}

fn not_a_child(t: &mut Trial) -> Outcome {
    let clause = &linux::PIDFD_NOT_A_CHILD_ECHILD;
    let child = t.spawn(Scenario::held())?;
    let below = crate::catalogue::calls::lifecycle::orphans::grandchild(t, &child, false)?;
    let ourselves = Child { name: "agent".into(), pid: t.agent_pid() };
    for who in [&ourselves, &below] {
        let fd = t.pidfd_open(who, false)?;
        for options in [Options::NONE, Options::NOHANG] {
            let seen = t.wait(Target::Pidfd(fd), options)?;
            t.expect(clause).error(&seen, Errno::CHILD)?;
        }
    }
    t.tell(&below, Step::exit(8))
}

fn after_reap(t: &mut Trial) -> Outcome {
    let clause = &linux::PIDFD_AFTER_REAP_ECHILD;
    let child = t.spawn(Scenario::exits(7))?;
    let fd = t.pidfd_open(&child, false)?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))?;
    for options in [Options::NONE, Options::NOHANG] {
        let seen = t.wait_by(Call::Waitid, Target::Pidfd(fd), options)?;
        t.expect(clause).error(&seen, Errno::CHILD)?;
    }
    Ok(())
}

fn poll(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let fd = t.pidfd_open(&child, false)?;
    let nothing: Vec<String> = Vec::new();
    let alive = [nothing];
    let events = t.poll(fd)?;
    t.expect(&linux::PIDFD_POLL_ALIVE).one_of("events of a live child", &events, &alive)?;
    t.signal(&child, Signal::STOP)?;
    t.await_stopped(&child)?;
    let events = t.poll(fd)?;
    t.expect(&linux::PIDFD_POLL_ALIVE).one_of("events of a stopped child", &events, &alive)?;
    t.signal(&child, Signal::CONT)?;
    let events = t.poll(fd)?;
    t.expect(&linux::PIDFD_POLL_ALIVE).one_of("events of a continued child", &events, &alive)?;
    t.tell(&child, Step::exit(7))?;
    t.await_zombie(&child)?;
    let events = t.poll(fd)?;
    t.expect(&linux::PIDFD_POLL_ZOMBIE).one_of(
        "events of a zombie",
        &events,
        &[vec!["POLLIN".to_owned()]],
    )?;
    let seen = t.wait(Target::Any, Options::NOHANG)?;
    t.expect(&linux::PIDFD_READABLE_IS_WAITABLE).reaped(&seen, &child, Change::Exited(7))?;
    let events = t.poll(fd)?;
    let clause = &linux::PIDFD_POLL_AFTER_REAP;
    if events == ["POLLIN"] {
        return t.expect(clause).not_observed("no POLLHUP, as before Linux 6.9");
    }
    let both = ["POLLIN", "POLLHUP"].map(str::to_owned).to_vec();
    t.expect(clause).one_of("events of a reaped child", &events, &[both])
}

fn poll_every_kind(t: &mut Trial) -> Outcome {
    for (step, stopped) in
        [(Step::Setpgid { pgid: 0 }, false), (Step::Setsid, true), (Step::Exec { steps: vec![] }, false)]
    {
        let child = t.spawn(Scenario::held())?;
        let fd = t.pidfd_open(&child, false)?;
        let execs = matches!(step, Step::Exec { .. });
        t.tell(&child, step)?;
        if execs {
            t.await_image(&child)?;
        }
        if stopped {
            t.signal(&child, Signal::STOP)?;
            t.await_stopped(&child)?;
        }
        readable(t, &linux::PIDFD_POLL_ALIVE, fd, false)?;
        t.signal(&child, Signal::KILL)?;
        t.await_zombie(&child)?;
        readable(t, &linux::PIDFD_POLL_ZOMBIE, fd, true)?;
        let seen = t.wait(Target::Pidfd(fd), Options::NONE)?;
        t.expect(&linux::PIDFD_POLL_ZOMBIE).reaped(&seen, &child, Change::Killed(Signal::KILL, false))?;
    }
    Ok(())
}

fn poll_threads(t: &mut Trial) -> Outcome {
    let clause = &linux::PIDFD_POLL_WHOLE_PROCESS;
    let child = t.spawn(Scenario::held())?;
    let fd = t.pidfd_open(&child, false)?;
    t.tell(&child, Step::LeaderExit { code: 5 })?;
    readable(t, clause, fd, false)?;
    for peek in [Options::NONE, Options::NOWAIT] {
        let seen = t.wait(Target::Pidfd(fd), Options::NOHANG | peek)?;
        t.expect(clause).nothing_ready(&seen)?;
    }
    t.tell(&child, Step::exit(7))?;
    t.await_zombie(&child)?;
    readable(t, clause, fd, true)?;
    let seen = t.wait(Target::Pidfd(fd), Options::NONE)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))
}

fn epoll(t: &mut Trial) -> Outcome {
    let clause = &linux::PIDFD_WAKES_POLLERS;
    // One child exits with its only thread; the other's initial thread exits before its last.
    for leader_first in [false, true] {
        let child = t.spawn(Scenario::held())?;
        let fd = t.pidfd_open(&child, false)?;
        let watcher = t.epoll(fd)?;
        if leader_first {
            t.tell(&child, Step::LeaderExit { code: 5 })?;
        }
        readable(t, clause, watcher, false)?;
        t.tell(&child, Step::exit(7))?;
        // No wait reports an exit before all sleeping waiters have been woken.
        let seen = t.wait(Target::Pidfd(fd), Options::NOWAIT)?;
        // Older kernels peek at the code of the initial thread.
        let peeked = if leader_first { &linux::THREADS_PEEK_GROUP_CODE } else { clause };
        t.expect(peeked).reports(&seen, &child, Change::Exited(7))?;
        readable(t, clause, watcher, true)?;
        let seen = t.wait(Target::Pidfd(fd), Options::NONE)?;
        t.expect(clause).reaped(&seen, &child, Change::Exited(7))?;
    }
    Ok(())
}

fn two_pidfds(t: &mut Trial) -> Outcome {
    let clause = &linux::PIDFD_TWO_HANDLES;
    let child = t.spawn(Scenario::held())?;
    let handles = [t.pidfd_open(&child, false)?, t.pidfd_open(&child, true)?];
    for fd in handles {
        readable(t, clause, fd, false)?;
    }
    t.tell(&child, Step::exit(7))?;
    t.await_zombie(&child)?;
    for fd in handles {
        readable(t, clause, fd, true)?;
    }
    let seen = t.wait(Target::Pidfd(handles[1]), Options::NONE)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))?;
    for fd in handles {
        readable(t, clause, fd, true)?;
        let seen = t.wait(Target::Pidfd(fd), Options::NONE)?;
        t.expect(clause).error(&seen, Errno::CHILD)?;
    }
    Ok(())
}

fn open_zombie(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::exits(7))?;
    t.await_zombie(&child)?;
    let fd = t.pidfd_open(&child, false)?;
    let seen = t.wait(Target::Pidfd(fd), Options::NONE)?;
    t.expect(&linux::PIDFD_OPEN_ZOMBIE).reaped(&seen, &child, Change::Exited(7))?;
    let errno_of = |opened: Result<i64, Errno>| opened.err().unwrap_or(Errno::NONE);
    let opened = t.try_pidfd_open(child.pid)?;
    t.expect(&linux::PIDFD_OPEN_AFTER_REAP_ESRCH).equal(
        "pidfd_open of a reaped child:",
        &errno_of(opened),
        &Errno::SRCH,
    )?;
    for pid in [0, -1] {
        let opened = t.try_pidfd_open(pid)?;
        let what = format!("pidfd_open({pid}):");
        t.expect(&linux::PIDFD_OPEN_EINVAL).equal(&what, &errno_of(opened), &Errno::INVAL)?;
    }
    Ok(())
}

fn auto_reaped(t: &mut Trial) -> Outcome {
    let clause = &linux::PIDFD_AUTO_REAPED;
    t.sigaction(Signal::CHLD, Disposition::Ignore, SigactionFlags::NONE)?;
    let child = t.spawn(Scenario::held())?;
    let fd = t.pidfd_open(&child, false)?;
    readable(t, clause, fd, false)?;
    t.tell(&child, Step::exit(7))?;
    t.await_gone(&child)?;
    readable(t, clause, fd, true)?;
    let seen = t.wait(Target::Pidfd(fd), Options::NONE)?;
    t.expect(clause).error(&seen, Errno::CHILD)
}
