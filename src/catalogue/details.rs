//! Details of what is reported: fields that nobody reads, values beyond eight bits, users without a number, other clocks.

use crate::harness::trial::{
    Calls, Case, Change, Needs, Options, Outcome, Pointer, Stop, Target, Trial, here,
};
use crate::protocol::Line;
use crate::protocol::request::OptionSet;
use crate::scenario::{Scenario, Step};
use crate::spec::{linux, posix};
use crate::sys::family::Call;
use crate::wait::Signal;

const WAITID: Calls = Calls::only(&[Call::Waitid]);

pub const CASES: &[Case] = &[
    Case {
        id: "details.full-exit-value",
        title: "waitid tells all 32 bits of an exit value",
        clauses: &[&posix::WAITID_FULL_EXIT_VALUE],
        calls: Calls::WITH_INFO,
        needs: Needs::NOTHING,
        at: here(),
        run: full_exit_value,
    },
    Case {
        id: "details.si-errno",
        title: "si_errno of every event is 0, and which other bytes waitid writes is recorded",
        clauses: &[&linux::WAITID_SI_ERRNO_ZERO, &linux::WAITID_OTHER_BYTES],
        calls: WAITID,
        needs: Needs::NOTHING,
        at: here(),
        run: si_errno,
    },
    Case {
        id: "details.kernel-address",
        title: "an infop in the kernel's part of the address space gives EFAULT",
        clauses: &[&linux::WAITID_EFAULT_KERNEL_ADDRESS],
        calls: WAITID,
        needs: Needs::NOTHING,
        at: here(),
        run: kernel_address,
    },
    Case {
        id: "details.untraced-is-stopped",
        title: "WUNTRACED asks waitid for stops",
        clauses: &[&linux::WAITID_UNTRACED_IS_STOPPED],
        calls: WAITID,
        needs: Needs::NOTHING,
        at: here(),
        run: untraced_is_stopped,
    },
    Case {
        id: "details.unmapped-user",
        title: "si_uid is the overflow user where the caller's user namespace has no number for the child's",
        clauses: &[&linux::WAITID_SI_UID_UNMAPPED],
        calls: WAITID,
        needs: Needs::NOTHING,
        at: here(),
        run: unmapped_user,
    },
    Case {
        id: "details.usage-fields",
        title: "the fields of the usage that Linux does not maintain are 0, and the microseconds of its times below a million",
        clauses: &[&linux::RUSAGE_UNMAINTAINED_ZERO, &posix::RUSAGE_TIMEVAL_NORMAL],
        calls: Calls::WITH_USAGE.few(),
        needs: Needs::NOTHING.burning(),
        at: here(),
        run: usage_fields,
    },
    Case {
        id: "details.times",
        title: "times and getrusage agree on the CPU time of the children that were taken",
        clauses: &[&posix::RUSAGE_TIMES_AGREE],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING.burning(),
        at: here(),
        run: times,
    },
    Case {
        id: "details.joined-late",
        title: "whether a call asleep for a group reports a child that joined it later is recorded",
        clauses: &[&posix::WAITPID_GROUP_JOINED_LATE],
        calls: Calls::WITH_TARGET.few(),
        needs: Needs::NOTHING,
        at: here(),
        run: joined_late,
    },
];

fn full_exit_value(t: &mut Trial) -> Outcome {
    const VALUE: i64 = 0x5a_5a5a;
    let child = t.spawn(Scenario::exits(VALUE as i32))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    let clause = &posix::WAITID_FULL_EXIT_VALUE;
    t.expect(clause).reports_child(&seen, &child)?;
    match seen.fields().status {
        Some(status) => t.expect(clause).that(status == VALUE, format!("{VALUE:#x}"), format!("{status:#x}")),
        None => t.expect(clause).not_observed("the subject does not show it"),
    }
}

fn si_errno(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let all = Options::UNTRACED | Options::CONTINUED;
    for signal in [Signal::STOP, Signal::CONT, Signal::KILL] {
        t.signal(&child, signal)?;
        let seen = t.wait(Target::Any, all)?;
        t.expect(&linux::WAITID_SI_ERRNO_ZERO).reports_child(&seen, &child)?;
        let info = seen.fields();
        t.expect(&linux::WAITID_SI_ERRNO_ZERO).field(&seen, "si_errno", info.errno, 0)?;
        if let Some(bytes) = info.other_bytes {
            t.expect(&linux::WAITID_OTHER_BYTES)
                .records("other-bytes-of-siginfo-written", bytes.to_string())?;
        }
    }
    Ok(())
}

fn kernel_address(t: &mut Trial) -> Outcome {
    if !t.is_raw() {
        return Err(Stop::Skip("only in a raw call is a bad pointer defined".into()));
    }
    let child = t.spawn(Scenario::exits(7))?;
    t.await_zombie(&child)?;
    let mut request = t.ask(Target::Any, Options::NONE);
    request.info = Pointer::Kernel;
    let seen = t.perform(request)?;
    t.expect(&linux::WAITID_EFAULT_KERNEL_ADDRESS).error(&seen, "EFAULT")
}

fn untraced_is_stopped(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.signal(&child, Signal::STOP)?;
    t.await_stopped(&child)?;
    let mut request = t.ask(Target::Any, Options::NONE);
    request.options = OptionSet::named(["WUNTRACED"]);
    let seen = t.perform(request)?;
    let stopped = Change::Stopped(Signal::STOP);
    t.expect(&linux::WAITID_UNTRACED_IS_STOPPED).reports(&seen, &child, stopped)
}

fn unmapped_user(t: &mut Trial) -> Outcome {
    /// `/proc/sys/kernel/overflowuid`, as it is unless somebody changes it.
    const OVERFLOW: i64 = 65_534;
    t.take_away(Line::new("unshare-users"))?;
    let child = t.spawn(Scenario::exits(7))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&linux::WAITID_SI_UID_UNMAPPED).reports(&seen, &child, Change::Exited(7))?;
    t.expect(&linux::WAITID_SI_UID_UNMAPPED).field(&seen, "si_uid", seen.fields().uid, OVERFLOW)
}

fn usage_fields(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::of([
        Step::BurnUser { us: 2_000 },
        Step::MinorFaults { count: 50 },
        Step::exit(7),
    ]))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&posix::RUSAGE_TIMEVAL_NORMAL).reports_child(&seen, &child)?;
    let of_children = t.usage_of_children()?;
    for usage in [seen.usage().unwrap_or_default(), of_children] {
        let irregular = usage.irregular;
        t.expect(&posix::RUSAGE_TIMEVAL_NORMAL).equal_if_seen("irregular times", irregular.as_ref(), &0)?;
        let others = usage.others;
        t.expect(&linux::RUSAGE_UNMAINTAINED_ZERO).equal_if_seen("sum of the fields", others.as_ref(), &0)?;
    }
    Ok(())
}

fn times(t: &mut Trial) -> Outcome {
    let clause = &posix::RUSAGE_TIMES_AGREE;
    let child = t.spawn(Scenario::of([Step::BurnUser { us: 15_000 }, Step::exit(7)]))?;
    t.await_zombie(&child)?;
    let (_, user, system) = t.times_of_children()?;
    t.expect(clause).equal("microseconds before the take", &(user + system), &0)?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))?;
    let usage = t.usage_of_children()?;
    let (tick, user, system) = t.times_of_children()?;
    for (what, times, usage) in [
        ("user time, microseconds", user, usage.utime_us),
        ("system time, microseconds", system, usage.stime_us),
    ] {
        // A clock of whole ticks says less than one tick less, or, rounded, more.
        let usage = usage.unwrap_or_default();
        t.expect(clause).within(what, Some(times), usage - tick, usage + tick)?;
    }
    Ok(())
}

fn joined_late(t: &mut Trial) -> Outcome {
    let leader = t.spawn(Scenario::of([Step::Setpgid { pgid: 0 }]))?;
    let joins = t.spawn(Scenario::held())?;
    let pending = t.begin(Target::Group(&leader), Options::NONE)?;
    t.await_sleeper(&pending)?;
    t.tell(&joins, Step::Setpgid { pgid: leader.pid as i32 })?;
    t.tell(&joins, Step::exit(8))?;
    t.await_ended(&joins)?;
    // The call would sleep for ever if it took no notice.
    t.tell(&leader, Step::exit(7))?;
    let seen = t.finish(pending)?;
    let which = match seen.change() {
        Some(Change::Exited(8)) => "reported".to_owned(),
        Some(Change::Exited(7)) => "not reported".to_owned(),
        _ => seen.outcome(),
    };
    t.expect(&posix::WAITPID_GROUP_JOINED_LATE).records("joined-a-group-during-a-wait-for-it", which)
}
