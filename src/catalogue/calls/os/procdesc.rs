//! FreeBSD's process descriptors: children of `pdfork`, and `pdwait`.

use super::options::record;
use crate::protocol::agent::MaskChange;
use crate::scenario::{Scenario, Step};
use crate::spec::freebsd;
use crate::sys::call::abi::Call;
use crate::trial::cases;
use crate::trial::{Abort, By, Calls, Change, Child, Errno, Options, Outcome, ProcessState, Target, Trial};
use crate::wait::Signal;

const WAITID: Calls = Calls::only(&[Call::Waitid]);

cases! { "procdesc";

    /// a wait for any child skips a pdfork child, while a wait by its pid reaps it
    only_by_pid(ANY | PID; NOHANG) in Calls::WITH_TARGET => [freebsd::PDFORK_ONLY_BY_PID];

    /// a wait for the process group skips a pdfork child
    not_by_group(GROUP; NOHANG) in Calls::WITH_TARGET => [freebsd::PDFORK_NOT_BY_GROUP];

    /// the termination of a pdfork child leaves no SIGCHLD pending
    no_sigchld(PID) in WAITID => [freebsd::PDFORK_NO_SIGCHLD];

    /// poll reports POLLHUP for a process descriptor once its process has terminated, and not before
    pollhup(ANY) in WAITID => [freebsd::PDFORK_POLLHUP];

    /// the last close of a process descriptor kills the child, unless it was created with PD_DAEMON
    close_kills(ANY) in WAITID => [freebsd::PDFORK_CLOSE_KILLS];

    /// pdwait blocks while the child lives, reports its exit, and then fails with ESRCH
    pdwait_exit(ANY) in WAITID => [
        freebsd::PDWAIT_REPORTS,
        freebsd::PDWAIT_NOHANG_EWOULDBLOCK,
        freebsd::PDWAIT_AFTER_REAP_ESRCH,
    ];

    /// pdwait reports a stop and a continue, each once
    pdwait_stop_continue(ANY) in WAITID => [freebsd::PDWAIT_REPORTS, freebsd::PDWAIT_NOHANG_EWOULDBLOCK];

    /// pdwait with WNOWAIT reports a termination repeatedly, and a wait by pid still reaps the child
    pdwait_nowait(PID) in WAITID => [freebsd::PDWAIT_NOWAIT, freebsd::PDWAIT_AFTER_REAP_ESRCH];

    /// pdwait fails without an event option, for a file and for a closed descriptor; a zombie without WEXITED is recorded
    pdwait_errors(ANY) in WAITID => [
        freebsd::PDWAIT_NO_EVENT_OPTION_EINVAL,
        freebsd::PDWAIT_BAD_DESCRIPTOR,
        freebsd::PDWAIT_NOT_EXITED,
    ];
}

/// A child of `pdfork`, and its descriptor.
fn pdfork(t: &mut Trial, daemon: bool, scenario: Scenario) -> Result<(Child, i64), Abort> {
    let (child, reply) = t.spawn_by(&By::Pdfork { daemon }, scenario)?;
    let fd = reply.number("fd").map_err(|e| Abort::Protocol(format!("reply to pdfork: {e}")))?;
    Ok((child, fd))
}

/// The same, once it is a zombie.
fn zombie(t: &mut Trial) -> Result<(Child, i64), Abort> {
    let made = pdfork(t, false, Scenario::exits(7))?;
    t.await_zombie(&made.0)?;
    Ok(made)
}

fn only_by_pid(t: &mut Trial) -> Outcome {
    let (child, _) = zombie(t)?;
    let seen = t.wait(Target::Any, Options::NOHANG)?;
    t.expect(&freebsd::PDFORK_ONLY_BY_PID).error(&seen, Errno::CHILD)?;
    let seen = t.wait(Target::Child(&child), Options::NOHANG)?;
    t.expect(&freebsd::PDFORK_ONLY_BY_PID).reaped(&seen, &child, Change::Exited(7))
}

fn not_by_group(t: &mut Trial) -> Outcome {
    zombie(t)?;
    let seen = t.wait(Target::OwnGroup, Options::NOHANG)?;
    t.expect(&freebsd::PDFORK_NOT_BY_GROUP).error(&seen, Errno::CHILD)
}

fn no_sigchld(t: &mut Trial) -> Outcome {
    t.sigprocmask(MaskChange::Block, Signal::CHLD)?;
    let (child, _) = zombie(t)?;
    let pends = t.sigpending()?.contains(&Signal::CHLD);
    t.expect(&freebsd::PDFORK_NO_SIGCHLD).equal("SIGCHLD pending", &pends, &false)?;
    let seen = t.wait(Target::Child(&child), Options::NONE)?;
    t.expect(&freebsd::PDFORK_NO_SIGCHLD).reaped(&seen, &child, Change::Exited(7))
}

fn pollhup(t: &mut Trial) -> Outcome {
    let (child, fd) = pdfork(t, false, Scenario::held())?;
    let events = t.poll(fd)?.join(",");
    t.expect(&freebsd::PDFORK_POLLHUP).equal("poll", &events, &String::new())?;
    t.tell(&child, Step::exit(7))?;
    t.await_zombie(&child)?;
    let events = t.poll(fd)?.join(",");
    t.expect(&freebsd::PDFORK_POLLHUP).equal("poll", &events, &"POLLHUP".to_owned())
}

fn close_kills(t: &mut Trial) -> Outcome {
    let (child, fd) = pdfork(t, true, Scenario::held())?;
    t.close_fd(fd)?;
    // It would not answer if it had been killed.
    t.tell(&child, Step::Ignore(Signal::USR1))?;
    let state = t.state(&child)?;
    let lives = !matches!(state, ProcessState::Zombie | ProcessState::Gone);
    t.expect(&freebsd::PDFORK_CLOSE_KILLS).that(lives, "the daemon lives", state.to_string())?;
    let (child, fd) = pdfork(t, false, Scenario::held())?;
    t.close_fd(fd)?;
    let killed = t.becomes(&child, ProcessState::Zombie)? || t.state(&child)? == ProcessState::Gone;
    t.expect(&freebsd::PDFORK_CLOSE_KILLS).that(killed, "the child killed", "the child lives")
}

fn pdwait_exit(t: &mut Trial) -> Outcome {
    let (child, fd) = pdfork(t, false, Scenario::held())?;
    let seen = t.pdwait(fd, Options::NOHANG)?;
    t.expect(&freebsd::PDWAIT_NOHANG_EWOULDBLOCK).error(&seen, Errno::AGAIN)?;
    let pending = t.begin_pdwait(fd, Options::NONE)?;
    t.expect(&freebsd::PDWAIT_REPORTS).blocks(&pending)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.finish(pending)?;
    t.expect(&freebsd::PDWAIT_REPORTS).reaped(&seen, &child, Change::Exited(7))?;
    let info = seen.fields();
    t.expect(&freebsd::PDWAIT_REPORTS).field(&seen, "si_signo", info.signo, Signal::CHLD)?;
    t.expect(&freebsd::PDWAIT_REPORTS).field(&seen, "si_status", info.status, 7)?;
    let seen = t.pdwait(fd, Options::NONE)?;
    t.expect(&freebsd::PDWAIT_AFTER_REAP_ESRCH).error(&seen, Errno::SRCH)
}

fn pdwait_stop_continue(t: &mut Trial) -> Outcome {
    let (child, fd) = pdfork(t, false, Scenario::held())?;
    for (signal, options, change) in [
        (Signal::STOP, Options::UNTRACED, Change::Stopped(Signal::STOP)),
        (Signal::CONT, Options::CONTINUED, Change::Continued),
    ] {
        t.signal(&child, signal)?;
        let seen = t.pdwait(fd, options)?;
        t.expect(&freebsd::PDWAIT_REPORTS).reports(&seen, &child, change)?;
        let seen = t.pdwait(fd, options | Options::NOHANG)?;
        t.expect(&freebsd::PDWAIT_NOHANG_EWOULDBLOCK).error(&seen, Errno::AGAIN)?;
    }
    Ok(())
}

fn pdwait_nowait(t: &mut Trial) -> Outcome {
    let (child, fd) = zombie(t)?;
    for _ in 0..2 {
        let seen = t.pdwait(fd, Options::NOWAIT)?;
        t.expect(&freebsd::PDWAIT_NOWAIT).reports(&seen, &child, Change::Exited(7))?;
    }
    let seen = t.wait(Target::Child(&child), Options::NONE)?;
    t.expect(&freebsd::PDWAIT_NOWAIT).reaped(&seen, &child, Change::Exited(7))?;
    let seen = t.pdwait(fd, Options::NOHANG)?;
    t.expect(&freebsd::PDWAIT_AFTER_REAP_ESRCH).error(&seen, Errno::SRCH)
}

fn pdwait_errors(t: &mut Trial) -> Outcome {
    let (_, fd) = zombie(t)?;
    let seen = t.pdwait(fd, Options::NOHANG | Options::NOT_EXITED)?;
    t.expect(&freebsd::PDWAIT_NO_EVENT_OPTION_EINVAL).error(&seen, Errno::INVAL)?;
    let stops = Options::UNTRACED | Options::NOT_EXITED | Options::NOHANG;
    let seen = t.pdwait(fd, stops)?;
    record(t, &[&freebsd::PDWAIT_NOT_EXITED], "pdwait of a zombie without WEXITED", &seen.outcome())?;
    let file = t.open_file("/")?;
    let seen = t.pdwait(file, Options::NOHANG)?;
    t.expect(&freebsd::PDWAIT_BAD_DESCRIPTOR).error(&seen, Errno::INVAL)?;
    t.close_fd(file)?;
    let seen = t.pdwait(file, Options::NOHANG)?;
    t.expect(&freebsd::PDWAIT_BAD_DESCRIPTOR).error(&seen, Errno::BADF)
}
