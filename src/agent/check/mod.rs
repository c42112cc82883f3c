//! Whether an agent keeps to the protocol's page, seen before any case runs.
//!
//! Each finding names a rule:
//!
//! | rule | what the page asks |
//! |---|---|
//! | `start` | the command can be run |
//! | `line` | standard output carries lines of the grammar and nothing else |
//! | `answer` | each request has one answer, in time |
//! | `end` | the agent lives until `bye` |
//! | `hello` | the first line, and its fields |
//! | `word` | a reply is `ok`, `err errno=NAME`, `unsupported why=TEXT` or `malformed why=TEXT` |
//! | `id` | a reply carries the id of its request |
//! | `unknown` | what an agent does not know is `unsupported`; keys that it does not know are ignored |
//! | `entering` | a call is announced |
//! | `spawn` | `spawn` runs the program and gives the pid |
//! | `call` | a call of the family reports what it returned and wrote; options travel by name |
//! | `decode` | the subject's own macros, if it has any |
//! | `bye` | answered, then exit 0 |
//! | `surroundings` | nothing: the check itself lacks something here |

mod finding;
mod session;

pub use self::finding::Finding;

use std::io::Write;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::agent::check::session::{CheckEnded, Session, readable};
use crate::protocol::Line;
use crate::protocol::wait::{Answer, Flag, IdType, OptionSet, Reply, Target, WaitRequest};
use crate::scenario::ChildOptions;
use crate::sys::call::abi::{Call, Memory};
use crate::wait::errno::Errno;
use crate::wait::{SiCode, Signal, System};

/// The code with which the check has children exit.
const CODE: i32 = 7;
/// What every status word makes of it.
const STATUS: i32 = CODE << 8;
/// More than a `pid_t` holds nowhere.
const MAX_PID: i64 = i32::MAX as i64;
/// The systems that the protocol names.
const SYSTEMS: [&str; 7] = ["linux", "freebsd", "netbsd", "openbsd", "dragonfly", "macos", "illumos"];

/// What a check found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Report {
    /// The agent's name and version, if it said hello.
    pub agent: Option<String>,
    /// The calls that it offers and that were tried.
    pub calls: Vec<Call>,
    /// Its mistakes, in the order in which they were seen.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether nothing was found.
    pub fn passed(&self) -> bool {
        self.findings.is_empty()
    }
}

/// Starts the agent `argv` and puts each row of the page to it that every agent has to serve.
///
/// `child_argv` is the child program with its first arguments (`waitspec child`). Each answer may take `scale` times 5 s.
/// The agent's standard error is this process's.
pub fn check(argv: &[String], child_argv: &[String], scale: f64) -> Report {
    let mut session = match Session::start(argv, scale) {
        Ok(session) => session,
        Err(message) => {
            return Report { findings: vec![Finding { rule: "start", message }], ..Report::default() };
        }
    };
    let mut report = Report::default();
    // A stop has left its reason among the findings.
    let _ = Check { session: &mut session, child_argv, system: System::HOST }.run(&mut report);
    report.findings = std::mem::take(&mut session.findings);
    report
}

struct Check<'a> {
    session: &'a mut Session,
    child_argv: &'a [String],
    /// The system that the agent says it runs on.
    system: System,
}

impl Check<'_> {
    fn run(&mut self, report: &mut Report) -> Result<(), CheckEnded> {
        self.hello(report)?;
        self.expect_unsupported(Line::new("no-such-request"), "it is no request of the protocol")?;
        for &call in &report.calls {
            self.exited(call)?;
        }
        if let Some(&call) = report.calls.iter().find(|&&call| call != Call::Wait) {
            self.held(call)?;
            let mut request = WaitRequest::new(call, any(call));
            request.options = OptionSet::of([Flag::Nonsense]);
            self.expect_unsupported(request.to_line(0), "no system has the option WNONSENSE")?;
        }
        self.decode()?;
        if let Some(line) = self.session.ask(Line::new("bye"))?
            && line.word() != "ok"
        {
            self.session.complain("bye", &line, "expected ok");
        }
        self.session.farewell()
    }

    fn hello(&mut self, report: &mut Report) -> Result<(), CheckEnded> {
        let line = self.session.line()?;
        if line.word() != "hello" {
            self.session.complain("hello", &line, "expected `hello protocol=1 name=NAME ...`");
            return Err(CheckEnded);
        }
        if line.number("protocol") != Ok(i64::from(super::PROTOCOL)) {
            self.session.complain("hello", &line, "expected protocol=1");
        }
        for key in ["name", "version", "issues", "libc", "arch"] {
            if line.get(key).is_none() {
                self.session.complain("hello", &line, &format!("expected {key}="));
            }
        }
        if !line.get("os").is_some_and(|os| SYSTEMS.contains(&os.as_str())) {
            self.session.complain(
                "hello",
                &line,
                &format!("expected os= to be one of {}", SYSTEMS.join(", ")),
            );
        }
        if let Some(key) = line.key_of_control() {
            self.session.complain("hello", &line, &format!("expected no control character in {key}="));
        }
        if !matches!(line.number("pid"), Ok(1..=MAX_PID)) {
            self.session.complain("hello", &line, "expected pid= to be the agent's process id");
        }
        let names = line.list("calls");
        if names.is_empty() {
            self.session.complain("hello", &line, "expected calls= to list the calls of the subject");
        }
        for name in names {
            match Call::from_name(&name) {
                Some(call) => report.calls.push(call),
                None => self.session.complain("hello", &line, &format!("'{name}' is no call of the family")),
            }
        }
        let text = |key| line.get(key).unwrap_or_default();
        self.system = System::from_names(&text("os"), &text("arch")).unwrap_or(System::HOST);
        report.agent = Some(format!("{} {}", text("name"), text("version")));
        Ok(())
    }

    fn expect_unsupported(&mut self, request: Line, why: &str) -> Result<(), CheckEnded> {
        if let Some(line) = self.session.ask(request)?
            && line.word() != "unsupported"
        {
            self.session.complain("unknown", &line, &format!("expected unsupported: {why}"));
        }
        Ok(())
    }

    /// Has the agent make a child; the check ends if it cannot.
    fn spawn(&mut self, options: &ChildOptions) -> Result<i64, CheckEnded> {
        let argv: Vec<String> = self.child_argv.iter().cloned().chain(options.to_args()).collect();
        let request = Line::new("spawn").with_list("argv", argv).with("no-such-key", 1);
        let Some(line) = self.session.ask(request)? else { return Err(CheckEnded) };
        match line.number("pid") {
            Ok(pid @ 1..=MAX_PID) if line.word() == "ok" => Ok(pid),
            _ => {
                self.session.complain("spawn", &line, "expected `ok pid=N`");
                Err(CheckEnded)
            }
        }
    }

    /// Makes a call; `None` if its answer is none.
    fn call(&mut self, request: &WaitRequest) -> Result<Option<(Box<Reply>, Line)>, CheckEnded> {
        let Some(line) = self.session.ask(request.to_line(0))? else { return Ok(None) };
        match Answer::from_line(&line, request, self.system) {
            Ok(Answer::Called(reply)) => Ok(Some((reply, line))),
            Ok(Answer::Unsupported(_)) => {
                let expected = format!("hello offers {}", request.call.name());
                self.session.complain("call", &line, &expected);
                Ok(None)
            }
            Err(error) => {
                self.session.complain("call", &line, &error.to_string());
                Ok(None)
            }
        }
    }

    /// A child that exits is reaped, and then there is none.
    fn exited(&mut self, call: Call) -> Result<(), CheckEnded> {
        let steps = vec![crate::scenario::Step::exit(CODE)];
        let pid = self.spawn(&ChildOptions { steps, ..ChildOptions::default() })?;
        let mut request = WaitRequest::new(call, one(call, pid));
        request.options = OptionSet::of(ending(call));
        self.reaped(&request, pid)?;
        if let Some((reply, line)) = self.call(&request)?
            && reply.ret != Err(Errno::CHILD)
        {
            self.session.complain("call", &line, "expected err errno=ECHILD, since no child is left");
        }
        Ok(())
    }

    /// With a child that lives `WNOHANG` finds nothing; the child then exits when told to.
    fn held(&mut self, call: Call) -> Result<(), CheckEnded> {
        let meeting = match Meeting::new() {
            Ok(meeting) => meeting,
            Err(error) => {
                return self
                    .session
                    .stop("surroundings", format!("no socket can be made for a child: {error}"));
            }
        };
        let connect = Some((meeting.path(), "check".to_owned()));
        let pid = self.spawn(&ChildOptions { connect, ..ChildOptions::default() })?;
        let Some(mut child) = meeting.accept(self.session) else {
            let message =
                format!("the program of child {pid} did not connect to {}", meeting.path().display());
            return self.session.stop("spawn", message);
        };
        let mut request = WaitRequest::new(call, one(call, pid));
        request.options = OptionSet::of(ending(call).into_iter().chain([Flag::NoHang]));
        if let Some((reply, line)) = self.call(&request)? {
            let pid_seen = reply.info.wrote().and_then(|info| info.pid).unwrap_or(0);
            if reply.ret != Ok(0) || pid_seen != 0 {
                self.session.complain("call", &line, "expected ret=0, since the child lives and has WNOHANG");
            }
        }
        let told = child.write_all(format!("exit id=1 code={CODE}\n").as_bytes());
        if let Err(error) = told {
            return self
                .session
                .stop("spawn", format!("child {pid} is gone before it was told to exit: {error}"));
        }
        request.options = OptionSet::of(ending(call));
        self.reaped(&request, pid)
    }

    /// The call has to report that child `pid` exited with [`CODE`].
    fn reaped(&mut self, request: &WaitRequest, pid: i64) -> Result<(), CheckEnded> {
        let Some((reply, line)) = self.call(request)? else { return Err(CheckEnded) };
        let returned = if request.call == Call::Waitid { 0 } else { pid };
        if reply.ret != Ok(returned) {
            self.session.complain("call", &line, &format!("expected ret={returned}"));
        }
        if request.call == Call::Waitid {
            let info = reply.info.wrote().unwrap_or_default();
            let told = (info.code, info.status) == (Some(SiCode::Exited), Some(i64::from(CODE)));
            // A typed binding may lack these two.
            let others = info.signo.is_none_or(|signal| signal == Signal::CHLD)
                && info.pid.is_none_or(|seen| seen == pid);
            if !(told && others) {
                let expected = format!(
                    "expected info=written si_signo=SIGCHLD si_code=CLD_EXITED si_pid={pid} si_status={CODE}"
                );
                self.session.complain("call", &line, &expected);
            }
        } else if reply.status != Memory::Wrote(self.system.decode(STATUS)) {
            self.session.complain("call", &line, &format!("expected status={STATUS:#06x}"));
        }
        Ok(())
    }

    /// The subject's own macros, if it has any.
    fn decode(&mut self) -> Result<(), CheckEnded> {
        let request = Line::new("decode").with("status", format_args!("{STATUS:#06x}"));
        let Some(line) = self.session.ask(request)? else { return Ok(()) };
        let expected = [("exited", "yes"), ("signaled", "no"), ("stopped", "no"), ("wexitstatus", "7")];
        let wrong = |(key, value): &(&str, &str)| line.get(key).is_some_and(|seen| seen != *value);
        if line.word() == "ok" && expected.iter().any(wrong) {
            self.session.complain(
                "decode",
                &line,
                "expected exited=yes signaled=no stopped=no wexitstatus=7",
            );
        }
        Ok(())
    }
}

/// The call's way to ask for any child.
fn any(call: Call) -> Target {
    match call {
        Call::Waitid | Call::Wait6 => Target::Id { idtype: IdType::All, who: 0 },
        Call::Wait | Call::Waitpid | Call::Wait3 | Call::Wait4 => Target::Pid(-1),
    }
}

/// The call's way to ask for that child, as far as it has one.
fn one(call: Call, pid: i64) -> Target {
    match call {
        Call::Waitid | Call::Wait6 => Target::Id { idtype: IdType::Pid, who: pid },
        Call::Wait | Call::Wait3 => any(call),
        Call::Waitpid | Call::Wait4 => Target::Pid(pid),
    }
}

/// The options with which the call reports children that ended.
fn ending(call: Call) -> Option<Flag> {
    matches!(call, Call::Waitid | Call::Wait6).then_some(Flag::Exited)
}

/// The socket to which a held child connects, in a directory of its own.
struct Meeting {
    directory: PathBuf,
    listener: UnixListener,
}

impl Meeting {
    fn new() -> std::io::Result<Meeting> {
        static SERIAL: AtomicU32 = AtomicU32::new(0);
        let name = format!("waitspec-{}-{}", std::process::id(), SERIAL.fetch_add(1, Ordering::Relaxed));
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir(&directory)?;
        match UnixListener::bind(socket_in(&directory)) {
            Ok(listener) => Ok(Meeting { directory, listener }),
            Err(error) => {
                let _ = std::fs::remove_dir(&directory);
                Err(error)
            }
        }
    }

    fn path(&self) -> PathBuf {
        socket_in(&self.directory)
    }

    /// The child's connection; it says hello there, which tells no more than that it runs.
    fn accept(&self, session: &Session) -> Option<UnixStream> {
        let connected = readable(&self.listener, session.deadline()).ok()?;
        if connected { self.listener.accept().ok().map(|(stream, _)| stream) } else { None }
    }
}

impl Drop for Meeting {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(self.path());
        let _ = std::fs::remove_dir(&self.directory);
    }
}

fn socket_in(directory: &Path) -> PathBuf {
    directory.join("child")
}
