//! What a call does beside: to the signals and descriptors of its process, to the child that it reports, to calls that sleep
//! in other threads, to its buffers when it fails late.

use crate::mutants::calls::arguments::by_target::sleeps;
use crate::mutants::calls::edit::{ObservationExt, RequestExt};
use crate::mutants::calls::inner::{CallResult, Inner, error, finds_nothing, no_usage};
use crate::mutants::calls::pidfd::by_pidfd;
use crate::mutants::calls::sleeping::waiters::on_another_thread;
use crate::mutants::calls::usage::rusage::{credited, withhold};
use crate::mutants::mutant::{Mutant, blind};
use crate::protocol::Line;
use crate::spec::{linux, posix};
use crate::sys::call::abi::{Call, Memory, Observation, Pointer, Request, Usage};
use crate::sys::signal::{self, Action, Flags};
use crate::sys::{process, process_table};
use libc::{ECHILD, EINTR, WNOHANG, WNOWAIT, WSTOPPED};
use std::time::Duration;

/// Sends a signal to a child that was reported, unless it is traced.
fn sends(seen: &Observation, signal: i32) {
    if seen.child().is_some_and(|pid| tracer(pid).is_some()) {
        return;
    }
    if let Some(pid) = seen.child().and_then(|pid| i32::try_from(pid).ok()) {
        let _ = process::kill(pid, signal);
    }
}

/// Hangs up a process group.
fn hang_up(group: i64) {
    let group = i32::try_from(group).ok().and_then(rustix::process::Pid::from_raw);
    if let Some(group) = group {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::HUP);
    }
}

/// On a thread other than the first: sleeps by looking, and ends with that error once the stored value has changed.
fn disturbed(w: &Inner, r: &Request, errno: i32) -> CallResult {
    if !on_another_thread() || !sleeps(w, r) {
        return w.real(r);
    }
    let before = w.value();
    loop {
        let seen = w.real(&r.with(WNOHANG))?;
        if !seen.is_nothing() {
            return Ok(seen);
        }
        if w.value() != before {
            return Ok(error(r, errno));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// A call with such a result ends those that sleep on other threads with that error.
fn ends_sleepers(w: &Inner, r: &Request, errno: i32, such: impl Fn(&Observation) -> bool) -> CallResult {
    let seen = disturbed(w, r, errno)?;
    if such(&seen) {
        w.add(1);
    }
    Ok(seen)
}

/// A call that has slept leaves that signal unblocked.
fn unblocks_after_sleep(w: &Inner, r: &Request, signal: i32) -> CallResult {
    let asleep = sleeps(w, r);
    let seen = w.real(r)?;
    if asleep {
        let _ = signal::unblock(signal);
    }
    Ok(seen)
}

/// Changes the usage in such a report.
fn usage_if(w: &Inner, r: &Request, such: bool, change: fn(&mut Usage)) -> CallResult {
    w.map(r, |seen| {
        if such {
            seen.edit_usage(change);
        }
    })
}

fn no_times(usage: &mut Usage) {
    (usage.utime_us, usage.stime_us) = (Some(0), Some(0));
}

/// Who traces a process.
fn tracer(pid: i64) -> Option<i32> {
    process_table::read(pid as i32).ok().flatten()?.tracer
}

/// Whether the agent itself traces the child that has stopped for this call.
fn stops_a_tracee(w: &Inner, r: &Request) -> bool {
    w.peek_for(r, WSTOPPED).is_some_and(|(pid, _)| tracer(pid) == Some(process::pid()))
}

/// Remembers the children that such a request makes, and withholds what they used.
fn of_made_by(w: &Inner, request: &Line, reply: &mut Line, word: &str) {
    if let (true, Ok(pid)) = (request.word() == word, reply.number("pid")) {
        w.insert(pid, 1);
    }
    withhold(w, request, reply);
}

pub(crate) const MUTANTS: &[Mutant] = &[
    blind(
        "sleep-unblocks-sigchld",
        "a call that has slept leaves SIGCHLD unblocked",
        &posix::WAIT_LEAVES_CALLER,
    )
    .call(|w, r| unblocks_after_sleep(w, r, libc::SIGCHLD)),
    blind(
        "sleep-unblocks-others",
        "a call that has slept leaves the other signals unblocked",
        &posix::WAIT_LEAVES_CALLER,
    )
    .call(|w, r| unblocks_after_sleep(w, r, libc::SIGUSR1)),
    blind(
        "report-takes-pending-signals",
        "a report discards pending signals other than SIGCHLD",
        &posix::WAIT_LEAVES_CALLER,
    )
    .call(|w, r| {
        let seen = w.real(r)?;
        if seen.child().is_some() {
            let _ = signal::wait_for(libc::SIGUSR1, Duration::ZERO);
        }
        Ok(seen)
    }),
    blind("reap-resets-handler", "a reap resets the action of SIGCHLD", &posix::WAIT_LEAVES_CALLER).call(
        |w, r| {
            let seen = w.real(r)?;
            if seen.is_termination() && !r.has(WNOWAIT) {
                let _ = signal::set_action(libc::SIGCHLD, Action::Default, Flags::default());
            }
            Ok(seen)
        },
    ),
    blind("descriptor-leaked-by-reports", "a report leaves a descriptor open", &posix::WAIT_LEAVES_CALLER)
        .call(|w, r| {
            let seen = w.real(r)?;
            if let (true, Ok(file)) = (seen.child().is_some(), std::fs::File::open("/dev/null")) {
                std::mem::forget(file);
            }
            Ok(seen)
        }),
    blind(
        "report-continues-the-stopped",
        "the report of a stop continues the child",
        &posix::WAIT_LEAVES_CHILD,
    )
    .call(|w, r| {
        let seen = w.real(r)?;
        if seen.is_stop() && !r.has(WNOWAIT) {
            sends(&seen, libc::SIGCONT);
        }
        Ok(seen)
    }),
    blind(
        "nohang-continues-the-stopped",
        "WNOHANG by pid that returns 0 continues a stopped child",
        &posix::WAIT_LEAVES_CHILD,
    )
    .call(|w, r| {
        let seen = w.real(r)?;
        if let (true, Some(pid)) = (seen.is_nothing(), r.pid()) {
            let _ = process::kill(pid as i32, libc::SIGCONT);
        }
        Ok(seen)
    }),
    blind(
        "reap-hangs-up-the-group",
        "the reap of the leader of a process group sends SIGHUP to the group",
        &posix::WAIT_LEAVES_CHILD,
    )
    .call(|w, r| {
        let seen = w.real(r)?;
        if let (true, Some(pid)) = (seen.is_termination() && !r.has(WNOWAIT), seen.child()) {
            hang_up(pid);
        }
        Ok(seen)
    }),
    blind(
        "nohang-ends-sleepers",
        "a call that returns 0 ends those that sleep in other threads with EINTR",
        &posix::WAIT_OTHER_CALLS_NO_WAKE,
    )
    .call(|w, r| ends_sleepers(w, r, EINTR, ObservationExt::is_nothing)),
    blind(
        "stop-report-ends-sleepers",
        "the report of a stop ends the calls that sleep in other threads with EINTR",
        &posix::WAIT_OTHER_CALLS_NO_WAKE,
    )
    .call(|w, r| ends_sleepers(w, r, EINTR, ObservationExt::is_stop)),
    blind(
        "reap-ends-sleepers",
        "the reap of another child ends the calls that sleep in other threads with ECHILD",
        &posix::WAIT_OTHER_CALLS_NO_WAKE,
    )
    .call(|w, r| ends_sleepers(w, r, ECHILD, |seen| seen.is_termination() && !r.has(WNOWAIT))),
    blind(
        "late-echild-clears-status",
        "a call that fails with ECHILD once it has slept stores status 0",
        &linux::WAIT_ERROR_WRITES_NOTHING,
    )
    .call(|w, r| {
        let asleep = sleeps(w, r);
        w.map(r, |seen| {
            if asleep && seen.errno() == Some(ECHILD) && seen.status == Memory::Untouched {
                seen.status = Memory::Wrote(0);
            }
        })
    }),
    blind(
        "late-echild-clears-usage",
        "a call that fails with ECHILD once it has slept zeroes the rusage",
        &linux::WAIT_ERROR_WRITES_NOTHING,
    )
    .call(|w, r| {
        let asleep = sleeps(w, r);
        w.map(r, |seen| {
            if asleep && seen.errno() == Some(ECHILD) && seen.rusage == Memory::Untouched {
                seen.rusage = Memory::Wrote(no_usage());
            }
        })
    }),
    blind(
        "tracee-stops-not-by-group",
        "a wait for a group does not find the stop of a traced child",
        &linux::PTRACE_STOP_EVERY_TARGET,
    )
    .call(|w, r| if r.group().is_some() && stops_a_tracee(w, r) { finds_nothing(r) } else { w.real(r) }),
    blind(
        "tracee-stops-not-by-pidfd",
        "a wait through a pidfd does not find the stop of a traced child",
        &linux::PTRACE_STOP_EVERY_TARGET,
    )
    .call(|w, r| if by_pidfd(r) && stops_a_tracee(w, r) { finds_nothing(r) } else { w.real(r) }),
    blind(
        "peak-lost-asleep",
        "ru_maxrss is 0 for a child that ends a wait that sleeps",
        &linux::RUSAGE_EVERY_WAY,
    )
    .call(|w, r| {
        let asleep = sleeps(w, r);
        usage_if(w, r, asleep, |usage| usage.maxrss = Some(0))
    }),
    blind(
        "system-time-lost-by-group",
        "the system time is 0 for a child that is found by its group",
        &linux::RUSAGE_EVERY_WAY,
    )
    .call(|w, r| usage_if(w, r, r.group().is_some(), |usage| usage.stime_us = Some(0))),
    blind(
        "times-lost-in-stops-by-pid",
        "the times are 0 in the report of a stop to a wait by pid",
        &linux::RUSAGE_EVERY_WAY,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            if seen.is_stop() && r.pid().is_some() {
                seen.edit_usage(no_times);
            }
        })
    }),
    blind(
        "null-status-not-credited",
        "a child that is reaped with a null status is not in RUSAGE_CHILDREN",
        &posix::RUSAGE_CHILDREN_EVERY_WAY,
    )
    .call(|w, r| credited(w, r, |_| r.status == Pointer::Null && !r.uses_idtype()))
    .after_reply(withhold),
    blind(
        "null-infop-not-credited",
        "a child that is reaped with a null infop is not in RUSAGE_CHILDREN",
        &posix::RUSAGE_CHILDREN_EVERY_WAY,
    )
    .call(|w, r| credited(w, r, |_| r.call == Call::Waitid && r.info == Pointer::Null))
    .after_reply(withhold),
    blind(
        "null-rusage-not-credited",
        "a child that is reaped by wait3 or wait4 with a null rusage is not in RUSAGE_CHILDREN",
        &posix::RUSAGE_CHILDREN_EVERY_WAY,
    )
    .call(|w, r| credited(w, r, |_| r.rusage == Pointer::Null && matches!(r.call, Call::Wait3 | Call::Wait4)))
    .after_reply(withhold),
    blind(
        "spawned-not-credited",
        "a child of posix_spawn is not in RUSAGE_CHILDREN",
        &posix::RUSAGE_CHILDREN_EVERY_WAY,
    )
    .call(|w, r| credited(w, r, |seen| seen.child().is_some_and(|pid| w.lookup(pid).is_some())))
    .after_reply(|w, request, reply| of_made_by(w, request, reply, "posix_spawn")),
    blind(
        "clone-children-not-credited",
        "a child that clone has made is not in RUSAGE_CHILDREN",
        &posix::RUSAGE_CHILDREN_EVERY_WAY,
    )
    .call(|w, r| credited(w, r, |seen| seen.child().is_some_and(|pid| w.lookup(pid).is_some())))
    .after_reply(|w, request, reply| of_made_by(w, request, reply, "clone")),
];
