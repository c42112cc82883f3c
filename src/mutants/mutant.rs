//! What a mutant is, and how the tables write one.

use super::inner::{Answer, Wrapped, entry};
use crate::protocol::Line;
use crate::spec::clause::Clause;
use crate::subject::libc::Libc;
use crate::subject::{Decoded, Subject};
use crate::sys::call::abi::{Call, Request};
use std::fmt;

/// A subject that breaks one clause.
#[derive(Debug)]
pub struct Mutant {
    /// Its name behind `mutant:`.
    pub name: &'static str,
    /// What it does wrong.
    pub breaks: &'static str,
    /// The clause that has to be among those that are named as failing.
    pub clause: &'static Clause,
    /// Where the idea comes from.
    pub origin: Origin,
    /// It wraps the system calls themselves, so that bad pointers can be asked about.
    pub(crate) raw: bool,
    pub(crate) call: fn(&Wrapped, &Request) -> Answer,
    pub(crate) edit_request: fn(&Wrapped, &mut Line),
    pub(crate) edit_reply: fn(&Wrapped, &Line, &mut Line),
    pub(crate) decode: fn(i32, &mut Decoded),
}

/// Where the idea of a mutant comes from.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Origin {
    /// Written from requirements and manuals by someone who had not read the catalogue.
    Blind,
    /// A bug that this implementation had, as `nix#495`.
    Bug(&'static str),
    /// Thought of beside the catalogue, to see its expectations fail.
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
        raw: false,
        call: |w, r| w.real(r),
        edit_request: |_, _| {},
        edit_reply: |_, _, _| {},
        decode: |_, _| {},
    }
}

/// A mutant that was thought of without the catalogue.
pub(crate) const fn blind(name: &'static str, breaks: &'static str, clause: &'static Clause) -> Mutant {
    mutant(Origin::Blind, name, breaks, clause)
}

/// A mutant that does what a real implementation did.
pub(crate) const fn seen_in(
    bug: &'static str,
    name: &'static str,
    breaks: &'static str,
    clause: &'static Clause,
) -> Mutant {
    mutant(Origin::Bug(bug), name, breaks, clause)
}

/// A mutant that was made for an expectation that no other fails.
pub(crate) const fn made_for(name: &'static str, breaks: &'static str, clause: &'static Clause) -> Mutant {
    mutant(Origin::Catalogue, name, breaks, clause)
}

impl Mutant {
    /// With a broken call.
    pub(crate) const fn call(mut self, call: fn(&Wrapped, &Request) -> Answer) -> Mutant {
        self.call = call;
        self
    }

    /// Changes what the agent is asked beside calls, before it is done.
    pub(crate) const fn edit_request(mut self, edit_request: fn(&Wrapped, &mut Line)) -> Mutant {
        self.edit_request = edit_request;
        self
    }

    /// Changes what the agent answers beside calls.
    pub(crate) const fn edit_reply(mut self, edit_reply: fn(&Wrapped, &Line, &mut Line)) -> Mutant {
        self.edit_reply = edit_reply;
        self
    }

    /// With broken macros.
    pub(crate) const fn decode(mut self, decode: fn(i32, &mut Decoded)) -> Mutant {
        self.decode = decode;
        self
    }

    /// Round the system calls themselves.
    pub(crate) const fn raw(mut self) -> Mutant {
        self.raw = true;
        self
    }
}

/// A mutant as a subject.
pub(crate) struct Broken {
    pub(crate) mutant: &'static Mutant,
    pub(crate) wrapped: Wrapped,
}

impl Subject for Broken {
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

    fn call(&self, request: &Request) -> Answer {
        (self.mutant.call)(&self.wrapped, request)
    }

    fn decode(&self, status: i32) -> Option<Decoded> {
        let mut view = Libc.decode(status)?;
        (self.mutant.decode)(status, &mut view);
        Some(view)
    }

    fn edit_request(&self, mut request: Line) -> Line {
        (self.mutant.edit_request)(&self.wrapped, &mut request);
        request
    }

    fn edit_reply(&self, request: &Line, mut reply: Line) -> Line {
        self.wrapped.note_birth(request, &reply);
        (self.mutant.edit_reply)(&self.wrapped, request, &mut reply);
        reply
    }
}
