//! What a call leaves alone: memory beyond its buffers, and the buffers themselves when it fails.

use crate::catalogue::calls::waitid::pointers::UNKNOWN_BIT;
use crate::scenario::{Scenario, Step};
use crate::spec::{linux, pairs, posix};
use crate::trial::cases;
use crate::trial::{
    Call, Calls, Change, Disposition, Errno, Options, Outcome, Pointer, SigactionFlags, Target, Trial,
};
use crate::wait::Signal;

cases! { "pointers";

    /// a call never writes beyond its buffers, whether it reports, finds nothing or fails
    no_overrun(ANY; NOHANG) in Calls::WITH_OPTIONS => [pairs::NO_OVERRUN];

    /// the raw waitid with a usage never writes beyond its two buffers
    raw_waitid_no_overrun(ANY; NOHANG) in Calls::only(&[Call::Waitid]) => [linux::WAITID_NO_OVERRUN];

    /// what a failed call leaves in its buffers is recorded; Linux writes neither status nor usage
    errors_write_nothing(ANY; OTHER) in Calls::WITH_OPTIONS
        => [posix::WAITPID_STATUS_ON_ERROR, posix::WAITID_SIGINFO_ON_ERROR, linux::WAIT_ERROR_WRITES_NOTHING];

    /// a call that fails once it has slept writes neither status nor usage
    late_errors_write_nothing(ANY) in Calls::WITH_STATUS => [linux::WAIT_ERROR_WRITES_NOTHING];
}

fn no_overrun(t: &mut Trial) -> Outcome {
    let seen = t.wait(Target::Any, Options::NOHANG)?;
    t.expect(&pairs::NO_OVERRUN).no_spill(&seen)?;
    let child = t.spawn(Scenario::held())?;
    let seen = t.wait(Target::Any, Options::NOHANG)?;
    t.expect(&pairs::NO_OVERRUN).no_spill(&seen)?;
    t.tell(&child, Step::exit(7))?;
    t.await_zombie(&child)?;
    let seen = t.wait(Target::Any, Options::NOHANG)?;
    t.expect(&pairs::NO_OVERRUN).reports(&seen, &child, Change::Exited(7))?;
    t.expect(&pairs::NO_OVERRUN).no_spill(&seen)
}

fn raw_waitid_no_overrun(t: &mut Trial) -> Outcome {
    let mut request = t.ask(Target::Any, Options::NOHANG);
    request.rusage = Pointer::Buffer;
    let seen = t.perform(request.clone())?;
    t.expect(&linux::WAITID_NO_OVERRUN).no_spill(&seen)?;
    let child = t.spawn(Scenario::held())?;
    let seen = t.perform(request.clone())?;
    t.expect(&linux::WAITID_NO_OVERRUN).no_spill(&seen)?;
    t.tell(&child, Step::exit(7))?;
    t.await_zombie(&child)?;
    let seen = t.perform(request)?;
    t.expect(&linux::WAITID_NO_OVERRUN).reports(&seen, &child, Change::Exited(7))?;
    t.expect(&linux::WAITID_NO_OVERRUN).no_spill(&seen)
}

fn errors_write_nothing(t: &mut Trial) -> Outcome {
    let no_child = t.ask(Target::Any, Options::NONE);
    let mut bad_option = no_child.clone();
    bad_option.options.raw = UNKNOWN_BIT;
    for (request, errno) in [(no_child, Errno::CHILD), (bad_option, Errno::INVAL)] {
        let seen = t.perform(request)?;
        t.expect(&linux::WAIT_ERROR_WRITES_NOTHING).error(&seen, errno)?;
        if !seen.shows_memory() {
            return t
                .expect(&linux::WAIT_ERROR_WRITES_NOTHING)
                .not_observed("the subject does not expose its buffers");
        }
        if t.call() == Call::Waitid {
            let got = seen.fields();
            let zeroed = got.pid == Some(0) && got.uid == Some(0) && got.status == Some(0);
            let written = match seen.info() {
                None => "untouched",
                Some(_) if zeroed => "zeroed",
                Some(_) => "written",
            };
            t.expect(&posix::WAITID_SIGINFO_ON_ERROR).records(&format!("siginfo after {errno}"), written)?;
            continue;
        }
        let written = seen.status().map_or("untouched".into(), |word| format!("{word:#06x}"));
        t.expect(&posix::WAITPID_STATUS_ON_ERROR).records(&format!("status after {errno}"), written)?;
        t.expect(&linux::WAIT_ERROR_WRITES_NOTHING).untouched(&seen)?;
    }
    Ok(())
}

/// A call that slept, and that finds no child any more.
fn late_errors_write_nothing(t: &mut Trial) -> Outcome {
    let clause = &linux::WAIT_ERROR_WRITES_NOTHING;
    t.sigaction(Signal::CHLD, Disposition::Ignore, SigactionFlags::NONE)?;
    let child = t.spawn(Scenario::held())?;
    let mut request = t.ask(Target::Any, Options::NONE);
    if Calls::WITH_USAGE.has(t.call()) {
        request.rusage = Pointer::Buffer;
    }
    let pending = t.begin_request(request)?;
    t.expect(clause).blocks(&pending)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.finish(pending)?;
    t.expect(clause).error(&seen, Errno::CHILD)?;
    if !seen.shows_memory() {
        return t.expect(clause).not_observed("the subject does not expose its buffers");
    }
    t.expect(clause).untouched(&seen)
}
