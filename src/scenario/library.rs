//! The named scenarios: what `waitspec list scenarios` shows and `waitspec child NAME` runs.
//!
//! Each is a few step lines; what it takes beyond a name (any exit code, any signal) is said by the step itself:
//! `waitspec child 'exit code=300'`.

use super::step::Step;

/// A scenario with a name.
#[derive(Copy, Clone, Debug)]
pub struct Named {
    /// Its name.
    pub name: &'static str,
    /// What it does, in one line.
    pub summary: &'static str,
    /// Its step lines.
    pub script: &'static [&'static str],
}

impl Named {
    /// Its steps.
    pub fn steps(&self) -> Vec<Step> {
        self.script.iter().filter_map(|text| text.parse().ok()).collect()
    }
}

/// The scenario of that name.
pub fn find(name: &str) -> Option<&'static Named> {
    LIBRARY.iter().find(|named| named.name == name)
}

/// Every name, in order.
pub fn names() -> impl Iterator<Item = &'static str> {
    LIBRARY.iter().map(|named| named.name)
}

const fn named(name: &'static str, summary: &'static str, script: &'static [&'static str]) -> Named {
    Named { name, summary, script }
}

/// The library, by theme. The last column of each line is what the child does, in the protocol's own words.
pub const LIBRARY: &[Named] = &[
    // Told what to do, or left alone.
    named("held", "connects and waits to be told; alone, sleeps until killed", &[]),
    // Exit codes.
    named("exit-0", "exits with 0", &["exit code=0"]),
    named("exit-1", "exits with 1", &["exit code=1"]),
    named("exit-42", "exits with 42", &["exit code=42"]),
    named("exit-255", "exits with 255", &["exit code=255"]),
    named("exit-256", "exits with 256: the low 8 bits are 0", &["exit code=256"]),
    named("exit-negative", "exits with -1: the low 8 bits are 255", &["exit code=-1"]),
    named("exit-137", "exits with 137, which a shell shows like a death by SIGKILL", &["exit code=137"]),
    // Deaths by signal.
    named("raise-term", "raises SIGTERM", &["raise sig=SIGTERM"]),
    named("raise-kill", "raises SIGKILL", &["raise sig=SIGKILL"]),
    named("kill-self-term", "sends SIGTERM to its own process", &["kill-self sig=SIGTERM"]),
    named("kill-self-kill", "sends SIGKILL to its own process", &["kill-self sig=SIGKILL"]),
    named(
        "abort-core",
        "raises SIGABRT, with a core if the system makes one",
        &["raise sig=SIGABRT core=yes"],
    ),
    named("abort-no-core", "raises SIGABRT, without a core", &["raise sig=SIGABRT core=no"]),
    named("segv-no-core", "raises SIGSEGV, without a core", &["raise sig=SIGSEGV core=no"]),
    named("killed-by-parent", "sleeps until a signal of its parent ends it", &["pause"]),
    named(
        "ignores-term",
        "ignores SIGTERM, then sleeps until something else ends it",
        &["ignore sig=SIGTERM", "pause"],
    ),
    named(
        "blocks-term",
        "blocks SIGTERM, then sleeps until something else ends it",
        &["block sig=SIGTERM", "pause"],
    ),
    // Job control.
    named("stop", "stops itself by SIGSTOP and goes on when continued", &["stop sig=SIGSTOP"]),
    named(
        "stop-then-exit",
        "stops itself, and exits with 3 when continued",
        &["stop sig=SIGSTOP", "exit code=3"],
    ),
    named(
        "stop-tty",
        "stops itself by SIGTSTP in a process group of its own",
        &["setpgid pgid=0", "stop sig=SIGTSTP", "exit code=0"],
    ),
    named(
        "stops-twice",
        "stops itself twice, each time until continued, then exits with 0",
        &["stop sig=SIGSTOP", "stop sig=SIGSTOP", "exit code=0"],
    ),
    // Resources.
    named("burn-user-time", "burns 20 ms of user time", &["burn-user us=20000", "exit code=0 report=yes"]),
    named(
        "burn-system-time",
        "burns 20 ms of system time",
        &["burn-system us=20000", "exit code=0 report=yes"],
    ),
    named(
        "touch-memory",
        "touches 10 MiB and keeps them",
        &["allocate bytes=10485760", "exit code=0 report=yes"],
    ),
    named(
        "touch-and-release",
        "touches 10 MiB and unmaps them: the maximum stays",
        &["allocate bytes=10485760", "release", "exit code=0 report=yes"],
    ),
    named(
        "fault-minor",
        "causes 100 page faults without I/O",
        &["minor-faults count=100", "exit code=0 report=yes"],
    ),
    named(
        "fault-major",
        "causes 4 page faults with I/O",
        &["major-faults count=4", "exit code=0 report=yes"],
    ),
    named("write-blocks", "writes 64 blocks to a disk", &["block-output count=64", "exit code=0 report=yes"]),
    named(
        "switch-voluntary",
        "gives the processor away 20 times",
        &["voluntary-switches count=20", "exit code=0 report=yes"],
    ),
    named(
        "switch-involuntary",
        "loses the processor 5 times",
        &["involuntary-switches count=5", "exit code=0 report=yes"],
    ),
    named("sleep-100-ms", "sleeps 100 ms and exits with 0", &["sleep ms=100", "exit code=0"]),
    named("sleep-2-s", "sleeps 2 s and exits with 0", &["sleep ms=2000", "exit code=0"]),
    named(
        "burn-touch-sleep",
        "burns 50 ms, touches 10 MB, sleeps 20 ms: something of everything",
        &["burn-user us=50000", "allocate bytes=10000000", "sleep ms=20", "exit code=0 report=yes"],
    ),
    // Descendants.
    named(
        "fork-and-wait",
        "has a child of its own that exits with 5, reaps it, exits with 0",
        &["fork steps=exit%20code=5", "wait", "exit code=0 report=yes"],
    ),
    named(
        "fork-and-burn",
        "has a child of its own that burns 20 ms, and reaps it: the time is its children's",
        &["fork steps=burn-user%20us=20000", "wait", "exit code=0 report=yes"],
    ),
    named(
        "fork-and-leave-zombie",
        "has a child of its own and does not reap it",
        &["fork steps=exit%20code=5", "exit code=0 report=yes"],
    ),
    named(
        "orphan",
        "leaves a child of its own running, which someone else inherits; that one exits with 6 after 100 ms",
        &["fork orphan=yes steps=sleep%20ms=100,exit%20code=6", "exit code=0"],
    ),
    named(
        "vfork-exit",
        "vforks a child of its own that exits with 4, and reaps it",
        &["vfork code=4", "wait", "exit code=0"],
    ),
    named(
        "vfork-exec-exit",
        "vforks a child of its own that execs the child program, and reaps it",
        &["vfork-exec steps=exit%20code=4", "wait", "exit code=0"],
    ),
    // Groups and sessions.
    named("own-group", "makes a process group of its own, then waits", &["setpgid pgid=0", "pause"]),
    named("own-session", "makes a session of its own, then waits", &["setsid", "pause"]),
    // Threads and images.
    named(
        "last-thread",
        "the leader thread exits first with 10, the last thread with 11",
        &["leader-exit code=10", "thread-exit code=11"],
    ),
    named("leader-first", "the leader thread exits, another one goes on", &["leader-exit code=0", "pause"]),
    named(
        "group-exit-from-thread",
        "a thread that is not the leader exits the process with 12",
        &["group-exit code=12"],
    ),
    named("exec-and-exit", "replaces its image, which exits with 13", &["exec steps=exit%20code=13"]),
    named(
        "thread-exec-and-exit",
        "replaces its image from a thread that is not the leader; the new one exits with 14",
        &["exec-from-thread steps=exit%20code=14"],
    ),
    named(
        "traced-stop",
        "lets its parent trace it, and raises SIGTRAP",
        &["traceme", "raise sig=SIGTRAP core=no"],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_library_is_a_step() {
        for named in LIBRARY {
            for text in named.script {
                let step: Result<Step, _> = text.parse();
                assert_eq!(step.map(|s| s.to_string()).as_deref(), Ok(shown(text)), "{}", named.name);
            }
        }
    }

    /// What stands in the library is what the steps print, but for keys that are left at their defaults.
    fn shown(text: &'static str) -> &'static str {
        if text == "wait" { "wait pid=0" } else { text }
    }

    #[test]
    fn names_stand_once_and_are_no_other_step() {
        for (i, named) in LIBRARY.iter().enumerate() {
            assert!(!named.summary.is_empty(), "{}", named.name);
            assert!(
                LIBRARY[i + 1..].iter().all(|other| other.name != named.name),
                "{} stands twice",
                named.name
            );
            if let Ok(step) = named.name.parse::<Step>() {
                assert_eq!(named.steps(), [step], "{} is a step of another meaning", named.name);
            }
        }
    }
}
