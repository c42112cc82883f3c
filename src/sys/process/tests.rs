use super::*;
use rustix::io::Errno;
use std::ffi::CString;

use std::time::{Duration, Instant};

/// A child that is killed and reaped at the end of the test.
pub(crate) struct TestChild(pub i32);

impl TestChild {
    /// `body` runs in a fork of a multithreaded process: async-signal-safe functions only.
    pub(crate) fn running(body: impl FnOnce() -> i32) -> TestChild {
        TestChild(spawn(body).unwrap())
    }

    /// A child that sleeps until a signal kills it.
    pub(crate) fn held() -> TestChild {
        TestChild::running(|| {
            loop {
                pause();
            }
        })
    }

    /// Waits for termination; returns the exit code, or the negated signal.
    pub(crate) fn end(self) -> i32 {
        let mut end = None;
        until(|| match reap(self.0) {
            Reaped::Gone(status) => {
                end = Some(status);
                true
            }
            Reaped::NotYet => false,
            Reaped::Failed(e) => panic!("{e}"),
        });
        std::mem::forget(self);
        let status = end.unwrap();
        if libc::WIFEXITED(status) { libc::WEXITSTATUS(status) } else { -libc::WTERMSIG(status) }
    }
}

impl Drop for TestChild {
    fn drop(&mut self) {
        kill_and_reap(self.0);
    }
}

/// Polls until the condition holds.
pub(crate) fn until(mut so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !so() {
        assert!(Instant::now() < deadline, "not within 30 s");
        std::thread::yield_now();
    }
}

fn c(strings: &[&str]) -> Vec<CString> {
    strings.iter().map(|s| CString::new(*s).unwrap()).collect()
}

#[test]
fn a_child_ends_with_its_code_or_signal() {
    assert_eq!(TestChild::running(|| 7).end(), 7);
    let child = TestChild::held();
    assert_eq!(reap(child.0), Reaped::NotYet);
    kill(child.0, libc::SIGTERM).unwrap();
    let pid = child.0;
    assert_eq!(child.end(), -libc::SIGTERM);
    assert_eq!(reap(pid), Reaped::Failed(Errno::CHILD));
    assert_eq!(reap(0), Reaped::Failed(Errno::INVAL));
    assert_eq!(kill(-1, 0), Err(Errno::INVAL));
}

#[test]
fn a_kernel_without_a_call_may_send_sigsys() {
    use workload::ignoring_sigsys;
    let sigsys = || kill(pid(), libc::SIGSYS).is_err().into();
    assert_eq!(TestChild::running(move || ignoring_sigsys(sigsys)).end(), 0);
    let later = move || {
        ignoring_sigsys(|| 0);
        sigsys()
    };
    assert_eq!(TestChild::running(later).end(), -libc::SIGSYS);
}

#[test]
fn exec_says_why_it_failed() {
    assert_eq!(exec(&c(&["/nowhere/at/all"])), Errno::NOENT);
    assert_eq!(exec(&[]), Errno::INVAL);
}

#[test]
fn exec_changes_the_environment() {
    let argv = c(&["sh", "-c", "test \"$WAITSPEC_A\" = 1 && test -z \"${HOME+x}\" && test -n \"$PATH\""]);
    let changes = c(&["WAITSPEC_A=1", "HOME"]);
    let child = TestChild::running(|| {
        exec_with(&argv, &changes);
        99
    });
    assert_eq!(child.end(), 0);
    assert!(std::env::var_os("WAITSPEC_A").is_none());
}

#[test]
fn usage_has_every_field() {
    for who in [Who::SelfProcess, Who::Children] {
        let u = usage(who);
        let fields =
            [u.utime_us, u.stime_us, u.maxrss, u.minflt, u.majflt, u.inblock, u.oublock, u.nvcsw, u.nivcsw];
        assert!(fields.iter().all(|f| f.is_some_and(|n| n >= 0)), "{u:?}");
    }
    assert!(usage(Who::SelfProcess).maxrss.unwrap() > 0);
}

/// For systems with subreapers and parent-death signals.
#[cfg(any(target_os = "linux", target_os = "freebsd"))]
mod orphans {
    use super::{TestChild, until};
    use crate::sys::process::*;
    use crate::sys::process_table::{self, Descendants, State};
    use std::io::Read as _;
    use std::os::fd::AsRawFd;

    #[test]
    fn a_subreaper_gets_the_orphans_and_a_death_signal_ends_them() {
        // root (subreaper) - middle - leaf: the middle one exits, the root adopts the leaf, and the leaf dies with it.
        let (mut reader, writer) = std::io::pipe().unwrap();
        let fd = writer.as_raw_fd();
        let root = TestChild::running(move || {
            let _ = set_subreaper(true);
            let Ok(middle) = spawn(|| {
                let Ok(leaf) = spawn(|| {
                    loop {
                        pause();
                    }
                }) else {
                    return 1;
                };
                // SAFETY: a descriptor that the parent left open, and four bytes of ours.
                unsafe { libc::write(fd, (&raw const leaf).cast(), 4) };
                0
            }) else {
                return 1;
            };
            // The leaf is the root's child once its parent is reaped.
            while reap(middle) == Reaped::NotYet {}
            loop {
                pause();
            }
        });
        let mut leaf = [0; 4];
        reader.read_exact(&mut leaf).unwrap();
        let leaf = i32::from_ne_bytes(leaf);
        let handle = Handle::open(leaf).unwrap();
        let mut descendants = Descendants::new(root.0);
        until(|| descendants.scan().unwrap().iter().any(|p| p.pid == leaf && p.ppid == root.0));
        handle.signal(libc::SIGKILL).unwrap();
        until(|| process_table::read(leaf).unwrap().is_none_or(|p| p.state == State::Zombie));
    }

    #[test]
    fn a_child_dies_with_its_parent() {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let fd = writer.as_raw_fd();
        let parent = TestChild::running(move || {
            let _ = spawn(|| {
                die_with_parent(Some(libc::SIGKILL));
                let us = pid();
                // SAFETY: a descriptor that the parent left open, and four bytes of ours.
                unsafe { libc::write(fd, (&raw const us).cast(), 4) };
                loop {
                    pause();
                }
            });
            loop {
                pause();
            }
        });
        let mut child = [0; 4];
        reader.read_exact(&mut child).unwrap();
        let child = i32::from_ne_bytes(child);
        let start = process_table::read(child).unwrap().unwrap().start;
        drop(parent);
        // The adopting process may be slow to reap it.
        until(|| match process_table::read(child).unwrap() {
            Some(p) => !p.is_still(start) || p.state == State::Zombie,
            None => true,
        });
    }
}
