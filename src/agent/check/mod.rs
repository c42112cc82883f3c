//! Checks whether an agent conforms to the protocol, before any case runs.
//!
//! Each finding names a rule:
//!
//! | rule | requirement |
//! |---|---|
//! | `start` | the command can be executed |
//! | `line` | standard output carries lines of the protocol and nothing else |
//! | `answer` | each request has one reply, in time |
//! | `end` | the agent lives until `bye` |
//! | `hello` | the first line, and its fields |
//! | `word` | a reply is `ok`, `err errno=NAME`, `unsupported why=TEXT` or `malformed why=TEXT` |
//! | `end` | the agent does not exit before `bye` |
//! | `unknown` | unknown requests are `unsupported`; unknown keys are ignored |
//! | `entering` | a call is announced |
//! | `spawn` | `spawn` executes the program and returns the pid |
//! | `call` | a call of the family reports what it returned and wrote; options travel by name |
//! | `decode` | the subject's own macros, if it has any |
//! | `handle`, `result` | for a handle agent: a handle reports what its child did, in the announced form, and nothing before |
//! | `can` | a handle agent can do what its hello announces |
//! | `bye` | answered, then exit 0 |
//! | `setpgid`, `signals`, `pidfd`, `eintr` | requests have their effect, and calls that are restarted after a signal are declared in the hello |
//! | `usage` | resource usage is that of the child, in the units of the protocol |
//! | `environment` | none: the check itself cannot run here |

mod arguments;
mod behavior;
mod finding;
mod handle;
mod meeting;
mod requests;
mod session;
mod signals;

pub use self::finding::{CheckReport, Finding};

use self::requests::{Check, any};
use self::session::{CheckEnded, Session};
use crate::protocol::Line;
use crate::protocol::wait::{Flag, OptionSet, WaitRequest};
use crate::sys::call::abi::Call;
use crate::wait::System;

/// Starts the agent `argv` and sends it each request that every agent must serve.
///
/// `child_argv` is the child program with its first arguments (`waitspec child`). Each answer may take up to `scale`
/// times 5 s. The agent shares this process's standard error.
pub fn check(argv: &[String], child_argv: &[String], scale: f64) -> CheckReport {
    let mut session = match Session::start(argv, scale) {
        Ok(session) => session,
        Err(message) => {
            return CheckReport {
                findings: vec![Finding { rule: "start", message }],
                ..CheckReport::default()
            };
        }
    };
    let mut report = CheckReport::default();
    // If the check ended early, the reason is among the findings.
    let mut under_way = Check {
        session: &mut session,
        child_argv,
        pid: 0,
        retries: false,
        threads: false,
        system: System::HOST,
    };
    let _ = run(&mut under_way, &mut report);
    report.findings = std::mem::take(&mut session.findings);
    report
}

fn run(check: &mut Check<'_>, report: &mut CheckReport) -> Result<(), CheckEnded> {
    check.hello(report)?;
    check.expect_unsupported(Line::new("no-such-request"), "the protocol has no such request")?;
    if let Some(hello) = &report.handles {
        check.handles(hello)?;
    }
    for &call in &report.calls {
        check.exited(call)?;
    }
    if let Some(&call) = report.calls.iter().find(|&&call| call != Call::Wait) {
        check.held(call)?;
        let mut request = WaitRequest::new(call, any(call));
        request.options = OptionSet::of([Flag::Nonsense]);
        check.expect_unsupported(request.to_line(0), "no system has the option WNONSENSE")?;
    }
    // Little can be asked of `wait`.
    let richest = report.calls.iter().find(|&&call| call != Call::Wait).or(report.calls.first());
    if let Some(&call) = richest {
        check.behavior(call)?;
        // What would be found after a mistake may only follow from it.
        if check.session.findings.is_empty() {
            check.arguments(call, &report.calls)?;
            check.signals(call)?;
        }
    }
    if report.handles.is_none() {
        check.decode()?;
    }
    if let Some(line) = check.session.ask(Line::new("bye"))?
        && line.word() != "ok"
    {
        check.session.complain("bye", &line, "expected ok");
    }
    check.session.farewell()
}
