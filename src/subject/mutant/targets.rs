//! The wrong child: targets taken for others.

use super::{Asked, Mutant, Told};
use crate::spec::posix;
use crate::sys::family::{Return, Select};
use libc::WNOHANG;

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "pid-takes-any",
        breaks: "a wait for one pid returns whichever child is ready",
        clause: &posix::WAITPID_PID_ONLY_THAT_CHILD,
        call: |w, r| if r.pid().is_some() { w.real(&r.any()) } else { w.real(r) },
    },
    Mutant {
        name: "zero-is-any",
        breaks: "the own process group is any child",
        clause: &posix::WAITPID_OWN_GROUP,
        call: |w, r| if r.group() == Some(0) { w.real(&r.any()) } else { w.real(r) },
    },
    Mutant {
        name: "negative-is-any",
        breaks: "a named process group is any child",
        clause: &posix::WAITPID_NAMED_GROUP,
        call: |w, r| if r.group().is_some_and(|g| g > 0) { w.real(&r.any()) } else { w.real(r) },
    },
    Mutant {
        name: "negative-is-pid",
        breaks: "a named process group is the child of that pid",
        clause: &posix::WAITPID_NAMED_GROUP,
        call: |w, r| match (r.group(), r.is_by_id()) {
            (Some(group), false) if group > 0 => w.real(&r.of(Select::Pid(group as i32))),
            (Some(group), true) if group > 0 => {
                w.real(&r.of(Select::Id { idtype: i64::from(libc::P_PID), id: group }))
            }
            _ => w.real(r),
        },
    },
    Mutant {
        name: "any-own-group-only",
        breaks: "any child looks at the caller's group only",
        clause: &posix::WAITPID_ANY_EVERY_GROUP,
        call: |w, r| {
            if r.pid().is_none() && r.group().is_none() && !r.is_by_id() {
                w.real(&r.of(Select::Pid(0)))
            } else {
                w.real(r)
            }
        },
    },
    Mutant {
        name: "waits-beside-live",
        breaks: "a pid that is no child sleeps while unrelated children live",
        clause: &posix::WAITPID_ECHILD_BESIDE_LIVE,
        call: |w, r| {
            let seen = w.real(r)?;
            if r.pid().is_some() && seen.errno() == Some(libc::ECHILD) && !r.has(WNOHANG) {
                return w.real(&r.any());
            }
            Ok(seen)
        },
    },
    Mutant {
        name: "pids-shifted",
        breaks: "the pid returned is that of the child reported before",
        clause: &posix::WAITPID_ANY_EACH_ONCE,
        call: |w, r| {
            w.then(r, |seen| {
                if let (Return::Value(pid), true) = (seen.ret, seen.is_end() && !r.is_by_id()) {
                    let before = w.remember(pid);
                    if before != 0 {
                        seen.ret = Return::Value(before);
                    }
                }
            })
        },
    },
];
