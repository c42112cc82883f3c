//! The named scenarios: what `waitspec list scenarios` prints and `waitspec child NAME` runs.
//!
//! Each is a few step lines. For other values (any exit code, any signal) give the step itself:
//! `waitspec child 'exit code=300'`.

use super::step::Step;

/// A named scenario.
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

/// The scenario of this name.
pub fn find(name: &str) -> Option<&'static Named> {
    LIBRARY.iter().find(|named| named.name == name)
}

/// All names, in order.
pub fn names() -> impl Iterator<Item = &'static str> {
    LIBRARY.iter().map(|named| named.name)
}

const fn named(name: &'static str, summary: &'static str, script: &'static [&'static str]) -> Named {
    Named { name, summary, script }
}

/// The library, by theme. The last column of each entry is the script, as protocol lines.
pub const LIBRARY: &[Named] = &[
    // Controlled by the warden, or left alone.
    named("held", "connects and waits for commands; alone, sleeps until killed", &[]),
    // Exit codes.
    named("exit-0", "exits with 0", &["exit code=0"]),
    named("exit-1", "exits with 1", &["exit code=1"]),
    named("exit-42", "exits with 42", &["exit code=42"]),
    named("exit-255", "exits with 255", &["exit code=255"]),
    named("exit-256", "exits with 256: the low 8 bits are 0", &["exit code=256"]),
    named("exit-negative", "exits with -1: the low 8 bits are 255", &["exit code=-1"]),
    named("exit-137", "exits with 137, which a shell cannot tell from death by SIGKILL", &["exit code=137"]),
    // Deaths by signal.
    named("raise-term", "raises SIGTERM", &["raise sig=SIGTERM"]),
    named("raise-kill", "raises SIGKILL", &["raise sig=SIGKILL"]),
    named("kill-self-term", "sends SIGTERM to its own process", &["kill-self sig=SIGTERM"]),
    named("kill-self-kill", "sends SIGKILL to its own process", &["kill-self sig=SIGKILL"]),
    named("abort-core", "raises SIGABRT, dumping core if the system does", &["raise sig=SIGABRT core=yes"]),
    named("abort-no-core", "raises SIGABRT without a core dump", &["raise sig=SIGABRT core=no"]),
    named("segv-no-core", "raises SIGSEGV without a core dump", &["raise sig=SIGSEGV core=no"]),
    named("killed-by-parent", "sleeps until its parent kills it", &["pause"]),
    named(
        "ignore-term",
        "ignores SIGTERM, then sleeps until killed otherwise",
        &["ignore sig=SIGTERM", "pause"],
    ),
    named(
        "block-term",
        "blocks SIGTERM, then sleeps until killed otherwise",
        &["block sig=SIGTERM", "pause"],
    ),
    // Job control.
    named("stop", "stops itself with SIGSTOP and resumes when continued", &["stop sig=SIGSTOP"]),
    named(
        "stop-then-exit",
        "stops itself, and exits with 3 once continued",
        &["stop sig=SIGSTOP", "exit code=3"],
    ),
    named(
        "stop-tty",
        "stops itself with SIGTSTP in its own process group",
        &["setpgid pgid=0", "stop sig=SIGTSTP", "exit code=0"],
    ),
    named(
        "stop-twice",
        "stops itself twice, then exits with 0 once continued",
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
        "touches 10 MiB and keeps the memory mapped",
        &["allocate bytes=10485760", "exit code=0 report=yes"],
    ),
    named(
        "touch-and-release",
        "touches 10 MiB and unmaps them: the peak RSS remains",
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
        "yields the CPU 20 times",
        &["voluntary-switches count=20", "exit code=0 report=yes"],
    ),
    named(
        "switch-involuntary",
        "is preempted 5 times",
        &["involuntary-switches count=5", "exit code=0 report=yes"],
    ),
    named("sleep-100-ms", "sleeps 100 ms and exits with 0", &["sleep ms=100", "exit code=0"]),
    named("sleep-2-s", "sleeps 2 s and exits with 0", &["sleep ms=2000", "exit code=0"]),
    named(
        "burn-touch-sleep",
        "burns 50 ms, touches 10 MB, sleeps 20 ms: a bit of everything",
        &["burn-user us=50000", "allocate bytes=10000000", "sleep ms=20", "exit code=0 report=yes"],
    ),
    // Descendants.
    named(
        "fork-and-wait",
        "forks a child that exits with 5, reaps it, exits with 0",
        &["fork steps=exit%20code=5", "wait", "exit code=0 report=yes"],
    ),
    named(
        "fork-and-burn",
        "forks a child that burns 20 ms and reaps it: the time counts as its children's",
        &["fork steps=burn-user%20us=20000", "wait", "exit code=0 report=yes"],
    ),
    named(
        "fork-and-leave-zombie",
        "forks a child and exits without reaping it",
        &["fork steps=exit%20code=5", "exit code=0 report=yes"],
    ),
    named(
        "leave-orphan",
        "leaves a running child behind, which is reparented and exits with 6 after 100 ms",
        &["fork orphan=yes steps=sleep%20ms=100,exit%20code=6", "exit code=0"],
    ),
    named(
        "vfork-exit",
        "vforks a child that exits with 4, and reaps it",
        &["vfork code=4", "wait", "exit code=0"],
    ),
    named(
        "vfork-exec-exit",
        "vforks a child that execs the child program, and reaps it",
        &["vfork-exec steps=exit%20code=4", "wait", "exit code=0"],
    ),
    // Groups and sessions.
    named("new-group", "creates its own process group, then pauses", &["setpgid pgid=0", "pause"]),
    named("new-session", "creates its own session, then pauses", &["setsid", "pause"]),
    // Threads and exec.
    named(
        "last-thread-exits",
        "the leader thread exits with 10, then the last thread with 11",
        &["leader-exit code=10", "thread-exit code=11"],
    ),
    named(
        "leader-exits-first",
        "the leader thread exits while another runs on",
        &["leader-exit code=0", "pause"],
    ),
    named(
        "group-exit-from-thread",
        "a thread other than the leader calls exit_group with 12",
        &["group-exit code=12"],
    ),
    named("exec-and-exit", "execs an image that exits with 13", &["exec steps=exit%20code=13"]),
    named(
        "thread-exec-and-exit",
        "execs from a thread other than the leader; the new image exits with 14",
        &["exec-from-thread steps=exit%20code=14"],
    ),
    named(
        "traced-stop",
        "asks its parent to trace it, and raises SIGTRAP",
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

    /// The library is written as steps print, but for keys at their defaults.
    fn shown(text: &'static str) -> &'static str {
        if text == "wait" { "wait pid=0" } else { text }
    }

    #[test]
    fn names_are_unique_and_no_other_step() {
        for (i, named) in LIBRARY.iter().enumerate() {
            assert!(!named.summary.is_empty(), "{}", named.name);
            assert!(
                LIBRARY[i + 1..].iter().all(|other| other.name != named.name),
                "duplicate name {}",
                named.name
            );
            if let Ok(step) = named.name.parse::<Step>() {
                assert_eq!(named.steps(), [step], "{} is a step of another meaning", named.name);
            }
        }
    }
}
