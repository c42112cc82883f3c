//! Owned children: started, awaited and terminated through one handle.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use serial_test::serial;
use waitspec::wait::{ChildProcess, Errno, Signal, WaitOptions, WaitStatus, WaitTarget, wait4};

/// Long enough for any machine, and never reached.
const AGES: Duration = Duration::from_secs(50);

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

#[test]
#[serial]
fn run_starts_and_waits() {
    assert_eq!(ChildProcess::run(&mut shell("exit 7")).expect("a shell").status, WaitStatus::exited(7));
    let killed = ChildProcess::run(&mut shell("kill -KILL $$")).expect("a shell").status;
    assert_eq!((killed, killed.to_shell_code()), (WaitStatus::signaled(Signal::KILL), Some(137)));
    let missing = ChildProcess::run(&mut Command::new("/nonexistent/program")).expect_err("no program");
    assert_eq!(missing.kind(), std::io::ErrorKind::NotFound);
    assert_eq!(wait4(WaitTarget::Any, WaitOptions::NONE), Err(Errno::CHILD), "nothing is left");
}

#[test]
#[serial]
fn a_child_of_std_is_taken_over_with_its_pipes() {
    let mut command = shell("cat; exit 3");
    let started = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a shell");
    let id = started.id();
    let mut child = ChildProcess::from(started);
    assert_eq!(child.pid().map(|pid| pid.as_raw_pid().cast_unsigned()), Some(id));
    assert_eq!(child.try_wait(), Ok(None), "it reads its input");
    child.stdin.as_mut().expect("a pipe").write_all(b"hello").expect("it reads");
    // This closes its input, without which it would never terminate.
    let done = child.wait().expect("our child");
    assert_eq!((done.pid.as_raw_pid().cast_unsigned(), done.status), (id, WaitStatus::exited(3)));
    let mut said = String::new();
    child.stdout.take().expect("a pipe").read_to_string(&mut said).expect("text");
    assert_eq!(said, "hello");
}

#[test]
#[serial]
fn a_pid_that_was_reaped_is_not_signalled() {
    let mut child = ChildProcess::spawn(&mut shell("exit 0")).expect("a shell");
    assert!(child.pid().is_some());
    let done = child.wait().expect("our child");
    assert_eq!(child.wait(), Ok(done), "the same report again");
    assert_eq!(child.try_wait(), Ok(Some(done)));
    assert_eq!(child.pid(), None);
    assert_eq!(child.signal(Signal::TERM), Err(Errno::SRCH));
    assert_eq!(child.terminate(Duration::ZERO), Ok(done));
}

#[test]
#[serial]
fn a_child_reaped_by_other_code_is_lost() {
    let mut child = ChildProcess::spawn(&mut shell("exit 0")).expect("a shell");
    let pid = child.pid().expect("it runs");
    assert!(wait4(pid, WaitOptions::NONE).is_ok());
    assert_eq!(child.wait(), Err(Errno::CHILD));
    assert_eq!((child.pid(), child.signal(Signal::TERM)), (None, Err(Errno::SRCH)));
    assert_eq!(child.terminate(AGES), Err(Errno::CHILD));
}

#[test]
#[serial]
fn terminate_asks_first() {
    let mut child = ChildProcess::spawn(Command::new("sleep").arg("1000")).expect("sleep");
    assert_eq!(child.wait_timeout(Duration::from_millis(1)), Ok(None));
    let done = child.terminate(AGES).expect("our child");
    assert_eq!(done.status, WaitStatus::signaled(Signal::TERM));
}

#[test]
#[serial]
fn terminate_kills_what_does_not_listen() {
    let mut command = shell("trap '' TERM; echo ready; exec sleep 1000");
    // A signal that a shell ignores stays ignored across an exec.
    let mut child = ChildProcess::spawn(command.stdout(Stdio::piped())).expect("a shell");
    let mut ready = [0; 5];
    child.stdout.as_mut().expect("a pipe").read_exact(&mut ready).expect("it says so");
    let done = child.terminate(Duration::from_millis(5)).expect("our child");
    assert_eq!(done.status, WaitStatus::signaled(Signal::KILL));
}

#[test]
#[serial]
fn usage_has_all_fields() {
    let done =
        ChildProcess::run(&mut shell("i=0; while [ $i -lt 1000 ]; do i=$((i+1)); done")).expect("a shell");
    let usage = done.rusage;
    assert!(usage.cpu_time() > Duration::ZERO && usage.max_rss_bytes() > 0 && usage.minor_faults() > 0);
    if cfg!(target_os = "linux") {
        let unused = [
            usage.shared_memory(),
            usage.data_memory(),
            usage.stack_memory(),
            usage.swaps(),
            usage.messages_sent(),
            usage.messages_received(),
            usage.signals(),
        ];
        assert_eq!(unused, [0; 7], "getrusage(2): unmaintained");
    }
}
