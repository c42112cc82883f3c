//! A parent that execs, and what it keeps of its children.

use crate::scenario::{Offspring, Scenario, Step};
use crate::spec::{linux, posix};
use crate::sys::call::abi::Call;
use crate::trial::cases;
use crate::trial::{Calls, Change, Disposition, Needs, Options, Outcome, SigactionFlags, Target, Trial};
use crate::wait::Signal;

cases! { "agent-exec";

    /// live children and zombies survive an exec of the parent, the zombies with their status
    children(ANY) in Calls::ENTRIES => [posix::EXEC_KEEPS_CHILDREN, posix::EXEC_KEEPS_ZOMBIES];

    /// the children of the parent's other threads, which the exec terminates, also survive an exec of the parent
    children_of_threads(ANY) in Calls::ENTRIES, needs Needs::THREADS
        => [posix::EXEC_KEEPS_CHILDREN_OF_THREADS];

    /// a stop or continue pending before an exec of the parent is reported to the new image, once
    stopped_child(ANY; NOHANG | UNTRACED | CONTINUED) in Calls::ENTRIES => [posix::EXEC_KEEPS_EVENTS];

    /// an ignored SIGCHLD stays ignored across exec
    sigchld_ignored(ANY) in Calls::only(&[Call::Wait4])
        => [posix::EXEC_SIGCHLD_IGNORED, linux::SIGCHLD_IGNORED_ACROSS_EXEC];

    /// the usage of children reaped before an exec stays in RUSAGE_CHILDREN
    rusage_children(ANY) in Calls::ENTRIES, needs Needs::NOTHING.burning()
        => [posix::RUSAGE_CHILDREN_ACROSS_EXEC];

    /// a subreaper remains one across exec, and its adopted children remain its own
    subreaper(ANY) in Calls::ENTRIES => [linux::SUBREAPER_SURVIVES_EXEC];
}

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

fn children_of_threads(t: &mut Trial) -> Outcome {
    let clause = &posix::EXEC_KEEPS_CHILDREN_OF_THREADS;
    let live = t.spawn_on(1, Scenario::held())?;
    let zombie = t.spawn_on(2, Scenario::exits(8))?;
    t.await_zombie(&zombie)?;
    t.exec_agent()?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reaped(&seen, &zombie, Change::Exited(8))?;
    t.tell(&live, Step::exit(7))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reaped(&seen, &live, Change::Exited(7))
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
    t.sigaction(Signal::CHLD, Disposition::Ignore, SigactionFlags::NONE)?;
    let hello = t.exec_agent()?;
    let ignored = hello.list("ignored").iter().any(|name| name == "SIGCHLD");
    let shown = if ignored { "ignored" } else { "default" };
    t.expect(&posix::EXEC_SIGCHLD_IGNORED).records("ignored SIGCHLD across exec", shown)?;
    t.expect(&linux::SIGCHLD_IGNORED_ACROSS_EXEC).equal("SIGCHLD", &shown, &"ignored")
}

fn rusage_children(t: &mut Trial) -> Outcome {
    let clause = &posix::RUSAGE_CHILDREN_ACROSS_EXEC;
    let burned = 5_000;
    let child = t.spawn(Scenario::of([Step::BurnUser { us: burned }, Step::exit(7)]))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))?;
    let before = t.usage_of_children()?;
    t.exec_agent()?;
    let after = t.usage_of_children()?;
    t.expect(clause).within("CPU time before the exec (us)", before.cpu_us(), burned as i64, i64::MAX)?;
    for (what, before, after) in [
        ("user time (us)", before.utime_us, after.utime_us),
        ("system time (us)", before.stime_us, after.stime_us),
    ] {
        t.expect(clause).equal_if_seen(what, after.as_ref(), &before.unwrap_or_default())?;
    }
    Ok(())
}

fn subreaper(t: &mut Trial) -> Outcome {
    let clause = &linux::SUBREAPER_SURVIVES_EXEC;
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
