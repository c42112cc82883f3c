//! The table of faults of an agent: the finding of `agent check`, and the result of a run.

use Run::{Ran, Refused};

/// A fault of `fixtures/agents/faulty/agent.py`.
pub struct Fault {
    /// Its name in that file.
    pub name: &'static str,
    /// The rule that `agent check` names and part of its message; `None` if the behaviour is allowed or not checked.
    pub check: Option<(&'static str, &'static str)>,
    /// The result of a run of [`CASES`].
    pub run: Run,
}

/// The result of a run.
#[cfg_attr(not(feature = "cli"), allow(dead_code))]
pub enum Run {
    /// It does not start: the exit code and part of the message.
    Refused(i32, &'static str),
    /// The verdict of each case, the exit code, and part of the reason of the first verdict that is not a pass.
    Ran(&'static str, i32, &'static str),
}

/// The cases run with each fault, in the order of the catalogue: a call without children, one that sleeps, one that must not
/// sleep.
#[cfg_attr(not(feature = "cli"), allow(dead_code))]
pub const CASES: [&str; 3] =
    ["errors.no-children@wait4", "blocked.until-exit@wait4", "nohang.running-child@wait4"];

/// A fault that these cases do not trigger, or harmless behaviour.
const PASSES: Run = Ran("pass pass pass", 0, "");

const fn fault(name: &'static str, check: Option<(&'static str, &'static str)>, run: Run) -> Fault {
    Fault { name, check, run }
}

/// Every fault.
#[rustfmt::skip]
pub const FAULTS: &[Fault] = &[
    fault("garbage", Some(("line", "after startup, got `Hello, world!`: a line begins with a word of a-z")), Refused(5, "a line begins with a word")),
    fault("no-hello", Some(("hello", "after startup, got `ok id=0`: expected `hello protocol=1 name=NAME ...`")), Refused(5, "nothing was asked with that id: ok id=0")),
    fault("other-protocol", Some(("hello", "expected protocol=1")), Refused(5, "speaks protocol '2'")),
    fault("unknown-system", Some(("hello", "expected os= to be one of linux, freebsd")), PASSES),
    fault("unknown-call", Some(("hello", "'waitall' is not a call of the family")), PASSES),
    fault("silent", Some(("answer", "nothing came within 1s")), Refused(3, "reply to spawn did not come in time")),
    fault("exits", Some(("end", "after `no-such-request id=1`, the agent exited 3 instead of answering")), Refused(3, "the agent died between two calls")),
    fault("killed", Some(("end", "after `no-such-request id=1`, the agent was killed by SIGKILL instead of answering")), Refused(3, "the agent died between two calls")),
    fault("half-a-line", Some(("line", "after `no-such-request id=1`, the output ended in the middle of a line: `ok id=1`")), Refused(5, "the stream ended in the middle of a line")),
    fault("dribbles", Some(("answer", "nothing came within 1s")), Refused(3, "reply to spawn did not come in time")),
    fault("no-line-feed", Some(("line", "after `no-such-request id=1`, got a line of more than 65536 bytes")), Refused(5, "a line of more than 65536 bytes")),
    fault("long-line", Some(("line", "after `no-such-request id=1`, got a line of more than 65536 bytes")), Refused(5, "a line of more than 65536 bytes")),
    fault("wrong-id", Some(("id", "got `unsupported id=4711 why=")), Refused(5, "nothing was asked with that id: ok id=4711")),
    fault("no-id", Some(("id", "a reply carries the id of its request, 1")), Refused(5, "nothing was asked with that id: ok pid=")),
    fault("other-word", Some(("word", "a reply is ok, err, unsupported or malformed")), Refused(5, "a reply is ok, err, unsupported or malformed: fine")),
    fault("no-why", Some(("word", "`unsupported why=TEXT`")), PASSES),
    fault("no-entering", Some(("entering", "expected `entering id=3 tid=T` right before the call")), Ran("broken broken broken", 5, "the call was not announced by `entering`")),
    fault("no-tid", Some(("entering", "got `entering id=3`: expected `entering id=3 tid=T`")), PASSES),
    fault("agrees", Some(("unknown", "after `no-such-request id=1`, got `ok id=1`: expected unsupported")), PASSES),
    fault("chatty", Some(("line", "got `spawned a child!`: 'a' is not key=value")), Refused(5, "'a' is not key=value")),
    fault("no-pid", Some(("spawn", "got `ok id=2`: expected `ok pid=N`")), Refused(5, "'pid=' is missing")),
    fault("offers-what-it-lacks", Some(("call", "hello offers waitpid")), PASSES),
    fault("no-ret", Some(("call", "'ret=' is missing")), Ran("pass broken broken", 5, "'ret=' is missing")),
    fault("decoded-status", Some(("call", "expected status=0x0700")), Ran("pass fail fail", 1, "status 0x0007 (killed by SIGBUS)")),
    fault("errno-by-number", None, PASSES),
    fault("wrong-macro", Some(("decode", "expected exited=yes")), PASSES),
    fault("bad-exit", Some(("bye", "after `bye`, the agent exited 1: expected exit 0")), PASSES),
    fault("noise-at-the-end", Some(("bye", "after the answer to `bye`, got `Bye!\\n`")), PASSES),
    fault("chatty-call", Some(("line", "got `\\xff\\xfe what`")), Ran("broken broken broken", 5, "a line begins with a word")),
    fault("gigabyte", Some(("line", "a line of more than 65536 bytes")), Ran("broken broken broken", 5, "a line of more than 65536 bytes")),
    fault("endless-lines", Some(("call", "why=flood")), Ran("broken broken broken", 5, "nothing was asked with that id: unsupported")),
    fault("longest-line", None, PASSES),
    fault("many-keys", None, PASSES),
    fault("nul", Some(("line", "got `ok id=\\x00`")), Refused(5, "the value of 'id' is not percent-encoded")),
    fault("no-utf-8", Some(("line", "got `ok id=1 why=\\xe4`")), Refused(5, "the value of 'why' is not percent-encoded")),
    fault("interleaved", Some(("line", "'slow' is not key=value")), Refused(5, "'slow' is not key=value")),
    fault("two-in-one", Some(("line", "'ok' is not key=value")), Refused(5, "'ok' is not key=value")),
    fault("byte-by-byte", None, PASSES),
    fault("floods-stderr", None, PASSES),
    fault("twice", Some(("id", "a reply carries the id of its request, 2")), Refused(5, "nothing was asked with that id: ok id=")),
    fault("early", Some(("id", "got `ok id=3 ret=0`")), Refused(5, "nothing was asked with that id: ok id=")),
    fault("late", Some(("answer", "nothing came within 1s")), Ran("hang hang hang", 1, "no return (it sleeps)")),
    fault("never", Some(("answer", "nothing came within 1s")), Ran("hang hang hang", 1, "no return (it sleeps)")),
    fault("spins", Some(("answer", "nothing came within 1s")), Ran("hang fail hang", 1, "it burns CPU time")),
    fault("stops", Some(("answer", "nothing came within 1s")), Refused(3, "reply to spawn did not come in time")),
    fault("stops-in-a-call", Some(("answer", "nothing came within 1s")), Ran("hang fail hang", 1, "it did not answer in time")),
    fault("exits-in-a-call", Some(("end", "the agent exited 3")), Ran("crash crash crash", 1, "the agent died")),
    fault("crashes-in-a-call", Some(("end", "the agent was killed by SIGSEGV")), Ran("crash crash crash", 1, "(killed by SIGSEGV)")),
    fault("half-a-line-in-a-call", Some(("line", "the output ended in the middle of a line: `ok id=1`")), Ran("broken broken broken", 5, "the stream ended in the middle of a line")),
    fault("closes-output", Some(("end", "the agent closed its standard output")), Ran("broken broken broken", 5, "it closed its standard output but is still running")),
    fault("closes-input", Some(("answer", "nothing came within 1s")), Ran("pass broken broken", 3, "nor answered it in time")),
    fault("no-entering-in-a-call", Some(("answer", "nothing came within 1s")), Ran("broken broken broken", 3, "nor answered it in time")),
    fault("exec-exits-1", Some(("call", "expected status=0x7f00, since the child's program cannot be run")), PASSES),
    fault("shares-its-input", Some(("call", "expected status=0x0800, since a child has /dev/null as its standard input")), PASSES),
    fault("idle-setpgid", Some(("setpgid", "expected the child to lead its own process group")), PASSES),
    fault("counts-no-signals", Some(("signals", "`signals` never counted it")), PASSES),
    fault("restarts-silently", Some(("eintr", "declares retries=eintr in its hello")), PASSES),
    fault("tid-of-another", Some(("entering", "expected tid= to be a thread of the agent")), PASSES),
    fault("status-of-nothing", Some(("call", "expected status=untouched, or none: nothing was reported")), Ran("pass pass fail", 1, "status written")),
    fault("any-child", Some(("call", "was not asked for")), PASSES),
    fault("group-is-pid", Some(("answer", "nothing came within 1s")), Ran("pass fail fail", 1, "it returned -1 ECHILD")),
    fault("tells-what-is-null", Some(("call", "since it was not requested")), PASSES),
    fault("milliseconds", Some(("usage", "expected ru_utime_us to be at least")), PASSES),
    fault("no-system-time", Some(("usage", "expected ru_stime_us to be at least")), PASSES),
    fault("bytes-of-memory", Some(("usage", "expected ru_maxrss to be in the kernel's unit")), PASSES),
    fault("usage-of-itself", Some(("usage", "expected ru_")), PASSES),
    fault("no-nowait", Some(("call", "WNOWAIT has left the child waitable")), PASSES),
    fault("always-wexited", Some(("call", "since WEXITED was not given")), PASSES),
    fault("adds-options", Some(("answer", "nothing came within 1s")), PASSES),
    fault("drops-the-high-bit", Some(("call", "no child is one of __WCLONE")), PASSES),
    fault("pidfd-of-itself", Some(("pidfd", "never became readable")), PASSES),
    fault("always-readable", Some(("pidfd", "expected no POLLIN")), PASSES),
    fault("closes-nothing", Some(("pidfd", "was closed")), PASSES),
    fault("counts-once", Some(("signals", "counted 1, expected 2")), PASSES),
    fault("counts-again", Some(("signals", "counted 1, expected 0: no signal was sent after the last")), PASSES),
    fault("ignores-nothing", Some(("signals", "counted 2, expected 1: SIGUSR2 is counted; for SIGUSR1")), PASSES),
    fault("resets-nothing", Some(("signals", "counted 2, expected 1: SIGUSR2 is counted; for SIGWINCH")), PASSES),
    fault("blocks-nothing", Some(("signals", "expected 0: both signals that were sent are blocked")), PASSES),
    fault("unblocks-nothing", Some(("signals", "expected 2: both signals have been unblocked")), PASSES),
    fault("blocks-one-signal", Some(("signals", "counted 1, expected 0: both signals")), PASSES),
    fault("nothing-pending", Some(("signals", "expected SIGUSR1 to be pending")), PASSES),
    fault("records-nothing", Some(("signals", "expected seen=SIGUSR1:...")), PASSES),
    fault("stops-are-signalled", Some(("signals", "the child was only stopped")), PASSES),
    fault("reaps-all-in-a-handler", Some(("signals", "one call in the handler")), PASSES),
    fault("no-call-in-a-handler", Some(("signals", "one call in the handler")), PASSES),
    fault("stop-is-exit", Some(("call", "expected status=0x137f, since the child is stopped by SIGSTOP")), PASSES),
    fault("ignores-sigterm", None, PASSES),
    fault("bomb", Some(("bye", "its output stayed open for 5s")), Ran("hang leak leak", 1, "it sleeps")),
    fault("daemon", None, Ran("leak leak leak", 1, "left behind")),
    fault("connections", None, PASSES),
    fault("kills-its-warden", None, Ran("broken broken broken", 3, "the warden has died")),
    fault("stops-its-warden", None, Ran("broken broken skip", 3, "in time")),
    fault("another-hello", None, Ran("broken broken broken", 5, "its hello differs from the one at the start of the run")),
    fault("second-hello", Some(("word", "got `hello protocol=1`")), Ran("broken broken broken", 5, "a hello that is not due")),
    fault("hello-with-control", Some(("hello", "expected no control character in name=")), Refused(5, "control characters in 'name='")),
    fault("refuses-what-it-offers", Some(("call", "hello offers wait")), Ran("skip skip skip", 0, "not offered: not today")),
    fault("negative-pid", Some(("spawn", "expected `ok pid=N`")), Refused(5, "is the pid of no child")),
    fault("huge-pid", Some(("spawn", "expected `ok pid=N`")), Refused(5, "is the pid of no child")),
    fault("pid-of-another", Some(("call", "expected ret=")), Refused(5, "reply to spawn: it says pid")),
    fault("word-for-ret", Some(("call", "'ret=four' has a bad value")), Ran("pass broken broken", 5, "'ret=four' has a bad value")),
    fault("ret-beyond-64-bits", Some(("call", "has a bad value")), Ran("pass broken broken", 5, "'ret=1208925819614629174706176' has a bad value")),
    fault("huge-ret", Some(("call", "expected ret=")), Ran("pass fail fail", 1, "4611686018427387904")),
    fault("huge-usage", Some(("usage", "expected ru_utime_us to be at most")), PASSES),
    fault("status-beyond-32-bits", Some(("call", "'status=1099511627776' has a bad value")), Ran("pass broken broken", 5, "'status=1099511627776' has a bad value")),
    fault("errno-with-noise", Some(("word", "expected `err errno=NAME`")), Ran("broken pass pass", 5, "'errno=E\\0\\nE' has a bad value")),
];
