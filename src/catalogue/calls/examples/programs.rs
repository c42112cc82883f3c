//! The six programs of the guide to `os.wait4`, each as a case. Instead of sleeping, the children wait for a step.

use crate::catalogue::calls::rusage::bounds::{REPORTING, field_within, wait_usage};
use crate::scenario::{Scenario, Step};
use crate::spec::{linux, pairs, posix};
use crate::sys::call::abi::Usage;
use crate::trial::cases;
use crate::trial::{Abort, Calls, Change, Errno, Needs, Options, Outcome, Target, Trial};
use crate::wait::Signal;

cases! { "examples";

    /// basic wait: blocks until the child exits with 0, and returns its pid, status and usage
    basic_wait(PID) in Calls::WITH_TARGET
        => [posix::WAITPID_BLOCKS_UNTIL_CHANGE, posix::STATUS_ZERO_IFF_EXIT_ZERO, linux::RUSAGE_LOWER_BOUND];

    /// non-blocking: WNOHANG finds nothing twice, then the exit with 42
    polling(PID; NOHANG) in Calls::WITH_TARGET => [
        posix::WAITPID_NOHANG_ZERO,
        posix::WAITPID_NOHANG_REPORTS_READY,
        posix::WAITPID_EXIT_CODE,
        linux::WAIT_WORD_EXIT,
    ];

    /// specific process: the second of three children is reaped first, then the others; no zombie is left
    specific_process(PID) in Calls::WITH_TARGET
        => [posix::WAITPID_PID_ONLY_THAT_CHILD, posix::WAITPID_BY_PID_PRESERVES_OTHERS];

    /// resource usage: a child that burns CPU, allocates and sleeps shows all three in its usage
    resource_usage(ANY) in REPORTING.few(), needs Needs::NOTHING.burning() => [
        linux::RUSAGE_CPU_SUM,
        linux::RUSAGE_MAXRSS_KILOBYTES,
        linux::RUSAGE_MINOR_FAULTS,
        linux::RUSAGE_VOLUNTARY_SWITCHES,
    ];

    /// signals: death by SIGTERM is distinguished from an exit and from a stop
    signal(PID; UNTRACED) in Calls::WITH_TARGET
        => [pairs::STOPPED, pairs::SIGNALED, posix::STATUS_ONE_PREDICATE];

    /// any child: five children are reaped one by one in the order in which they exit, then ECHILD
    any_child(ANY) => [posix::WAITPID_ANY_EACH_ONCE, posix::WAITPID_ECHILD];
}

fn basic_wait(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let pending = t.begin(Target::Child(&child), Options::NONE)?;
    t.expect(&posix::WAITPID_BLOCKS_UNTIL_CHANGE).blocks(&pending)?;
    t.tell(&child, Step::exit(0).reported())?;
    let (own, _) = t.last_usage(&child)?;
    let seen = t.finish(pending)?;
    let zero = 0;
    if Calls::WITH_STATUS.has(t.call()) {
        t.expect(&posix::STATUS_ZERO_IFF_EXIT_ZERO).equal_if_seen("status", seen.status().as_ref(), &zero)?;
    }
    t.expect(&posix::WAITPID_BLOCKS_UNTIL_CHANGE).reaped(&seen, &child, Change::Exited(0))?;
    if Calls::WITH_USAGE.has(t.call()) {
        let least = own.cpu_us().unwrap_or(0);
        let what = "ru_utime and ru_stime (us)";
        field_within(t, &linux::RUSAGE_LOWER_BOUND, &seen, (what, Usage::cpu_us), (least, i64::MAX))?;
    }
    Ok(())
}

fn polling(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    for _ in 0..2 {
        let seen = t.wait(Target::Child(&child), Options::NOHANG)?;
        t.expect(&posix::WAITPID_NOHANG_ZERO).nothing_ready(&seen)?;
    }
    t.tell(&child, Step::exit(42))?;
    t.await_zombie(&child)?;
    let seen = t.wait(Target::Child(&child), Options::NOHANG)?;
    if Calls::WITH_STATUS.has(t.call()) && seen.is_report() {
        let shifted = seen.status().map(|status| status >> 8);
        t.expect(&linux::WAIT_WORD_EXIT).equal_if_seen("status >> 8", shifted.as_ref(), &42)?;
    }
    let expect = t.expect(&posix::WAITPID_NOHANG_REPORTS_READY).and(&posix::WAITPID_EXIT_CODE);
    expect.reaped(&seen, &child, Change::Exited(42))
}

fn specific_process(t: &mut Trial) -> Outcome {
    let mut children = Vec::new();
    for code in [1, 2, 3] {
        children.push((t.spawn(Scenario::held())?, code));
    }
    let second = children.remove(1);
    let pending = t.begin(Target::Child(&second.0), Options::NONE)?;
    t.expect(&posix::WAITPID_PID_ONLY_THAT_CHILD).blocks(&pending)?;
    for (child, code) in &children {
        t.tell(child, Step::exit(*code))?;
        t.await_zombie(child)?;
    }
    t.expect(&posix::WAITPID_PID_ONLY_THAT_CHILD).blocks(&pending)?;
    t.tell(&second.0, Step::exit(second.1))?;
    let seen = t.finish(pending)?;
    t.expect(&posix::WAITPID_PID_ONLY_THAT_CHILD).reaped(&seen, &second.0, Change::Exited(second.1))?;
    for (child, code) in &children {
        let seen = t.wait(Target::Child(child), Options::NONE)?;
        t.expect(&posix::WAITPID_BY_PID_PRESERVES_OTHERS).reaped(&seen, child, Change::Exited(*code))?;
    }
    Ok(())
}

fn resource_usage(t: &mut Trial) -> Outcome {
    const BURN: i64 = 8_000;
    const TOUCHED: i64 = 6 << 20;
    let child = t.spawn(Scenario::of([
        Step::BurnUser { us: BURN.cast_unsigned() },
        Step::Allocate { bytes: TOUCHED.cast_unsigned() },
        Step::Sleep { ms: 2 },
        Step::exit(7).reported(),
    ]))?;
    let (own, _) = t.last_usage(&child)?;
    let seen = wait_usage(t, Target::Any, Options::NONE)?;
    t.expect(&linux::RUSAGE_CPU_SUM).reaped(&seen, &child, Change::Exited(7))?;
    let at_least = |least: i64| (least, i64::MAX);
    let what = "ru_utime and ru_stime (us)";
    field_within(t, &linux::RUSAGE_CPU_SUM, &seen, (what, Usage::cpu_us), at_least(BURN))?;
    // Allow one eighth for per-CPU counts that have not been summed yet.
    let kib = at_least(TOUCHED / 1024 / 8 * 7);
    field_within(t, &linux::RUSAGE_MAXRSS_KILOBYTES, &seen, ("ru_maxrss (KiB)", |u| u.maxrss), kib)?;
    // Large pages cause fewer faults, so the child's own count is the bound.
    let faults = at_least(own.minflt.unwrap_or(0).max(1));
    field_within(t, &linux::RUSAGE_MINOR_FAULTS, &seen, ("ru_minflt", |u| u.minflt), faults)?;
    let sleeps = at_least(own.nvcsw.unwrap_or(0).max(1));
    field_within(t, &linux::RUSAGE_VOLUNTARY_SWITCHES, &seen, ("ru_nvcsw", |u| u.nvcsw), sleeps)
}

fn signal(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let exits = t.spawn(Scenario::exits(15))?;
    t.signal(&child, Signal::STOP)?;
    t.await_stopped(&child)?;
    let seen = t.wait(Target::Child(&child), Options::UNTRACED)?;
    let stopped = Change::Stopped(Signal::STOP);
    t.expect(&pairs::STOPPED).reports(&seen, &child, stopped)?;
    only_predicate(t, seen.status(), "stopped")?;
    t.signal(&child, Signal::CONT)?;
    t.signal(&child, Signal::TERM)?;
    let seen = t.wait(Target::Child(&child), Options::NONE)?;
    let killed = Change::Killed(Signal::TERM, false);
    t.expect(&pairs::SIGNALED).reaped(&seen, &child, killed)?;
    only_predicate(t, seen.status(), "signaled")?;
    // 15 is also the number of SIGTERM, but an exit code is not a signal.
    let seen = t.wait(Target::Child(&exits), Options::NONE)?;
    t.expect(&pairs::SIGNALED).reaped(&seen, &exits, Change::Exited(15))?;
    only_predicate(t, seen.status(), "exited")
}

/// Exactly one of the subject's own predicates, `which`, holds for the status word.
fn only_predicate(t: &mut Trial, status: Option<i32>, which: &str) -> Outcome {
    let Some(status) = status else { return Ok(()) };
    let clause = &posix::STATUS_ONE_PREDICATE;
    let view = match t.decode(status) {
        Ok(view) => view,
        Err(Abort::Skip(_)) => {
            return t.expect(clause).not_observed("the subject cannot decode a status word");
        }
        Err(other) => return Err(other),
    };
    let known = ["exited", "signaled", "stopped", "continued"];
    let holding: Vec<&str> = known.into_iter().filter(|key| view.flag(key)).collect();
    t.expect(clause).equal(
        &format!("predicates of {status:#06x}:"),
        &holding.join(" and "),
        &which.to_owned(),
    )
}

fn any_child(t: &mut Trial) -> Outcome {
    let mut children = Vec::new();
    for _ in 0..5 {
        children.push(t.spawn(Scenario::held())?);
    }
    for seconds in [3, 1, 5, 2, 4] {
        let child = &children[seconds - 1];
        let code = seconds as i32;
        t.tell(child, Step::exit(code))?;
        let seen = t.wait(Target::Any, Options::NONE)?;
        t.expect(&posix::WAITPID_ANY_EACH_ONCE).reaped(&seen, child, Change::Exited(code))?;
    }
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&posix::WAITPID_ECHILD).error(&seen, Errno::CHILD)
}
