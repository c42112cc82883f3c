//! A kernel that lacks one system call after the other: each is done without, or said in one line with its error.

use super::run::run;
use super::tools::{skip, works};
use std::time::Duration;

/// One trial, by one warden.
const TRIAL: [&str; 4] = ["nohang.running-child@wait4", "--subject=libc", "--jobs=1", "--format=json"];

/// What a trial does without, or by other means. (Those of memory and of the dynamic loader are the C library's.)
const SPARE: [&str; 44] = [
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
    "madvise",
    "munmap",
    "pidfd_open",
    "pidfd_send_signal",
    "pipe2",
    "ppoll",
    "prctl",
    "prlimit64",
    "readlink",
    "readlinkat",
    "recvfrom",
    "rt_sigprocmask",
    "sched_getaffinity",
    "sched_yield",
    "sendto",
    "set_robust_list",
    "setpgid",
    "setsid",
    "sigaltstack",
    "statx",
    "umask",
    "uname",
    "unlinkat",
    "waitid",
];

/// What it needs, with what is said where it does not exist.
const NEEDED: [(&str, &str); 6] = [
    ("clone,clone3,fork,vfork", "cannot fork a warden: E"),
    ("mkdir,mkdirat", "cannot create a temporary directory in "),
    ("socketpair", "cannot create a socket pair: E"),
    ("socket", "cannot make a local socket at "),
    ("bind", "cannot bind a local socket at "),
    ("listen", "cannot listen at "),
];

/// Ends the run early where nothing can be injected.
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

/// Those of these calls that this strace knows on this processor.
fn known(calls: &str) -> String {
    let known = |call: &&str| works(&["strace", "-o", "/dev/null", "-e", &format!("trace={call}"), "true"]);
    calls.split(',').filter(known).collect::<Vec<_>>().join(",")
}

#[rstest::rstest]
#[case::that_do_not_exist("ENOSYS")]
#[case::that_are_forbidden("EPERM")]
fn a_trial_does_without_most_system_calls(#[case] errno: &str) {
    if !can_inject() {
        return;
    }
    for call in SPARE {
        // The C library takes a `clone3` that is forbidden for the answer, and there are things that nobody may forbid.
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
        assert!(ended.took < Duration::from_secs(60), "{call}: {:?}", ended.took);
    }
}

#[rstest::rstest]
#[case::that_do_not_exist("ENOSYS")]
#[case::that_are_forbidden("EPERM")]
fn what_is_needed_is_said_in_one_line_with_its_error(#[case] errno: &str) {
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
    // The warden is there, and no child comes to it.
    for (calls, said) in
        [("connect", "cannot connect to the warden: "), ("accept,accept4", "accept fails with ")]
    {
        let ended = without(&known(calls), errno);
        assert_eq!(ended.code, Some(3), "{calls}: {}{}", ended.out, ended.err);
        let reason = &ended.trials()[0].reason;
        assert!(reason.contains(&format!("{said}{errno}")), "{calls}: {reason}");
        assert!(ended.took < Duration::from_secs(60), "{calls}: {:?}", ended.took);
    }
}
