//! The contents of a report beyond child and event: status words, siginfo, memory, usage.

use super::types::{KnownChild, Rules, Violation};
use crate::model::op::Wait;
use crate::model::state::{Permitted, State};
use crate::spec::{Clause, Profile, linux, posix};
use crate::sys::call::abi::{Call, Memory, Usage};
use crate::trial::{Change, Got, Seen, SiCode, info_text};
use crate::wait::{Event, Signal};
use std::time::Duration;

/// The right event of the wrong child is further off than the wrong event of the right one, and that than a wrong
/// field.
const WRONG_CHANGE: u8 = 1;
const WRONG_FIELD: u8 = 2;

fn wrong(clause: &'static Clause, expected: impl Into<String>, got: impl Into<String>) -> Violation {
    Violation::new(clause, expected, got, WRONG_FIELD)
}

impl Rules {
    /// Whether the clause applies to this system.
    fn holds(&self, clause: &'static Clause) -> bool {
        clause.applies_to(self.profile)
    }
}

/// Checks an outcome that matches an answer in kind and child.
pub(crate) fn check(
    rules: &Rules,
    known: &[KnownChild],
    world: &State,
    wait: &Wait,
    answer: Permitted,
    seen: &Seen,
) -> Result<(), Violation> {
    let Some(reply) = seen.reply() else { return Ok(()) };
    if reply.spill == Some(true) {
        return Err(wrong(&linux::WAIT4_NO_OVERRUN, "no byte beyond a buffer changed", "one did"));
    }
    match answer {
        Permitted::Report(child, change) => {
            stale(world.children[child].superseded, change, seen)?;
            status(rules, wait, change, seen)?;
            if wait.call == Call::Waitid && reply.ret != Ok(0) {
                return Err(wrong(&posix::WAITID_RETURNS_ZERO, "0", seen.outcome()));
            }
            siginfo(rules, wait, &known[child], change, seen)?;
            let ended = matches!(change, Change::Exited(_) | Change::Killed(..));
            if ended && reply.rusage == Memory::Untouched && rules.holds(&linux::RUSAGE_LOWER_BOUND) {
                return Err(wrong(&linux::RUSAGE_LOWER_BOUND, "the usage of the child", "not stored"));
            }
            if let Some(usage) = seen.usage() {
                plausible(rules, &known[child], change, &usage)?;
            }
            Ok(())
        }
        Permitted::Nothing => nothing_written(rules, wait, seen),
        Permitted::Error(_) => match (&reply.status, &reply.rusage) {
            (Memory::Wrote(_), _) | (_, Memory::Wrote(_))
                if rules.holds(&linux::WAIT_ERROR_WRITES_NOTHING) =>
            {
                Err(wrong(&linux::WAIT_ERROR_WRITES_NOTHING, "nothing written", "something was"))
            }
            _ => Ok(()),
        },
        Permitted::Sleep => Ok(()),
    }
}

/// Newer status information replaces older, which is then no longer reported.
fn stale(superseded: Option<Change>, change: Change, seen: &Seen) -> Result<(), Violation> {
    let clause = match (superseded, change) {
        _ if superseded.is_none() || superseded != seen.change() || superseded == Some(change) => {
            return Ok(());
        }
        (Some(Change::Stopped(_)), Change::Continued) => &posix::STATUS_CONTINUE_REPLACES_STOP,
        (Some(Change::Continued), Change::Stopped(_)) => &posix::STATUS_STOP_REPLACES_CONTINUE,
        (_, Change::Exited(_) | Change::Killed(..)) => &posix::STATUS_EXIT_REPLACES_ALL,
        _ => return Ok(()),
    };
    Err(Violation::new(clause, change.to_string(), seen.outcome(), WRONG_CHANGE))
}

/// Checks the status word, if present.
fn status(rules: &Rules, wait: &Wait, change: Change, seen: &Seen) -> Result<(), Violation> {
    let clause = match change {
        Change::Exited(0..=255) => &posix::WAITPID_EXIT_CODE,
        Change::Exited(_) => &posix::STATUS_EXIT_MASKED,
        Change::Killed(signal, _) if signal.is_realtime_on(rules.system) => &posix::STATUS_SIGNALED_REALTIME,
        Change::Killed(..) => &posix::STATUS_SIGNALED,
        Change::Stopped(_) => &posix::STATUS_STOPPED,
        _ => &posix::STATUS_CONTINUED,
    };
    let event = match change {
        Change::Exited(code) => Event::Exited { code: code & 0xff },
        Change::Killed(signal, core) => Event::Signaled { signal, core },
        Change::Stopped(signal) => Event::Stopped { signal, ptrace: 0 },
        _ => Event::Continued,
    };
    let word = rules.system.encode(event).map(|status| status.as_raw());
    let text = |word: i32| format!("status {word:#06x}");
    let expected = || format!("{change}{}", word.map_or_else(String::new, |w| format!(", {}", text(w))));
    let reply = seen.reply();
    match (reply.map(|r| r.status), word) {
        (Some(Memory::Wrote(got)), Some(word)) if got.as_raw() != word => {
            Err(Violation::new(clause, expected(), seen.outcome(), WRONG_CHANGE))
        }
        (Some(Memory::Untouched), _) if wait.call != Call::Waitid => {
            Err(Violation::new(clause, expected(), "the status was not stored", WRONG_CHANGE))
        }
        _ => Ok(()),
    }
}

/// Checks the siginfo, if present.
fn siginfo(
    rules: &Rules,
    wait: &Wait,
    known: &KnownChild,
    change: Change,
    seen: &Seen,
) -> Result<(), Violation> {
    let Some(info) = seen.info() else {
        return match seen.reply().map(|r| &r.info) {
            Some(Memory::Untouched) if wait.call == Call::Waitid => {
                Err(wrong(&posix::WAITID_SI_PID, "a siginfo", "not filled in"))
            }
            _ => Ok(()),
        };
    };
    let got = info_text(info, seen.shows_memory());
    let (clause, code): (&'static Clause, SiCode) = match change {
        Change::Exited(_) => (&posix::WAITID_EXITED, SiCode::Exited),
        Change::Killed(..) => (&posix::WAITID_KILLED, SiCode::Killed),
        Change::Stopped(_) => (&posix::WAITID_STOPPED, SiCode::Stopped),
        _ => (&posix::WAITID_CONTINUED, SiCode::Continued),
    };
    if info.code.is_some_and(|c| c != code) {
        return Err(Violation::new(clause, code.to_string(), got, WRONG_CHANGE));
    }
    if info.signo.is_some_and(|s| s != Signal::CHLD) || seen.shows_memory() && info.signo.is_none() {
        return Err(wrong(&posix::WAITID_SI_SIGNO, "si_signo SIGCHLD", got));
    }
    if info.pid.is_some_and(|pid| pid != known.pid) {
        return Err(wrong(&posix::WAITID_SI_PID, format!("si_pid {}", known.pid), got));
    }
    if let (Some(uid), Some(is)) = (rules.uid, info.uid)
        && uid != is
    {
        let typed = Got::Uid { reported: is, effective: uid };
        return Err(wrong(&posix::WAITID_SI_UID, format!("si_uid {uid}"), got).typed(typed));
    }
    let (right, reported, expected) = match change {
        Change::Exited(code) => {
            let Some(reported) = info.status else { return Ok(()) };
            (reported == i64::from(code), Got::ExitValue { passed: code, reported }, code.to_string())
        }
        Change::Killed(signal, _) | Change::Stopped(signal) => {
            let Some(reported) = info.signal else { return Ok(()) };
            (reported == signal, Got::Signal(reported), signal.to_string())
        }
        _ => {
            let Some(reported) = info.signal else { return Ok(()) };
            (reported == Signal::CONT, Got::Signal(reported), Signal::CONT.to_string())
        }
    };
    if right {
        return Ok(());
    }
    let clause = match change {
        Change::Exited(code) if !(0..=255).contains(&code) => &posix::WAITID_FULL_EXIT_VALUE,
        _ => clause,
    };
    Err(Violation::new(clause, format!("{code}, si_status {expected}"), got, WRONG_CHANGE).typed(reported))
}

/// Under `WNOHANG` a call with nothing to report writes nothing, and `waitid` zeroes.
fn nothing_written(rules: &Rules, wait: &Wait, seen: &Seen) -> Result<(), Violation> {
    let Some(reply) = seen.reply() else { return Ok(()) };
    if wait.call == Call::Waitid && seen.shows_memory() {
        let zero =
            |info: &crate::protocol::wait::InfoNamed| info.signo == Some(Signal::NONE) && info.pid == Some(0);
        if !matches!(&reply.info, Memory::Wrote(info) if zero(info)) {
            let got = seen
                .info()
                .map_or_else(|| "untouched".to_owned(), |info| info_text(info, seen.shows_memory()));
            let typed = if seen.info().is_none() { Got::Untouched } else { Got::Other };
            return Err(wrong(&posix::WAITID_NOHANG_ZEROES, "si_signo 0 and si_pid 0", got).typed(typed));
        }
    }
    if let Memory::Wrote(word) = reply.status
        && wait.call != Call::Waitid
        && rules.profile == Profile::Linux
        && seen.shows_memory()
    {
        let got = format!("status {:#06x}", word.as_raw());
        return Err(wrong(&linux::WAIT4_NOHANG_WRITES_NOTHING, "the status unchanged", got));
    }
    if matches!(reply.rusage, Memory::Wrote(_)) && rules.profile == Profile::Linux && seen.shows_memory() {
        let got = "written";
        return Err(wrong(&linux::WAIT4_NOHANG_WRITES_NOTHING, "the usage unchanged", got));
    }
    Ok(())
}

/// More than any ordinary child of a history uses, as it computes nothing and allocates little.
const MOST_KIB: i64 = 1 << 20;
/// The tolerance between the clocks of a system.
const CLOCKS: Duration = Duration::from_millis(20);

/// Checks that the usage of one child is not more than it can have used.
fn plausible(rules: &Rules, known: &KnownChild, change: Change, usage: &Usage) -> Result<(), Violation> {
    let cpu = usage.utime_us.unwrap_or(0) + usage.stime_us.unwrap_or(0);
    if let Some(age) = known.before.map(|before| before.elapsed() + CLOCKS)
        && i128::from(cpu) > age.as_micros().cast_signed()
        && rules.holds(&linux::RUSAGE_UPPER_BOUND)
    {
        let expected = format!("at most {} us of CPU time, its age", age.as_micros());
        return Err(wrong(&linux::RUSAGE_UPPER_BOUND, expected, format!("{cpu} us")));
    }
    if usage.maxrss.is_some_and(|kib| kib > MOST_KIB) && rules.holds(&linux::RUSAGE_MAXRSS_KILOBYTES) {
        let got = usage.maxrss.unwrap_or(0).to_string();
        return Err(wrong(&linux::RUSAGE_MAXRSS_KILOBYTES, format!("at most {MOST_KIB} KiB"), got));
    }
    let all = [usage.utime_us, usage.stime_us, usage.minflt, usage.nvcsw, usage.nivcsw];
    if matches!(change, Change::Exited(_))
        && rules.holds(&linux::RUSAGE_LOWER_BOUND)
        && all.iter().all(|field| *field == Some(0))
    {
        let expected = "some usage by a child that ran until it exited";
        return Err(wrong(&linux::RUSAGE_LOWER_BOUND, expected, "all zero"));
    }
    Ok(())
}

/// The sums that are times, truncated to whole microseconds.
const TIMES: [&str; 2] = ["us of user time", "us of system time"];
/// The sums that do not grow once a process has terminated.
const FAULTS: [&str; 2] = ["minor faults", "major faults"];

/// The fields that only grow, by name.
fn sums(usage: &Usage) -> [(&'static str, Option<i64>); 6] {
    [
        (TIMES[0], usage.utime_us),
        (TIMES[1], usage.stime_us),
        (FAULTS[0], usage.minflt),
        (FAULTS[1], usage.majflt),
        ("voluntary switches", usage.nvcsw),
        ("involuntary switches", usage.nivcsw),
    ]
}

/// Whether the usage is all zero.
pub(crate) fn no_usage() -> Usage {
    let zero = Some(0);
    Usage {
        utime_us: zero,
        stime_us: zero,
        maxrss: zero,
        minflt: zero,
        majflt: zero,
        inblock: zero,
        oublock: zero,
        nvcsw: zero,
        nivcsw: zero,
        ..Usage::default()
    }
}

/// The usage reported for a child never decreases.
pub(crate) fn usage_grows(before: Option<&Usage>, now: &Usage) -> Result<(), Violation> {
    let Some(before) = before else { return Ok(()) };
    for ((name, was), (_, is)) in sums(before).into_iter().zip(sums(now)) {
        if let (Some(was), Some(is)) = (was, is)
            && is < was
        {
            let expected = format!("no less {name} than {was}, as reported before");
            return Err(wrong(&linux::RUSAGE_LOWER_BOUND, expected, is.to_string()));
        }
    }
    Ok(())
}

/// Events since, none of which counts as usage of children.
pub(crate) enum WithoutReap {
    Nothing,
    Peeked,
    Vanished,
    Reported,
}

/// The usage of children must not change without a reap.
pub(crate) fn usage_stays(last: &Usage, now: &Usage, why: WithoutReap) -> Result<(), Violation> {
    let clause = match why {
        WithoutReap::Nothing => &posix::RUSAGE_CHILDREN_NOT_BEFORE_REAP,
        WithoutReap::Peeked => &posix::RUSAGE_CHILDREN_NOT_ON_PEEK,
        WithoutReap::Vanished => &posix::RUSAGE_CHILDREN_NOT_AUTO_REAPED,
        WithoutReap::Reported => &posix::RUSAGE_CHILDREN_NOT_ON_STOP,
    };
    for ((name, was), (_, is)) in sums(last).into_iter().zip(sums(now)) {
        if was.is_some() && is.is_some() && was != is {
            let text = |v: Option<i64>| format!("{name} of children {}", v.unwrap_or(0));
            return Err(wrong(clause, text(was), text(is)));
        }
    }
    Ok(())
}

/// The usage of children after some were reaped, with these known usages: of all of them, if `whole`.
pub(crate) fn usage_adds_up(
    last: &Usage,
    now: &Usage,
    taken: &[Usage],
    whole: bool,
) -> Result<(), Violation> {
    let total = |name: &str| -> Option<i64> {
        let of = |usage: &Usage| sums(usage).into_iter().find(|(n, _)| *n == name).and_then(|(_, v)| v);
        taken.iter().map(of).sum()
    };
    for ((name, was), (_, is)) in sums(last).into_iter().zip(sums(now)) {
        let (Some(was), Some(is), Some(more)) = (was, is, total(name)) else { continue };
        // Each figure is truncated to a microsecond separately.
        let slack = if TIMES.contains(&name) { 2 * (taken.len() as i64 + 1) } else { 0 };
        let got = format!("{} {name} added", is - was);
        if is < was {
            return Err(wrong(&posix::RUSAGE_CHILDREN_MONOTONIC, format!("no less than {was} {name}"), got));
        }
        // A process not yet off its CPU may report more than is credited: the report was read first.
        if FAULTS.contains(&name) && is - was < more {
            return Err(wrong(&posix::RUSAGE_CHILDREN_AFTER_REAP, format!("at least {more}"), got));
        }
        if whole && is - was > more + slack {
            return Err(wrong(
                &linux::RUSAGE_CHILDREN_DELTA,
                format!("{more}, that of the reaped children"),
                got,
            ));
        }
    }
    Ok(())
}
