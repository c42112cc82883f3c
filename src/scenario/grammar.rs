//! The syntax of steps: words and keys, for help, lists and errors.

/// The syntax of one step.
#[derive(Copy, Clone, Debug)]
pub struct Form {
    /// The word of its line.
    pub word: &'static str,
    /// Its keys as `key=VALUE`, optional ones in brackets.
    pub keys: &'static str,
    /// What it does, in one line.
    pub summary: &'static str,
}

/// Every step, in the order of [`Step`](crate::scenario::Step).
pub const FORMS: &[Form] = &[
    form("exit", "code=N [report=yes]", "exit with this 32-bit code"),
    form("raise", "sig=S [core=yes|no] [report=yes]", "send a signal to the calling thread"),
    form("kill-self", "sig=S [core=yes|no] [report=yes]", "send a signal to its own process"),
    form("pause", "", "sleep until killed by a signal"),
    form("stop", "[sig=SIGSTOP]", "stop itself; resume when continued"),
    form("ignore", "sig=S", "ignore a signal"),
    form("default", "sig=S", "restore a signal's default action"),
    form("block", "sig=S", "block a signal"),
    form("unblock", "sig=S", "unblock a signal"),
    form("burn-user", "us=N", "burn N microseconds of user time"),
    form("burn-system", "us=N", "burn N microseconds of system time"),
    form("allocate", "bytes=N", "map N bytes, touch every page, keep them"),
    form("release", "", "unmap what was allocated"),
    form("minor-faults", "count=N", "cause N page faults without I/O"),
    form("major-faults", "count=N", "cause N page faults with I/O"),
    form("block-output", "count=N", "write N blocks to a disk"),
    form("voluntary-switches", "count=N", "yield the CPU N times"),
    form("involuntary-switches", "count=N", "be preempted N times"),
    form("sleep", "ms=N", "sleep for N milliseconds"),
    form("setpgid", "[pgid=0]", "join a process group; 0 creates one"),
    form("setsid", "", "create a session"),
    form("setuid", "uid=N", "change the user id"),
    form("seteuid", "uid=N", "change the effective user id"),
    form("setegid", "gid=N", "change the effective group id"),
    form("fork", "[token=T] [orphan=yes] [steps=S,...]", "fork a child"),
    form("vfork-exec", "[token=T] [orphan=yes] [steps=S,...]", "vfork a child that execs the child program"),
    form("vfork", "code=N", "vfork a child that exits"),
    form("wait", "[pid=0]", "reap a child; 0 is the one forked last"),
    form("leader-exit", "[code=0]", "exit the leader thread and continue in another"),
    form("thread-exit", "code=N [report=yes]", "exit the thread that performs the steps"),
    form("group-exit", "code=N [report=yes]", "exit the process from a thread other than the leader"),
    form("exec", "[steps=S,...]", "exec the child program"),
    form("exec-from-thread", "[steps=S,...]", "exec the child program from a thread other than the leader"),
    form("traceme", "", "let the parent trace it"),
    form("trace", "do=R pid=N [sig=S] [options=O,...]", "make a ptrace request, as the tracer of a process"),
    form("incur", "sig=S [core=yes|no] [report=yes]", "provoke the fault that raises a signal"),
    form("catch", "sig=S [do=return|exit|reraise]", "catch a signal with a handler that does this"),
    form("return", "code=N", "return from main with this code, or call exit"),
    form("dumpable", "on=yes|no", "set whether it may dump core"),
    form(
        "clone",
        "[sibling=yes] [exit-signal=S] [token=T] [orphan=yes] [steps=S,...]",
        "clone a child or a sibling",
    ),
    form("terminal", "do=read|write|foreground", "use the controlling terminal"),
    form("pidfd-open", "pid=N", "open a pidfd of a process"),
    form("last-pid", "pid=N", "set the last pid, so that the next fork gets N+1"),
    form("subreaper", "on=yes|no", "adopt the orphans among its descendants"),
    form("threads", "count=N", "start N sleeping threads"),
    form("start-thread", "", "start a thread that sleeps until `end-threads`"),
    form("end-threads", "", "have these threads exit, one after another"),
    form("report", "", "report its resource usage"),
    form("getids", "", "report its process, group, session and user ids"),
    form("inherited", "", "report what it has inherited: descriptors, environment, folder, limits, signals"),
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
