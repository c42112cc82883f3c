//! What is judged, as its agent introduced itself, or as its contract says.

use super::program::kind::Kind;
use super::variant::{InterfaceName, Variant};
use crate::protocol::handle::{Form, Polling, Reaps};
use crate::spec::clause::Clause;
use crate::spec::contracts::Contract;
use crate::sys::call::abi::Call;

/// The implementation that is judged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SubjectInfo {
    /// The name as `--subject` takes it.
    pub spec: String,
    /// The name that the agent gave.
    pub name: String,
    /// The version that the agent gave.
    pub version: String,
    /// Where to report bugs.
    pub issues: String,
    /// The operating system that the agent sees.
    pub os: String,
    /// The C library that the agent named.
    pub libc: String,
    /// The machine that the agent sees.
    pub arch: String,
    /// The release of its kernel, if that is not the one the wardens run on.
    pub release: String,
    /// The profile whose clauses apply.
    pub profile: String,
    /// The calls offered.
    pub calls: Vec<String>,
    /// Whether calls can be made on several threads.
    pub threads: bool,
    /// Whether the calls are the kernel's own, without a C library in between.
    pub raw: bool,
    /// Whether its agent supports pointers to read-only memory, to the end of a page, and so on.
    pub hostile_pointers: bool,
    /// Whether it restarts calls that a signal interrupted.
    pub retries_eintr: bool,
    /// Whether a call can wait for any child; one that cannot is given the only child by its pid.
    pub selects_any: bool,
    /// What kind of thing it is.
    pub interface: InterfaceName,
    /// For a handle, the form of its results.
    pub form: Option<Form>,
    /// For a handle, when its child is reaped.
    pub reaps: Option<Reaps>,
    /// For a handle, what a poll shows.
    pub polling: Option<Polling>,
    /// For a handle, what it can do other than be created and waited for.
    pub abilities: Vec<String>,
    /// What it promises, as in the ids of clauses, with the text that makes the promise.
    pub promises: Vec<(String, String)>,
    /// For a program, what it is for.
    pub kind: Kind,
    /// For a program, its contract.
    pub contract: Option<&'static Contract>,
}

impl SubjectInfo {
    /// What binds the subject to a clause; `None` for a promise that it did not make.
    pub(crate) fn source_of(&self, clause: &'static Clause) -> Option<&str> {
        let Some(promise) = clause.promise() else { return Some(clause.source) };
        self.promises.iter().find(|(name, _)| name == promise).map(|(_, source)| source.as_str())
    }

    /// Whether the trials that can be planned are the same as another's.
    pub(crate) fn is_planned_like(&self, other: &SubjectInfo) -> bool {
        let kind = |s: &SubjectInfo| (s.interface, s.form, s.kind, s.contract);
        kind(self) == kind(other) && self.os == other.os && self.calls == other.calls
    }

    /// The variants that its trials can have.
    pub fn variants(&self) -> Vec<Variant> {
        match self.interface {
            InterfaceName::Calls => {
                self.calls.iter().filter_map(|name| Call::from_name(name)).map(Variant::Call).collect()
            }
            InterfaceName::Handle => self.form.map(Variant::Form).into_iter().collect(),
            InterfaceName::Program => self.contract.map(|c| Variant::Contract(c.name)).into_iter().collect(),
        }
    }
}
