use super::*;

#[test]
fn a_name_may_hold_anything() {
    let line = b"77 (a) R 1 (b \xff) S 5 6 7 0 -1 4194304 1 0 0 0 30 20 0 0 20 0 3 0 104705 0 0 18446744073709551615 1";
    let p = parse_stat(line).unwrap();
    assert_eq!(
        (p.ppid, p.pgid, p.sid, p.state, p.threads, p.start),
        (5, 6, 7, State::Sleeping, Some(3), Some(104_705))
    );
    assert_eq!(p.cpu, ticks(50));
    for cut in 0..line.len() {
        let _ = parse_stat(&line[..cut]);
    }
}

mod live {
    use super::super::*;
    use crate::sys::process::tests::{TestChild, until};
    use crate::sys::process::{self, Handle};
    use crate::sys::process_table::{LastingStop, StopState, is_zombie, read, stop_of, threads};
    use crate::sys::signal;

    extern "C" fn sleep_for_ever(_: *mut libc::c_void) -> *mut libc::c_void {
        loop {
            process::pause();
        }
    }

    /// A child with a second thread that sleeps; then `then` in the first.
    fn with_a_thread(then: impl FnOnce() -> i32) -> TestChild {
        TestChild::running(|| {
            let mut thread = std::mem::MaybeUninit::<libc::pthread_t>::uninit();
            // SAFETY: a function that touches nothing of its argument. The C libraries of Linux allow a new thread in
            // a forked child.
            let error = unsafe {
                libc::pthread_create(
                    thread.as_mut_ptr(),
                    std::ptr::null(),
                    sleep_for_ever,
                    std::ptr::null_mut(),
                )
            };
            if error != 0 {
                return 1;
            }
            then()
        })
    }

    #[test]
    fn a_first_thread_that_ended_is_no_zombie_process() {
        let child = with_a_thread(|| {
            process::exit_thread(3);
            1
        });
        until(|| read(child.0).unwrap().unwrap().state == State::Zombie);
        assert!(!is_zombie(child.0));
        assert_eq!(threads(child.0).len(), 2);
        assert_eq!(process::reap(child.0), process::Reaped::NotYet);
        process::kill(child.0, libc::SIGSTOP).unwrap();
        let mut stop = LastingStop::of(child.0);
        until(|| stop.holds());
        process::kill(child.0, libc::SIGKILL).unwrap();
        until(|| is_zombie(child.0));
        assert_eq!(child.end(), -libc::SIGKILL);
    }

    #[test]
    fn a_table_that_does_not_show_what_is_there_is_none() {
        let child = TestChild::running(|| {
            let shown = read(process::pid()).is_ok_and(|p| p.is_some());
            distrust();
            i32::from(
                !shown
                    || read(process::pid()) != Err(Errno::NOSYS)
                    || glance(process::pid()) != Err(Errno::NOSYS),
            )
        });
        assert_eq!(child.end(), 0);
    }

    #[test]
    fn a_glance_shows_the_same() {
        let child = TestChild::held();
        until(|| glance(child.0).unwrap().unwrap().state == State::Sleeping);
        let whole = read(child.0).unwrap().unwrap();
        assert_eq!(
            glance(child.0).unwrap().unwrap(),
            Process { uid: 0, tracer: None, traced: false, ..whole }
        );
        process::kill(child.0, libc::SIGSTOP).unwrap();
        until(|| stop_of(child.0) == StopState::Stopped);
        assert_eq!(glance(child.0), read(child.0));
        process::kill(child.0, libc::SIGKILL).unwrap();
        until(|| is_zombie(child.0));
        assert_eq!(glance(child.0), read(child.0));
        child.end();
        assert_eq!(glance(1 << 22), Ok(None));
    }

    #[test]
    fn a_pidfd_is_readable_at_the_very_end() {
        let child = with_a_thread(|| {
            process::exit_thread(3);
            1
        });
        let handle = Handle::open(child.0).unwrap();
        let Some(fd) = handle.poll_fd() else { return };
        let readable = |ms: i64| {
            let mut fds = [rustix::event::PollFd::new(&fd, rustix::event::PollFlags::IN)];
            let timeout = rustix::event::Timespec { tv_sec: ms / 1000, tv_nsec: ms % 1000 * 1_000_000 };
            rustix::event::poll(&mut fds, Some(&timeout)).unwrap() == 1
        };
        until(|| read(child.0).unwrap().unwrap().state == State::Zombie);
        assert!(!readable(0));
        handle.signal(libc::SIGKILL).unwrap();
        assert!(readable(30_000));
        assert!(is_zombie(child.0));
    }

    #[test]
    fn a_tracer_s_stop_is_told_from_job_control() {
        let child = TestChild::running(|| {
            // SAFETY: no memory is involved.
            unsafe { libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0) };
            let _ = signal::raise(libc::SIGSTOP);
            0
        });
        // Under a tracer that follows forks it cannot have us as another.
        let mut stop = LastingStop::of(child.0);
        until(|| stop.holds());
        let p = read(child.0).unwrap().unwrap();
        if p.tracer == Some(process::pid()) || p.tracer == Some(process::thread_id()) {
            assert_eq!(p.state, State::TracingStop);
            let stop = stop_of(child.0);
            assert!(matches!(stop, StopState::Traced { .. }));
            assert_eq!(stop_of(child.0), stop);
        }
    }
}
