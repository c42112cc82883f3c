//! Compares the calls of `waitspec::wait` with those of libc, rustix, nix and std.
//!
//! `reap` is one call for a zombie, `poll` one call with WNOHANG for a running child, `decode` the exit codes of 65,536 status
//! words.
//!
//! ```console
//! $ cargo bench --manifest-path benches/Cargo.toml
//! $ cargo bench --manifest-path benches/Cargo.toml -- poll
//! ```

mod common;

use common::{child, libc_wait4};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main};
use nix::sys::wait as nix_wait;
use rustix::process as rustix_process;
use std::hint::black_box;
use std::mem::MaybeUninit;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use waitspec::wait::{
    Event, IdOptions, Pid, WaitOptions, WaitStatus, try_wait4, try_waitid, try_waitpid, wait4, waitid,
    waitpid,
};

/// A child that runs until it is killed.
struct Running(Child);

impl Running {
    fn new() -> Running {
        Running(Command::new("sleep").arg("1000").stdin(Stdio::null()).spawn().expect("sleep starts"))
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.0)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A child that has exited and has not been reaped.
fn zombie() -> Pid {
    let pid = child(|| ()).expect("fork works");
    waitid(pid, IdOptions::EXITED | IdOptions::NOWAIT).expect("a zombie");
    pid
}

/// Times a call for a zombie, without creating it.
fn reap(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, call: impl Fn(Pid) -> bool) {
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|times| {
            let mut spent = Duration::ZERO;
            for _ in 0..times {
                let pid = zombie();
                let began = Instant::now();
                let done = call(black_box(pid));
                spent += began.elapsed();
                assert!(done, "{name} reaped nothing");
            }
            spent
        });
    });
}

/// Times a call that finds nothing.
fn poll(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, mut call: impl FnMut() -> bool) {
    assert!(call(), "{name} found something");
    group.bench_function(name, |bencher| bencher.iter(&mut call));
}

fn libc_waitpid(pid: Pid, options: i32) -> i32 {
    let mut status = 0;
    // SAFETY: the pointer is to a live integer.
    let done = unsafe { libc::waitpid(pid.as_raw_pid(), &mut status, options) };
    black_box(status);
    done
}

fn libc_waitid(pid: Pid, options: i32) -> i32 {
    let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
    let id = pid.as_raw_pid().cast_unsigned();
    // SAFETY: the pointer is to a live buffer.
    let done = unsafe { libc::waitid(libc::P_PID, id, info.as_mut_ptr(), libc::WEXITED | options) };
    black_box(info);
    done
}

fn reaping(criterion: &mut Criterion) {
    let group = &mut criterion.benchmark_group("reap");
    reap(group, "wait4/libc", |pid| libc_wait4(pid.as_raw_pid(), 0) > 0);
    reap(group, "wait4/waitspec", |pid| black_box(wait4(pid, WaitOptions::NONE)).is_ok());
    reap(group, "waitpid/libc", |pid| libc_waitpid(pid, 0) > 0);
    reap(group, "waitpid/waitspec", |pid| black_box(waitpid(pid, WaitOptions::NONE)).is_ok());
    reap(group, "waitpid/rustix", |pid| {
        black_box(rustix_process::waitpid(Some(pid), rustix_process::WaitOptions::empty())).is_ok()
    });
    reap(group, "waitpid/nix", |pid| {
        black_box(nix_wait::waitpid(nix::unistd::Pid::from_raw(pid.as_raw_pid()), None)).is_ok()
    });
    reap(group, "waitid/libc", |pid| libc_waitid(pid, 0) == 0);
    reap(group, "waitid/waitspec", |pid| black_box(waitid(pid, IdOptions::EXITED)).is_ok());
    #[cfg(not(target_os = "openbsd"))]
    reap(group, "waitid/rustix", |pid| {
        let id = rustix_process::WaitId::Pid(pid);
        black_box(rustix_process::waitid(id, rustix_process::WaitIdOptions::EXITED)).is_ok()
    });
}

fn polling(criterion: &mut Criterion) {
    let mut child = Running::new();
    let pid = child.pid();
    let group = &mut criterion.benchmark_group("poll");
    poll(group, "wait4/libc", || libc_wait4(black_box(pid).as_raw_pid(), libc::WNOHANG) == 0);
    poll(group, "wait4/waitspec", || matches!(try_wait4(black_box(pid), WaitOptions::NONE), Ok(None)));
    poll(group, "waitpid/libc", || libc_waitpid(black_box(pid), libc::WNOHANG) == 0);
    poll(group, "waitpid/waitspec", || matches!(try_waitpid(black_box(pid), WaitOptions::NONE), Ok(None)));
    poll(group, "waitpid/rustix", || {
        matches!(rustix_process::waitpid(Some(black_box(pid)), rustix_process::WaitOptions::NOHANG), Ok(None))
    });
    poll(group, "waitpid/nix", || {
        let pid = nix::unistd::Pid::from_raw(black_box(pid).as_raw_pid());
        let found = nix_wait::waitpid(pid, Some(nix_wait::WaitPidFlag::WNOHANG));
        matches!(found, Ok(nix_wait::WaitStatus::StillAlive))
    });
    // With a pidfd or waitpid, as std chooses.
    poll(group, "waitpid/std", || matches!(child.0.try_wait(), Ok(None)));
    poll(group, "waitid/libc", || libc_waitid(black_box(pid), libc::WNOHANG) == 0);
    poll(group, "waitid/waitspec", || matches!(try_waitid(black_box(pid), IdOptions::EXITED), Ok(None)));
    #[cfg(not(target_os = "openbsd"))]
    poll(group, "waitid/rustix", || {
        let options = rustix_process::WaitIdOptions::EXITED | rustix_process::WaitIdOptions::NOHANG;
        matches!(rustix_process::waitid(rustix_process::WaitId::Pid(black_box(pid)), options), Ok(None))
    });
}

/// The exit code of a status word, or 128 and the signal.
fn decoding(criterion: &mut Criterion) {
    // nix panics on a word that no system reports.
    let words: Vec<i32> = (0..256).map(|code| code << 8).chain(1..=31).cycle().take(65_536).collect();
    let mut group = criterion.benchmark_group("decode");
    let mut decode = |name: &str, code: fn(i32) -> Option<i32>| {
        group.bench_function(name, |bencher| {
            bencher
                .iter(|| black_box(&words).iter().filter_map(|word| code(*word)).fold(0, i32::wrapping_add));
        });
    };
    decode("libc", |word| {
        if libc::WIFEXITED(word) {
            Some(libc::WEXITSTATUS(word))
        } else {
            libc::WIFSIGNALED(word).then(|| 128 + libc::WTERMSIG(word))
        }
    });
    decode("waitspec", |word| match WaitStatus::from_raw(word).event() {
        Event::Exited { code } => Some(code),
        Event::Signaled { signal, .. } => Some(128 + signal.number()),
        _ => None,
    });
    decode("std", |word| {
        let status = ExitStatus::from_raw(word);
        status.code().or_else(|| status.signal().map(|signal| 128 + signal))
    });
    decode("nix", |word| match nix_wait::WaitStatus::from_raw(nix::unistd::Pid::from_raw(1), word) {
        Ok(nix_wait::WaitStatus::Exited(_, code)) => Some(code),
        Ok(nix_wait::WaitStatus::Signaled(_, signal, _)) => Some(128 + signal as i32),
        _ => None,
    });
}

criterion_group! {
    name = calls;
    config = Criterion::default().warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    targets = reaping, polling, decoding
}
criterion_main!(calls);
