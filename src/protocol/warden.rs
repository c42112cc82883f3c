//! The requests to a warden, and the states of processes that it answers with.

use super::codec::{Bytes, Words, requests, words};
use crate::wait::Signal;

words! {
    /// How an agent begins that does not begin as usual.
    pub enum Begin {
        /// With SIGCHLD ignored.
        SigchldIgnored = "sigchld-ignored",
        /// With SIGCHLD blocked.
        SigchldBlocked = "sigchld-blocked",
        /// In a PID namespace of its own, in which a pid can be used again.
        OwnPids = "own-pids",
    }

    /// What the process table shows of a process.
    pub enum ProcessState {
        /// On a processor or ready for one.
        Running = "running",
        /// Asleep, interruptibly or not.
        Asleep = "asleep",
        /// Stopped by job control.
        Stopped = "stopped",
        /// Stopped by a tracer.
        TracingStop = "tracing-stop",
        /// Terminated, and not reaped.
        Zombie = "zombie",
        /// No process any more.
        Gone = "gone",
        /// A state that has no word.
        Other = "other",
        /// There is no process table to look at.
        Unknown = "unknown",
    }
}

requests! {
    /// One request to a warden. [`crate::warden`] says what each does and answers.
    pub enum Request {
        Probe = "probe" {},
        Open = "open" {
            nonce: String = "nonce", subject: Option<String> = "subject", argv: Option<Words> = "argv",
            begin: Option<Begin> = "begin",
        },
        Contain = "contain" {},
        Run = "run" {
            nonce: String = "nonce", argv: Words = "argv", first: bool = "first", terminal: bool = "terminal",
            ignored: Vec<String> = "ignored", blocked: Vec<String> = "blocked", files: Option<Words> = "files",
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
