//! What a mutant is, and the constructors that the tables use.

use crate::mutants::calls::inner::{CallResult, Inner, entry};
use crate::protocol::Line;
use crate::protocol::handle::Form;
use crate::spec::clause::Clause;
use crate::subject::handle::Behavior;
use crate::subject::libc::Libc;
use crate::subject::wrapper::Wrapper;
use crate::subject::{Decoded, OWN_HANDLE, Program, Subject};
use crate::sys::call::abi::{Call, Request};
use std::fmt;

/// A subject that breaks one clause.
#[derive(Debug)]
pub struct Mutant {
    /// The name after `mutant:`.
    pub name: &'static str,
    /// What it does wrong.
    pub breaks: &'static str,
    /// The clause that must be among the failing ones.
    pub clause: &'static Clause,
    /// Where the idea comes from.
    pub origin: Origin,
    /// What kind of subject it is a mutant of.
    pub(crate) of: Of,
    /// Whether it wraps the raw system calls, which is needed to pass invalid pointers.
    pub(crate) raw: bool,
    pub(crate) call: fn(&Inner, &Request) -> CallResult,
    pub(crate) before_request: fn(&Inner, &mut Line),
    pub(crate) after_reply: fn(&Inner, &Line, &mut Line),
    pub(crate) decode: fn(i32, &mut Decoded),
}

/// The kinds of subjects that mutants are derived from.
#[derive(Copy, Clone, Debug)]
pub(crate) enum Of {
    /// The calls of the family.
    Calls,
    /// A process handle, replaced by this one.
    Handle(Behavior),
    /// A program that runs other programs, replaced by this one.
    Program(Program),
}

/// Where the idea of a mutant comes from.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Origin {
    /// Written from requirements and manuals, without knowledge of the catalogue.
    Blind,
    /// A bug in a real implementation, such as `nix#495`.
    Bug(&'static str),
    /// Written from the catalogue, to make one of its expectations fail.
    Catalogue,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Origin::Blind => "blind",
            Origin::Bug(bug) => bug,
            Origin::Catalogue => "catalogue",
        })
    }
}

pub(crate) const fn mutant(
    origin: Origin,
    name: &'static str,
    breaks: &'static str,
    clause: &'static Clause,
) -> Mutant {
    Mutant {
        name,
        breaks,
        clause,
        origin,
        of: Of::Calls,
        raw: false,
        call: |w, r| w.real(r),
        before_request: |_, _| {},
        after_reply: |_, _, _| {},
        decode: |_, _| {},
    }
}

/// A mutant written without knowledge of the catalogue.
pub(crate) const fn blind(name: &'static str, breaks: &'static str, clause: &'static Clause) -> Mutant {
    mutant(Origin::Blind, name, breaks, clause)
}

/// A mutant that reproduces a bug in a real implementation.
pub(crate) const fn from_bug(
    bug: &'static str,
    name: &'static str,
    breaks: &'static str,
    clause: &'static Clause,
) -> Mutant {
    mutant(Origin::Bug(bug), name, breaks, clause)
}

/// A mutant written for an expectation that no other mutant fails.
pub(crate) const fn from_catalogue(
    name: &'static str,
    breaks: &'static str,
    clause: &'static Clause,
) -> Mutant {
    mutant(Origin::Catalogue, name, breaks, clause)
}

impl Mutant {
    /// Whether it is a mutant of calls, which the model judges too.
    pub fn is_of_calls(&self) -> bool {
        matches!(self.of, Of::Calls)
    }

    /// The subject that it breaks.
    pub fn unbroken(&self) -> &'static str {
        match self.of {
            Of::Calls if self.raw => "syscall",
            Of::Calls => "libc",
            Of::Handle(_) => OWN_HANDLE,
            Of::Program(program) => program.own().subject(),
        }
    }

    /// What its agent's introduction depends on, its name apart.
    pub(crate) fn introduction(&self) -> (&'static str, Option<Form>) {
        let form = match self.of {
            Of::Handle(behavior) => Some(behavior.form),
            Of::Calls | Of::Program(_) => None,
        };
        (self.unbroken(), form)
    }

    /// A mutant of handles.
    pub(crate) const fn handle(mut self, behavior: Behavior) -> Mutant {
        self.of = Of::Handle(behavior);
        self
    }

    /// A mutant of the wrapper.
    pub(crate) const fn wrapper(mut self, wrapper: Wrapper) -> Mutant {
        self.of = Of::Program(Program::Wrapper(wrapper));
        self
    }

    /// A mutant of another program.
    pub(crate) const fn program(mut self, program: Program) -> Mutant {
        self.of = Of::Program(program);
        self
    }

    /// Breaks the call.
    pub(crate) const fn call(mut self, call: fn(&Inner, &Request) -> CallResult) -> Mutant {
        self.call = call;
        self
    }

    /// Changes requests other than calls before the agent executes them.
    pub(crate) const fn before_request(mut self, before_request: fn(&Inner, &mut Line)) -> Mutant {
        self.before_request = before_request;
        self
    }

    /// Changes the agent's replies to requests other than calls.
    pub(crate) const fn after_reply(mut self, after_reply: fn(&Inner, &Line, &mut Line)) -> Mutant {
        self.after_reply = after_reply;
        self
    }

    /// Breaks the status macros.
    pub(crate) const fn decode(mut self, decode: fn(i32, &mut Decoded)) -> Mutant {
        self.decode = decode;
        self
    }

    /// Wraps the raw system calls.
    pub(crate) const fn raw(mut self) -> Mutant {
        self.raw = true;
        self
    }
}

/// A mutant as a subject.
pub(crate) struct MutantSubject {
    pub(crate) mutant: &'static Mutant,
    pub(crate) inner: Inner,
}

impl Subject for MutantSubject {
    fn name(&self) -> String {
        format!("mutant:{}", self.mutant.name)
    }

    fn version(&self) -> String {
        Libc.version()
    }

    fn calls(&self) -> Vec<Call> {
        entry(self.mutant.raw).calls()
    }

    fn is_raw(&self) -> bool {
        self.mutant.raw
    }

    fn call(&self, request: &Request) -> CallResult {
        (self.mutant.call)(&self.inner, request)
    }

    fn macros(&self, status: i32) -> Option<Decoded> {
        let mut view = Libc.macros(status)?;
        (self.mutant.decode)(status, &mut view);
        Some(view)
    }

    fn edit_request(&self, mut request: Line) -> Line {
        (self.mutant.before_request)(&self.inner, &mut request);
        request
    }

    fn edit_reply(&self, request: &Line, mut reply: Line) -> Line {
        self.inner.record_spawn(request, &reply);
        (self.mutant.after_reply)(&self.inner, request, &mut reply);
        reply
    }
}
