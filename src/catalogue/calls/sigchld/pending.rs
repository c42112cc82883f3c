//! A blocked SIGCHLD that is pending, and the calls that must not clear it.

use crate::scenario::{Scenario, Step};
use crate::spec::{Clause, linux, posix};
use crate::trial::cases;
use crate::trial::{
    Calls, Change, Child, Disposition, Errno, MaskChange, Options, Outcome, SigactionFlags, Target, Trial,
};
use crate::wait::Signal;

cases! { "sigchld-pending";

    /// a pending SIGCHLD stays pending through calls that return 0 or fail
    without_report(PID; NOHANG | UNTRACED) in Calls::WITH_TARGET.few() => [posix::SIGCHLD_PENDING_WITHOUT_REPORT];

    /// and, as long as there is a zombie, through reports of stops and continues, and peeks
    beside_a_zombie(PID; UNTRACED | CONTINUED | NOWAIT; adapting) in Calls::WITH_TARGET.few() => [
        posix::SIGCHLD_PENDING_WITHOUT_REPORT,
        posix::SIGCHLD_PENDING_WHILE_OTHERS_WAITABLE,
        linux::SIGCHLD_PENDING_AFTER_EVENT,
    ];
}

/// A zombie whose SIGCHLD is pending, and a child that lives.
fn zombie_and_live(t: &mut Trial) -> Result<(Child, Child), crate::trial::Abort> {
    t.sigaction(Signal::CHLD, Disposition::Count, SigactionFlags::RESTART)?;
    t.sigprocmask(MaskChange::Block, Signal::CHLD)?;
    let live = t.spawn(Scenario::held())?;
    let zombie = t.spawn(Scenario::exits(7))?;
    t.await_zombie(&zombie)?;
    is_pending(t, &posix::SIGCHLD_PENDING_WITHOUT_REPORT, Signal::CHLD)?;
    Ok((zombie, live))
}

/// The blocked signal is still pending.
pub(crate) fn is_pending(t: &mut Trial, clause: &'static Clause, signal: Signal) -> Outcome {
    let pending = t.sigpending()?.contains(&signal);
    t.expect(clause).that(
        pending,
        format!("{signal} pending"),
        if pending { "pending" } else { "not pending" },
    )
}

fn without_report(t: &mut Trial) -> Outcome {
    let clause = &posix::SIGCHLD_PENDING_WITHOUT_REPORT;
    let (zombie, live) = zombie_and_live(t)?;
    for options in [Options::NOHANG, Options::NOHANG | Options::UNTRACED] {
        let seen = t.wait(Target::Child(&live), options)?;
        t.expect(clause).nothing_ready(&seen)?;
        is_pending(t, clause, Signal::CHLD)?;
    }
    for options in [Options::NONE, Options::NOHANG] {
        let own = t.agent_pid();
        let seen = t.wait(Target::Pid(own), options)?;
        t.expect(clause).error(&seen, Errno::CHILD)?;
        is_pending(t, clause, Signal::CHLD)?;
    }
    let seen = t.wait(Target::Child(&zombie), Options::NONE)?;
    t.expect(clause).reports(&seen, &zombie, Change::Exited(7))
}

fn beside_a_zombie(t: &mut Trial) -> Outcome {
    let (zombie, live) = zombie_and_live(t)?;
    for (signal, options, change) in [
        (Signal::STOP, Options::UNTRACED, Change::Stopped(Signal::STOP)),
        (Signal::CONT, Options::CONTINUED, Change::Continued),
    ] {
        t.signal(&live, signal)?;
        let seen = t.wait(Target::Child(&live), options)?;
        t.expect(&posix::SIGCHLD_PENDING_WHILE_OTHERS_WAITABLE).reports(&seen, &live, change)?;
        is_pending(t, &linux::SIGCHLD_PENDING_AFTER_EVENT, Signal::CHLD)?;
    }
    if Calls::taking(Options::NOWAIT).has(t.call()) {
        t.tell(&live, Step::exit(9))?;
        t.await_zombie(&live)?;
        for (child, code) in [(&zombie, 7), (&live, 9)] {
            let seen = t.wait(Target::Child(child), Options::NOWAIT)?;
            t.expect(&posix::SIGCHLD_PENDING_WHILE_OTHERS_WAITABLE).reports(
                &seen,
                child,
                Change::Exited(code),
            )?;
            is_pending(t, &linux::SIGCHLD_PENDING_AFTER_EVENT, Signal::CHLD)?;
        }
    }
    Ok(())
}
