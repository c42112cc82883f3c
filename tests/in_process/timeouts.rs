//! Waits with timeouts.

use std::time::{Duration, Instant};

use rstest::rstest;
use serial_test::serial;
use waitspec::sys::process::{self, Forked};
use waitspec::wait::{
    Errno, Event, IdOptions, Pid, Signal, WaitOptions, WaitStatus, WaitTarget, wait4, wait4_timeout,
    waitid_timeout,
};

use crate::child::Child;

/// Long enough for any machine; never reached.
const AGES: Duration = Duration::from_secs(50);

fn target_of(kind: &str, child: &Child) -> WaitTarget {
    match kind {
        "pid" => WaitTarget::Pid(child.pid),
        "own group" => WaitTarget::OwnGroup,
        _ => WaitTarget::Any,
    }
}

#[rstest]
#[serial]
fn a_running_child_outlives_the_deadline(
    #[values("pid", "any", "own group")] kind: &str,
    #[values(0, 1, 15)] milliseconds: u64,
) {
    let child = Child::held();
    let target = target_of(kind, &child);
    let limit = Duration::from_millis(milliseconds);
    let begun = Instant::now();
    assert_eq!(wait4_timeout(target, WaitOptions::NONE, limit), Ok(None));
    assert!(begun.elapsed() >= limit);
    assert_eq!(waitid_timeout(target, IdOptions::EXITED, Duration::ZERO), Ok(None));
}

#[rstest]
#[serial]
fn a_child_that_is_ready_at_the_deadline_is_not_lost(#[values("pid", "any", "own group")] kind: &str) {
    let child = Child::zombie(4);
    let done = wait4_timeout(target_of(kind, &child), WaitOptions::NONE, Duration::ZERO);
    assert_eq!(done.map(|done| done.map(|done| done.status)), Ok(Some(WaitStatus::exited(4))));
}

#[rstest]
#[serial]
fn a_child_that_exits_during_the_wait_is_reported(#[values("pid", "any", "own group")] kind: &str) {
    let child = Child::held();
    let target = target_of(kind, &child);
    let begun = Instant::now();
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| wait4_timeout(target, WaitOptions::NONE, AGES));
        child.exit(6);
        let done = waiter.join().expect("no panic").expect("our child").expect("in time");
        assert_eq!((done.pid, done.status), (child.pid, WaitStatus::exited(6)));
    });
    assert!(begun.elapsed() < AGES);
}

#[test]
#[serial]
fn stops_and_continues_are_waited_for_too() {
    let child = Child::held();
    let target = WaitTarget::Pid(child.pid);
    child.signal(Signal::STOP);
    let done = wait4_timeout(target, WaitOptions::UNTRACED, AGES).expect("our child").expect("in time");
    assert_eq!(done.status, WaitStatus::stopped(Signal::STOP));
    child.signal(Signal::CONT);
    let done = waitid_timeout(child.pid, IdOptions::CONTINUED, AGES).expect("our child").expect("in time");
    assert_eq!(done.event, Event::Continued);
}

#[test]
#[serial]
fn an_error_is_not_a_timeout() {
    let gone = Child::zombie(0);
    assert!(wait4(gone.pid, WaitOptions::NONE).is_ok());
    assert_eq!(wait4_timeout(WaitTarget::Pid(gone.pid), WaitOptions::NONE, AGES), Err(Errno::CHILD));
    assert_eq!(wait4_timeout(WaitTarget::Any, WaitOptions::NONE, AGES), Err(Errno::CHILD));
    assert_eq!(waitid_timeout(WaitTarget::Any, IdOptions::EXITED, Duration::MAX), Err(Errno::CHILD));
}

/// Without a free descriptor, there is no pidfd and no kqueue.
#[test]
#[serial]
fn no_descriptor_is_needed() {
    let waiter = process::fork().expect("fork");
    if waiter == Forked::Child {
        process::exit_now(waiter_without_descriptors());
    }
    let Forked::Parent(waiter) = waiter else { unreachable!("the child has exited") };
    let done = wait4(Pid::from_raw(waiter).expect("a pid"), WaitOptions::NONE);
    assert_eq!(done.expect("our child").status, WaitStatus::exited(0));
}

/// Runs in a process with one thread; 0, or the number of the check that failed.
fn waiter_without_descriptors() -> i32 {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let Ok((hear, tell)) = rustix::pipe::pipe() else { return 1 };
    let child = match process::fork() {
        Err(_) => return 2,
        Ok(Forked::Parent(pid)) => WaitTarget::from_raw(pid).unwrap_or(WaitTarget::Any),
        Ok(Forked::Child) => {
            drop(tell);
            let _ = rustix::io::read(&hear, &mut [0_u8]);
            process::exit_now(7)
        }
    };
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    if setrlimit(Resource::Nofile, none).is_err() || rustix::io::dup(&hear).err() != Some(Errno::MFILE) {
        return 3;
    }
    if wait4_timeout(child, WaitOptions::NONE, Duration::from_millis(2)) != Ok(None) {
        return 4;
    }
    drop(tell);
    match wait4_timeout(child, WaitOptions::NONE, AGES) {
        Ok(Some(done)) if done.status == WaitStatus::exited(7) => 0,
        _ => 5,
    }
}

/// How to deprive a process of pidfds.
#[cfg(target_os = "linux")]
#[derive(Copy, Clone, Debug)]
enum Without {
    /// A seccomp filter that returns this error.
    Filter(i32),
    /// No free descriptor.
    Descriptors,
}

/// Runs in its own process, because the change is permanent; 0 if waits with timeouts work, 77 if pidfds cannot be disabled.
#[cfg(target_os = "linux")]
fn waits_without_pidfds(how: Without) -> i32 {
    use waitspec::sys::sandbox::{Denied, deny, limit};
    let taken = match how {
        Without::Filter(errno) => deny("pidfd_open", Denied::Errno(errno)),
        Without::Descriptors => limit(rustix::process::Resource::Nofile, 0),
    };
    if taken.is_err() {
        return 77;
    }
    let fork = || match process::fork() {
        Ok(Forked::Parent(pid)) => Pid::from_raw(pid),
        Ok(Forked::Child) => loop {
            process::pause();
        },
        Err(_) => None,
    };
    let Some(held) = fork() else { return 1 };
    let begun = Instant::now();
    let limit = Duration::from_millis(5);
    if wait4_timeout(WaitTarget::Pid(held), WaitOptions::NONE, limit) != Ok(None) || begun.elapsed() < limit {
        return 2;
    }
    let _ = process::kill(held.as_raw_nonzero().get(), libc::SIGKILL);
    match wait4_timeout(WaitTarget::Pid(held), WaitOptions::NONE, AGES) {
        Ok(Some(done)) if done.status.event() == (Event::Signaled { signal: Signal::KILL, core: false }) => 0,
        _ => 3,
    }
}

#[rstest]
#[serial]
#[cfg(target_os = "linux")]
fn a_bounded_wait_works_without_pidfds(
    #[values(Without::Filter(libc::EPERM), Without::Filter(libc::ENOSYS), Without::Descriptors)] how: Without,
) {
    let pid = match process::fork().expect("a fork") {
        Forked::Parent(pid) => Pid::from_raw(pid).expect("a pid"),
        Forked::Child => process::exit_now(waits_without_pidfds(how)),
    };
    let done = wait4(pid, WaitOptions::NONE).expect("our child");
    let code = done.status.exit_status();
    assert!(matches!(code, Some(0 | 77)), "{how:?}: {:?}", done.status);
}
