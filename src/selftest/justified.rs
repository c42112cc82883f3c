//! What is not as it should be, and why that is right.

/// A race decides whether a mutant shows it: right whether one did or not.
pub const SELDOM: &str =
    "a mutant fails it now and then, as a race has it, which proves nothing from run to run";
/// Mutants stand in the agent alone.
const ELSEWHERE: &str = "another process than the agent is asked, and no mutant stands there";

/// Expectations that no mutant which counts can fail: case, clause, why.
pub const NEVER_FAILED: &[(&str, &str, &str)] = &[
    ("reparenting.pidns-init-adopts", "posix/orphan/new-parent", ELSEWHERE),
    ("orphans.adopted-while-blocked", "linux/subreaper/not-inherited", ELSEWHERE),
    ("orphans.no-reaper", "posix/orphan/new-parent", ELSEWHERE),
    ("rusage-children.zero-after-fork", "posix/rusage/children-not-self", ELSEWHERE),
];

/// Cases that the same mutants fail, and why each is there all the same.
const ALIKE: &[(&[&str], &str)] = &[
    (
        &["agent-exec.rusage-children", "rusage-children.descendants"],
        "one is about an exec of the caller, the other about children of children",
    ),
    (
        &[
            "blocked.until-exit",
            "clone.posix-spawn",
            "reparenting.pidns-init-exits",
            "reparenting.zombie-pid-not-reused",
        ],
        "each ends in a plain report: to a sleeper, of a posix_spawn, of a namespace's end, and of a pid that was kept",
    ),
    (
        &["clone.sigchld-like-fork", "agent-exec.children"],
        "one is about how a child is made, the other about an exec of the caller",
    ),
    (
        &["pidfd-lifetime.exit-info", "exec-spawn.with-and-without-exec"],
        "one reads the exit code by a pidfd, the other by the call",
    ),
    (
        &["rusage-counts.involuntary-switches", "rusage-counts.major-faults"],
        "each is about another field that no mutant breaks by itself",
    ),
    (
        &["sigwait.signalfd-then-wait", "sigwait.then-wait"],
        "one takes the signal by sigtimedwait, the other through a signalfd",
    ),
    (
        &["clone.invalid-exit-signal", "errors.no-children-nohang"],
        "clone with a bad signal leaves no child behind; here none was asked for",
    ),
    (
        &["clone.no-exit-signal", "errors.no-children", "orphans.no-reaper"],
        "each finds that there is no child, for a reason of its own",
    ),
    (
        &["reparenting.zombie-of-dead-parent", "orphans.reaper-ignores-sigchld"],
        "a zombie whose parent ends goes by itself, and so it does where the caller adopts it and ignores SIGCHLD",
    ),
    (
        &["errors.after-reap", "by-pid.second-wait"],
        "one asks for the pid that was taken, the other for any child and for its group too",
    ),
    (
        &["pidfd-lifetime.open-denied-by-seccomp", "pidfd-lifetime.open-emfile"],
        "pidfd_open fails by a filter in one and for want of descriptors in the other",
    ),
    (
        &["blocked.until-stop", "stop-continue.wakes-waiter"],
        "one asks for stops and continues each alone, the other for both in turn",
    ),
    (
        &["clone.clone-parent", "reparenting.pidns-outer-pid"],
        "a child made by another process comes in by CLONE_PARENT, or from a PID namespace",
    ),
    (&["rusage.system-time", "rusage.user-time"], "one burns user time and the other system time"),
    (
        &["rusage-counts.minor-faults", "rusage.reaped-grandchild"],
        "faults of the child itself, and of a grandchild that it took",
    ),
    (
        &["termination.cpu-hard-limit", "signal-death.sigkill-cannot-be-ignored"],
        "SIGKILL comes from the system at a limit in one, and from another process in the other",
    ),
    (
        &["interrupted.exit-while-waiter-stopped", "interrupted.stopped-waiter"],
        "the child ends after the caller goes on, or while it is stopped",
    ),
    (
        &["blocked.until-exit", "reparenting.pidns-init-exits"],
        "one is the plain sleep, the other what the end of a PID namespace does to its processes",
    ),
];

/// Why an expectation is never seen to fail.
pub fn never_failed(case: &str, clause: &str) -> Option<&'static str> {
    NEVER_FAILED.iter().find(|(c, l, _)| *c == case && *l == clause).map(|(_, _, why)| *why)
}

/// Why these cases are all there although the same mutants fail them.
pub fn alike(cases: &[String]) -> Option<&'static str> {
    let same = |of: &&[&str]| cases.iter().all(|case| of.contains(&case.as_str()));
    ALIKE.iter().find(|(of, _)| same(of)).map(|(_, why)| *why)
}
