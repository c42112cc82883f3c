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

/// Every step, in the order of [`Step`](crate::scenario::Step).
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
    form("trace", "do=R pid=N [sig=S] [options=O,...]", "ask ptrace about that process, as its tracer"),
    form("incur", "sig=S [core=yes|no] [report=yes]", "do what the system answers with that signal"),
    form("catch", "sig=S [do=return|exit|reraise]", "catch the signal, and do that in the handler"),
    form("return", "code=N", "return from main with that code, or call exit"),
    form("dumpable", "on=yes|no", "say whether it may dump core"),
    form(
        "clone",
        "[sibling=yes] [exit-signal=S] [token=T] [orphan=yes] [steps=S,...]",
        "clone a child or a sibling of its own",
    ),
    form("terminal", "do=read|write|foreground", "use its controlling terminal"),
    form("pidfd-open", "pid=N", "open a pidfd of that process"),
    form("last-pid", "pid=N", "let the next process have the number after that"),
    form("subreaper", "on=yes|no", "adopt the orphans among its descendants"),
    form("threads", "count=N", "start so many threads, which sleep"),
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
