//! Compares whole lives of children, not single calls: spawn and reap, the time from an exit to the return of a wait, and reaping
//! 10 to 10,000 zombies.
//!
//! In each group `libc` is the loop that a C program would have.
//!
//! ```console
//! $ cargo bench --manifest-path benches/Cargo.toml --bench children
//! $ cargo bench --manifest-path benches/Cargo.toml --bench children -- latency
//! ```

mod common;

use common::{child, libc_wait4};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, criterion_group, criterion_main};
use nix::sys::wait as nix_wait;
use rustix::process as rustix_process;
use std::cell::Cell;
use std::mem::MaybeUninit;
use std::process::Command;
use std::ptr;
use std::time::{Duration, Instant};
use waitspec::wait::{IdOptions, IdTarget, Pid, WaitOptions, WaitTarget, wait4, wait4_timeout, waitid};

/// How long a bounded wait may take: longer than any of these does.
const BOUND: Duration = Duration::from_secs(60);
/// How long a child sleeps before it exits, so that its parent is asleep by then.
const NAP: Duration = Duration::from_micros(300);

fn nix_pid(pid: Pid) -> nix::unistd::Pid {
    nix::unistd::Pid::from_raw(pid.as_raw_pid())
}

/// Starts and reaps one child.
fn spawning(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("spawn");
    let mut fork = |name: &str, reap: fn(Pid) -> bool| {
        group.bench_function(name, |bencher| {
            bencher.iter(|| assert!(reap(child(|| ()).expect("fork works")), "{name} reaped nothing"));
        });
    };
    fork("fork/libc", |pid| libc_wait4(pid.as_raw_pid(), 0) > 0);
    fork("fork/waitspec", |pid| wait4(pid, WaitOptions::NONE).is_ok());
    fork("fork/rustix", |pid| {
        rustix_process::waitpid(Some(pid), rustix_process::WaitOptions::empty()).is_ok()
    });
    fork("fork/nix", |pid| nix_wait::waitpid(nix_pid(pid), None).is_ok());
    group.bench_function("exec/libc", |bencher| {
        bencher.iter(|| {
            let (argv, envp) = ([c"true".as_ptr().cast_mut(), ptr::null_mut()], [ptr::null_mut()]);
            let mut pid = 0;
            // SAFETY: both arrays end with a null pointer, and neither they nor the strings are changed.
            let failed = unsafe {
                let (actions, attributes) = (ptr::null(), ptr::null());
                libc::posix_spawnp(
                    &mut pid,
                    c"true".as_ptr(),
                    actions,
                    attributes,
                    argv.as_ptr(),
                    envp.as_ptr(),
                )
            };
            assert!(failed == 0 && libc_wait4(pid, 0) == pid, "posix_spawnp works");
        });
    });
    group.bench_function("exec/std", |bencher| {
        bencher.iter(|| assert!(Command::new("true").env_clear().status().expect("true starts").success()));
    });
}

/// Memory that a child shares with its parent: when it was about to exit, in nanoseconds of the monotonic clock.
struct Shared(*mut Cell<u64>);

impl Shared {
    fn new() -> Shared {
        let (protection, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANON);
        // SAFETY: a new mapping.
        let page = unsafe { libc::mmap(ptr::null_mut(), size_of::<u64>(), protection, flags, -1, 0) };
        assert_ne!(page, libc::MAP_FAILED, "a page can be had");
        Shared(page.cast())
    }

    fn cell(&self) -> &Cell<u64> {
        // SAFETY: the page is mapped until the end, and its writer has exited when it is read.
        unsafe { &*self.0 }
    }
}

fn monotonic() -> u64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a live timespec.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut now) };
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// Times from just before a child's exit to the return of the wait.
fn latency(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, wait: impl Fn(Pid) -> bool) {
    let shared = Shared::new();
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|times| {
            let mut spent = 0;
            for _ in 0..times {
                let pid = child(|| {
                    std::thread::sleep(NAP);
                    shared.cell().set(monotonic());
                });
                assert!(wait(pid.expect("fork works")), "{name} reaped nothing");
                spent += monotonic() - shared.cell().get();
            }
            Duration::from_nanos(spent)
        });
    });
}

/// A wait with a timeout as C has it: until the pidfd is readable.
#[cfg(target_os = "linux")]
fn libc_bounded(pid: Pid) -> bool {
    // SAFETY: system calls with a live pollfd; the descriptor is closed once.
    unsafe {
        let fd = libc::syscall(libc::SYS_pidfd_open, pid.as_raw_pid(), 0) as i32;
        let mut polled = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
        let ready = libc::poll(&mut polled, 1, BOUND.as_millis() as i32);
        libc::close(fd);
        ready == 1 && libc_wait4(pid.as_raw_pid(), 0) > 0
    }
}

fn latencies(criterion: &mut Criterion) {
    let group = &mut criterion.benchmark_group("latency");
    latency(group, "blocked/libc", |pid| libc_wait4(pid.as_raw_pid(), 0) > 0);
    latency(group, "blocked/waitspec", |pid| wait4(pid, WaitOptions::NONE).is_ok());
    latency(group, "blocked/rustix", |pid| {
        rustix_process::waitpid(Some(pid), rustix_process::WaitOptions::empty()).is_ok()
    });
    latency(group, "blocked/nix", |pid| nix_wait::waitpid(nix_pid(pid), None).is_ok());
    #[cfg(target_os = "linux")]
    latency(group, "bounded/libc", libc_bounded);
    latency(group, "bounded/waitspec", |pid| {
        matches!(wait4_timeout(pid, WaitOptions::NONE, BOUND), Ok(Some(_)))
    });
}

/// Zombies of this process; whatever is left of them is reaped.
struct Zombies(Vec<Pid>);

impl Zombies {
    /// `None`: the system has no room for that many processes.
    fn new(count: usize) -> Option<Zombies> {
        let mut zombies = Zombies(Vec::with_capacity(count));
        for _ in 0..count {
            zombies.0.push(child(|| ())?);
        }
        for &pid in &zombies.0 {
            waitid(pid, IdOptions::EXITED | IdOptions::NOWAIT).expect("a zombie");
        }
        Some(zombies)
    }
}

impl Drop for Zombies {
    fn drop(&mut self) {
        while libc_wait4(-1, 0) > 0 {}
    }
}

/// A way to reap all of them.
type Way = fn(&[Pid]) -> bool;

const WAYS: [(&str, Way); 4] = [
    ("any/libc", |pids| pids.iter().all(|_| libc_wait4(-1, 0) > 0)),
    ("any/waitspec", |pids| pids.iter().all(|_| wait4(WaitTarget::Any, WaitOptions::NONE).is_ok())),
    ("pid/libc", |pids| pids.iter().all(|pid| libc_wait4(pid.as_raw_pid(), 0) > 0)),
    ("pid/waitspec", |pids| pids.iter().all(|&pid| wait4(pid, WaitOptions::NONE).is_ok())),
];

/// By a pidfd that is opened for it: as many at once as there are children would exceed the limit of open files.
#[cfg(target_os = "linux")]
const BY_PIDFD: [(&str, Way); 2] = [
    ("pidfd/libc", |pids| {
        pids.iter().all(|pid| {
            let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
            // SAFETY: system calls with a live buffer; the descriptor is closed once.
            unsafe {
                let fd = libc::syscall(libc::SYS_pidfd_open, pid.as_raw_pid(), 0) as i32;
                let done = libc::waitid(libc::P_PIDFD, fd.cast_unsigned(), info.as_mut_ptr(), libc::WEXITED);
                libc::close(fd);
                done == 0
            }
        })
    }),
    ("pidfd/waitspec", |pids| {
        pids.iter().all(|&pid| {
            rustix_process::pidfd_open(pid, rustix_process::PidfdFlags::empty()).is_ok_and(|fd| {
                use std::os::fd::AsFd;
                waitid(IdTarget::PidFd(fd.as_fd()), IdOptions::EXITED).is_ok()
            })
        })
    }),
];
#[cfg(not(target_os = "linux"))]
const BY_PIDFD: [(&str, Way); 0] = [];

/// The time to reap all of a number of zombies, without that to create them.
fn growth(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("growth");
    group.sample_size(10).warm_up_time(Duration::from_millis(1));
    for (name, reap) in WAYS.into_iter().chain(BY_PIDFD) {
        for count in [10, 100, 1_000, 10_000] {
            if Zombies::new(count).is_none() {
                eprintln!("growth/{name}/{count}: skipped, the system has no room for {count} processes");
                continue;
            }
            group.bench_function(BenchmarkId::new(name, count), |bencher| {
                bencher.iter_custom(|times| {
                    (0..times).fold(Duration::ZERO, |spent, _| {
                        let zombies = Zombies::new(count).expect("as many as before");
                        let began = Instant::now();
                        let done = reap(&zombies.0);
                        let spent = spent + began.elapsed();
                        assert!(done, "{name} did not reap {count}");
                        spent
                    })
                });
            });
        }
    }
}

criterion_group! {
    name = children;
    config = Criterion::default().warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    targets = spawning, latencies, growth
}
criterion_main!(children);
