//! Requests to a handle agent (`hello interface=handle`), and what a handle reports.
//!
//! | request | what it does | reply |
//! |---|---|---|
//! | `spawn argv=A,B,...` | makes a child that runs that program, and a handle for it: the request's `id` | `ok pid=N` |
//! | `poll handle=H` | asks without waiting | a result |
//! | `wait handle=H [timeout=MS]` | waits for the result, that long at most | a result |
//! | `kill handle=H sig=S` | sends a signal to the child | `ok`, `err errno=E` |
//! | `steal handle=H` | the agent reaps that child by the raw call, as another library of the process would | `ok` |
//! | `drop handle=H` | forgets the handle | `ok` |
//!
//! A result is `ok running=yes`, `ok unknown=yes`, or has the form that the `hello` announced:
//!
//! | `form=` | exited with N | killed by signal n |
//! |---|---|---|
//! | `code` | `ok code=N` | `ok code=` whatever the handle says |
//! | `code-or-signal` | `ok code=N` | `ok signal=NAME [core=yes]` |
//! | `shell` | `ok code=N` | `ok code=` 128 + n |
//! | `negative` | `ok code=N` | `ok code=` -n |
//!
//! `hello ... interface=handle form=F can=timeout,kill,steal promises=NAME:SOURCE,...`: each promise is a clause of the
//! book of promises without its `promise/handle/`, with the text that makes it and its version.

use super::codec::requests;
use super::line::Line;
use crate::wait::Signal;

/// The form of a handle's results.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Form {
    /// An exit code alone; what stands for a signal is not announced.
    Code,
    /// An exit code, or a signal.
    CodeOrSignal,
    /// An exit code, 128 + n for signal n.
    Shell,
    /// An exit code, -n for signal n.
    Negative,
}

impl Form {
    /// Every form.
    pub const ALL: [Form; 4] = [Form::Code, Form::CodeOrSignal, Form::Shell, Form::Negative];

    /// The word of `hello form=`.
    pub const fn name(self) -> &'static str {
        match self {
            Form::Code => "code",
            Form::CodeOrSignal => "code-or-signal",
            Form::Shell => "shell",
            Form::Negative => "negative",
        }
    }

    /// The form with this name.
    pub fn from_name(name: &str) -> Option<Form> {
        Form::ALL.into_iter().find(|form| form.name() == name)
    }
}

requests! {
    /// One request to a handle agent, a plain `spawn` aside. A handle is named by the `id` of the `spawn` that made it.
    pub enum Request {
        Poll = "poll" { handle: u64 = "handle" },
        Wait = "wait" { handle: u64 = "handle", timeout: Option<u64> = "timeout" },
        Kill = "kill" { handle: u64 = "handle", sig: Signal = "sig" },
        Steal = "steal" { handle: u64 = "handle" },
        Drop = "drop" { handle: u64 = "handle" },
    }
}

/// What a handle reports.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Report {
    /// The child has not terminated.
    Running,
    /// The handle does not know.
    Unknown,
    /// A number, to be read by the form.
    Code(i64),
    /// A signal, with a core file or not.
    Signal(Signal, bool),
}

impl Report {
    /// Adds it to a reply.
    pub fn add_to(self, reply: Line) -> Line {
        match self {
            Report::Running => reply.with("running", "yes"),
            Report::Unknown => reply.with("unknown", "yes"),
            Report::Code(code) => reply.with("code", code),
            Report::Signal(signal, false) => reply.with("signal", signal),
            Report::Signal(signal, true) => reply.with("signal", signal).with("core", "yes"),
        }
    }

    /// The report in an `ok`.
    ///
    /// # Errors
    /// A reply that is none, or that has more than one.
    pub fn from_line(line: &Line) -> Result<Report, String> {
        let code = line.number_opt("code").map_err(|e| e.to_string())?;
        match (line.flag("running"), line.flag("unknown"), code, line.get("signal")) {
            (true, false, None, None) => Ok(Report::Running),
            (false, true, None, None) => Ok(Report::Unknown),
            (false, false, Some(code), None) => Ok(Report::Code(code)),
            (false, false, None, Some(name)) => Signal::from_name(&name)
                .map(|signal| Report::Signal(signal, line.flag("core")))
                .ok_or_else(|| format!("{name} is no signal")),
            _ => Err(format!("neither running, unknown, a code nor a signal: {line}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_and_reports_survive_a_round_trip() {
        for request in [
            Request::Poll { handle: 7 },
            Request::Wait { handle: 7, timeout: None },
            Request::Wait { handle: 7, timeout: Some(50) },
            Request::Kill { handle: 7, sig: Signal::TERM },
            Request::Steal { handle: 7 },
            Request::Drop { handle: 7 },
        ] {
            let line: Line = request.to_line().to_string().parse().expect("a line");
            assert_eq!(Request::from_line(&line), Some(Ok(request)));
        }
        for report in [
            Report::Running,
            Report::Unknown,
            Report::Code(-9),
            Report::Signal(Signal::TERM, false),
            Report::Signal(Signal::SEGV, true),
        ] {
            let line: Line = report.add_to(Line::new("ok")).to_string().parse().expect("a line");
            assert_eq!(Report::from_line(&line), Ok(report));
        }
        for wrong in ["ok", "ok running=yes code=1", "ok signal=SIGNONE", "ok code=x"] {
            assert!(Report::from_line(&wrong.parse().expect("a line")).is_err(), "{wrong}");
        }
        assert!(matches!(Request::from_line(&Line::new("poll")), Some(Err(_))));
        assert!(Request::from_line(&Line::new("waitpid")).is_none());
    }
}
