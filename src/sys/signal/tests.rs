use super::*;
use crate::sys::process::tests::{TestChild, until};
use crate::sys::{process, process_table};

static HOOKED: AtomicI32 = AtomicI32::new(0);

fn hook(signal: i32) {
    HOOKED.store(signal, Ordering::Relaxed);
    // SAFETY: the thread's own; the handler restores it.
    unsafe { *errno() = libc::EXDEV };
}

/// A single test, since the record belongs to the whole process.
#[test]
fn the_record() {
    let flags = Flags { restart: true, ..Flags::default() };
    set_action(libc::SIGUSR1, Action::Record, flags).unwrap();
    set_action(libc::SIGUSR2, Action::Count, flags).unwrap();
    set_action(libc::SIGWINCH, Action::Hook(hook), flags).unwrap();
    take_records();
    raise(libc::SIGUSR1).unwrap();
    raise(libc::SIGUSR2).unwrap();
    raise(libc::SIGUSR2).unwrap();
    // SAFETY: the thread's own.
    unsafe { *errno() = libc::EDOM };
    raise(libc::SIGWINCH).unwrap();
    // SAFETY: as above.
    assert_eq!(unsafe { *errno() }, libc::EDOM);
    assert_eq!(HOOKED.load(Ordering::Relaxed), libc::SIGWINCH);
    let (delivered, records) = take_records();
    assert_eq!(delivered, 4);
    assert_eq!(records.iter().map(|r| r.signo).collect::<Vec<_>>(), [libc::SIGUSR1, libc::SIGWINCH]);
    assert_eq!(records[0].pid, process::pid());
    assert_eq!(records[0].uid, rustix::process::getuid().as_raw());
    assert_eq!((count(libc::SIGUSR1), count(libc::SIGUSR2), count(-1), count(9999)), (1, 2, 0, 0));
    assert_eq!(take_records(), (0, vec![]));

    // SIGCHLD carries information about the child. Other tests have children of their own, and a pending SIGCHLD
    // swallows the next.
    set_action(libc::SIGCHLD, Action::Record, flags).unwrap();
    let mut seen = None;
    until(|| {
        let child = TestChild::running(|| 5);
        until(|| process_table::is_zombie(child.0));
        seen = take_records().1.into_iter().find(|r| r.pid == child.0);
        assert_eq!(child.end(), 5);
        seen.is_some()
    });
    let record = seen.unwrap();
    assert_eq!((record.signo, record.code, record.status), (libc::SIGCHLD, libc::CLD_EXITED, 5));
    set_action(libc::SIGCHLD, Action::Default, Flags::default()).unwrap();

    // More than the ring holds.
    take_records();
    for _ in 0..RING * 2 + 3 {
        raise(libc::SIGUSR1).unwrap();
    }
    let (delivered, records) = take_records();
    assert!(delivered >= RING * 2 + 3);
    assert_eq!(records.len(), RING);

    // Concurrent handlers on several threads lose nothing and invent nothing.
    let threads: Vec<_> = (0..4)
        .map(|_| {
            std::thread::spawn(|| {
                for _ in 0..RING / 4 {
                    raise(libc::SIGUSR1).unwrap();
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|t| t.join().unwrap());
    let (_, records) = take_records();
    assert_eq!(records.len(), RING);
    assert!(records.iter().all(|r| r.signo == libc::SIGUSR1 && r.pid == process::pid()));
    for signal in [libc::SIGUSR1, libc::SIGUSR2, libc::SIGWINCH] {
        set_action(signal, Action::Default, Flags::default()).unwrap();
    }
}

#[test]
fn masks() {
    // Each thread has its own. NetBSD discards a signal whose action is to ignore it, blocked or not.
    set_action(libc::SIGURG, Action::Count, Flags::default()).unwrap();
    assert!(!blocked().contains(&libc::SIGURG));
    block(libc::SIGURG).unwrap();
    assert!(blocked().contains(&libc::SIGURG));
    raise(libc::SIGURG).unwrap();
    assert!(pending().contains(&libc::SIGURG));
    unblock(libc::SIGURG).unwrap();
    assert!(!blocked().contains(&libc::SIGURG));
    assert!(!pending().contains(&libc::SIGURG));
    set_action(libc::SIGURG, Action::Default, Flags::default()).unwrap();
    assert_eq!(block(0), Err(Errno::INVAL));
    assert_eq!(block(9999), Err(Errno::INVAL));
}

#[test]
fn what_cannot_be_set() {
    assert_eq!(set_action(libc::SIGKILL, Action::Ignore, Flags::default()), Err(Errno::INVAL));
    assert_eq!(set_action(0, Action::Ignore, Flags::default()), Err(Errno::INVAL));
    assert_eq!(set_action(-1, Action::Ignore, Flags::default()), Err(Errno::INVAL));
    assert_eq!(set_action(9999, Action::Ignore, Flags::default()), Err(Errno::INVAL));
}

#[test]
fn a_clean_start() {
    let child = TestChild::running(|| {
        let mut wrong = 0;
        for signal in [libc::SIGCHLD, libc::SIGPIPE, libc::SIGTERM, LAST] {
            wrong += i32::from(set_action(signal, Action::Ignore, Flags::default()).is_err());
            wrong += i32::from(block(signal).is_err());
            wrong += i32::from(is_ignored(signal) != Some(true));
        }
        reset_all();
        for signal in [libc::SIGCHLD, libc::SIGPIPE, libc::SIGTERM, LAST] {
            wrong += i32::from(is_ignored(signal) != Some(false));
        }
        if wrong > 0 {
            return wrong;
        }
        // Neither blocked nor ignored any more.
        let _ = kill_self(libc::SIGTERM);
        100
    });
    assert_eq!(child.end(), -libc::SIGTERM);
}

#[cfg(target_os = "linux")]
#[test]
fn numbers_that_the_c_library_keeps_can_be_sent() {
    for signal in [32, 33] {
        let child = TestChild::running(move || {
            reset_all();
            let _ = raise(signal);
            1
        });
        assert_eq!(child.end(), -signal);
        let child = TestChild::running(|| {
            reset_all();
            let _ = raise(libc::SIGSTOP);
            loop {
                process::pause();
            }
        });
        let mut stop = process_table::LastingStop::of(child.0);
        until(|| stop.holds());
        process::kill(child.0, libc::SIGCONT).unwrap();
        process::Handle::open(child.0).unwrap().signal(signal).unwrap();
        assert_eq!(child.end(), -signal);
    }
}
