//! A parent that becomes another image by exec: what it keeps of its children.

use crate::harness::trial::{Calls, Case, Change, Needs, Options, Outcome, Target, Trial, here};
use crate::scenario::{Offspring, Scenario, Step};
use crate::spec::{linux, posix};
use crate::sys::family::Call;
use crate::wait::Signal;

pub const CASES: &[Case] = &[
    Case {
        id: "re-exec.children",
        title: "live children and zombies of a process are those of its next image, with the zombies' status",
        clauses: &[&posix::EXEC_KEEPS_CHILDREN, &posix::EXEC_KEEPS_ZOMBIES],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: children,
    },
    Case {
        id: "re-exec.stopped-child",
        title: "a stop and a continue from before an exec of the parent are reported to its next image, once",
        clauses: &[&posix::EXEC_KEEPS_EVENTS],
        calls: Calls::WITH_OPTIONS.few(),
        needs: Needs::NOTHING,
        at: here(),
        run: stopped_child,
    },
    Case {
        id: "re-exec.sigchld-ignored",
        title: "an ignored SIGCHLD is still ignored in the next image",
        clauses: &[&posix::EXEC_SIGCHLD_IGNORED, &linux::SIGCHLD_IGNORED_OVER_EXEC],
        calls: Calls::only(&[Call::Wait4]),
        needs: Needs::NOTHING,
        at: here(),
        run: sigchld_ignored,
    },
    Case {
        id: "re-exec.usage",
        title: "what children used that were taken before an exec is still in RUSAGE_CHILDREN after it",
        clauses: &[&posix::RUSAGE_CHILDREN_OVER_EXEC],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING.burning(),
        at: here(),
        run: usage,
    },
    Case {
        id: "re-exec.subreaper",
        title: "a subreaper is one after an exec too, and its adopted children stay its own",
        clauses: &[&linux::SUBREAPER_KEPT_OVER_EXEC],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: subreaper,
    },
];

fn children(t: &mut Trial) -> Outcome {
    let live = t.spawn(Scenario::held())?;
    let zombie = t.spawn(Scenario::exits(8))?;
    t.await_zombie(&zombie)?;
    t.exec_agent()?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&posix::EXEC_KEEPS_ZOMBIES).reaped(&seen, &zombie, Change::Exited(8))?;
    let pending = t.begin(Target::Any, Options::NONE)?;
    t.expect(&posix::EXEC_KEEPS_CHILDREN).blocks(&pending)?;
    t.tell(&live, Step::exit(7))?;
    let seen = t.finish(pending)?;
    t.expect(&posix::EXEC_KEEPS_CHILDREN).reaped(&seen, &live, Change::Exited(7))
}

fn stopped_child(t: &mut Trial) -> Outcome {
    let clause = &posix::EXEC_KEEPS_EVENTS;
    let child = t.spawn(Scenario::held())?;
    t.signal(&child, Signal::STOP)?;
    t.await_stopped(&child)?;
    t.exec_agent()?;
    let stopped = Options::UNTRACED | Options::NOHANG;
    let seen = t.wait(Target::Any, stopped)?;
    t.expect(clause).reports(&seen, &child, Change::Stopped(Signal::STOP))?;
    t.signal(&child, Signal::CONT)?;
    t.exec_agent()?;
    let seen = t.wait(Target::Any, stopped | Options::CONTINUED)?;
    t.expect(clause).reports(&seen, &child, Change::Continued)?;
    let seen = t.wait(Target::Any, stopped | Options::CONTINUED)?;
    t.expect(clause).nothing_ready(&seen)
}

fn sigchld_ignored(t: &mut Trial) -> Outcome {
    t.sigaction(Signal::CHLD, "ignore", &[])?;
    let hello = t.exec_agent()?;
    let ignored = hello.list("ignored").iter().any(|name| name == "SIGCHLD");
    let shown = if ignored { "ignored" } else { "default" };
    t.expect(&posix::EXEC_SIGCHLD_IGNORED).records("ignored-sigchld-over-exec", shown)?;
    t.expect(&linux::SIGCHLD_IGNORED_OVER_EXEC).equal("SIGCHLD", &shown, &"ignored")
}

fn usage(t: &mut Trial) -> Outcome {
    let clause = &posix::RUSAGE_CHILDREN_OVER_EXEC;
    let burned = 5_000;
    let child = t.spawn(Scenario::of([Step::BurnUser { us: burned }, Step::exit(7)]))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))?;
    let before = t.usage_of_children()?;
    t.exec_agent()?;
    let after = t.usage_of_children()?;
    t.expect(clause).within("CPU time before it, microseconds", before.cpu_us(), burned as i64, i64::MAX)?;
    for (what, before, after) in [
        ("user time, microseconds", before.utime_us, after.utime_us),
        ("system time, microseconds", before.stime_us, after.stime_us),
    ] {
        t.expect(clause).equal_if_seen(what, after.as_ref(), &before.unwrap_or_default())?;
    }
    Ok(())
}

fn subreaper(t: &mut Trial) -> Outcome {
    let clause = &linux::SUBREAPER_KEPT_OVER_EXEC;
    t.subreaper(true)?;
    let child = t.spawn(Scenario::held())?;
    let below = t.spawn_from(&child, |token| {
        Step::Fork(Offspring { token: Some(token), orphan: true, steps: vec![] })
    })?;
    t.exec_agent()?;
    t.tell(&child, Step::exit(8))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(8))?;
    t.tell(&below, Step::exit(7))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reaped(&seen, &below, Change::Exited(7))
}
