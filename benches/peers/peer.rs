//! One of the programs that `scripts/bench-peers` compares: `peer std|nix|tokio|waitspec reap|poll N PROGRAM` prints nanoseconds.
//!
//! `reap` starts PROGRAM and reaps it, N times; `poll` asks N times whether a child that runs has exited.

use std::hint::black_box;
use std::process::{Command, Stdio};
use std::time::Instant;

/// Runs something N times, and prints the nanoseconds.
fn timed(n: u64, mut work: impl FnMut() -> bool) {
    let began = Instant::now();
    for _ in 0..n {
        assert!(black_box(work()), "a wait reported what it should not");
    }
    println!("{}", began.elapsed().as_nanos());
}

fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null());
    command
}

fn sleeper() -> Command {
    let mut command = command("sleep");
    command.arg("1000");
    command
}

fn of_std(work: &str, n: u64, program: &str) {
    if work == "reap" {
        return timed(n, || command(program).status().is_ok_and(|status| status.success()));
    }
    let mut child = sleeper().spawn().expect("sleep starts");
    timed(n, || matches!(child.try_wait(), Ok(None)));
    let _ = child.kill();
    let _ = child.wait();
}

fn of_nix(work: &str, n: u64, program: &str) {
    use nix::sys::signal::{Signal, kill};
    use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
    use nix::unistd::Pid;
    let pid = |command: &mut Command| {
        Pid::from_raw(command.spawn().expect("a program starts").id().try_into().expect("a pid"))
    };
    if work == "reap" {
        // std starts it: a fork by nix would be unsafe.
        return timed(n, || {
            matches!(waitpid(pid(&mut command(program)), None), Ok(WaitStatus::Exited(_, 0)))
        });
    }
    let child = pid(&mut sleeper());
    timed(n, || matches!(waitpid(child, Some(WaitPidFlag::WNOHANG)), Ok(WaitStatus::StillAlive)));
    let _ = kill(child, Signal::SIGKILL);
    let _ = waitpid(child, None);
}

fn of_waitspec(work: &str, n: u64, program: &str) {
    use waitspec::wait::{Pid, WaitOptions, WaitStatus, try_wait4, wait4};
    if work == "reap" {
        return timed(n, || {
            let child = Pid::from_child(&command(program).spawn().expect("a program starts"));
            wait4(child, WaitOptions::NONE).is_ok_and(|done| done.status == WaitStatus::exited(0))
        });
    }
    let mut child = sleeper().spawn().expect("sleep starts");
    let pid = Pid::from_child(&child);
    timed(n, || matches!(try_wait4(pid, WaitOptions::NONE), Ok(None)));
    let _ = child.kill();
    let _ = child.wait();
}

fn of_tokio(work: &str, n: u64, program: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().expect("a runtime");
    runtime.block_on(async {
        if work == "reap" {
            let began = Instant::now();
            for _ in 0..n {
                let mut command = tokio::process::Command::from(command(program));
                assert!(command.status().await.is_ok_and(|status| status.success()));
            }
            println!("{}", began.elapsed().as_nanos());
            return;
        }
        let mut child = tokio::process::Command::from(sleeper()).spawn().expect("sleep starts");
        timed(n, || matches!(child.try_wait(), Ok(None)));
        let _ = child.kill().await;
    });
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [of, work, n, program] = arguments.as_slice() else { panic!("peer OF WORK N PROGRAM") };
    let n = n.parse().expect("a number");
    match of.as_str() {
        "std" => of_std(work, n, program),
        "nix" => of_nix(work, n, program),
        "waitspec" => of_waitspec(work, n, program),
        "tokio" => of_tokio(work, n, program),
        other => panic!("{other}"),
    }
}
