use super::*;
use crate::sys::process::tests::{TestChild, until};
use crate::sys::process::{self, Handle};
use std::io::Read as _;
use std::os::fd::AsRawFd as _;

fn state(pid: i32) -> State {
    read(pid).unwrap().expect("it exists").state
}

#[test]
fn it_knows_us() {
    let us = read(process::pid()).unwrap().unwrap();
    assert_eq!(us.pid, process::pid());
    assert_eq!(us.ppid, process::parent_pid());
    assert_eq!(us.pgid, process::group());
    assert_eq!(us.sid, process::session_of(0).unwrap());
    assert_eq!(us.uid, rustix::process::getuid().as_raw());
    assert!(us.threads.is_none_or(|n| n >= 1));
    assert_eq!(read(process::pid()).unwrap().unwrap().start, us.start);
    assert!(all().unwrap().iter().any(|p| p.pid == us.pid && p.start == us.start));
}

#[test]
fn nobody_is_nobody() {
    assert_eq!(read(0).unwrap(), None);
    assert_eq!(read(-1).unwrap(), None);
    assert_eq!(read(i32::MAX).unwrap(), None);
    assert!(threads(i32::MAX).is_empty());
    assert_eq!(stop_of(i32::MAX), StopState::No);
    assert!(!is_zombie(i32::MAX));
    assert_eq!(is_asleep_in_wait(i32::MAX, i32::MAX), Asleep::Unknown);
}

#[test]
fn a_life_from_sleep_to_zombie() {
    let child = TestChild::held();
    until(|| state(child.0).is_asleep());
    assert_eq!(read(child.0).unwrap().unwrap().ppid, process::pid());
    assert!(!is_stopped(child.0));
    for _ in 0..3 {
        process::kill(child.0, libc::SIGSTOP).unwrap();
        let mut stop = LastingStop::of(child.0);
        until(|| stop.holds());
        // A tracer (the suite may run under one) shows in the state.
        let traced = read(child.0).unwrap().unwrap().traced;
        assert_eq!(state(child.0), if traced { State::TracingStop } else { State::Stopped });
        assert_eq!(is_asleep_in_wait(child.0, child.0), Asleep::Awake);
        process::kill(child.0, libc::SIGCONT).unwrap();
        until(|| !is_stopped(child.0));
    }
    assert!(!is_zombie(child.0));
    process::kill(child.0, libc::SIGKILL).unwrap();
    until(|| is_zombie(child.0));
    let pid = child.0;
    assert_eq!(child.end(), -libc::SIGKILL);
    assert!(!is_zombie(pid));
}

#[test]
fn the_start_time_stays_the_same_through_exec_and_exit() {
    let us = std::env::current_exe().unwrap().into_os_string().into_encoded_bytes();
    let argv = [us, b"--list".to_vec()].map(|word| std::ffi::CString::new(word).unwrap());
    for _ in 0..5 {
        let child = TestChild(process::run_program(&argv, None).unwrap());
        let start = read(child.0).unwrap().unwrap().start;
        until(|| {
            // A process that becomes a zombie just then may be missing from a list.
            let listed = all().unwrap().into_iter().find(|p| p.pid == child.0);
            let read = read(child.0).unwrap().expect("it exists");
            for seen in listed.iter().chain([&read]) {
                assert!(seen.is_still(start), "{seen:?} is not of {start:?}");
            }
            read.state == State::Zombie
        });
        assert_eq!(child.end(), 0);
    }
}

#[test]
fn sleep_in_a_wait_is_told_from_other_sleep() {
    let waiting = TestChild::running(|| {
        let us = process::pid();
        let Ok(pid) = process::spawn(|| process::sleep_until_parent_ends(us)) else {
            return 1;
        };
        let mut status = 0;
        // SAFETY: the status is ours.
        unsafe { libc::waitpid(pid, &mut status, 0) };
        0
    });
    let pausing = TestChild::held();
    let busy = TestChild::running(|| {
        loop {
            std::hint::spin_loop();
        }
    });
    until(|| matches!(is_asleep_in_wait(waiting.0, waiting.0), Asleep::InWait | Asleep::InOtherCall));
    until(|| is_asleep_in_wait(pausing.0, pausing.0) == Asleep::InOtherCall);
    assert_eq!(is_asleep_in_wait(busy.0, busy.0), Asleep::Awake);
    if let Some(number) = syscall_of(pausing.0, pausing.0) {
        // If the number is visible, so is the waiter's; it stays blocked.
        until(|| is_asleep_in_wait(waiting.0, waiting.0) == Asleep::InWait);
        assert!(is_wait_syscall(syscall_of(waiting.0, waiting.0).unwrap()));
        assert!(!is_wait_syscall(number));
        assert_eq!(syscall_of(busy.0, busy.0), None);
    }
    // Its own child dies with it if the system has such a signal, else here.
    let mut below = Descendants::new(waiting.0);
    for process in below.scan().unwrap() {
        Handle::open(process.pid).unwrap().signal(libc::SIGKILL).unwrap();
    }
}

#[test]
fn descendants_stay_found() {
    let (mut reader, writer) = std::io::pipe().unwrap();
    let fd = writer.as_raw_fd();
    let root = TestChild::running(move || {
        for _ in 0..3 {
            let Ok(pid) = process::spawn(|| {
                loop {
                    process::pause();
                }
            }) else {
                return 1;
            };
            // SAFETY: a descriptor that the parent left open, and four bytes of ours.
            unsafe { libc::write(fd, (&raw const pid).cast(), 4) };
        }
        loop {
            process::pause();
        }
    });
    let mut descendants = Descendants::new(root.0);
    // Scanned while they appear, whatever exists by then.
    descendants.scan().unwrap();
    let mut pids: Vec<i32> = (0..3)
        .map(|_| {
            let mut bytes = [0; 4];
            reader.read_exact(&mut bytes).unwrap();
            i32::from_ne_bytes(bytes)
        })
        .collect();
    pids.sort_unstable();
    let found = |d: &mut Descendants| d.scan().unwrap().iter().map(|p| p.pid).collect::<Vec<_>>();
    assert_eq!(found(&mut descendants), pids);

    // From two levels up they are visible as well, next to those of other tests.
    let mut all_ours = Descendants::new(process::pid());
    let seen = found(&mut all_ours);
    assert!(pids.iter().chain([&root.0]).all(|pid| seen.contains(pid)));

    // A zombie is included until it is reaped.
    process::kill(pids[0], libc::SIGKILL).unwrap();
    until(|| descendants.scan().unwrap()[0].is_waitable_zombie());

    // Orphans are remembered.
    drop(root);
    let left = found(&mut descendants);
    assert!(pids[1..].iter().all(|pid| left.contains(pid)), "{pids:?} {left:?}");
    for pid in &pids[1..] {
        Handle::open(*pid).unwrap().signal(libc::SIGKILL).unwrap();
    }
    until(|| descendants.scan().unwrap().iter().all(|p| p.state == State::Zombie));
}

#[test]
fn the_probe_finds_what_works() {
    let methods = methods::probe();
    assert_ne!(methods.table, "none");
    assert_ne!(methods.ended, "none");
    assert_ne!(methods.blocked, "none");
}
