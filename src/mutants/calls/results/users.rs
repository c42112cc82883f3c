//! Which uid a siginfo carries when a child has changed its own.

use crate::mutants::calls::edit::ObservationExt;
use crate::mutants::calls::inner::{CallResult, Inner};
use crate::mutants::calls::signal_lines::edit_records;
use crate::mutants::mutant::{Mutant, blind};
use crate::spec::posix;
use crate::sys::call::abi::{Observation, Request};
use libc::WNOWAIT;

fn own_uid() -> i64 {
    rustix::process::getuid().as_raw().into()
}

/// Replaces the uid in such a report with the caller's.
fn as_caller(w: &Inner, r: &Request, such: impl FnOnce(&Observation) -> bool) -> CallResult {
    w.map(r, |seen| {
        if such(seen) {
            seen.edit_info(|info| info.uid = Some(own_uid()));
        }
    })
}

pub(crate) const MUTANTS: &[Mutant] = &[
    blind(
        "uid-of-caller-for-stops",
        "si_uid of a stop or a continue is the caller's uid",
        &posix::WAITID_SI_UID,
    )
    .call(|w, r| as_caller(w, r, |seen| !seen.is_termination())),
    blind(
        "uid-of-caller-for-the-killed",
        "si_uid of a child killed by a signal is the caller's uid",
        &posix::WAITID_SI_UID,
    )
    .call(|w, r| {
        as_caller(w, r, |seen| seen.is_termination() && seen.word().is_some_and(|w| libc::WIFSIGNALED(w)))
    }),
    blind("uid-of-caller-in-peeks", "si_uid of a WNOWAIT peek is the caller's uid", &posix::WAITID_SI_UID)
        .call(|w, r| as_caller(w, r, |_| r.options & WNOWAIT != 0)),
    blind(
        "sigchld-uid-of-caller",
        "si_uid of SIGCHLD is the uid of the process that receives it",
        &posix::SIGCHLD_INFO_UID,
    )
    .after_reply(|_, request, reply| {
        edit_records(request, reply, |fields| fields[3] = own_uid().to_string());
    }),
];
