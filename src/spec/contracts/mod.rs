//! Contracts: what a program that runs other programs promises, row by row with its source.
//!
//! A row is a key, a value and the text that it comes from. The key is the id of a promise without its `promise/`
//! (`wrapper/leaves-nothing`), which then binds the program; the table below explains the values of some of them. All
//! other keys say how the program is run.
//!
//! | key | value |
//! |---|---|
//! | `wrapper/exit-codes` | `A-B:C-D ...`: codes A to B are mapped to one of C to D; the mapping of all others is recorded |
//! | `wrapper/signal-code` | `128+n`, `256+n`, `384+n`, `same` (it is killed by the same signal), a code, or `A-B`, one of A to B |
//! | `wrapper/not-found`, `wrapper/not-executable` | a code, `A-B`, or `open`: the manual names none, and it is recorded |
//! | `wrapper/forwards`, `init/forwards` | signals, or `all` of them |
//! | `wrapper/inherits` | `all`, or `all but` and what the program is there to change: `nice`, `cwd`, `ignored:SIGHUP` |
//! | `time/peak` | the unit of the printed peak memory usage: `KiB` |
//! | `file:PATH` | a file in the program's directory, created before it starts; `\n` is a newline, `{child}` the command |
//!
//! `{child}` in the command of the program, or in one of its files, is replaced by the command that it is to run, quoted for
//! a shell; without it, the command is appended. `{folder}` is the program's directory.

mod parse;
mod table;

use crate::wait::{Signal, System};
use std::ops::RangeInclusive;

pub use parse::parse;
pub use table::{CONTRACTS, OWN, OWN_INIT, OWN_SHELL, OWN_SUPERVISOR, OWN_TIME, POSIX};

/// What a program promises beyond POSIX.
#[derive(Debug, PartialEq, Eq)]
pub struct Contract {
    /// The name of the program, without its directory.
    pub name: &'static str,
    /// The rows.
    pub rows: &'static [Row],
}

/// One row of a contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// What it is about.
    pub key: &'static str,
    /// What is promised.
    pub value: &'static str,
    /// The manual that says so, with its version.
    pub source: &'static str,
}

/// How the death of the command by a signal is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignalCode {
    /// The exit code is the signal's number plus this.
    Above(i32),
    /// The program is killed by the same signal.
    Same,
    /// An exit code from the first to the second, whatever the signal.
    Between(i32, i32),
}

/// The value of a row for something that the program's manual does not mention.
const OPEN: &str = "open";

/// A number or a range.
fn range(text: &str) -> Option<RangeInclusive<i32>> {
    let (low, high) = text.split_once('-').unwrap_or((text, text));
    Some(low.parse().ok()?..=high.parse().ok()?)
}

impl Contract {
    /// The row with that key.
    pub fn row(&self, key: &str) -> Option<&'static Row> {
        self.rows.iter().find(|row| row.key == key)
    }

    /// The promises that bind, each with its source.
    pub fn promises(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let known = |row: &&Row| {
            row.value != OPEN && super::clauses().any(|clause| clause.promise() == Some(row.key))
        };
        self.rows.iter().filter(known).map(|row| (row.key, row.source))
    }

    /// The exit codes that may represent that of the command; `None` if the contract does not say.
    pub fn exit_code(&self, code: i32) -> Option<RangeInclusive<i32>> {
        let Some(row) = self.row("wrapper/exit-codes") else { return Some(code..=code) };
        row.value.split(' ').find_map(|part| {
            let (from, to) = part.split_once(':')?;
            range(from)?.contains(&code).then(|| range(to)).flatten()
        })
    }

    /// How a death by a signal is reported.
    pub fn signal_code(&self) -> Option<SignalCode> {
        let value = self.row("wrapper/signal-code")?.value;
        match value.strip_suffix("+n") {
            Some(base) => base.parse().ok().map(SignalCode::Above),
            None if value == "same" => Some(SignalCode::Same),
            None => range(value).map(|codes| SignalCode::Between(*codes.start(), *codes.end())),
        }
    }

    /// What the command does not inherit unchanged.
    pub fn changes(&self) -> impl Iterator<Item = &'static str> {
        self.row("wrapper/inherits").map_or("", |row| row.value).split(' ').skip(2)
    }

    /// Whether it says that a row is open.
    pub fn is_open(&self, key: &str) -> bool {
        self.row(key).is_some_and(|row| row.value == OPEN)
    }

    /// The exit codes of a row whose value is a code or a range.
    pub fn codes(&self, key: &str) -> Option<RangeInclusive<i32>> {
        range(self.row(key)?.value)
    }

    /// The code of a row whose value is a single code.
    pub fn code(&self, key: &str) -> Option<i32> {
        self.row(key)?.value.parse().ok()
    }

    /// The signals of a row. `all` are those that can be caught, except for [`Signal::NOT_FORWARDED`].
    pub fn signals(&self, key: &str) -> Vec<Signal> {
        let value = self.row(key).map_or("", |row| row.value);
        if value != "all" {
            return value.split(' ').filter_map(|name| Signal::from_name(&format!("SIG{name}"))).collect();
        }
        let named = Signal::all_standard().map(|(_, signal)| signal);
        let free = |signal: &Signal| !Signal::kept_by_c_library().contains(&signal.number());
        let all = named.chain(Signal::realtime_on(System::HOST)).filter(free);
        all.filter(|signal| !Signal::NOT_FORWARDED.contains(signal)).collect()
    }

    /// The files in its directory, each with its text.
    pub fn files(&self) -> impl Iterator<Item = (&'static str, String)> {
        let path = |row: &Row| Some((row.key.strip_prefix("file:")?, row.value.replace("\\n", "\n")));
        self.rows.iter().filter_map(path)
    }
}

/// Whether few programs make this promise: the others are not tested for it.
pub fn is_of_few(key: &str) -> bool {
    key.starts_with("timeout/") || ["wrapper/ignores-hangup", "init/restarts"].contains(&key)
}

/// The contract of that name.
pub fn contract(name: &str) -> Option<&'static Contract> {
    CONTRACTS.iter().copied().find(|contract| contract.name == name)
}

/// The contract of a program, by its path; for a multi-call binary (busybox), by its first argument as well.
pub fn of_program(words: &[String]) -> &'static Contract {
    let base = |word: &String| word.rsplit('/').next().unwrap_or(word).to_owned();
    let first = words.first().map(base).unwrap_or_default();
    let second = words.get(1).map(base).unwrap_or_default();
    contract(&format!("{first}-{second}")).or_else(|| contract(&first)).unwrap_or(&POSIX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_is_known_and_has_a_source() {
        let settings = ["file:", "time/"];
        for contract in CONTRACTS {
            for row in contract.rows {
                let promise = super::super::clauses().any(|c| c.promise() == Some(row.key));
                let known = promise || settings.iter().any(|prefix| row.key.starts_with(prefix));
                assert!(known, "{}: {}", contract.name, row.key);
                assert!(!row.source.is_empty() && !row.value.is_empty(), "{}: {}", contract.name, row.key);
            }
        }
    }

    #[test]
    fn each_source_has_a_version() {
        let is_version = |word: &str| word.contains(|c: char| c.is_ascii_digit()) && !word.contains('(');
        for contract in CONTRACTS.iter().filter(|contract| !contract.name.starts_with("waitspec")) {
            for row in contract.rows {
                assert!(row.source.split(' ').any(is_version), "{}: {}", contract.name, row.source);
            }
        }
    }

    #[test]
    fn a_program_is_known_by_its_name() {
        let of = |words: &[&str]| of_program(&words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>()).name;
        assert_eq!(of(&["/usr/bin/env"]), "env");
        assert_eq!(of(&["busybox", "timeout", "10"]), "busybox-timeout");
        assert_eq!(of(&["/opt/environment"]), "posix");
    }

    #[test]
    fn codes_are_mapped_as_the_row_says() {
        let xargs = contract("xargs").expect("a contract");
        let codes = [0, 1, 125, 126, 255].map(|code| xargs.exit_code(code));
        assert_eq!(codes, [Some(0..=0), Some(123..=123), Some(123..=123), None, Some(124..=124)]);
        assert_eq!(xargs.signal_code(), Some(SignalCode::Between(125, 125)));
        assert_eq!(POSIX.exit_code(42), Some(42..=42));
        let busybox = contract("busybox-xargs").expect("a contract");
        assert_eq!([0, 255].map(|code| busybox.exit_code(code)), [Some(0..=0), Some(1..=125)]);
        let flock = contract("flock").expect("a contract");
        assert_eq!(flock.codes("wrapper/not-found"), Some(64..=78));
    }

    #[test]
    fn a_row_names_signals_or_all() {
        let rows = |value| vec![Row { key: "init/forwards", value, source: "it(8) 1.0" }].leak();
        let contract = |value| Contract { name: "it", rows: rows(value) };
        assert_eq!(contract("HUP TERM").signals("init/forwards"), [Signal::HUP, Signal::TERM]);
        let all = contract("all").signals("init/forwards");
        assert!(all.contains(&Signal::WINCH) && !all.contains(&Signal::CHLD) && !all.contains(&Signal::TSTP));
        assert_eq!(POSIX.signals("init/forwards"), []);
    }

    #[test]
    fn an_open_row_does_not_bind() {
        let strace = contract("strace").expect("a contract");
        assert!(strace.is_open("wrapper/not-found") && !strace.is_open("wrapper/signal-code"));
        assert!(strace.promises().all(|(key, _)| key != "wrapper/not-found"));
        assert_eq!(strace.codes("wrapper/not-found"), None);
    }
}
