//! Requests to a handle agent (`hello interface=handle`), and what a handle reports.
//!
//! A *handle* is what a runtime provides for a child that it created: `Popen`, `Child`, `Cmd`. The agent creates
//! children through that runtime and queries their handles. Requests are asynchronous: the agent reads on while one is
//! in progress, and replies are matched by `id`, in any order. Nothing is announced by `entering`.
//!
//! # Hello
//!
//! ```text
//! hello protocol=1 interface=handle name=N version=V issues=URL os=OS libc=L arch=A pid=N
//!   form=negative can=poll,timeout,kill reaps=lazy poll=direct promises=exit-code:SOURCE,signal:SOURCE
//! ```
//!
//! | key | meaning |
//! |---|---|
//! | `form` | how a result is represented: see the table of results |
//! | `can` | what the handles can do other than be waited for: see the table of abilities |
//! | `reaps` | `lazy` (the default): a child is reaped when its handle is queried; `eager`: as soon as it has terminated |
//! | `poll` | `direct` (the default): a poll asks the system; `loop`: it shows what a thread or an event loop has noticed so far |
//! | `promises` | the clauses that the runtime's documentation promises: ids without `promise/handle/`, each with its source. A source consists of an address and a version, such as `docs.python.org/3/library/subprocess.html 3.11`. Anything that is not promised is recorded, not judged |
//!
//! | ability | what it allows |
//! |---|---|
//! | `poll` | `poll` |
//! | `timeout` | `wait timeout=MS` |
//! | `threads` | other requests are served while a wait is in progress, including further waits on the same handle |
//! | `kill` | `kill` |
//! | `drop` | `drop` |
//! | `steal` | `steal` |
//! | `fork` | `fork` |
//! | `pipes` | `spawn pipes=yes` |
//! | `sigaction`, `sigprocmask` | the request of that name |
//! | `usage` | results come with the child's resource usage |
//! | `core` | results show whether a core was dumped |
//!
//! # Requests
//!
//! | request | what it does | reply |
//! |---|---|---|
//! | `spawn argv=A,B,... [pipes=yes]` | creates a child that runs that program, with the null device as its standard input and output, and a handle for it, identified by the request's `id`. `pipes`: its standard output is a pipe that the runtime reads | `ok pid=N`, `err errno=E` |
//! | `fork argv=A,B,...` | creates such a child by a raw fork, without a handle; only `steal` may name it | `ok pid=N` |
//! | `poll handle=H` | polls without waiting | a result |
//! | `wait handle=H [timeout=MS]` | waits for the result, for at most MS | a result |
//! | `kill handle=H sig=S` | sends a signal to the child through its handle | `ok`, `err errno=E` |
//! | `drop handle=H` | drops the handle | `ok` |
//! | `steal handle=H` | the agent reaps that child by a raw wait call, as another library in the process would | `ok word=N`, `err errno=E` |
//! | `sigaction sig=S do=default, ignore or count [nocldwait=yes]` | sets the action on a signal; `count` is a handler without SA_RESTART that does nothing | `ok` |
//! | `sigprocmask how=block or unblock sig=S` | changes the mask of the agent's main thread | `ok` |
//! | `bye` | the agent exits with 0 | `ok` |
//!
//! Any other request is `unsupported why=TEXT`. An error without an `errno`, such as an exception that gives no
//! details, is `err errno=EIO`.
//!
//! # Results
//!
//! `ok running=yes`, also after a timeout; `ok unknown=yes` if the handle says that it does not know; `err errno=E`; or
//! the result in the announced form:
//!
//! | `form` | exited with N | killed by signal n |
//! |---|---|---|
//! | `code` | `ok code=N` | `ok code=` whatever the handle says |
//! | `code-or-signal` | `ok code=N` | `ok signal=NAME [core=yes]` |
//! | `shell` | `ok code=N` | `ok code=` 128 + n |
//! | `negative` | `ok code=N` | `ok code=` -n |
//! | `word` | `ok word=W`, a status word of the agent's system | the same |
//!
//! A signal whose name is not the same everywhere, such as a real-time signal, is `SIG` and its number, as in `SIG37`. If the handle
//! does not say which signal it was, the result is `ok unknown=yes`.
//!
//! With `can=usage`, a result carries `ru_utime_us`, `ru_stime_us` and any other usage fields that the handle exposes
//! ([`super`] lists them).

use super::agent::{Disposition, MaskChange};
use super::codec::{Words, requests, words};
use super::fields::{OWN, get_usage};
use super::line::Line;
use crate::sys::call::abi::Usage;
use crate::wait::Signal;

/// The form of a handle's results.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Form {
    /// An exit code only; the code for a signal is not specified.
    Code,
    /// An exit code, or a signal.
    CodeOrSignal,
    /// An exit code, 128 + n for signal n.
    Shell,
    /// An exit code, -n for signal n.
    Negative,
    /// A status word.
    Word,
}

impl Form {
    /// Every form.
    pub const ALL: [Form; 5] = [Form::Code, Form::CodeOrSignal, Form::Shell, Form::Negative, Form::Word];

    /// The word of `hello form=`.
    pub const fn name(self) -> &'static str {
        match self {
            Form::Code => "code",
            Form::CodeOrSignal => "code-or-signal",
            Form::Shell => "shell",
            Form::Negative => "negative",
            Form::Word => "word",
        }
    }

    /// The form with this name.
    pub fn from_name(name: &str) -> Option<Form> {
        Form::ALL.into_iter().find(|form| form.name() == name)
    }
}

words! {
    /// When the child of a handle is reaped.
    pub enum Reaps {
        /// When its handle is queried.
        Lazy = "lazy",
        /// As soon as it has terminated.
        Eager = "eager",
    }

    /// What a poll shows.
    pub enum Polling {
        /// The system's current answer.
        Direct = "direct",
        /// What a thread or an event loop has noticed so far.
        Loop = "loop",
    }
}

/// What a handle agent can do other than create children and wait for them.
pub const ABILITIES: [&str; 12] = [
    "poll",
    "timeout",
    "threads",
    "kill",
    "drop",
    "steal",
    "fork",
    "pipes",
    "sigaction",
    "sigprocmask",
    "usage",
    "core",
];

/// What the hello of a handle agent says about its handles.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Introduction {
    /// The form of the results.
    pub form: Form,
    /// When children are reaped.
    pub reaps: Reaps,
    /// What a poll shows.
    pub polling: Polling,
    /// A subset of [`ABILITIES`].
    pub abilities: Vec<String>,
    /// What is promised, by the id of the clause without `promise/handle/`, and the source.
    pub promises: Vec<(String, String)>,
}

impl Introduction {
    /// Parses a hello; the promises are not looked up.
    ///
    /// # Errors
    /// The first key whose value is wrong, and what was expected.
    pub fn from_line(hello: &Line) -> Result<Introduction, (&'static str, String)> {
        let word = |key: &str, default: &str| hello.get(key).unwrap_or_else(|| default.to_owned());
        let one_of = |words: &[&str]| format!("one of {}", words.join(", "));
        let form = Form::from_name(&word("form", ""));
        let form = form.ok_or_else(|| ("form", one_of(&Form::ALL.map(Form::name))))?;
        let reaps = Reaps::from_word(&word("reaps", "lazy"));
        let reaps = reaps.ok_or_else(|| ("reaps", one_of(&["lazy", "eager"])))?;
        let polling = Polling::from_word(&word("poll", "direct"));
        let polling = polling.ok_or_else(|| ("poll", one_of(&["direct", "loop"])))?;
        let abilities = hello.list("can");
        if abilities.iter().any(|ability| !ABILITIES.contains(&ability.as_str())) {
            return Err(("can", one_of(&ABILITIES)));
        }
        let mut promises = Vec::new();
        for entry in hello.list("promises") {
            match entry.split_once(':') {
                Some((name, source)) if is_source(source) => {
                    promises.push((name.to_owned(), source.to_owned()));
                }
                _ => {
                    return Err((
                        "promises",
                        "NAME:SOURCE, where a source has an address and a version".into(),
                    ));
                }
            }
        }
        Ok(Introduction { form, reaps, polling, abilities, promises })
    }
}

/// Whether the source of a promise contains an address (a path or a manual page) and a version.
fn is_source(text: &str) -> bool {
    let is_address = |word: &&str| word.contains('/') || word.contains("::") || word.contains('(');
    let (addresses, others): (Vec<&str>, Vec<&str>) = text.split_whitespace().partition(is_address);
    !addresses.is_empty() && others.iter().any(|word| word.bytes().any(|b| b.is_ascii_digit()))
}

requests! {
    /// One request to a handle agent. A handle is identified by the `id` of the `spawn` that created it.
    pub enum Request {
        Spawn = "spawn" { argv: Words = "argv", pipes: bool = "pipes" },
        Fork = "fork" { argv: Words = "argv" },
        Poll = "poll" { handle: u64 = "handle" },
        Wait = "wait" { handle: u64 = "handle", timeout: Option<u64> = "timeout" },
        Kill = "kill" { handle: u64 = "handle", sig: Signal = "sig" },
        Drop = "drop" { handle: u64 = "handle" },
        Steal = "steal" { handle: u64 = "handle" },
        Sigaction = "sigaction" { sig: Signal = "sig", action: Disposition = "do", nocldwait: bool = "nocldwait" },
        Sigprocmask = "sigprocmask" { how: MaskChange = "how", sig: Signal = "sig" },
        Bye = "bye" {},
    }
}

/// What a handle reports.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum HandleReport {
    /// The child has not terminated.
    Running,
    /// The handle does not know.
    Unknown,
    /// A number, whose meaning depends on the form.
    Code(i64),
    /// A signal, with or without a core file.
    Signal(Signal, bool),
    /// A status word.
    Word(i64),
}

impl HandleReport {
    /// Adds it to a reply.
    pub fn add_to(self, reply: Line) -> Line {
        match self {
            HandleReport::Running => reply.with("running", "yes"),
            HandleReport::Unknown => reply.with("unknown", "yes"),
            HandleReport::Code(code) => reply.with("code", code),
            HandleReport::Signal(signal, false) => reply.with("signal", signal),
            HandleReport::Signal(signal, true) => reply.with("signal", signal).with("core", "yes"),
            HandleReport::Word(word) => reply.with("word", format_args!("{word:#06x}")),
        }
    }

    /// The report in an `ok` reply.
    ///
    /// # Errors
    /// The reply contains no report, or more than one.
    pub fn from_line(line: &Line) -> Result<HandleReport, String> {
        let number = |key| line.number_opt(key).map_err(|e| e.to_string());
        let (code, word, signal) = (number("code")?, number("word")?, line.get("signal"));
        match (line.flag("running"), line.flag("unknown"), code, word, signal) {
            (true, false, None, None, None) => Ok(HandleReport::Running),
            (false, true, None, None, None) => Ok(HandleReport::Unknown),
            (false, false, Some(code), None, None) => Ok(HandleReport::Code(code)),
            (false, false, None, Some(word), None) => Ok(HandleReport::Word(word)),
            (false, false, None, None, Some(name)) => Signal::from_name(&name)
                .map(|signal| HandleReport::Signal(signal, line.flag("core")))
                .ok_or_else(|| format!("{name} is not a signal")),
            _ => Err(format!("expected exactly one of running, unknown, code, signal and word: {line}")),
        }
    }

    /// Whether this form has such reports.
    pub fn is_of(self, form: Form) -> bool {
        match self {
            HandleReport::Running | HandleReport::Unknown => true,
            HandleReport::Code(_) => form != Form::Word,
            HandleReport::Signal(..) => form == Form::CodeOrSignal,
            HandleReport::Word(_) => form == Form::Word,
        }
    }
}

/// The usage of the child in a result, if there is any.
pub fn usage_in(result: &Line) -> Option<Usage> {
    get_usage(result, OWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_and_reports_survive_a_round_trip() {
        for request in [
            Request::Spawn { argv: Words::of(["a b", "c,d"]), pipes: true },
            Request::Fork { argv: Words::of(["a"]) },
            Request::Poll { handle: 7 },
            Request::Wait { handle: 7, timeout: None },
            Request::Wait { handle: 7, timeout: Some(50) },
            Request::Kill { handle: 7, sig: Signal::TERM },
            Request::Steal { handle: 7 },
            Request::Drop { handle: 7 },
            Request::Sigaction { sig: Signal::CHLD, action: Disposition::Ignore, nocldwait: true },
            Request::Sigprocmask { how: MaskChange::Block, sig: Signal::CHLD },
            Request::Bye {},
        ] {
            let line: Line = request.to_line().to_string().parse().expect("a line");
            assert_eq!(Request::from_line(&line), Some(Ok(request)));
        }
        for report in [
            HandleReport::Running,
            HandleReport::Unknown,
            HandleReport::Code(-9),
            HandleReport::Signal(Signal::TERM, false),
            HandleReport::Signal(Signal::SEGV, true),
            HandleReport::Word(0x137f),
        ] {
            let line: Line = report.add_to(Line::new("ok")).to_string().parse().expect("a line");
            assert_eq!(HandleReport::from_line(&line), Ok(report));
        }
        for wrong in ["ok", "ok running=yes code=1", "ok signal=SIGNONE", "ok code=x", "ok code=1 word=0x100"]
        {
            assert!(HandleReport::from_line(&wrong.parse().expect("a line")).is_err(), "{wrong}");
        }
        assert!(matches!(Request::from_line(&Line::new("poll")), Some(Err(_))));
        assert!(Request::from_line(&Line::new("waitpid")).is_none());
    }

    #[test]
    fn the_page_lists_each_request_and_each_ability() {
        let page = include_str!("handle.rs");
        let requests = page.split("//! # Requests\n").nth(1).expect("a table of requests");
        for (word, keys) in Request::TABLE {
            let begins = [format!("//! | `{word} "), format!("//! | `{word}`")];
            let row = requests.lines().find(|line| begins.iter().any(|begin| line.starts_with(begin)));
            let row = row.unwrap_or_else(|| panic!("no row for {word}"));
            for key in *keys {
                assert!(row.contains(&format!("{key}=")), "{word}: {key} is not in {row}");
            }
        }
        for ability in ABILITIES {
            let listed = page
                .lines()
                .any(|line| line.starts_with("//! | `") && line.contains(&format!("`{ability}`")));
            assert!(listed, "{ability}");
        }
    }

    #[test]
    fn a_hello_introduces_the_handles() {
        let of = |text: &str| Introduction::from_line(&text.parse().expect("a line"));
        let least = of("hello form=negative").expect("the rest may be missing");
        assert_eq!((least.reaps, least.polling), (Reaps::Lazy, Polling::Direct));
        let all = of("hello form=word can=poll,kill reaps=eager poll=loop promises=signal:wait(2)%2041")
            .expect("right");
        assert_eq!((all.reaps, all.polling), (Reaps::Eager, Polling::Loop));
        assert_eq!(all.promises, [("signal".to_owned(), "wait(2) 41".to_owned())]);
        for (wrong, key) in [
            ("hello", "form"),
            ("hello form=codes", "form"),
            ("hello form=code reaps=later", "reaps"),
            ("hello form=code poll=both", "poll"),
            ("hello form=code can=fly", "can"),
            ("hello form=code promises=signal", "promises"),
            ("hello form=code promises=signal:", "promises"),
            ("hello form=code promises=signal:somewhere%203", "promises"),
            ("hello form=code promises=signal:docs.example/3", "promises"),
        ] {
            assert_eq!(of(wrong).expect_err(wrong).0, key, "{wrong}");
        }
    }

    #[test]
    fn a_report_is_of_its_form() {
        assert!(HandleReport::Running.is_of(Form::Word) && HandleReport::Code(7).is_of(Form::Shell));
        assert!(!HandleReport::Code(7).is_of(Form::Word) && !HandleReport::Word(7).is_of(Form::Code));
        assert!(!HandleReport::Signal(Signal::TERM, false).is_of(Form::Shell));
    }
}
