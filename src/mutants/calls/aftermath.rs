//! State that a call leaves behind, and by which a later one is misled.

use crate::mutants::calls::arguments::by_target::exits_only;
use crate::mutants::calls::edit::{ObservationExt, RequestExt};
use crate::mutants::calls::inner::{CallResult, Inner, error};
use crate::mutants::mutant::{Mutant, blind};
use crate::spec::posix;
use crate::sys::call::abi::Request;
use libc::{EFAULT, EINTR, EINVAL, WNOHANG};

/// Makes the call, and remembers whether it failed with that error.
fn notes(w: &Inner, r: &Request, errno: i32) -> CallResult {
    w.map(r, |seen| {
        if seen.errno() == Some(errno) {
            w.swap(1);
        }
    })
}

pub(crate) const MUTANTS: &[Mutant] = &[
    blind(
        "einval-then-nohang",
        "the first call that would block after one that failed with EINVAL does not",
        &posix::WAIT_INDEPENDENT_OF_EARLIER_CALLS,
    )
    .call(|w, r| {
        let misled = r.blocks() && w.swap(0) == 1;
        if misled { w.real(&r.with(WNOHANG)) } else { notes(w, r, EINVAL) }
    }),
    blind(
        "einval-then-no-stops",
        "once a call has failed with EINVAL, no stops and no continues are reported",
        &posix::WAIT_INDEPENDENT_OF_EARLIER_CALLS,
    )
    .call(|w, r| if w.value() == 1 { exits_only(w, r, true) } else { notes(w, r, EINVAL) }),
    blind(
        "eintr-then-no-stops",
        "once a call has failed with EINTR, no stops and no continues are reported",
        &posix::WAIT_INDEPENDENT_OF_EARLIER_CALLS,
    )
    .call(|w, r| if w.value() == 1 { exits_only(w, r, true) } else { notes(w, r, EINTR) }),
    blind(
        "eintr-then-any",
        "the first wait by pid after a call that failed with EINTR waits for any child",
        &posix::WAIT_INDEPENDENT_OF_EARLIER_CALLS,
    )
    .call(|w, r| {
        let misled = r.pid().is_some() && w.swap(0) == 1;
        if misled { w.real(&r.with_any()) } else { notes(w, r, EINTR) }
    }),
    blind(
        "efault-then-efault",
        "the first call that finds a child after one that failed with EFAULT fails, too",
        &posix::WAIT_INDEPENDENT_OF_EARLIER_CALLS,
    )
    .raw()
    .call(|w, r| {
        let misled = w.value() == 1 && w.peek(r).is_some() && w.swap(0) == 1;
        if misled { Ok(error(r, EFAULT)) } else { notes(w, r, EFAULT) }
    }),
];
