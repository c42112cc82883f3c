//! pidfds beyond waiting for the caller's own child: signals through them, pidfds of threads and of other processes' children,
//! how they fail, and what they report about a child that is gone.

use crate::protocol::agent::Limit;
use crate::protocol::codec::Switch;
use crate::scenario::{Offspring, Scenario, Step};
use crate::spec::{Clause, linux};
use crate::sys::call::abi::Call;
use crate::trial::cases;
use crate::trial::{
    Abort, AgentRequest, Calls, Change, Child, Errno, Need, Needs, Options, Outcome, Target, Trial,
};
use crate::wait::Signal;

const WAITID: Calls = Calls::only(&[Call::Waitid]);

cases! { "pidfd-lifetime";

    /// a signal through a zombie's pidfd has no effect; after the reap it fails with ESRCH
    signal_zombie(ANY) in Calls::ENTRIES
        => [linux::PIDFD_SIGNAL_ZOMBIE, linux::PIDFD_SIGNAL_AFTER_REAP_ESRCH];

    /// a nonblocking pidfd gives EAGAIN; once it is made blocking, a wait blocks
    nonblock_cleared(PIDFD) in WAITID, needs Needs::PIDFD_WAITS
        => [linux::PIDFD_NONBLOCK_CLEARED, linux::PIDFD_NONBLOCK_EAGAIN];

    /// a pidfd waits for its child whatever its number is, even one that does not fit the sets of select
    any_number(PIDFD; NOHANG | UNTRACED) in WAITID, needs Needs::PIDFD_WAITS => [linux::PIDFD_ANY_NUMBER];

    /// so does one that is standard input
    number_zero(PIDFD; NOHANG | UNTRACED) in WAITID, needs Needs::PIDFD_WAITS => [linux::PIDFD_ANY_NUMBER];

    /// a number that was another child's pidfd before is this child's now
    number_reused(PIDFD | PID; NOHANG) in WAITID, needs Needs::PIDFD_WAITS => [linux::PIDFD_ANY_NUMBER];

    /// a process cannot wait through a pidfd for another process's child: ECHILD
    passed_to_non_parent(PIDFD) in WAITID, needs Needs::PIDFD_WAITS => [linux::PIDFD_PASSED_ECHILD];

    /// what pidfd_open does for a thread that is not a thread group leader is recorded
    open_thread_id(ANY) in WAITID, needs Needs::THREADS => [linux::PIDFD_OPEN_THREAD];

    /// a PIDFD_THREAD handle of a child's initial thread waits like any other pidfd
    pidfd_thread(PIDFD; NOHANG) in WAITID, needs Needs::PIDFD_WAITS => [linux::PIDFD_PIDFD_THREAD_WAITS];

    /// a pidfd_open that fails with EMFILE does not affect the child
    open_emfile(PID; NOHANG) in Calls::ENTRIES => [linux::PIDFD_OPEN_FAILS_SAFELY];

    /// a pidfd_open denied by a seccomp filter, with EPERM or ENOSYS, does not affect the child
    open_denied_by_seccomp(PID; NOHANG) in Calls::ENTRIES => [linux::PIDFD_OPEN_FAILS_SAFELY];

    /// what happens to a call blocked on a pidfd that another thread closes is recorded
    closed_during_wait(PIDFD) in WAITID, needs Needs::of(&[Need::Threads, Need::PidfdWaits])
        => [linux::PIDFD_CLOSED_DURING_WAIT];

    /// PIDFD_GET_INFO reports the status word of a reaped child, and none before
    exit_info(ANY) in Calls::ENTRIES => [linux::PIDFD_INFO_EXIT];
}

fn signal_request(fd: i64, sig: String) -> AgentRequest {
    AgentRequest::PidfdSignal { fd: fd as i32, sig }
}

/// The error of a request, if it fails.
fn errno_of(t: &mut Trial, request: &AgentRequest) -> Result<Errno, Abort> {
    Ok(t.attempt(request)?.err().unwrap_or(Errno::NONE))
}

fn signal_zombie(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::exits(7))?;
    let fd = t.pidfd_open(&child, false)?;
    t.await_zombie(&child)?;
    for signal in ["0", "SIGKILL", "SIGSTOP"] {
        let errno = errno_of(t, &signal_request(fd, signal.to_string()))?;
        t.expect(&linux::PIDFD_SIGNAL_ZOMBIE).equal(signal, &errno, &Errno::NONE)?;
    }
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&linux::PIDFD_SIGNAL_ZOMBIE).reaped(&seen, &child, Change::Exited(7))?;
    let errno = errno_of(t, &signal_request(fd, "0".to_owned()))?;
    t.expect(&linux::PIDFD_SIGNAL_AFTER_REAP_ESRCH).equal("signal 0", &errno, &Errno::SRCH)
}

fn nonblock_cleared(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let fd = t.pidfd_open(&child, true)?;
    let seen = t.wait(Target::Pidfd(fd), Options::NONE)?;
    t.expect(&linux::PIDFD_NONBLOCK_EAGAIN).error(&seen, Errno::AGAIN)?;
    t.request(&AgentRequest::Blocking { fd: fd as i32, on: Switch(true) })?;
    let pending = t.begin(Target::Pidfd(fd), Options::NONE)?;
    t.expect(&linux::PIDFD_NONBLOCK_CLEARED).blocks(&pending)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.finish(pending)?;
    t.expect(&linux::PIDFD_NONBLOCK_CLEARED).reaped(&seen, &child, Change::Exited(7))
}

/// A duplicate of a descriptor of the agent, from that number on; a skip beyond the limit.
fn duplicate(t: &mut Trial, fd: i64, from: i32) -> Result<i64, Abort> {
    match t.attempt(&AgentRequest::Duplicate { fd: fd as i32, from })? {
        Ok(reply) => reply.number("fd").map_err(|e| Abort::Protocol(e.to_string())),
        Err(Errno::INVAL) => Err(Abort::Skip("too few descriptors".into())),
        Err(errno) => Err(Abort::Broken(format!("the agent cannot duplicate a descriptor: {errno}"))),
    }
}

/// A child that stops, continues and exits, waited for through a pidfd with such a number.
fn by_number(t: &mut Trial, from: i32) -> Outcome {
    let clause = &linux::PIDFD_ANY_NUMBER;
    let child = t.spawn(Scenario::held())?;
    let fd = t.pidfd_open(&child, false)?;
    let fd = duplicate(t, fd, from)?;
    let seen = t.wait(Target::Pidfd(fd), Options::NOHANG)?;
    t.expect(clause).nothing_ready(&seen)?;
    t.signal(&child, Signal::STOP)?;
    let seen = t.wait(Target::Pidfd(fd), Options::UNTRACED)?;
    t.expect(clause).reports(&seen, &child, Change::Stopped(Signal::STOP))?;
    t.signal(&child, Signal::CONT)?;
    let pending = t.begin(Target::Pidfd(fd), Options::NONE)?;
    t.expect(clause).blocks(&pending)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.finish(pending)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))
}

fn any_number(t: &mut Trial) -> Outcome {
    by_number(t, 100)?;
    match by_number(t, 1030) {
        Err(Abort::Skip(_)) => Ok(()),
        outcome => outcome,
    }
}

fn number_zero(t: &mut Trial) -> Outcome {
    by_number(t, 0)
}

fn number_reused(t: &mut Trial) -> Outcome {
    const NUMBER: i32 = 100;
    let clause = &linux::PIDFD_ANY_NUMBER;
    let [before, child] = [t.spawn(Scenario::held())?, t.spawn(Scenario::held())?];
    let mut numbers = Vec::new();
    for child in [&before, &child] {
        let fd = t.pidfd_open(child, false)?;
        let fd = duplicate(t, fd, NUMBER)?;
        let seen = t.wait(Target::Pidfd(fd), Options::NOHANG)?;
        t.expect(clause).nothing_ready(&seen)?;
        if numbers.is_empty() {
            t.close_fd(fd)?;
        }
        numbers.push(fd);
    }
    if numbers[0] != numbers[1] {
        return Err(Abort::Broken(format!("a descriptor was duplicated onto {numbers:?}")));
    }
    t.tell(&before, Step::exit(8))?;
    t.await_zombie(&before)?;
    let seen = t.wait(Target::Pidfd(numbers[1]), Options::NOHANG)?;
    t.expect(clause).nothing_ready(&seen)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.wait(Target::Pidfd(numbers[1]), Options::NONE)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))?;
    let seen = t.wait(Target::Child(&before), Options::NONE)?;
    t.expect(clause).reaped(&seen, &before, Change::Exited(8))
}

fn passed_to_non_parent(t: &mut Trial) -> Outcome {
    let clause = &linux::PIDFD_PASSED_ECHILD;
    let child = t.spawn(Scenario::held())?;
    let below =
        t.spawn_from(&child, |token| Step::Fork(Offspring { token: Some(token), ..Offspring::default() }))?;
    let reply = t.tell_for_reply(&child, &Step::PidfdOpen { pid: below.pid as i32 })?;
    let remote_fd = reply.number("fd").map_err(|e| Abort::Protocol(e.to_string()))?;
    let received = t.request(&AgentRequest::PidfdGetfd { pid: child.pid as i32, fd: remote_fd as i32 })?;
    let fd = received.number("fd").map_err(|e| Abort::Protocol(e.to_string()))?;
    let seen = t.wait(Target::Pidfd(fd), Options::NONE)?;
    t.expect(clause).error(&seen, Errno::CHILD)?;
    t.tell(&below, Step::exit(8))?;
    t.await_zombie(&below)?;
    let seen = t.wait(Target::Pidfd(fd), Options::NONE)?;
    t.expect(clause).error(&seen, Errno::CHILD)?;
    // It was left to its own parent.
    let reaped = t.tell_for_reply(&child, &Step::Wait { pid: below.pid as i32 })?;
    let status = reaped.number("status").unwrap_or(-1);
    t.expect(clause).equal("status seen by its own parent", &status, &(8 << 8))
}

fn open_thread_id(t: &mut Trial) -> Outcome {
    let (_, tid) = t.agent_ids(1)?;
    let opened = match t.try_pidfd_open(tid)? {
        Ok(_) => "a descriptor".to_owned(),
        Err(errno) => errno.to_string(),
    };
    t.expect(&linux::PIDFD_OPEN_THREAD).records("pidfd_open of a thread", opened)
}

fn pidfd_thread(t: &mut Trial) -> Outcome {
    let clause = &linux::PIDFD_PIDFD_THREAD_WAITS;
    let child = t.spawn(Scenario::held())?;
    let fd = match t.attempt(&AgentRequest::PidfdThread { tid: child.pid as i32 })? {
        Ok(reply) => reply.number("fd").map_err(|e| Abort::Protocol(e.to_string()))?,
        Err(errno) => return Err(Abort::Skip(format!("PIDFD_THREAD is unavailable here: {errno}"))),
    };
    let seen = t.wait(Target::Pidfd(fd), Options::NOHANG)?;
    t.expect(clause).nothing_ready(&seen)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.wait(Target::Pidfd(fd), Options::NONE)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))
}

/// `pidfd_open` fails with that error for a live child and for a zombie, and the child is reported as usual.
fn fails_safely(t: &mut Trial, child: &Child, errno: Errno) -> Outcome {
    let clause: &'static Clause = &linux::PIDFD_OPEN_FAILS_SAFELY;
    let failed = t.try_pidfd_open(child.pid)?.err().unwrap_or(Errno::NONE);
    t.expect(clause).equal("pidfd_open", &failed, &errno)?;
    let seen = t.wait(Target::Child(child), Options::NOHANG)?;
    t.expect(clause).nothing_ready(&seen)?;
    t.tell(child, Step::exit(7))?;
    t.await_zombie(child)?;
    let failed = t.try_pidfd_open(child.pid)?.err().unwrap_or(Errno::NONE);
    t.expect(clause).equal("pidfd_open", &failed, &errno)?;
    let seen = t.wait(Target::Child(child), Options::NONE)?;
    t.expect(clause).reaped(&seen, child, Change::Exited(7))
}

fn open_emfile(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    // Where pidfds are unavailable, it fails for another reason.
    let fd = t.pidfd_open(&child, false)?;
    t.close_fd(fd)?;
    t.take_away(&AgentRequest::Limit { resource: Limit::Descriptors, soft: 0 })?;
    fails_safely(t, &child, Errno::MFILE)
}

fn open_denied_by_seccomp(t: &mut Trial) -> Outcome {
    // When two filters deny a call, the first one wins, so each trial tests one error.
    let errno = if t.call() == Call::Waitid { Errno::NOSYS } else { Errno::PERM };
    let child = t.spawn(Scenario::held())?;
    // Where there is no such call, valgrind for one, nothing can be denied.
    let fd = t.pidfd_open(&child, false)?;
    t.close_fd(fd)?;
    t.take_away(&AgentRequest::Deny { call: "pidfd_open".to_owned(), errno: errno.to_string() })?;
    fails_safely(t, &child, errno)
}

fn closed_during_wait(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let fd = t.pidfd_open(&child, false)?;
    let mut request = t.ask(Target::Pidfd(fd), Options::NONE);
    request.thread = 1;
    let pending = t.begin_request(request)?;
    // It must be asleep before the descriptor is closed.
    t.await_sleeper(&pending)?;
    t.close_fd(fd)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.finish(pending)?;
    let outcome = match seen.change() {
        Some(change) => change.to_string(),
        None => seen.outcome(),
    };
    t.expect(&linux::PIDFD_CLOSED_DURING_WAIT).records("wait on a closed pidfd", outcome)
}

fn exit_info(t: &mut Trial) -> Outcome {
    let clause = &linux::PIDFD_INFO_EXIT;
    for (step, word) in
        [(Step::exit(7), 7 << 8), (Step::kill_self(Signal::TERM), i64::from(t.number(Signal::TERM)))]
    {
        let child = t.spawn(Scenario::held())?;
        let fd = t.pidfd_open(&child, false)?;
        let info = match t.attempt(&AgentRequest::PidfdInfo { fd: fd as i32 })? {
            Ok(reply) => reply.get("status"),
            Err(errno) => return Err(Abort::Skip(format!("PIDFD_GET_INFO is unavailable here: {errno}"))),
        };
        let none = "no status".to_owned();
        t.expect(clause).equal("status of a live child", &info.unwrap_or(none.clone()), &none)?;
        t.begin_step(&child, step)?;
        let seen = t.wait(Target::Any, Options::NONE)?;
        t.expect(clause).reports_child(&seen, &child)?;
        let info = match t.attempt(&AgentRequest::PidfdInfo { fd: fd as i32 })? {
            Ok(reply) => reply.number("status"),
            // Linux 6.13 and 6.14 support the request, but forget the child.
            Err(errno) => return Err(Abort::Skip(format!("PIDFD_INFO_EXIT is unavailable here: {errno}"))),
        };
        t.expect(clause).equal_if_seen("status of a reaped child", info.ok().as_ref(), &word)?;
    }
    Ok(())
}
