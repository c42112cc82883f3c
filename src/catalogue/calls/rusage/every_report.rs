//! Resource usage in reports other than exits: of stops, continues, and the stops of a traced child.

use super::bounds::{Account, EXIT_COUNT, FIELDS, REPORTING, at_least, field_within, spawn_busy, wait_usage};
use crate::scenario::Step;
use crate::spec::linux;
use crate::sys::call::abi::{Call, Pointer, Usage};
use crate::sys::process::ptrace::Request;
use crate::trial::cases;
use crate::trial::{Calls, Change, Child, Options, Outcome, Seen, Target, Traced, Trial};
use crate::wait::Signal;
use std::time::Instant;

cases! { "rusage-report";

    /// the usage reported with a stop and with a continue is the child's usage so far
    stop_and_continue(ANY; UNTRACED | CONTINUED) in REPORTING => [linux::RUSAGE_EVERY_REPORT];

    /// with WNOHANG, the usage reported with a stop and with a continue is the child's usage so far
    nohang(ANY; NOHANG | UNTRACED | CONTINUED) in REPORTING.few() => [linux::RUSAGE_EVERY_REPORT];

    /// WNOWAIT peeks at a stop and at a continue report the child's usage so far
    peek(ANY; UNTRACED | CONTINUED | NOWAIT) in Calls::taking(Options::NOWAIT)
        => [linux::RUSAGE_EVERY_REPORT];

    /// the usage reported with a traced child's stop is the child's usage so far
    traced(ANY) in REPORTING => [linux::RUSAGE_EVERY_REPORT];

    /// the usage reported with a stop, a continue and a death is that of all threads, those that live and those that have exited
    of_threads(ANY; UNTRACED | CONTINUED) in REPORTING.few() => [linux::RUSAGE_EVERY_REPORT];
}

/// The call reported that change of the child, with the child's usage up to then.
fn used_so_far(t: &mut Trial, child: &Child, seen: &Seen, change: Change, account: &Account) -> Outcome {
    let clause = &linux::RUSAGE_EVERY_REPORT;
    let most_cpu = account.most_cpu();
    t.expect(clause).reports(seen, child, change)?;
    for (what, field, most) in FIELDS {
        let Some(own) = field(&account.own) else { continue };
        // The size of a live process is counted with a delay.
        let least = if what.starts_with("ru_maxrss") { 0 } else { own };
        // Each of a few stops and continues costs a little.
        let most = most.map_or(i64::MAX, |most| own + most + EXIT_COUNT);
        field_within(t, clause, seen, (what, field), (least, most))?;
    }
    let what = "ru_utime and ru_stime (us)";
    field_within(t, clause, seen, (what, Usage::cpu_us), (0, most_cpu))
}

/// A stop by that signal and the continue after it, each reported by a call that also has these options.
fn stops_and_continues(t: &mut Trial, with: Options, times: usize) -> Outcome {
    let child = spawn_busy(t)?;
    let told_at = Instant::now();
    let (own, _) = t.usage_so_far(&child)?;
    let account = Account::new(own, told_at);
    for signal in [Signal::STOP, Signal::TSTP] {
        t.signal(&child, signal)?;
        t.await_stopped(&child)?;
        for _ in 0..times {
            let seen = wait_usage(t, Target::Any, with | Options::UNTRACED)?;
            used_so_far(t, &child, &seen, Change::Stopped(signal), &account)?;
        }
        t.signal(&child, Signal::CONT)?;
        for _ in 0..times {
            let seen = wait_usage(t, Target::Any, with | Options::CONTINUED)?;
            used_so_far(t, &child, &seen, Change::Continued, &account)?;
        }
    }
    Ok(())
}

fn stop_and_continue(t: &mut Trial) -> Outcome {
    stops_and_continues(t, Options::NONE, 1)
}

fn nohang(t: &mut Trial) -> Outcome {
    stops_and_continues(t, Options::NOHANG, 1)
}

fn peek(t: &mut Trial) -> Outcome {
    stops_and_continues(t, Options::NOWAIT, 2)
}

fn traced(t: &mut Trial) -> Outcome {
    let child = spawn_busy(t)?;
    t.tell(&child, Step::Traceme)?;
    let told_at = Instant::now();
    let (own, _) = t.usage_so_far(&child)?;
    let account = Account::new(own, told_at);
    for signal in [Signal::USR1, Signal::TERM] {
        let step = t.begin_step(&child, Step::raise(signal))?;
        t.await_stopped(&child)?;
        let seen = wait_usage(t, Target::Any, Options::NONE)?;
        let waitid = t.call() == Call::Waitid;
        let change = if waitid { Change::Trapped(signal) } else { Change::Stopped(signal) };
        used_so_far(t, &child, &seen, change, &account)?;
        t.ptrace(Request::Cont, &child, Traced::Nothing)?;
        t.await_step(&child, step)?;
    }
    Ok(())
}

fn of_threads(t: &mut Trial) -> Outcome {
    let clause = &linux::RUSAGE_EVERY_REPORT;
    let child = spawn_busy(t)?;
    t.tell(&child, Step::LeaderExit { code: 5 })?;
    t.tell(&child, Step::MinorFaults { count: 600 })?;
    t.tell(&child, Step::Threads { count: 3 })?;
    let told_at = Instant::now();
    let (own, _) = t.usage_so_far(&child)?;
    let account = Account::new(own, told_at);
    t.signal(&child, Signal::STOP)?;
    t.await_stopped(&child)?;
    let seen = wait_usage(t, Target::Any, Options::UNTRACED)?;
    used_so_far(t, &child, &seen, Change::Stopped(Signal::STOP), &account)?;
    t.signal(&child, Signal::CONT)?;
    let seen = wait_usage(t, Target::Any, Options::CONTINUED)?;
    used_so_far(t, &child, &seen, Change::Continued, &account)?;
    // The threads live until the call is asleep.
    let mut request = t.ask(Target::Any, Options::NONE);
    request.rusage = Pointer::Buffer;
    let pending = t.begin_request(request)?;
    t.expect(clause).blocks(&pending)?;
    t.signal(&child, Signal::KILL)?;
    let seen = t.finish(pending)?;
    t.expect(clause).reports(&seen, &child, Change::Killed(Signal::KILL, false))?;
    at_least(t, clause, &seen, &own)
}
