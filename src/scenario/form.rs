//! How the steps are written: their words and keys, for help, lists and errors.

/// How one step is written.
#[derive(Copy, Clone, Debug)]
pub struct Form {
    /// The word of its line.
    pub word: &'static str,
    /// Its keys as `key=VALUE`, those in brackets optional.
    pub keys: &'static str,
    /// What it does, in one line.
    pub summary: &'static str,
}

/// Every step, in the order of [`Step`](super::Step).
pub const FORMS: &[Form] = &[
    form("exit", "code=N [report=yes]", "exit with that code, all 32 bits of it"),
    form("raise", "sig=S [core=yes|no] [report=yes]", "send the signal to its own thread"),
    form("kill-self", "sig=S [core=yes|no] [report=yes]", "send the signal to its own process"),
    form("pause", "", "sleep until a signal ends it"),
    form("stop", "[sig=SIGSTOP]", "stop itself, and go on when continued"),
    form("ignore", "sig=S", "ignore the signal"),
    form("default", "sig=S", "give the signal its default action"),
    form("block", "sig=S", "block the signal"),
    form("unblock", "sig=S", "unblock the signal"),
    form("burn-user", "us=N", "burn so many microseconds of user time"),
    form("burn-system", "us=N", "burn so many microseconds of system time"),
    form("allocate", "bytes=N", "map so much memory, touch every page, keep it"),
    form("release", "", "unmap what was allocated"),
    form("minor-faults", "count=N", "cause so many page faults without I/O"),
    form("major-faults", "count=N", "cause so many page faults with I/O"),
    form("block-output", "count=N", "write so many blocks to a disk"),
    form("voluntary-switches", "count=N", "give the processor away so often"),
    form("involuntary-switches", "count=N", "lose the processor so often"),
    form("sleep", "ms=N", "sleep so many milliseconds"),
    form("setpgid", "[pgid=0]", "join that process group; 0 makes one"),
    form("setsid", "", "make a session of its own"),
    form("setuid", "uid=N", "become that user"),
    form("fork", "[token=T] [orphan=yes] [steps=S,...]", "fork a child of its own"),
    form(
        "vfork-exec",
        "[token=T] [orphan=yes] [steps=S,...]",
        "vfork a child of its own that execs the child program",
    ),
    form("vfork", "code=N", "vfork a child of its own that exits"),
    form("wait", "[pid=0]", "reap that child of its own; 0 is the one forked last"),
    form("leader-exit", "[code=0]", "let the leader thread exit and go on in another"),
    form("thread-exit", "code=N [report=yes]", "let the thread that takes the steps exit"),
    form("group-exit", "code=N [report=yes]", "let a thread that is not the leader end the process"),
    form("exec", "[steps=S,...]", "replace the image by the child program"),
    form("exec-from-thread", "[steps=S,...]", "the same from a thread that is not the leader"),
    form("traceme", "", "let the parent trace it"),
    form("report", "", "answer its resource usage"),
    form("getids", "", "answer its process, group, session and user ids"),
];

const fn form(word: &'static str, keys: &'static str, summary: &'static str) -> Form {
    Form { word, keys, summary }
}

impl Form {
    /// The names of its keys.
    pub fn key_names(&self) -> impl Iterator<Item = &'static str> {
        self.keys.split([' ', '[', ']']).filter_map(|part| part.split_once('=')).map(|(key, _)| key)
    }
}
