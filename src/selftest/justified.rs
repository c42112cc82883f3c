//! Accepted exceptions, with reasons.

/// Whether a mutant fails it depends on a race: accepted either way.
pub const RACY: &str = "whether a mutant fails it depends on a race, so it varies from run to run";
/// Mutants run only in the agent.
const OUTSIDE_AGENT: &str =
    "it is tested in a process other than the agent, and mutants run only in the agent";

/// A mutant that would fail it fails something else first.
const FAILS_EARLIER: &str = "whatever fails it fails an earlier expectation of the case";

/// Expectations that no mutant that counts can fail: case, clause, reason.
pub const NEVER_FAILED: &[(&str, &str, &str)] = &[
    ("reparenting.pidns-init-adopts", "posix/orphan/new-parent", OUTSIDE_AGENT),
    ("orphans.adopted-while-blocked", "linux/subreaper/not-inherited", OUTSIDE_AGENT),
    ("orphans.no-reaper", "posix/orphan/new-parent", OUTSIDE_AGENT),
    ("rusage-children.zero-after-fork", "posix/rusage/children-not-self", OUTSIDE_AGENT),
    ("terminal.background-write", "posix/status/stopped-by-tcsetpgrp", FAILS_EARLIER),
    ("every-target.clone-children-by-pid", "linux/clone/wclone-finds-clone-children", FAILS_EARLIER),
];

/// Cases failed by the same mutants, and why all of them are kept.
const ALIKE: &[(&[&str], &str)] = &[
    (
        &["handle-invented.stolen", "handle-invented.stolen-signal", "handle-invented.no-child-wait"],
        "other code takes the status of an exit in one, of a death by a signal in another, and the system discards it in the third",
    ),
    (
        &["handle-invented.ignored-at-start", "handle-invented.sigchld-ignored"],
        "SIGCHLD is ignored from the start in one, and by the process itself in the other",
    ),
    (
        &["agent-exec.rusage-children", "rusage-children.descendants"],
        "one tests exec in the caller, the other grandchildren",
    ),
    (
        &[
            "blocked.until-exit",
            "clone.posix-spawn",
            "reparenting.pidns-init-exits",
            "reparenting.zombie-pid-not-reused",
        ],
        "each expects an ordinary report: to a blocked call, after posix_spawn, when a namespace ends, for a pid that was not reused",
    ),
    (
        &[
            "autoreap.autokill",
            "autoreap.exit-signal",
            "autoreap.never-reported",
            "autoreap.not-inherited",
            "autoreap.through-a-pidfd",
        ],
        "where the kernel lacks the flags, only a mutant that ignores them runs; each tests a different property of them",
    ),
    (
        &["clone.sigchld-like-fork", "agent-exec.children"],
        "one tests how a child is created, the other exec in the caller",
    ),
    (
        &["pidfd-lifetime.exit-info", "exec-spawn.with-and-without-exec"],
        "one reads the exit code through a pidfd, the other from the call",
    ),
    (
        &["rusage-counts.involuntary-switches", "rusage-counts.major-faults"],
        "each tests a field that no mutant breaks on its own",
    ),
    (
        &["sigwait.signalfd-then-wait", "sigwait.then-wait"],
        "one accepts the signal with sigtimedwait, the other through a signalfd",
    ),
    (
        &["clone.invalid-exit-signal", "errors.no-children-nohang"],
        "in one, clone with an invalid signal creates no child; in the other, there never was one",
    ),
    (
        &["clone.no-exit-signal", "errors.no-children", "orphans.no-reaper"],
        "each has no child to report, for a different reason",
    ),
    (
        &["reparenting.zombie-of-dead-parent", "orphans.reaper-ignores-sigchld"],
        "a zombie disappears when its parent terminates in one, and when a caller that ignores SIGCHLD adopts it in the other",
    ),
    (
        &["errors.after-reap", "by-pid.second-wait"],
        "one waits for the reaped pid, the other also for any child and for its process group",
    ),
    (
        &["pidfd-lifetime.open-denied-by-seccomp", "pidfd-lifetime.open-emfile"],
        "pidfd_open fails because of a seccomp filter in one, and for lack of descriptors in the other",
    ),
    (
        &["blocked.until-stop", "stop-continue.wakes-waiter"],
        "one waits for stops and continues separately, the other for both in turn",
    ),
    (
        &["clone.clone-parent", "reparenting.pidns-outer-pid"],
        "another process creates the child, with CLONE_PARENT in one and in a PID namespace in the other",
    ),
    (
        &["rusage-counts.max-rss-floor", "signal-death.core-limit-zero"],
        "each records a value that no clause determines",
    ),
    (&["rusage.system-time", "rusage.user-time"], "one burns user time, the other system time"),
    (
        &["rusage-counts.minor-faults", "rusage.reaped-grandchild"],
        "one counts faults of the child itself, the other those of a grandchild that it reaped",
    ),
    (
        &["termination.cpu-hard-limit", "signal-death.sigkill-cannot-be-ignored"],
        "SIGKILL comes from the kernel at a limit in one, and from another process in the other",
    ),
    (
        &["interrupted.exit-while-waiter-stopped", "interrupted.stopped-waiter"],
        "the child terminates after the caller is continued in one, and while it is stopped in the other",
    ),
    (
        &["blocked.until-exit", "reparenting.pidns-init-exits"],
        "one tests plain blocking, the other what happens to its processes when a PID namespace ends",
    ),
];

/// Why it is accepted that no mutant fails an expectation.
pub fn never_failed(case: &str, clause: &str) -> Option<&'static str> {
    NEVER_FAILED.iter().find(|(c, l, _)| *c == case && *l == clause).map(|(_, _, why)| *why)
}

/// Why all these cases are kept although the same mutants fail them.
pub fn alike(cases: &[String]) -> Option<&'static str> {
    let same = |of: &&[&str]| cases.iter().all(|case| of.contains(&case.as_str()));
    ALIKE.iter().find(|(of, _)| same(of)).map(|(_, why)| *why)
}
