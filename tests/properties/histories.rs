//! WNOHANG polling and any-child reaping: random histories of children that terminate in random ways and random order, driven
//! through the safe API, and compared with the simplest model: a child is alive, a zombie, or reaped.

use std::fmt::Debug;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence};
use serial_test::serial;
use waitspec::wait::{
    ChildInfo, Errno, Event, IdOptions, Pid, Rusage, Signal, WaitOptions, WaitStatus, WaitTarget, Waited,
    reap, try_wait3, try_wait4, try_waitid, try_waitpid, wait, wait3, wait4, waitid, waitpid,
};

use crate::child::{Cause, Child, watchdog};

/// What a history does next.
#[derive(Copy, Clone, Debug)]
enum Op {
    /// The live child with that index terminates; the history continues once the process table shows it.
    End(usize),
    /// Polls for any child.
    Poll(Front),
    /// Polls for that child, whatever its state.
    PollOne(Front, usize),
    /// Polls with WNOWAIT, which reaps nothing.
    Look,
    /// Reaps all that are ready, with `reap`.
    ReapAll,
    /// Waits without WNOHANG for any child, if that returns: when one is ready, or none is left.
    Block(Front),
}

/// A call of the family.
#[derive(Copy, Clone, Debug)]
enum Front {
    Wait4,
    Wait3,
    Waitpid,
    Waitid,
    Wait,
}

/// A report, with as much as its call provides.
#[derive(Copy, Clone, Debug)]
struct Report {
    pid: i32,
    event: Event,
    rusage: Option<Rusage>,
}

impl From<Waited> for Report {
    fn from(done: Waited) -> Report {
        Report { pid: done.pid.as_raw_pid(), event: done.status.event(), rusage: Some(done.rusage) }
    }
}

impl From<ChildInfo> for Report {
    fn from(info: ChildInfo) -> Report {
        Report { pid: info.pid.as_raw_pid(), event: info.event, rusage: None }
    }
}

/// Makes the call. `wait3` and `wait` take no target: for one child `wait4` and `waitpid` stand in, and with WNOHANG,
/// which `wait` does not know, `waitpid` does.
fn call(front: Front, target: WaitTarget, block: bool) -> Result<Option<Report>, Errno> {
    let none = WaitOptions::NONE;
    let plain = |(pid, status): (Pid, WaitStatus)| Report {
        pid: pid.as_raw_pid(),
        event: status.event(),
        rusage: None,
    };
    match (front, target, block) {
        (Front::Wait3, WaitTarget::Any, true) => wait3(none).map(|done| Some(Report::from(done))),
        (Front::Wait3, WaitTarget::Any, false) => try_wait3(none).map(|done| done.map(Report::from)),
        (Front::Wait3 | Front::Wait4, _, true) => wait4(target, none).map(|done| Some(Report::from(done))),
        (Front::Wait3 | Front::Wait4, _, false) => try_wait4(target, none).map(|done| done.map(Report::from)),
        (Front::Wait, WaitTarget::Any, true) => wait().map(|done| Some(plain(done))),
        (Front::Wait | Front::Waitpid, _, true) => waitpid(target, none).map(|done| Some(plain(done))),
        (Front::Wait | Front::Waitpid, _, false) => try_waitpid(target, none).map(|done| done.map(plain)),
        (Front::Waitid, _, true) => waitid(target, IdOptions::EXITED).map(|info| Some(Report::from(info))),
        (Front::Waitid, _, false) => try_waitid(target, IdOptions::EXITED).map(|info| info.map(Report::from)),
    }
}

#[derive(Copy, Clone, PartialEq, Eq, Debug)]
enum State {
    Alive,
    Zombie,
    Reaped,
}

/// The children of a history, and their invariants.
struct History {
    children: Vec<(Child, State)>,
}

impl History {
    fn begin(plans: &[(Cause, usize)]) -> History {
        let children = plans.iter().map(|&(cause, pages)| (Child::begin(cause, pages), State::Alive));
        History { children: children.collect() }
    }

    fn count(&self, state: State) -> usize {
        self.children.iter().filter(|(_, s)| *s == state).count()
    }

    fn perform(&mut self, op: Op) -> Result<(), TestCaseError> {
        match op {
            Op::End(place) => {
                let alive = self.count(State::Alive);
                if alive > 0 {
                    let mut living = self.children.iter_mut().filter(|(_, s)| *s == State::Alive);
                    if let Some((child, state)) = living.nth(place % alive) {
                        child.end();
                        *state = State::Zombie;
                    }
                }
                Ok(())
            }
            Op::Poll(front) => self.judge(op, None, call(front, WaitTarget::Any, false), true),
            Op::PollOne(front, place) => {
                let index = place % self.children.len();
                // A reaped pid may have been reused by now, but not by another child of ours: none is created later.
                let target = WaitTarget::Pid(self.children[index].0.pid);
                self.judge(op, Some(index), call(front, target, false), true)
            }
            Op::Look => {
                let options = IdOptions::EXITED | IdOptions::NOWAIT;
                let got = try_waitid(WaitTarget::Any, options).map(|info| info.map(Report::from));
                self.judge(op, None, got, false)
            }
            Op::ReapAll => {
                for done in reap(WaitTarget::Any) {
                    self.judge(op, None, done.map(|done| Some(done.into())), true)?;
                }
                prop_assert_eq!(self.count(State::Zombie), 0, "reap left one");
                Ok(())
            }
            Op::Block(front) => {
                if self.count(State::Zombie) == 0 && self.count(State::Alive) > 0 {
                    return Ok(());
                }
                self.judge(op, None, call(front, WaitTarget::Any, true), true)
            }
        }
    }

    /// Compares the result of a call, for one child or for any, with the states, and marks a reported child as reaped.
    fn judge(
        &mut self,
        op: impl Debug,
        only: Option<usize>,
        got: Result<Option<Report>, Errno>,
        takes: bool,
    ) -> Result<(), TestCaseError> {
        let meant = |index: usize| only.is_none_or(|only| only == index);
        let any = |state: State| self.children.iter().enumerate().any(|(i, (_, s))| meant(i) && *s == state);
        let (ready, alive) = (any(State::Zombie), any(State::Alive));
        match got {
            Err(errno) => {
                prop_assert_eq!(errno, Errno::CHILD, "{:?}", op);
                prop_assert!(!ready && !alive, "{:?}: ECHILD, with a child to wait for", op);
            }
            Ok(None) => {
                prop_assert!(!ready && alive, "{:?}: nothing to report; ready {ready}, alive {alive}", op)
            }
            Ok(Some(report)) => {
                let of_pid = |(child, _): &(Child, State)| child.pid.as_raw_pid() == report.pid;
                let found = self.children.iter().position(of_pid);
                let Some(index) = found else {
                    return Err(TestCaseError::fail(format!("{op:?}: {report:?} is none of ours")));
                };
                prop_assert!(meant(index), "{:?}: {:?} is another child", op, report);
                let (child, state) = &mut self.children[index];
                prop_assert_eq!(*state, State::Zombie, "{:?}: {:?}", op, report);
                prop_assert_eq!(report.event, child.cause.event(), "{:?}: {:?}", op, report);
                if let Some(rusage) = &report.rusage {
                    child.check_usage(rusage).map_err(TestCaseError::fail)?;
                }
                if takes {
                    *state = State::Reaped;
                    child.was_reaped();
                }
            }
        }
        Ok(())
    }
}

/// Runs a history to its end: every child dies, every death is reported once, and then there are no children.
fn run(plans: &[(Cause, usize)], ops: &[Op], last: Front) -> Result<(), TestCaseError> {
    let _watchdog = watchdog();
    let mut history = History::begin(plans);
    for op in ops {
        history.perform(*op)?;
    }
    while history.count(State::Alive) > 0 {
        history.perform(Op::End(0))?;
    }
    while history.count(State::Zombie) > 0 {
        history.perform(Op::Block(last))?;
    }
    for front in [Front::Wait4, Front::Wait3, Front::Waitpid, Front::Waitid, Front::Wait] {
        for block in [false, true] {
            let got = call(front, WaitTarget::Any, block).map(|report| report.map(|r| r.pid));
            prop_assert_eq!(got, Err(Errno::CHILD), "{:?}", front);
        }
    }
    Ok(())
}

fn causes() -> impl Strategy<Value = Cause> {
    // Signals that terminate a process without a core file, wherever that would be written.
    let signals =
        [Signal::HUP, Signal::INT, Signal::KILL, Signal::PIPE, Signal::ALRM, Signal::TERM, Signal::USR1];
    let signals = proptest::sample::select(signals.to_vec());
    prop_oneof![
        (0..=255i32).prop_map(Cause::Exits),
        signals.clone().prop_map(Cause::Raises),
        signals.prop_map(Cause::IsSent),
    ]
}

/// One to eight children, each with its cause of death and the pages of memory that it touches, a number of its own.
fn children() -> impl Strategy<Value = Vec<(Cause, usize)>> {
    let sizes = Just((1..=8).map(|n| n * 64).collect::<Vec<usize>>()).prop_shuffle();
    (vec(causes(), 1..=8), sizes).prop_map(|(causes, sizes)| causes.into_iter().zip(sizes).collect())
}

fn fronts() -> impl Strategy<Value = Front> {
    proptest::sample::select(vec![Front::Wait4, Front::Wait3, Front::Waitpid, Front::Waitid, Front::Wait])
}

fn config() -> Config {
    Config {
        cases: 64,
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("proptest-regressions"))),
        ..Config::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    #[serial]
    fn wnohang_reports_nothing_before_a_death_and_each_death_once(
        plans in children(),
        ops in vec(
            prop_oneof![
                2 => any::<usize>().prop_map(Op::End),
                3 => fronts().prop_map(Op::Poll),
                3 => (fronts(), any::<usize>()).prop_map(|(front, place)| Op::PollOne(front, place)),
                1 => Just(Op::Look),
            ],
            0..40,
        ),
        last in fronts(),
    ) {
        run(&plans, &ops, last)?;
    }

    #[test]
    #[serial]
    fn any_child_takes_every_death_once_whatever_its_order(
        plans in children(),
        ops in vec(
            prop_oneof![
                3 => any::<usize>().prop_map(Op::End),
                2 => fronts().prop_map(Op::Block),
                1 => Just(Op::Look),
                1 => Just(Op::ReapAll),
            ],
            0..24,
        ),
        last in fronts(),
    ) {
        run(&plans, &ops, last)?;
    }
}
