//! Exits as reported by a kqueue, after which a blocking wait finds the child.

use super::options::{each, record};
use crate::scenario::{Scenario, Step};
use crate::spec::{Clause, dragonfly, freebsd, macos, netbsd, openbsd};
use crate::sys::call::abi::Call;
use crate::trial::cases;
use crate::trial::{Calls, Change, Options, Outcome, Target, Trial};
use crate::wait::Signal;

const WAITPID: Calls = Calls::only(&[Call::Waitpid]);

cases! { "kqueue";

    /// NOTE_EXIT has the status word; whether a WNOHANG wait finds the child immediately is recorded
    note_exit(PID) in WAITPID => [
        freebsd::NOTE_EXIT_STATUS,
        netbsd::NOTE_EXIT_STATUS,
        openbsd::NOTE_EXIT_STATUS,
        dragonfly::NOTE_EXIT_STATUS,
        macos::NOTE_EXIT,
        freebsd::NOTE_EXIT_EARLY,
        netbsd::NOTE_EXIT_EARLY,
        openbsd::NOTE_EXIT_EARLY,
        dragonfly::NOTE_EXIT_EARLY,
        macos::NOTE_EXIT_EARLY,
    ];

    /// NOTE_EXIT for a child killed by a signal has its status word
    note_exit_of_kill(PID) in WAITPID => [
        freebsd::NOTE_EXIT_STATUS,
        netbsd::NOTE_EXIT_STATUS,
        openbsd::NOTE_EXIT_STATUS,
        dragonfly::NOTE_EXIT_STATUS,
        macos::NOTE_EXIT,
    ];
}

fn note_exit(t: &mut Trial) -> Outcome {
    noted(t, Change::Exited(7), 7 << 8)
}

fn note_exit_of_kill(t: &mut Trial) -> Outcome {
    noted(t, Change::Killed(Signal::TERM, false), t.number(Signal::TERM).into())
}

/// The agent sleeps in the kqueue, or is about to, when the child terminates.
fn noted(t: &mut Trial, change: Change, word: i64) -> Outcome {
    let with_status: [&'static Clause; 4] = [
        &freebsd::NOTE_EXIT_STATUS,
        &netbsd::NOTE_EXIT_STATUS,
        &openbsd::NOTE_EXIT_STATUS,
        &dragonfly::NOTE_EXIT_STATUS,
    ];
    let musts = [&with_status[..], &[&macos::NOTE_EXIT]].concat();
    let recorded: [&'static Clause; 5] = [
        &freebsd::NOTE_EXIT_EARLY,
        &netbsd::NOTE_EXIT_EARLY,
        &openbsd::NOTE_EXIT_EARLY,
        &dragonfly::NOTE_EXIT_EARLY,
        &macos::NOTE_EXIT_EARLY,
    ];
    let child = t.spawn(Scenario::held())?;
    let fd = t.exit_note(&child)?;
    let pending = t.begin_exit_note(fd, &child)?;
    match change {
        Change::Killed(signal, _) => t.signal(&child, signal)?,
        _ => t.tell(&child, Step::exit(7))?,
    }
    let (seen, data) = match t.finish_exit_note(pending)? {
        Ok(noted) => noted,
        Err(errno) => {
            return each(t, &musts, |t, clause| {
                t.expect(clause).that(false, "NOTE_EXIT", format!("no event: {errno}"))
            });
        }
    };
    each(t, &with_status, |t, clause| t.expect(clause).equal("data", &data, &word))?;
    let found = if seen.is_report() { "the child" } else { "nothing yet" };
    if t.cited.iter().any(|clause| clause.id == macos::NOTE_EXIT_EARLY.id) {
        record(t, &recorded, "WNOHANG right after NOTE_EXIT", found)?;
    }
    let seen = if seen.is_nothing() { t.wait(Target::Child(&child), Options::NONE)? } else { seen };
    each(t, &musts, |t, clause| t.expect(clause).reaped(&seen, &child, change))
}
