//! The requests to an agent other than calls of the wait family ([`super::wait`]).

use super::codec::{Bytes, Switch, Words, requests, words};
use crate::wait::Signal;

words! {
    /// The action that a process takes on a signal.
    pub enum Disposition {
        /// The default action.
        Default = "default",
        /// Nothing.
        Ignore = "ignore",
        /// A handler that counts the signals.
        Count = "count",
        /// A handler that records the siginfo.
        Record = "record",
        /// A handler in which the subject calls `waitpid(-1, &status, WNOHANG)`.
        Wait = "wait",
    }

    /// A flag of `sigaction` that no call of the family depends on.
    pub enum HandlerFlag {
        /// `SA_RESETHAND`
        Once = "once",
        /// `SA_NODEFER`
        NoDefer = "nodefer",
        /// `SA_ONSTACK`
        OnStack = "onstack",
    }

    /// How to change a signal mask.
    pub enum MaskChange {
        /// `SIG_BLOCK`
        Block = "block",
        /// `SIG_UNBLOCK`
        Unblock = "unblock",
    }

    /// Whose usage `getrusage` reports.
    pub enum UsageOf {
        /// `RUSAGE_SELF`
        Process = "self",
        /// `RUSAGE_CHILDREN`
        Children = "children",
    }

    /// A resource limit that cases lower.
    pub enum Limit {
        /// `RLIMIT_NOFILE`
        Descriptors = "nofile",
        /// `RLIMIT_CORE`
        Core = "core",
    }

    /// The operation that is repeated and timed.
    pub enum Workload {
        /// A fork whose child exits at once, and a blocking call for it.
        SpawnReap = "spawn-reap",
        /// A call with `WNOHANG` for a child that runs.
        Poll = "poll",
        /// A child that dies while a blocking call sleeps: the time from its death to the return of the call.
        Blocked = "blocked",
        /// The same with the subject's own bounded wait.
        Bounded = "bounded",
        /// A call for any child, when there are only zombies.
        ReapAny = "reap-any",
        /// The same by pid, in an order other than that of creation.
        ReapPid = "reap-pid",
        /// The same by pidfd.
        ReapPidfd = "reap-pidfd",
        /// Calls with `WNOHANG` for the few zombies among N children; then one for any child, for each of the others.
        Crowd = "crowd",
    }

    /// Whether a child may be an image of the agent itself.
    pub enum Image {
        /// The child program, by an exec or in the fork.
        Any = "any",
    }
}

/// Flags of a disposition.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub struct SigactionFlags {
    /// `SA_RESTART`
    pub restart: bool,
    /// `SA_NOCLDSTOP`
    pub nocldstop: bool,
    /// `SA_NOCLDWAIT`
    pub nocldwait: bool,
}

impl SigactionFlags {
    /// None.
    pub const NONE: SigactionFlags = SigactionFlags { restart: false, nocldstop: false, nocldwait: false };
    /// `SA_RESTART`: without it, a handler would interrupt the agent's own reads and waits.
    pub const RESTART: SigactionFlags = SigactionFlags { restart: true, ..SigactionFlags::NONE };
    /// `SA_RESTART | SA_NOCLDSTOP`
    pub const NOCLDSTOP: SigactionFlags = SigactionFlags { nocldstop: true, ..SigactionFlags::RESTART };
    /// `SA_RESTART | SA_NOCLDWAIT`
    pub const NOCLDWAIT: SigactionFlags = SigactionFlags { nocldwait: true, ..SigactionFlags::RESTART };
}

requests! {
    /// One request to an agent. [`crate::protocol`] documents what each does, and the reply.
    pub enum Request {
        Spawn = "spawn" {
            argv: Words = "argv", image: Option<Image> = "image", words: Option<usize> = "words",
            thread: Option<u32> = "thread",
        },
        ExitThread = "exit-thread" { thread: u32 = "thread" },
        Sigaction = "sigaction" {
            sig: Signal = "sig", action: Disposition = "do", restart: bool = "restart",
            nocldstop: bool = "nocldstop", nocldwait: bool = "nocldwait",
        },
        Signals = "signals" {},
        Sigprocmask = "sigprocmask" { how: MaskChange = "how", sig: Signal = "sig", thread: Option<u32> = "thread" },
        Sigpending = "sigpending" {},
        Getrusage = "getrusage" { who: UsageOf = "who" },
        Setpgid = "setpgid" { pid: i32 = "pid", pgid: i32 = "pgid" },
        PidfdOpen = "pidfd_open" { pid: i32 = "pid", nonblock: bool = "nonblock" },
        Open = "open" { path: Bytes = "path" },
        Poll = "poll" { fd: i32 = "fd" },
        Close = "close" { fd: i32 = "fd" },
        Subreaper = "subreaper" { on: Switch = "on" },
        Decode = "decode" { status: i64 = "status" },
        Bye = "bye" {},
        Clone = "clone" {
            argv: Words = "argv", image: Option<Image> = "image", words: Option<usize> = "words",
            exit_signal: String = "exit-signal", clone3: bool = "clone3", pidfd: bool = "pidfd",
            newpid: bool = "newpid", newuser: bool = "newuser", thread: Option<u32> = "thread",
        },
        Autoreap = "autoreap" {
            argv: Words = "argv", image: Option<Image> = "image", words: Option<usize> = "words",
            exit_signal: String = "exit-signal", pidfd: bool = "pidfd", autokill: bool = "autokill",
        },
        Pdfork = "pdfork" {
            argv: Words = "argv", image: Option<Image> = "image", words: Option<usize> = "words",
            daemon: bool = "daemon",
        },
        Pdwait = "pdwait" { fd: i32 = "fd" },
        PosixSpawn = "posix_spawn" { argv: Words = "argv", thread: Option<u32> = "thread" },
        InFork = "in-fork" { call: String = "call" },
        Exec = "exec" { argv: Words = "argv" },
        Exists = "exists" { pid: i32 = "pid", by: String = "by" },
        Gated = "gated" { code: i32 = "code" },
        ThroughGate = "through-gate" { ns: u64 = "ns" },
        Slept = "slept" {},
        Cancellable = "cancellable" {},
        Cancel = "cancel" {},
        ExitNote = "exit-note" { pid: i32 = "pid" },
        AwaitExitNote = "await-exit-note" { fd: i32 = "fd", pid: i32 = "pid" },
        ReaperStatus = "reaper-status" {},
        ReaperPids = "reaper-pids" {},
        ReaperKill = "reaper-kill" { sig: Signal = "sig", to: String = "to", pid: Option<i32> = "pid" },
        AwaitReadable = "await-readable" { fd: i32 = "fd" },
        Switches = "switches" { tid: i32 = "tid" },
        LateWrites = "late-writes" {},
        CallerState = "caller-state" { arm: bool = "arm", thread: Option<u32> = "thread" },
        Handler = "handler" { sig: Signal = "sig", restart: bool = "restart", flag: HandlerFlag = "flag" },
        Getids = "getids" { thread: Option<u32> = "thread" },
        Ptrace = "ptrace" {
            request: String = "do", pid: i32 = "pid", sig: Option<Signal> = "sig",
            options: Vec<String> = "options",
        },
        Terminal = "terminal" {},
        Type = "type" { fd: i32 = "fd", bytes: Bytes = "bytes" },
        Foreground = "foreground" { pgid: i32 = "pgid" },
        Epoll = "epoll" { fd: i32 = "fd" },
        PidfdThread = "pidfd_thread" { tid: i32 = "tid" },
        PidfdGetfd = "pidfd_getfd" { pid: i32 = "pid", fd: i32 = "fd" },
        PidfdSignal = "pidfd_signal" { fd: i32 = "fd", sig: String = "sig" },
        PidfdInfo = "pidfd_info" { fd: i32 = "fd" },
        Blocking = "blocking" { fd: i32 = "fd", on: Switch = "on" },
        Duplicate = "duplicate" { fd: i32 = "fd", from: i32 = "from" },
        Sigwait = "sigwait" { sig: Signal = "sig" },
        Signalfd = "signalfd" { sig: Signal = "sig" },
        Times = "times" {},
        Limit = "limit" { resource: Limit = "resource", soft: u64 = "soft" },
        Deny = "deny" { call: String = "call", errno: String = "errno" },
        UnshareUsers = "unshare-users" {},
        Measure = "measure" {
            what: Workload = "what", n: u64 = "n", call: Option<String> = "call", argv: Option<Words> = "argv",
            bare: bool = "bare",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Line;
    use crate::protocol::line::FieldError;

    #[test]
    fn the_page_lists_each_request_with_its_keys() {
        let page = include_str!("mod.rs");
        for (word, keys) in Request::TABLE {
            let row = page
                .lines()
                .find(|line| line.contains(&format!("`{word} ")) || line.contains(&format!("`{word}`")));
            let row = row.unwrap_or_else(|| panic!("the protocol's page has no row for {word}"));
            for key in keys.iter().filter(|key| **key != "thread") {
                assert!(page.contains(&format!("{key}=")), "{word}: {key} is not on the page: {row}");
            }
        }
    }

    #[test]
    fn a_request_reads_as_it_was_written() {
        for request in [
            Request::Spawn {
                argv: Words::of(["a b", "c,d"]),
                image: Some(Image::Any),
                words: Some(1),
                thread: None,
            },
            Request::Sigaction {
                sig: Signal::CHLD,
                action: Disposition::Record,
                restart: true,
                nocldstop: false,
                nocldwait: true,
            },
            Request::Subreaper { on: Switch(false) },
            Request::Type { fd: 3, bytes: Bytes(vec![3, 0xff]) },
            Request::Times {},
        ] {
            let line: Line = request.to_line().to_string().parse().expect("a line");
            assert_eq!(Request::from_line(&line), Some(Ok(request)));
        }
    }

    #[test]
    fn a_malformed_request_is_no_unknown_one() {
        let read = |text: &str| Request::from_line(&text.parse().expect("a line"));
        assert_eq!(read("dance id=1"), None);
        assert_eq!(read("setpgid pid=7"), Some(Err(FieldError::Missing("pgid"))));
        for (text, key, value) in [
            ("setpgid pid=7 pgid=x", "pgid", "x"),
            ("setpgid pid=7 pgid=99999999999", "pgid", "99999999999"),
            ("sigaction sig=SIGNONE do=count", "sig", "SIGNONE"),
            ("sigaction sig=SIGCHLD do=dance", "do", "dance"),
            ("sigaction sig=SIGCHLD do=count restart=perhaps", "restart", "perhaps"),
        ] {
            assert_eq!(read(text), Some(Err(FieldError::Bad(key, value.to_owned()))), "{text}");
        }
        assert_eq!(read("spawn argv="), Some(Err(FieldError::Missing("argv"))));
    }
}
