//! pidfds besides waiting through one's own: signals through them, those of threads and of others, what can go wrong with them,
//! and what they tell of a child that is gone.

use crate::harness::trial::{
    Calls, Case, Change, Child, Need, Needs, Options, Outcome, Stop, Target, Trial, here,
};
use crate::protocol::Line;
use crate::scenario::{Offspring, Scenario, Step};
use crate::spec::{Clause, linux};
use crate::sys::family::Call;
use crate::wait::Signal;

const WAITID: Calls = Calls::only(&[Call::Waitid]);

pub const CASES: &[Case] = &[
    Case {
        id: "pidfd-uses.signal-to-a-zombie",
        title: "a signal through the pidfd of a zombie changes nothing, and fails with ESRCH once the child was taken",
        clauses: &[&linux::PIDFD_SIGNAL_ZOMBIE, &linux::PIDFD_SIGNAL_TAKEN_ESRCH],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: signal_to_a_zombie,
    },
    Case {
        id: "pidfd-uses.made-blocking",
        title: "a nonblocking pidfd gives EAGAIN; once it is made blocking a wait sleeps",
        clauses: &[&linux::PIDFD_NONBLOCK_CLEARED, &linux::PIDFD_NONBLOCK_EAGAIN],
        calls: WAITID,
        needs: Needs::PIDFD_WAITS,
        at: here(),
        run: made_blocking,
    },
    Case {
        id: "pidfd-uses.passed",
        title: "a process cannot wait through a pidfd that another one opened of its own child: ECHILD",
        clauses: &[&linux::PIDFD_PASSED_ECHILD],
        calls: WAITID,
        needs: Needs::PIDFD_WAITS,
        at: here(),
        run: passed,
    },
    Case {
        id: "pidfd-uses.of-a-thread",
        title: "what pidfd_open says of a thread that leads no process is recorded",
        clauses: &[&linux::PIDFD_OPEN_THREAD],
        calls: WAITID,
        needs: Needs::of(&[Need::Threads]),
        at: here(),
        run: of_a_thread,
    },
    Case {
        id: "pidfd-uses.thread-handle",
        title: "a PIDFD_THREAD handle of a child's initial thread waits for the child like any other",
        clauses: &[&linux::PIDFD_THREAD_WAITS],
        calls: WAITID,
        needs: Needs::PIDFD_WAITS,
        at: here(),
        run: thread_handle,
    },
    Case {
        id: "pidfd-uses.no-more-descriptors",
        title: "pidfd_open that fails with EMFILE does the child no harm",
        clauses: &[&linux::PIDFD_OPEN_FAILS_SAFELY],
        calls: Calls::WITH_OPTIONS.few(),
        needs: Needs::NOTHING,
        at: here(),
        run: no_more_descriptors,
    },
    Case {
        id: "pidfd-uses.forbidden",
        title: "pidfd_open that a filter forbids, with EPERM or ENOSYS, does the child no harm",
        clauses: &[&linux::PIDFD_OPEN_FAILS_SAFELY],
        calls: Calls::WITH_OPTIONS.few(),
        needs: Needs::NOTHING,
        at: here(),
        run: forbidden,
    },
    Case {
        id: "pidfd-uses.closed-meanwhile",
        title: "what becomes of a call asleep on a pidfd that another thread closes is recorded",
        clauses: &[&linux::PIDFD_CLOSED_DURING_WAIT],
        calls: WAITID,
        needs: Needs::of(&[Need::Threads, Need::PidfdWaits]),
        at: here(),
        run: closed_meanwhile,
    },
    Case {
        id: "pidfd-uses.exit-info",
        title: "PIDFD_GET_INFO tells the status word of a child that was taken, and none before",
        clauses: &[&linux::PIDFD_INFO_EXIT],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: exit_info,
    },
];

fn fd_line(word: &str, fd: i64) -> Line {
    Line::new(word).with("fd", fd)
}

/// The error of a request, or `0`.
fn errno_of(t: &mut Trial, request: Line) -> Result<String, Stop> {
    Ok(t.attempt(request)?.err().unwrap_or_else(|| "0".into()))
}

fn signal_to_a_zombie(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::exits(7))?;
    let fd = t.pidfd_open(&child, false)?;
    t.await_zombie(&child)?;
    for signal in ["0", "SIGKILL", "SIGSTOP"] {
        let errno = errno_of(t, fd_line("pidfd_signal", fd).with("sig", signal))?;
        t.expect(&linux::PIDFD_SIGNAL_ZOMBIE).equal(signal, &errno, &"0".to_owned())?;
    }
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&linux::PIDFD_SIGNAL_ZOMBIE).reaped(&seen, &child, Change::Exited(7))?;
    let errno = errno_of(t, fd_line("pidfd_signal", fd).with("sig", "0"))?;
    t.expect(&linux::PIDFD_SIGNAL_TAKEN_ESRCH).equal("signal 0", &errno, &"ESRCH".to_owned())
}

fn made_blocking(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let fd = t.pidfd_open(&child, true)?;
    let seen = t.wait(Target::Pidfd(fd), Options::NONE)?;
    t.expect(&linux::PIDFD_NONBLOCK_EAGAIN).error(&seen, "EAGAIN")?;
    t.request(fd_line("blocking", fd).with("on", "yes"))?;
    let pending = t.begin(Target::Pidfd(fd), Options::NONE)?;
    t.expect(&linux::PIDFD_NONBLOCK_CLEARED).blocks(&pending)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.finish(pending)?;
    t.expect(&linux::PIDFD_NONBLOCK_CLEARED).reaped(&seen, &child, Change::Exited(7))
}

fn passed(t: &mut Trial) -> Outcome {
    let clause = &linux::PIDFD_PASSED_ECHILD;
    let child = t.spawn(Scenario::held())?;
    let below =
        t.spawn_from(&child, |token| Step::Fork(Offspring { token: Some(token), ..Offspring::default() }))?;
    let reply = t.tell_for_reply(&child, &Step::PidfdOpen { pid: below.pid as i32 })?;
    let number = reply.number("fd").map_err(|e| Stop::Protocol(e.to_string()))?;
    let ours = t.request(fd_line("pidfd_getfd", number).with("pid", child.pid))?;
    let fd = ours.number("fd").map_err(|e| Stop::Protocol(e.to_string()))?;
    let seen = t.wait(Target::Pidfd(fd), Options::NONE)?;
    t.expect(clause).error(&seen, "ECHILD")?;
    t.tell(&below, Step::exit(8))?;
    t.await_zombie(&below)?;
    let seen = t.wait(Target::Pidfd(fd), Options::NONE)?;
    t.expect(clause).error(&seen, "ECHILD")?;
    // It was left to who may take it.
    let taken = t.tell_for_reply(&child, &Step::Wait { pid: below.pid as i32 })?;
    let status = taken.number("status").unwrap_or(-1);
    t.expect(clause).equal("status for its own parent", &status, &(8 << 8))
}

fn of_a_thread(t: &mut Trial) -> Outcome {
    let (_, tid) = t.agent_ids(1)?;
    let said = match t.try_pidfd_open(tid)? {
        Ok(_) => "a descriptor".to_owned(),
        Err(errno) => errno,
    };
    t.expect(&linux::PIDFD_OPEN_THREAD).records("pidfd-open-of-a-thread", said)
}

fn thread_handle(t: &mut Trial) -> Outcome {
    let clause = &linux::PIDFD_THREAD_WAITS;
    let child = t.spawn(Scenario::held())?;
    let fd = match t.attempt(Line::new("pidfd_thread").with("tid", child.pid))? {
        Ok(reply) => reply.number("fd").map_err(|e| Stop::Protocol(e.to_string()))?,
        Err(errno) => return Err(Stop::Skip(format!("no PIDFD_THREAD here: {errno}"))),
    };
    let seen = t.wait(Target::Pidfd(fd), Options::NOHANG)?;
    t.expect(clause).nothing_ready(&seen)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.wait(Target::Pidfd(fd), Options::NONE)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))
}

/// That `pidfd_open` fails with that error, for a live child and for a zombie, and that the child is waited for as ever.
fn fails_safely(t: &mut Trial, child: &Child, errno: &str) -> Outcome {
    let clause: &'static Clause = &linux::PIDFD_OPEN_FAILS_SAFELY;
    let failed = t.try_pidfd_open(child.pid)?.err().unwrap_or_default();
    t.expect(clause).equal("pidfd_open", &failed, &errno.to_owned())?;
    let seen = t.wait(Target::Child(child), Options::NOHANG)?;
    t.expect(clause).nothing_ready(&seen)?;
    t.tell(child, Step::exit(7))?;
    t.await_zombie(child)?;
    let failed = t.try_pidfd_open(child.pid)?.err().unwrap_or_default();
    t.expect(clause).equal("pidfd_open", &failed, &errno.to_owned())?;
    let seen = t.wait(Target::Child(child), Options::NONE)?;
    t.expect(clause).reaped(&seen, child, Change::Exited(7))
}

fn no_more_descriptors(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    // Where there are no pidfds anyway it fails otherwise.
    let fd = t.pidfd_open(&child, false)?;
    t.close_fd(fd)?;
    t.take_away(Line::new("limit").with("resource", "nofile").with("soft", 0))?;
    fails_safely(t, &child, "EMFILE")
}

fn forbidden(t: &mut Trial) -> Outcome {
    // Of two filters the first that forbids a call has its way: each error on its own is the matter of another trial.
    let errno = if t.call() == Call::Waitid { "ENOSYS" } else { "EPERM" };
    let child = t.spawn(Scenario::held())?;
    t.take_away(Line::new("deny").with("call", "pidfd_open").with("errno", errno))?;
    fails_safely(t, &child, errno)
}

fn closed_meanwhile(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let fd = t.pidfd_open(&child, false)?;
    let mut request = t.ask(Target::Pidfd(fd), Options::NONE);
    request.thread = 1;
    let pending = t.begin_request(request)?;
    // It is asleep for sure before the descriptor goes.
    t.await_sleeper(&pending)?;
    t.close_fd(fd)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.finish(pending)?;
    let outcome = match seen.change() {
        Some(change) => change.to_string(),
        None => seen.outcome(),
    };
    t.expect(&linux::PIDFD_CLOSED_DURING_WAIT).records("wait-on-a-pidfd-that-is-closed", outcome)
}

fn exit_info(t: &mut Trial) -> Outcome {
    let clause = &linux::PIDFD_INFO_EXIT;
    for (step, word) in
        [(Step::exit(7), 7 << 8), (Step::kill_self(Signal::TERM), i64::from(Signal::TERM.number()))]
    {
        let child = t.spawn(Scenario::held())?;
        let fd = t.pidfd_open(&child, false)?;
        let told = match t.attempt(fd_line("pidfd_info", fd))? {
            Ok(reply) => reply.get("status"),
            Err(errno) => return Err(Stop::Skip(format!("no PIDFD_GET_INFO here: {errno}"))),
        };
        let none = "no status".to_owned();
        t.expect(clause).equal("of a live child", &told.unwrap_or(none.clone()), &none)?;
        t.begin_step(&child, step)?;
        let seen = t.wait(Target::Any, Options::NONE)?;
        t.expect(clause).reports_child(&seen, &child)?;
        let told = match t.attempt(fd_line("pidfd_info", fd))? {
            Ok(reply) => reply.number("status"),
            // Linux 6.13 and 6.14 have the request, and forget the child.
            Err(errno) => return Err(Stop::Skip(format!("no PIDFD_INFO_EXIT here: {errno}"))),
        };
        t.expect(clause).equal_if_seen("of a child that was taken", told.ok().as_ref(), &word)?;
    }
    Ok(())
}
