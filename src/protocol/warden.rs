//! The requests to a warden, and the process states in its answers.

use super::codec::{Bytes, Words, requests, words};
use crate::wait::Signal;

words! {
    /// An initial state of an agent other than the usual one.
    pub enum Begin {
        /// With SIGCHLD ignored.
        SigchldIgnored = "sigchld-ignored",
        /// With SIGCHLD blocked.
        SigchldBlocked = "sigchld-blocked",
        /// In a PID namespace of its own, in which pids can be reused.
        OwnPids = "own-pids",
    }

    /// What the process table shows about a process.
    pub enum ProcessState {
        /// Running or runnable.
        Running = "running",
        /// Asleep, interruptibly or not.
        Asleep = "asleep",
        /// Stopped by job control.
        Stopped = "stopped",
        /// Stopped by a tracer.
        TracingStop = "tracing-stop",
        /// Terminated, but not reaped.
        Zombie = "zombie",
        /// The process no longer exists.
        Gone = "gone",
        /// A state for which there is no word.
        Other = "other",
        /// There is no process table.
        Unknown = "unknown",
    }
}

requests! {
    /// One request to a warden. [`crate::warden`] documents what each does, and the answer.
    pub enum Request {
        Probe = "probe" {},
        Open = "open" {
            nonce: String = "nonce", subject: Option<String> = "subject", argv: Option<Words> = "argv",
            begin: Option<Begin> = "begin",
        },
        Contain = "contain" {},
        Run = "run" {
            nonce: String = "nonce", argv: Words = "argv", first: bool = "first", terminal: bool = "terminal",
            ignored: Vec<String> = "ignored", blocked: Vec<String> = "blocked", zombie: bool = "zombie",
            files: Option<Words> = "files",
        },
        Decoy = "decoy" { pid: i64 = "pid" },
        Pending = "pending" {},
        Place = "place" {},
        Exit = "exit" { within: u64 = "within" },
        Output = "output" { until: Option<Bytes> = "until", within: u64 = "within" },
        Tally = "tally" {},
        Statuses = "statuses" {},
        Adopt = "adopt" { name: String = "name", pid: i64 = "pid" },
        Signal = "signal" { to: String = "to", sig: Signal = "sig" },
        Freeze = "freeze" { of: String = "of", frozen: bool = "frozen" },
        Await = "await" { of: String = "of", state: ProcessState = "for", within: u64 = "within" },
        Blocked = "blocked" { call: u64 = "call", within: u64 = "within" },
        Answer = "answer" {
            call: u64 = "call", grace: u64 = "grace", spin: u64 = "spin", within: u64 = "within",
            settled: bool = "settled",
        },
        State = "state" { of: String = "of" },
        Ping = "ping" {},
        Close = "close" {},
    }
}
