//! A kernel that lacks one system call at a time: waitspec does without it, or reports it in one line with the error.

use super::run::{LIMIT, run};
use super::skip::skip;
use super::tools::works;

/// One trial, by one warden.
const TRIAL: [&str; 4] = ["nohang.running-child@wait4", "--subject=libc", "--jobs=1", "--format=json"];

/// The calls that a trial can do without, or replace. (Those for memory and the dynamic loader belong to the C library.)
const SPARE: [&str; 50] = [
    "accept4",
    "access",
    "chdir",
    "clock_nanosleep",
    "close_range",
    "dup",
    "dup2",
    "fcntl",
    "getcwd",
    "getdents64",
    "geteuid",
    "getpgrp",
    "getppid",
    "getrandom",
    "getrusage",
    "getsid",
    "getsockopt",
    "gettid",
    "ioctl",
    "kill",
    "lseek",
    "madvise",
    "munmap",
    "pidfd_open",
    "pidfd_send_signal",
    "pipe",
    "pipe2",
    "ppoll",
    "prctl",
    "prlimit64",
    "readlink",
    "readlinkat",
    "recvfrom",
    "restart_syscall",
    "rseq",
    "rt_sigprocmask",
    "sched_getaffinity",
    "sched_yield",
    "sendto",
    "set_robust_list",
    "set_tid_address",
    "setpgid",
    "setsid",
    "shutdown",
    "sigaltstack",
    "statx",
    "umask",
    "uname",
    "unlinkat",
    "waitid",
];

/// The calls that it needs, with the message if they do not exist.
const NEEDED: [(&str, &str); 8] = [
    ("poll", "Rust's runtime cannot start without poll"),
    ("rt_sigaction", "Rust's runtime cannot start without rt_sigaction"),
    ("clone,clone3,fork,vfork", "cannot fork a warden: E"),
    ("mkdir,mkdirat", "cannot create a temporary directory in "),
    ("socketpair", "cannot create a socket pair: E"),
    ("socket", "cannot create a local socket at "),
    ("bind", "cannot bind a local socket at "),
    ("listen", "cannot listen at "),
];

/// Ends the run early if nothing can be injected.
fn can_inject() -> bool {
    let there = works(&["strace", "-f", "-o", "/dev/null", "true"]);
    if !there {
        skip("no strace, or no ptrace for it");
    }
    there
}

/// The run with these calls failing in every process.
fn without(calls: &str, errno: &str) -> super::run::Ended {
    let (trace, inject) = (format!("trace={calls}"), format!("inject={calls}:error={errno}"));
    run(&TRIAL).by(&["strace", "-f", "-o", "/dev/null", "-e", &trace, "-e", &inject]).finish()
}

/// Those of these calls that this strace knows on this architecture.
fn known(calls: &str) -> String {
    let known = |call: &&str| works(&["strace", "-o", "/dev/null", "-e", &format!("trace={call}"), "true"]);
    calls.split(',').filter(known).collect::<Vec<_>>().join(",")
}

#[rstest::rstest]
#[case::that_do_not_exist("ENOSYS")]
#[case::that_are_forbidden("EPERM")]
fn a_trial_needs_few_system_calls(#[case] errno: &str) {
    if !can_inject() {
        return;
    }
    for call in SPARE {
        // The C library takes an error from `clone3` as final, and some calls cannot be made to fail.
        if known(call).is_empty() {
            continue;
        }
        let ended = without(call, errno);
        let verdicts: Vec<_> = ended.trials().into_iter().map(|t| (t.verdict, t.reason)).collect();
        assert!(
            ended.code == Some(0) && verdicts.len() == 1 && verdicts[0].0 == "pass",
            "{call} {errno}: {:?} {verdicts:?}\n{}",
            ended.code,
            ended.err
        );
        assert!(ended.took < LIMIT / 2, "{call}: {:?}", ended.took);
    }
}

#[rstest::rstest]
#[case::that_do_not_exist("ENOSYS")]
#[case::that_are_forbidden("EPERM")]
fn a_missing_system_call_is_reported_in_one_line_with_its_error(#[case] errno: &str) {
    if !can_inject() {
        return;
    }
    for (calls, said) in NEEDED {
        let ended = without(&known(calls), errno);
        assert_eq!(ended.code, Some(3), "{calls}: {}{}", ended.out, ended.err);
        let lines: Vec<&str> = ended.err.lines().filter(|line| !line.is_empty()).collect();
        let [line] = lines[..] else { panic!("{calls}: not one line: {}", ended.err) };
        assert!(line.contains(said) && line.ends_with(errno), "{calls}: {line}");
    }
    // The warden is running, but no child connects to it.
    for (calls, said) in
        [("connect", "cannot connect to the warden: "), ("accept,accept4", "accept fails with ")]
    {
        let ended = without(&known(calls), errno);
        assert_eq!(ended.code, Some(3), "{calls}: {}{}", ended.out, ended.err);
        let reason = &ended.trials()[0].reason;
        assert!(reason.contains(&format!("{said}{errno}")), "{calls}: {reason}");
        assert!(ended.took < LIMIT / 2, "{calls}: {:?}", ended.took);
    }
}
