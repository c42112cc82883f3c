//! Each call, target and option.

use rstest::rstest;
use rustix::process::setpgid;
use serial_test::serial;
use waitspec::sys::process::{self, Forked};
use waitspec::sys::signal;
use waitspec::wait::{
    ChildInfo, Errno, Event, IdOptions, Pid, Rusage, Signal, WaitOptions, WaitStatus, WaitTarget, reap,
    retrying, try_wait3, try_wait4, try_waitid, try_waitpid, wait, wait3, wait4, waitid, waitpid,
};

use crate::child::Child;

type Seen = Result<Option<(Pid, Event)>, Errno>;
type Front = fn() -> Seen;

fn by_wait() -> Seen {
    wait().map(|(pid, status)| Some((pid, status.event())))
}

fn by_waitpid() -> Seen {
    waitpid(WaitTarget::Any, WaitOptions::NONE).map(|(pid, status)| Some((pid, status.event())))
}

fn by_wait3() -> Seen {
    wait3(WaitOptions::NONE).map(|done| Some((done.pid, done.status.event())))
}

fn by_wait4() -> Seen {
    wait4(WaitTarget::Any, WaitOptions::NONE).map(|done| Some((done.pid, done.status.event())))
}

fn reported(info: ChildInfo) -> (Pid, Event) {
    (info.pid, info.event)
}

fn by_waitid() -> Seen {
    waitid(WaitTarget::Any, IdOptions::EXITED).map(|info| Some(reported(info)))
}

#[cfg(target_os = "linux")]
fn by_waitid_usage() -> Seen {
    use waitspec::wait::waitid_usage;
    waitid_usage(WaitTarget::Any, IdOptions::EXITED).map(|(info, _)| Some(reported(info)))
}

#[cfg(any(target_os = "freebsd", target_os = "netbsd"))]
fn by_wait6() -> Seen {
    use waitspec::wait::wait6;
    wait6(WaitTarget::Any, IdOptions::EXITED).map(|done| Some((done.pid, done.status.event())))
}

/// Every call, waiting for any child to terminate.
const CALLS: &[(&str, Front)] = &[
    ("wait", by_wait),
    ("waitpid", by_waitpid),
    ("wait3", by_wait3),
    ("wait4", by_wait4),
    ("waitid", by_waitid),
    #[cfg(target_os = "linux")]
    ("waitid_usage", by_waitid_usage),
    #[cfg(any(target_os = "freebsd", target_os = "netbsd"))]
    ("wait6", by_wait6),
];

#[rstest]
#[serial]
fn each_call_reports_an_exit(#[values(0, 1, 42, 255)] code: u8) {
    for (name, call) in CALLS {
        let child = Child::held();
        child.exit(code);
        assert_eq!(call(), Ok(Some((child.pid, Event::Exited { code: code.into() }))), "{name}");
        assert_eq!(call(), Err(Errno::CHILD), "{name}: it was told once");
    }
}

#[rstest]
#[serial]
fn each_call_reports_death_by_a_signal(#[values(Signal::TERM, Signal::KILL, Signal::USR1)] signal: Signal) {
    for (name, call) in CALLS {
        let child = Child::held();
        child.signal(signal);
        assert_eq!(call(), Ok(Some((child.pid, Event::Signaled { signal, core: false }))), "{name}");
    }
}

#[test]
#[serial]
fn each_call_reports_that_there_is_no_child() {
    for (name, call) in CALLS {
        assert_eq!(call(), Err(Errno::CHILD), "{name}");
    }
}

#[test]
#[serial]
fn a_target_selects_its_own_children_only() {
    let (first, second, third) = (Child::zombie(1), Child::zombie(2), Child::held());
    setpgid(Some(third.pid), Some(third.pid)).expect("our child");
    third.exit(3);
    third.await_change(IdOptions::EXITED);

    let reap =
        |target| try_wait4(target, WaitOptions::NONE).map(|done| done.map(|done| (done.pid, done.status)));
    assert_eq!(reap(WaitTarget::Pid(second.pid)), Ok(Some((second.pid, WaitStatus::exited(2)))));
    assert_eq!(reap(WaitTarget::Pid(second.pid)), Err(Errno::CHILD));
    assert_eq!(reap(WaitTarget::Group(third.pid)), Ok(Some((third.pid, WaitStatus::exited(3)))));
    assert_eq!(reap(WaitTarget::Group(third.pid)), Err(Errno::CHILD));
    assert_eq!(reap(WaitTarget::OwnGroup), Ok(Some((first.pid, WaitStatus::exited(1)))));
    assert_eq!(reap(WaitTarget::Any), Err(Errno::CHILD));
}

#[test]
#[serial]
fn waitid_accepts_the_same_targets() {
    let (first, second, third) = (Child::zombie(1), Child::zombie(2), Child::held());
    setpgid(Some(third.pid), Some(third.pid)).expect("our child");
    third.exit(3);
    third.await_change(IdOptions::EXITED);

    let reap = |target: WaitTarget| try_waitid(target, IdOptions::EXITED).map(|info| info.map(reported));
    assert_eq!(reap(WaitTarget::Pid(second.pid)), Ok(Some((second.pid, Event::Exited { code: 2 }))));
    assert_eq!(reap(WaitTarget::Group(third.pid)), Ok(Some((third.pid, Event::Exited { code: 3 }))));
    assert_eq!(reap(WaitTarget::Group(third.pid)), Err(Errno::CHILD));
    assert_eq!(reap(WaitTarget::OwnGroup), Ok(Some((first.pid, Event::Exited { code: 1 }))));
    assert_eq!(reap(WaitTarget::Any), Err(Errno::CHILD));
}

#[cfg(target_os = "linux")]
#[test]
#[serial]
fn waitid_accepts_a_pidfd() {
    use rustix::fd::AsFd;
    use rustix::process::{PidfdFlags, pidfd_open};
    let (other, child) = (Child::zombie(1), Child::held());
    let pidfd = pidfd_open(child.pid, PidfdFlags::NONBLOCK).expect("Linux 5.10");
    assert_eq!(waitid(pidfd.as_fd(), IdOptions::EXITED), Err(Errno::AGAIN));
    assert_eq!(try_waitid(pidfd.as_fd(), IdOptions::EXITED), Ok(None));
    child.exit(5);
    child.await_change(IdOptions::EXITED);
    let done = waitid(pidfd.as_fd(), IdOptions::EXITED);
    assert_eq!(done.map(reported), Ok((child.pid, Event::Exited { code: 5 })));
    assert_eq!(waitid(pidfd.as_fd(), IdOptions::EXITED), Err(Errno::CHILD));
    let no_pidfd = std::fs::File::open("/dev/null").expect("/dev/null");
    assert_eq!(waitid(no_pidfd.as_fd(), IdOptions::EXITED), Err(Errno::BADF));
    drop(other);
}

#[test]
#[serial]
fn nohang_finds_nothing_while_the_child_runs() {
    let child = Child::held();
    let more = WaitOptions::UNTRACED | WaitOptions::CONTINUED;
    let all = IdOptions::EXITED | IdOptions::STOPPED | IdOptions::CONTINUED;
    assert_eq!(try_waitpid(child.pid, more), Ok(None));
    assert_eq!(try_wait3(more), Ok(None));
    assert_eq!(try_wait4(child.pid, more), Ok(None));
    assert_eq!(try_waitid(child.pid, all), Ok(None));
}

#[test]
#[serial]
fn stops_and_continues_are_reported_on_request() {
    let child = Child::held();
    let reap = |options| try_waitpid(child.pid, options).map(|done| done.map(|(_, status)| status));

    child.signal(Signal::STOP);
    child.await_change(IdOptions::STOPPED);
    assert_eq!(reap(WaitOptions::NONE), Ok(None));
    assert_eq!(reap(WaitOptions::CONTINUED), Ok(None));
    assert_eq!(reap(WaitOptions::UNTRACED), Ok(Some(WaitStatus::stopped(Signal::STOP))));
    assert_eq!(reap(WaitOptions::UNTRACED), Ok(None), "a stop is reported once");

    child.signal(Signal::CONT);
    child.await_change(IdOptions::CONTINUED);
    assert_eq!(reap(WaitOptions::UNTRACED), Ok(None));
    assert_eq!(reap(WaitOptions::CONTINUED), Ok(Some(WaitStatus::continued())));
    assert_eq!(reap(WaitOptions::CONTINUED), Ok(None), "a continue is reported once");
}

#[test]
#[serial]
fn waitid_reports_the_requested_events() {
    let child = Child::held();
    let ask = |options| try_waitid(child.pid, options).map(|info| info.map(|info| info.event));

    child.signal(Signal::STOP);
    child.await_change(IdOptions::STOPPED);
    assert_eq!(ask(IdOptions::EXITED | IdOptions::CONTINUED), Ok(None));
    let stopped = Event::Stopped { signal: Signal::STOP, ptrace: 0 };
    assert_eq!(ask(IdOptions::STOPPED | IdOptions::NOWAIT), Ok(Some(stopped)));
    assert_eq!(ask(IdOptions::STOPPED), Ok(Some(stopped)), "a look takes nothing");
    assert_eq!(ask(IdOptions::STOPPED), Ok(None));

    child.signal(Signal::CONT);
    child.await_change(IdOptions::CONTINUED);
    assert_eq!(ask(IdOptions::CONTINUED), Ok(Some(Event::Continued)));

    child.exit(8);
    child.await_change(IdOptions::EXITED);
    let seen = waitid(child.pid, IdOptions::EXITED).expect("our child");
    assert_eq!((seen.pid, seen.event), (child.pid, Event::Exited { code: 8 }));
    if cfg!(not(target_vendor = "apple")) {
        assert_eq!(seen.uid, rustix::process::getuid().as_raw());
    }
}

#[rstest]
#[serial]
#[cfg_attr(target_vendor = "apple", ignore = "XNU takes an empty set of events")]
fn waitid_without_an_event_fails_with_einval(
    #[values(IdOptions::empty(), IdOptions::NOWAIT)] options: IdOptions,
) {
    let child = Child::zombie(0);
    assert_eq!(waitid(child.pid, options), Err(Errno::INVAL));
    assert_eq!(try_waitid(child.pid, options), Err(Errno::INVAL));
}

#[cfg(target_os = "linux")]
#[test]
#[serial]
fn linux_selects_by_thread_and_by_kind() {
    let child = Child::held();
    let ask = |options| try_wait4(child.pid, options);
    assert_eq!(ask(WaitOptions::CLONE), Err(Errno::CHILD), "it is no clone child");
    assert_eq!(ask(WaitOptions::ALL), Ok(None));
    assert_eq!(ask(WaitOptions::NOTHREAD), Ok(None), "this thread forked it");
    let elsewhere = std::thread::scope(|scope| scope.spawn(|| ask(WaitOptions::NOTHREAD)).join());
    assert_eq!(elsewhere.expect("no panic"), Err(Errno::CHILD), "that thread did not");
}

/// A signal is sent repeatedly until one has interrupted the wait: no order is assumed.
#[test]
#[serial]
fn a_signal_interrupts_and_retrying_continues() {
    let waiter = process::fork().expect("fork");
    if waiter == Forked::Child {
        process::exit_now(interrupted_waiter());
    }
    let Forked::Parent(waiter) = waiter else { unreachable!("the child has exited") };
    let done = wait4(Pid::from_raw(waiter).expect("a pid"), WaitOptions::NONE);
    assert_eq!(done.expect("our child").status, WaitStatus::exited(0));
}

/// Runs in a process with one thread; 0, or the number of the check that failed.
fn interrupted_waiter() -> i32 {
    let handled = signal::set_action(Signal::USR1.number(), signal::Action::Count, signal::Flags::default());
    let (Ok(()), Ok((hear, tell))) = (handled, rustix::pipe::pipe()) else { return 1 };
    let me = process::pid();
    let child = match process::fork() {
        Err(_) => return 2,
        Ok(Forked::Parent(pid)) => WaitTarget::from_raw(pid).unwrap_or(WaitTarget::Any),
        Ok(Forked::Child) => {
            let mut ready = [rustix::event::PollFd::new(&hear, rustix::event::PollFlags::IN)];
            let pause = rustix::event::Timespec { tv_sec: 0, tv_nsec: 1_000_000 };
            // Wait until the byte arrives, as long as the parent lives.
            while process::parent_pid() == me {
                if !matches!(rustix::event::poll(&mut ready, Some(&pause)), Ok(0) | Err(Errno::INTR)) {
                    process::exit_now(5);
                }
                let _ = process::kill(me, Signal::USR1.number());
            }
            process::exit_now(6)
        }
    };
    if wait4(child, WaitOptions::NONE) != Err(Errno::INTR) {
        return 3;
    }
    // Signals still arrive when this wait starts.
    if rustix::io::write(&tell, b"!") != Ok(1) {
        return 4;
    }
    match retrying(|| wait4(child, WaitOptions::NONE)) {
        Ok(done) if done.status == WaitStatus::exited(5) => 0,
        _ => 5,
    }
}

/// Uses some CPU time and memory.
const BURN_US: i64 = 20_000;

fn burn() {
    let spent = || {
        let usage = process::usage(process::Who::SelfProcess);
        usage.utime_us.unwrap_or(i64::MAX).saturating_add(usage.stime_us.unwrap_or(0))
    };
    while spent() < BURN_US {}
}

fn plausible(rusage: &Rusage, call: &str) {
    let burnt = std::time::Duration::from_micros(BURN_US.cast_unsigned());
    assert!(rusage.cpu_time() >= burnt, "{call}: {rusage:?}");
    assert!(rusage.cpu_time() < burnt * 100, "{call}: {rusage:?}");
    assert_eq!(rusage.cpu_time(), rusage.user_time() + rusage.system_time(), "{call}");
    // More than a few pages, but less than a wrong unit would give.
    assert!((100_000..10_000_000_000).contains(&rusage.max_rss_bytes()), "{call}: {rusage:?}");
    assert!(rusage.minor_faults() > 0, "{call}: {rusage:?}");
}

#[test]
#[serial]
fn rusage_is_that_of_the_child() {
    let burnt = || {
        let child = Child::after(burn);
        child.exit(0);
        child
    };
    let child = burnt();
    let done = wait4(child.pid, WaitOptions::NONE).expect("our child");
    plausible(&done.rusage, "wait4");
    let _child = burnt();
    plausible(&wait3(WaitOptions::NONE).expect("our child").rusage, "wait3");
    #[cfg(target_os = "linux")]
    {
        let child = burnt();
        let done = waitspec::wait::waitid_usage(child.pid, IdOptions::EXITED);
        plausible(&done.expect("our child").1, "waitid");
    }
}

#[test]
#[serial]
fn reap_reaps_all_ready_children_and_stops() {
    let children: Vec<Child> =
        (0..8).map(|code| if code < 6 { Child::zombie(code) } else { Child::held() }).collect();
    let mut taken: Vec<_> = reap(WaitTarget::Any)
        .map(|done| done.map(|done| (done.pid, done.status)).expect("no error"))
        .collect();
    taken.sort_by_key(|(_, status)| status.exit_status());
    let expected: Vec<_> = (0..6)
        .map(|code| (children[code].pid, WaitStatus::exited(i32::try_from(code).expect("small"))))
        .collect();
    assert_eq!(taken, expected);
    assert_eq!(reap(WaitTarget::Any).count(), 0, "two run");
    drop(children);
    assert_eq!(reap(WaitTarget::Any).count(), 0, "none is left");
}
