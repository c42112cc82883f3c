//! What only some ways to find a child get wrong: values in the report, several kinds of events at once, peeks by one way and
//! calls by another.

use crate::mutants::calls::arguments::by_target::sleeps;
use crate::mutants::calls::edit::{ObservationExt, RequestExt, exited, is_termination, killed, stopped};
use crate::mutants::calls::inner::{CallResult, Inner, error, finds_nothing, nothing};
use crate::mutants::calls::pidfd::by_pidfd;
use crate::mutants::calls::sleeping::waiters::on_another_thread;
use crate::mutants::mutant::{Mutant, blind};
use crate::protocol::Line;
use crate::spec::{linux, posix};
use crate::sys::call::abi::{Observation, Request};
use crate::sys::process_table;
use libc::{ECHILD, WCONTINUED, WEXITED, WNOHANG, WNOWAIT, WSTOPPED};

/// An exit value without its eighth bit.
fn seven_bits(word: i32) -> i32 {
    if libc::WIFEXITED(word) { exited(libc::WEXITSTATUS(word) & 0x7f) } else { word }
}

/// A death by a signal with five bits of it.
fn five_bits(word: i32) -> i32 {
    if is_termination(word) && libc::WIFSIGNALED(word) { killed(libc::WTERMSIG(word) & 0x1f) } else { word }
}

/// A death without the core flag.
fn no_core(word: i32) -> i32 {
    if is_termination(word) && libc::WIFSIGNALED(word) { word & !0x80 } else { word }
}

/// Any plain stop as one by SIGSTOP.
fn by_sigstop(word: i32) -> i32 {
    let plain = libc::WIFSTOPPED(word) && !libc::WIFCONTINUED(word) && word >> 16 == 0;
    if plain { stopped(libc::SIGSTOP) } else { word }
}

/// Changes what such a call reports.
fn reports(w: &Inner, r: &Request, such: bool, as_what: fn(i32) -> i32) -> CallResult {
    w.map_word(r, |word| if such { as_what(word) } else { word })
}

/// Whether it asks for stops and for continues.
fn for_both(r: &Request) -> bool {
    r.has(WSTOPPED) && r.has(WCONTINUED)
}

/// Without that of several kinds of events.
fn loses(w: &Inner, r: &Request, such: bool, event: i32) -> CallResult {
    if such && for_both(r) { w.real(&r.without(event)) } else { w.real(r) }
}

/// Consumes such events of such children, and goes on to what else there is.
fn hides(w: &Inner, r: &Request, event: fn(&Observation) -> bool, such: impl Fn(i64) -> bool) -> CallResult {
    let seen = w.real(r)?;
    let hidden = event(&seen) && seen.child().is_some_and(such);
    if hidden { w.real(r) } else { Ok(seen) }
}

/// Whether another process created this child.
fn is_adopted(w: &Inner, pid: i64) -> bool {
    let own = w.children();
    !own.is_empty() && !own.contains(&pid)
}

/// Remembers the children that a thread other than the first has made.
fn note_thread(w: &Inner, request: &Line, reply: &Line) {
    let made = (request.word(), request.number_opt("thread"), reply.number("pid"));
    if let ("spawn", Ok(Some(1..)), Ok(pid)) = made {
        w.insert(pid, 1);
    }
}

/// The first child that lives.
fn first_live(w: &Inner) -> Option<i64> {
    let live = |pid: &i64| matches!(process_table::read(*pid as i32), Ok(Some(_)));
    w.children().into_iter().find(live)
}

/// Whether waitid is asked for no terminations, while there is a zombie.
fn beside_a_zombie(w: &Inner, r: &Request) -> bool {
    let events_only = r.uses_idtype() && !r.has(WEXITED);
    events_only && w.peek_for(r, WEXITED).is_some_and(|(_, word)| is_termination(word))
}

/// What was peeked at in one way has no effect in another: remembers it, and whether such a call is to miss it.
fn missed(w: &Inner, r: &Request, peeked: bool, such: bool) -> Option<i32> {
    if r.has(WNOWAIT) || !such {
        if let (true, Some((pid, _))) = (peeked && r.has(WNOWAIT), w.peek(r)) {
            w.insert(pid, 1);
        }
        return None;
    }
    let (pid, word) = w.peek(r)?;
    w.remove(pid).map(|_| word)
}

/// A call for which that peek has consumed the event.
fn misses(w: &Inner, r: &Request, peeked: bool, such: bool) -> CallResult {
    match missed(w, r, peeked, such) {
        Some(word) if is_termination(word) => Ok(error(r, ECHILD)),
        Some(_) => finds_nothing(r),
        None => w.real(r),
    }
}

pub(crate) const MUTANTS: &[Mutant] = &[
    blind(
        "nohang-exit-seven-bits",
        "WNOHANG reports exit values without their eighth bit",
        &posix::WAIT_REPORTS_ALIKE,
    )
    .call(|w, r| reports(w, r, r.has(WNOHANG), seven_bits)),
    blind(
        "by-pid-exit-seven-bits",
        "a wait by pid reports exit values without their eighth bit",
        &posix::WAIT_REPORTS_ALIKE,
    )
    .call(|w, r| reports(w, r, r.pid().is_some(), seven_bits)),
    blind(
        "exit-seven-bits-with-events",
        "a wait that asks for stops or continues, too, reports exit values without their eighth bit",
        &posix::WAIT_REPORTS_ALIKE,
    )
    .call(|w, r| reports(w, r, r.has(WSTOPPED | WCONTINUED), seven_bits)),
    blind("nohang-signal-five-bits", "WNOHANG reports five bits of a signal", &posix::WAIT_REPORTS_ALIKE)
        .call(|w, r| reports(w, r, r.has(WNOHANG), five_bits)),
    blind(
        "group-signal-five-bits",
        "a wait for a group reports five bits of a signal",
        &posix::WAIT_REPORTS_ALIKE,
    )
    .call(|w, r| reports(w, r, r.group().is_some(), five_bits)),
    blind(
        "pidfd-signal-five-bits",
        "a wait through a pidfd reports five bits of a signal",
        &linux::PIDFD_REPORTS_ALIKE,
    )
    .call(|w, r| reports(w, r, by_pidfd(r), five_bits)),
    blind("group-core-lost", "a wait for a group reports no core dumps", &posix::WAITID_DUMPED)
        .call(|w, r| reports(w, r, r.group().is_some(), no_core)),
    blind("pidfd-core-lost", "a wait through a pidfd reports no core dumps", &posix::WAITID_DUMPED)
        .call(|w, r| reports(w, r, by_pidfd(r), no_core)),
    blind("nohang-core-lost", "WNOHANG reports no core dumps", &posix::WAITID_DUMPED)
        .call(|w, r| reports(w, r, !r.blocks(), no_core)),
    blind(
        "core-lost-with-events",
        "a wait that asks for stops or continues, too, reports no core dumps",
        &posix::WAITID_DUMPED,
    )
    .call(|w, r| reports(w, r, r.has(libc::WSTOPPED | libc::WCONTINUED), no_core)),
    blind("sleeper-loses-core", "a wait that sleeps reports no core dump", &posix::WAITID_DUMPED)
        .call(|w, r| reports(w, r, sleeps(w, r), no_core)),
    blind(
        "core-lost-on-a-thread",
        "a thread other than the first is told of no core dumps",
        &posix::WAITID_DUMPED,
    )
    .call(|w, r| reports(w, r, on_another_thread(), no_core)),
    blind(
        "group-exit-seven-bits",
        "a wait for a group reports exit values without their eighth bit",
        &posix::WAIT_REPORTS_ALIKE,
    )
    .call(|w, r| reports(w, r, r.group().is_some(), seven_bits)),
    blind(
        "pidfd-exit-seven-bits",
        "a wait through a pidfd reports exit values without their eighth bit",
        &linux::PIDFD_REPORTS_ALIKE,
    )
    .call(|w, r| reports(w, r, by_pidfd(r), seven_bits)),
    blind(
        "exit-seven-bits-on-a-thread",
        "a thread other than the first is told exit values without their eighth bit",
        &posix::WAIT_REPORTS_ALIKE,
    )
    .call(|w, r| reports(w, r, on_another_thread(), seven_bits)),
    blind(
        "group-stop-is-sigstop",
        "a wait for a group reports every stop as one by SIGSTOP",
        &posix::WAIT_REPORTS_ALIKE,
    )
    .call(|w, r| reports(w, r, r.group().is_some(), by_sigstop)),
    blind(
        "pidfd-stop-is-sigstop",
        "a wait through a pidfd reports every stop as one by SIGSTOP",
        &linux::PIDFD_REPORTS_ALIKE,
    )
    .call(|w, r| reports(w, r, by_pidfd(r), by_sigstop)),
    blind(
        "group-loses-continues-with-stops",
        "a wait for a group that asks for stops and continues reports no continues",
        &posix::WAIT_FINDS_AMONG_ALL,
    )
    .call(|w, r| loses(w, r, r.group().is_some(), WCONTINUED)),
    blind(
        "pidfd-loses-stops-with-continues",
        "a wait through a pidfd that asks for stops and continues reports no stops",
        &linux::PIDFD_REPORTS_ALIKE,
    )
    .call(|w, r| loses(w, r, by_pidfd(r), WSTOPPED)),
    blind(
        "sleeper-loses-continues-with-stops",
        "a continue does not wake a wait that asks for stops, too",
        &posix::WAITPID_STOP_WAKES_WAITER,
    )
    .call(|w, r| {
        let asleep = for_both(r) && sleeps(w, r);
        loses(w, r, asleep, WCONTINUED)
    }),
    blind(
        "own-group-on-a-thread-echild",
        "a wait for the caller's own group takes the ID of its thread for that of its group",
        &posix::WAIT_REPORTS_ALIKE,
    )
    .call(|w, r| if on_another_thread() && r.group() == Some(0) { Ok(error(r, ECHILD)) } else { w.real(r) }),
    blind(
        "any-nohang-on-a-thread-zero",
        "WNOHANG for any child returns 0 on a thread other than the first",
        &posix::WAIT_REPORTS_ALIKE,
    )
    .call(|w, r| {
        let such = on_another_thread() && r.is_any() && r.has(WNOHANG) && w.has_children();
        if such { Ok(nothing(r)) } else { w.real(r) }
    }),
    blind(
        "continues-of-threads-children-lost",
        "the continue of a child that a thread other than the first has made is not reported",
        &posix::WAIT_REPORTS_ALIKE,
    )
    .after_reply(|w, request, reply| note_thread(w, request, reply))
    .call(|w, r| hides(w, r, ObservationExt::is_continue, |pid| w.lookup(pid).is_some())),
    blind(
        "si-signo-is-the-exit-signal",
        "si_signo of a child with another exit signal is that signal",
        &posix::WAITID_SI_SIGNO,
    )
    .after_reply(|w, request, reply| {
        let signal = request.get("exit-signal");
        if let ("clone", Some("SIGUSR1"), Ok(pid)) = (request.word(), signal.as_deref(), reply.number("pid"))
        {
            w.insert(pid, 1);
        }
    })
    .call(|w, r| {
        w.map(r, |seen| {
            if seen.child().is_some_and(|pid| w.lookup(pid).is_some()) {
                seen.edit_info(|info| info.signo = Some(libc::SIGUSR1.into()));
            }
        })
    }),
    blind(
        "adopted-killed-is-exit",
        "the death of an adopted child by a signal is reported as exit 0",
        &linux::SUBREAPER_ORDINARY_CHILD,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            let killed = seen.word().is_some_and(|word| is_termination(word) && libc::WIFSIGNALED(word));
            if killed && seen.child().is_some_and(|pid| is_adopted(w, pid)) {
                seen.set_word(exited(0));
            }
        })
    }),
    blind(
        "adopted-continues-lost",
        "the continue of an adopted child is not reported",
        &linux::SUBREAPER_ORDINARY_CHILD,
    )
    .call(|w, r| hides(w, r, ObservationExt::is_continue, |pid| is_adopted(w, pid))),
    blind(
        "adopted-stop-wakes-none",
        "the stop of an adopted child wakes no wait",
        &linux::SUBREAPER_ORDINARY_CHILD,
    )
    .call(|w, r| {
        let asleep = sleeps(w, r);
        hides(w, r, ObservationExt::is_stop, |pid| asleep && is_adopted(w, pid))
    }),
    blind(
        "events-of-the-first-child-only",
        "WNOHANG for any child looks for stops and continues of the first child that lives",
        &posix::WAIT_FINDS_AMONG_ALL,
    )
    .call(|w, r| {
        let event = |(pid, word): (i64, i32)| !is_termination(word) && Some(pid) != first_live(w);
        let such = r.is_any() && r.has(WNOHANG) && w.peek(r).is_some_and(event);
        if such { Ok(nothing(r)) } else { w.real(r) }
    }),
    blind(
        "group-events-of-the-first-child-only",
        "WNOHANG for a group looks for stops and continues of the first child that lives",
        &posix::WAIT_FINDS_AMONG_ALL,
    )
    .call(|w, r| {
        let event = |(pid, word): (i64, i32)| !is_termination(word) && Some(pid) != first_live(w);
        let such = r.group().is_some() && r.has(WNOHANG) && w.peek(r).is_some_and(event);
        if such { Ok(nothing(r)) } else { w.real(r) }
    }),
    blind(
        "zombie-is-no-reason-to-sleep",
        "waitid for stops or continues fails with ECHILD while another child is a zombie",
        &posix::WAIT_FINDS_AMONG_ALL,
    )
    .call(|w, r| {
        let seen = w.real(&r.with(WNOHANG))?;
        if seen.is_nothing() && r.is_any() && beside_a_zombie(w, r) {
            return Ok(error(r, ECHILD));
        }
        if seen.is_nothing() && r.blocks() { w.real(r) } else { Ok(seen) }
    }),
    blind(
        "peek-by-pid-consumes-for-others",
        "what was peeked at by pid is gone for a wait for any child, or for a group",
        &posix::WAITID_NOWAIT_OTHER_TARGET,
    )
    .call(|w, r| misses(w, r, r.pid().is_some(), r.pid().is_none())),
    blind(
        "peek-by-group-consumes-by-pid",
        "what was peeked at by its group is gone for a wait by pid",
        &posix::WAITID_NOWAIT_OTHER_TARGET,
    )
    .call(|w, r| misses(w, r, r.group().is_some(), r.pid().is_some())),
    blind(
        "peek-by-pidfd-consumes-by-pid",
        "what was peeked at through a pidfd is gone for a wait by pid",
        &posix::WAITID_NOWAIT_OTHER_TARGET,
    )
    .call(|w, r| misses(w, r, by_pidfd(r), r.pid().is_some())),
];
