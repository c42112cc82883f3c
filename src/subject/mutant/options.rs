//! Options ignored, implied or mixed up; events lost, doubled or consumed by a look.

use super::{Asked, Mutant, Told, nothing};
use crate::spec::posix;
use libc::{WCONTINUED, WNOHANG, WNOWAIT, WUNTRACED};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "untraced-ignored",
        breaks: "WUNTRACED has no effect",
        clause: &posix::WAITPID_UNTRACED_REPORTS_STOP,
        call: |w, r| if r.is_by_id() { w.real(r) } else { w.real(&r.without(WUNTRACED)) },
    },
    Mutant {
        name: "continued-ignored",
        breaks: "WCONTINUED has no effect",
        clause: &posix::WAITPID_CONTINUED_REPORTS,
        call: |w, r| if r.is_by_id() { w.real(r) } else { w.real(&r.without(WCONTINUED)) },
    },
    Mutant {
        name: "untraced-implied",
        breaks: "stops are reported without WUNTRACED",
        clause: &posix::WAITPID_STOP_NEEDS_UNTRACED,
        call: |w, r| w.real(&r.with(WUNTRACED)),
    },
    Mutant {
        name: "continued-implied",
        breaks: "continues are reported without WCONTINUED",
        clause: &posix::WAITPID_CONTINUE_NEEDS_CONTINUED,
        call: |w, r| w.real(&r.with(WCONTINUED)),
    },
    Mutant {
        name: "nowait-takes",
        breaks: "WNOWAIT takes the child",
        clause: &posix::WAITID_NOWAIT_EXIT,
        call: |w, r| w.real(&r.without(WNOWAIT)),
    },
    Mutant {
        name: "nowait-takes-stops",
        breaks: "WNOWAIT takes stops and continues, and only leaves exits",
        clause: &posix::WAITID_NOWAIT_STOP,
        call: |w, r| {
            let seen = w.real(r)?;
            if r.has(WNOWAIT) && (seen.is_stop() || seen.is_continue()) {
                return w.real(&r.without(WNOWAIT));
            }
            Ok(seen)
        },
    },
    Mutant {
        name: "stop-reported-for-ever",
        breaks: "a stop is reported again and again",
        clause: &posix::STATUS_STOP_ONCE,
        call: |w, r| {
            let seen = w.real(r)?;
            if seen.is_stop() {
                w.remember(seen.child().unwrap_or(0));
            } else if seen.is_nothing() && w.remembered() != 0 && r.has(WUNTRACED) {
                let mut again = seen;
                again.ret = crate::sys::family::Return::Value(w.remembered());
                if !r.is_by_id() {
                    again.status = crate::sys::family::Memory::Wrote(libc::SIGSTOP << 8 | 0x7f);
                    return Ok(again);
                }
            }
            Ok(seen)
        },
    },
    Mutant {
        name: "exited-shows-stops",
        breaks: "waitid with WEXITED alone reports a stop",
        clause: &posix::WAITID_EXITED_ONLY,
        call: |w, r| {
            if r.is_by_id() && r.has(libc::WEXITED) { w.real(&r.with(libc::WSTOPPED)) } else { w.real(r) }
        },
    },
    Mutant {
        name: "stopped-shows-exits",
        breaks: "waitid with WSTOPPED alone reports an exit",
        clause: &posix::WAITID_STOPPED_ONLY,
        call: |w, r| if r.is_by_id() { w.real(&r.with(libc::WEXITED)) } else { w.real(r) },
    },
    Mutant {
        name: "continues-lost",
        breaks: "the first continue is taken and not reported",
        clause: &posix::WAITPID_CONTINUED_REPORTS,
        call: |w, r| {
            let seen = w.real(r)?;
            if seen.is_continue() && r.has(WNOHANG) && w.turn() == 1 {
                return Ok(nothing(r));
            }
            Ok(seen)
        },
    },
];
