//! Macros that misread status words that no child of a case produces.

use crate::mutants::mutant::{Mutant, blind, from_catalogue};
use crate::spec::posix;
use libc::{WCOREDUMP, WEXITSTATUS, WIFCONTINUED, WIFEXITED, WIFSIGNALED, WIFSTOPPED, WSTOPSIG, WTERMSIG};

/// The single number for a termination, as a correct subject gives it.
fn exit_code(word: i32) -> Option<i32> {
    match word {
        w if WIFEXITED(w) => Some(WEXITSTATUS(w)),
        w if WIFSIGNALED(w) => Some(-WTERMSIG(w)),
        _ => None,
    }
}

pub(crate) const MUTANTS: &[Mutant] = &[
    blind(
        "exit-code-signed-byte",
        "the exit code of a status word is a signed byte: 128 is -128",
        &posix::STATUS_EXIT_CODE,
    )
    .decode(|word, view| {
        view.exit_code = exit_code(word);
        if WIFEXITED(word) {
            view.exit_code = Some(i32::from(WEXITSTATUS(word) as i8));
        }
    }),
    blind(
        "exit-code-with-core-flag",
        "the exit code of a death with a core dump counts the flag as part of the signal",
        &posix::STATUS_EXIT_CODE,
    )
    .decode(|word, view| {
        view.exit_code = exit_code(word);
        if WIFSIGNALED(word) {
            view.exit_code = Some(-(word & 0xff));
        }
    }),
    from_catalogue("exit-code-of-a-stop", "a stopped child has an exit code", &posix::STATUS_EXIT_CODE)
        .decode(|word, view| {
            view.exit_code = exit_code(word);
            if WIFSTOPPED(word) {
                view.exit_code = Some(-WSTOPSIG(word));
            }
        }),
    blind(
        "core-dump-is-a-stop",
        "WIFSTOPPED is also true for a death with a core dump",
        &posix::STATUS_CORE_WORD,
    )
    .decode(|word, view| view.stopped |= WIFSIGNALED(word) && WCOREDUMP(word)),
    blind(
        "term-signal-with-core-flag",
        "WTERMSIG of a death with a core dump is 128 plus the signal",
        &posix::STATUS_CORE_WORD,
    )
    .decode(|word, view| {
        if WIFSIGNALED(word) {
            view.term_signal = Some(word & 0xff);
        }
    }),
    blind("core-flag-never", "WCOREDUMP is never true", &posix::STATUS_CORE_WORD)
        .decode(|_, view| view.core = view.core.map(|_| false)),
    blind("stop-signal-six-bits", "WSTOPSIG drops the upper bit of signal 64", &posix::STATUS_EVERY_WORD)
        .decode(|_, view| view.stop_signal = view.stop_signal.map(|signal| signal & 0x3f)),
    from_catalogue(
        "exit-two-hundred-stopped",
        "WIFSTOPPED is true for an exit with 200",
        &posix::STATUS_EVERY_WORD,
    )
    .decode(|word, view| {
        if WIFEXITED(word) && WEXITSTATUS(word) == 200 && !WIFCONTINUED(word) {
            (view.exited, view.stopped) = (false, true);
        }
    }),
];
