//! The loops of `waitspec bench`: neither protocol lines nor checks of memory come between two calls.
//!
//! Each loop is written once and compiled twice: with the subject's call, and with the C library's function (`bare`),
//! which the driver shows the subject next to. The children are forks of the agent that exit at once.

use crate::sorted::sort;
use std::ffi::OsString;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStringExt;
use std::time::{Duration, Instant};

use rustix::io::Errno;

use super::{Agent, Refusal};
use crate::protocol::Line;
use crate::protocol::agent::Workload;
use crate::protocol::codec::Words;
use crate::protocol::line::FieldError;
use crate::subject::{Call, NotOffered, Pointer, Request, Select, Subject};
use crate::sys::call::abi::Return;
use crate::sys::call::bare;
use crate::sys::process::stamp::{Stamp, now};
use crate::sys::process::{self, Forked, Reaped, raw};
use crate::sys::process_table;
use crate::wait::names;

/// The time limit for a child to die, and for a bounded wait that its child should end.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a child checks whether its parent sleeps.
const LOOK: Duration = Duration::from_millis(50);
/// How long it waits where that cannot be seen.
const UNSEEN: Duration = Duration::from_millis(2);
/// A child dies at a random moment within this time after its parent goes to sleep, so that a call that polls shows as
/// such.
const PHASE_NS: u64 = 1_000_000;
/// The number of pidfds that are open at a time.
const OPEN: usize = 128;

/// The request `measure`.
pub(super) struct Order {
    pub(super) what: Workload,
    pub(super) n: u64,
    pub(super) call: Option<String>,
    pub(super) argv: Option<Words>,
    pub(super) bare: bool,
}

/// Whether a call did what it should; `Err` in `Ok` is what it returned instead.
type Waited = Result<Result<(), Return>, NotOffered>;

/// The result of a loop.
#[derive(Default)]
struct Done {
    n: usize,
    ns: Vec<u64>,
    got: Option<String>,
    refused: Option<NotOffered>,
}

impl Done {
    /// Counts a call; returns whether it did what it should.
    fn note(&mut self, waited: Waited) -> bool {
        match waited {
            Ok(Ok(())) => self.n += 1,
            Ok(Err(ret)) => self.got = Some(shown(ret)),
            Err(why) => self.refused = Some(why),
        }
        !self.has_failed()
    }

    fn has_failed(&self) -> bool {
        self.got.is_some() || self.refused.is_some()
    }

    fn finished(self) -> Result<Done, Refusal> {
        match self.refused {
            Some(why) => Err(Refusal::unsupported(why.0)),
            None => Ok(self),
        }
    }
}

/// Which child a call should report.
#[derive(Copy, Clone)]
enum Which {
    Any,
    OwnGroup,
    Pid(i32),
    Pidfd(RawFd),
}

/// Serves the request.
pub(super) fn serve(agent: &Agent, order: &Order, ok: Line) -> Result<Line, Refusal> {
    if agent.is_threaded() {
        return Err(Refusal::unsupported("a copy of a process with several threads"));
    }
    let subject = agent.subject;
    let name = order.call.as_deref().unwrap_or(Call::Waitpid.name());
    let call = Call::from_name(name).ok_or_else(|| FieldError::Bad("call", name.to_owned()))?;
    if let Some(argv) = &order.argv {
        let command: Vec<OsString> = argv.0.iter().cloned().map(OsString::from_vec).collect();
        if subject.spawn(&command).is_some() {
            return Err(Refusal::unsupported("it waits only for children that it starts itself"));
        }
    }
    let done = match (order.what, order.bare) {
        (Workload::Bounded, false) => bounded(subject, order.n)?,
        // The C program waits for a death in the same way, with or without a deadline.
        (Workload::Bounded, true) => run(Workload::Blocked, call, order.n, bare::of_c_library)?,
        (what, true) => run(what, call, order.n, bare::of_c_library)?,
        (what, false) => run(what, call, order.n, |request| subject.call_unobserved(request))?,
    };
    let ok = ok.with("n", done.n).with_list("ns", done.ns.iter().map(u64::to_string));
    Ok(match done.got {
        Some(got) => ok.with("got", got),
        None => ok,
    })
}

/// Does one thing N times. `waitid` returns 0 where the other calls return a pid.
fn run(
    what: Workload,
    call: Call,
    n: u64,
    make: impl Fn(&Request) -> Result<Return, NotOffered>,
) -> Result<Done, Refusal> {
    let n = usize::try_from(n).unwrap_or(usize::MAX);
    // A report, or what was returned instead.
    let report_with = |which, options| match make(&request(call, which, options))? {
        Ok(1..) => Ok(Ok(())),
        Ok(0) if call == Call::Waitid => Ok(Ok(())),
        other => Ok(Err(other)),
    };
    let report = |which| report_with(which, 0);
    match what {
        Workload::SpawnReap => spawn_and_reap(n, |pid| report(Which::Pid(pid))),
        Workload::Poll => poll(n, |pid| match make(&request(call, Which::Pid(pid), libc::WNOHANG))? {
            Ok(0) => Ok(Ok(())),
            other => Ok(Err(other)),
        }),
        Workload::Blocked | Workload::Bounded => latency(n, |pid| report(Which::Pid(pid))),
        Workload::ReapAny | Workload::ReapPid | Workload::ReapPidfd => reap(n, what, report),
        Workload::Crowd => {
            let takes_target = !matches!(call, Call::Wait | Call::Wait3);
            crowd(n, takes_target, |which| report_with(which, libc::WNOHANG), report)
        }
    }
}

/// The arguments of a call.
fn request(call: Call, which: Which, options: i32) -> Request {
    let by_id = call == Call::Waitid;
    let select = match (which, by_id) {
        (Which::Any, false) => Select::Pid(-1),
        (Which::Pid(pid), false) => Select::Pid(pid),
        (Which::OwnGroup, false) => Select::Pid(0),
        (Which::Any, true) => Select::Id { idtype: i64::from(libc::P_ALL), id: 0 },
        (Which::OwnGroup, true) => {
            Select::Id { idtype: i64::from(libc::P_PGID), id: process::group().into() }
        }
        (Which::Pid(pid), true) => Select::Id { idtype: i64::from(libc::P_PID), id: pid.into() },
        (Which::Pidfd(fd), _) => Select::Id { idtype: P_PIDFD, id: fd.into() },
    };
    Request {
        call,
        select,
        options: if by_id { options | libc::WEXITED } else { options },
        status: Pointer::Buffer,
        rusage: if by_id { Pointer::Null } else { Pointer::Buffer },
        info: Pointer::Buffer,
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
const P_PIDFD: i64 = libc::P_PIDFD as i64;
/// This system has no pidfds.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const P_PIDFD: i64 = -1;

/// What a call returned that it should not have.
fn shown(ret: Return) -> String {
    match ret {
        Ok(value) => value.to_string(),
        Err(number) => names::errno_name(number)
            .map_or_else(|| format!("-1, errno {number}"), |name| format!("-1 {name}")),
    }
}

/// Creates a child that exits at once; `None` if no more can be created.
fn child() -> Result<Option<i32>, Errno> {
    match process::fork() {
        Ok(Forked::Child) => process::exit_now(0),
        Ok(Forked::Parent(pid)) => Ok(Some(pid)),
        Err(Errno::AGAIN | Errno::NOMEM) => Ok(None),
        Err(errno) => Err(errno),
    }
}

/// Reaps what a call has left. These children exit by themselves: none is killed, since its pid may have been reused.
fn settle(pids: &[i32]) {
    let end = Instant::now() + PATIENCE;
    for &pid in pids {
        while matches!(process::reap(pid), Reaped::NotYet) && Instant::now() < end {
            std::thread::yield_now();
        }
    }
}

fn spawn_and_reap(n: usize, wait: impl Fn(i32) -> Waited) -> Result<Done, Refusal> {
    let mut done = Done::default();
    let began = now();
    while done.n < n {
        let pid = child()?.ok_or(Errno::AGAIN)?;
        if !done.note(wait(pid)) {
            settle(&[pid]);
            break;
        }
    }
    done.ns.push(now() - began);
    done.finished()
}

fn poll(n: usize, wait: impl Fn(i32) -> Waited) -> Result<Done, Refusal> {
    let pid = process::spawn(|| {
        loop {
            process::pause();
        }
    })?;
    let mut done = Done::default();
    let began = now();
    while done.n < n && done.note(wait(pid)) {}
    done.ns.push(now() - began);
    process::kill_and_reap(pid);
    done.finished()
}

/// The bounded wait that the subject offers.
fn bounded(subject: &dyn Subject, n: u64) -> Result<Done, Refusal> {
    const NONE: NotOffered = NotOffered("it has no bounded wait");
    latency(usize::try_from(n).unwrap_or(usize::MAX), |pid| {
        match subject.wait_bounded(pid, PATIENCE).ok_or(NONE)? {
            Ok(1..) => Ok(Ok(())),
            other => Ok(Err(other)),
        }
    })
}

fn latency(n: usize, wait: impl Fn(i32) -> Waited) -> Result<Done, Refusal> {
    let stamp = Stamp::new()?;
    let parent = process::pid();
    let mut done = Done::default();
    let mut random = now();
    while done.n < n {
        random = step(random);
        let phase = Duration::from_nanos((random >> 33) % PHASE_NS);
        let pid = process::spawn(|| {
            await_sleeper(parent);
            spin(phase);
            stamp.set();
            0
        })?;
        let waited = wait(pid);
        let elapsed = stamp.elapsed();
        if !done.note(waited) {
            settle(&[pid]);
            break;
        }
        // A child that is still alive was reported: its pid was not reaped.
        let Some(ns) = elapsed else {
            settle(&[pid]);
            done.got = Some("a report before the child died".to_owned());
            break;
        };
        done.ns.push(ns);
    }
    done.finished()
}

/// In the child of a process: returns once that process sleeps.
fn await_sleeper(pid: i32) {
    let began = Instant::now();
    while began.elapsed() < LOOK {
        match process_table::glance(pid) {
            Ok(Some(process)) if process.state.is_asleep() => return,
            Ok(Some(_)) => std::thread::yield_now(),
            Ok(None) | Err(_) => return spin(UNSEEN),
        }
    }
}

fn spin(time: Duration) {
    let began = Instant::now();
    while began.elapsed() < time {
        std::hint::spin_loop();
    }
}

/// Creates N zombies, or as many as possible, and makes a call for each.
fn reap(n: usize, what: Workload, wait: impl Fn(Which) -> Waited) -> Result<Done, Refusal> {
    let mut pids = Vec::with_capacity(n);
    let made = make_zombies(n, &mut pids);
    let mut done = Done { ns: vec![0], ..Done::default() };
    let reaped = made.and_then(|()| {
        match what {
            Workload::ReapAny => one_by_one(pids.iter().map(|_| Which::Any), &wait, &mut done),
            Workload::ReapPidfd => {
                for some in pids.chunks(OPEN) {
                    let open = |pid: &i32| raw::pidfd_open(*pid, false);
                    let fds = some.iter().map(open).collect::<Result<Vec<OwnedFd>, _>>()?;
                    one_by_one(fds.iter().map(|fd| Which::Pidfd(fd.as_raw_fd())), &wait, &mut done);
                }
            }
            _ => {
                let mut order = pids.clone();
                scatter(&mut order);
                one_by_one(order.iter().map(|pid| Which::Pid(*pid)), &wait, &mut done);
            }
        }
        Ok(())
    });
    if reaped.is_err() || done.n < pids.len() {
        settle(&pids);
    }
    reaped.and_then(|()| done.finished())
}

/// How many of a crowd are dead first, at each end of it: once the nearer ones are reaped, every kind of call has one at the far
/// end, whichever end the system starts from.
const ENDS: usize = 3;

/// Creates N children, or as many as possible, of which only the oldest and the youngest are dead; finds those, as any child, by
/// group and by pid; then lets the others exit, and makes a call for each.
fn crowd(
    n: usize,
    takes_target: bool,
    poll: impl Fn(Which) -> Waited,
    wait: impl Fn(Which) -> Waited,
) -> Result<Done, Refusal> {
    let (held, release) = rustix::pipe::pipe()?;
    let mut pids = Vec::with_capacity(n);
    while pids.len() < n {
        let is_end = pids.len() < ENDS || pids.len() >= n.saturating_sub(ENDS);
        match process::fork() {
            Ok(Forked::Parent(pid)) => pids.push(pid),
            Ok(Forked::Child) if is_end => process::exit_now(0),
            Ok(Forked::Child) => {
                // It shows the end of the file once the parent, which is the last to hold the other end, has closed it.
                drop(release);
                let _ = rustix::io::retry_on_intr(|| rustix::io::read(&held, &mut [0; 1]));
                process::exit_now(0)
            }
            Err(Errno::AGAIN | Errno::NOMEM) => break,
            Err(errno) => return Err(errno.into()),
        }
    }
    let mut done = Done { ns: vec![0], ..Done::default() };
    let ends: Vec<i32> = match pids.len() == n {
        true => pids.iter().take(ENDS).chain(pids.iter().skip(n.saturating_sub(ENDS))).copied().collect(),
        // The limit was reached before the last ones.
        false => pids.iter().take(ENDS).copied().collect(),
    };
    let ended = await_zombies(&ends);
    if ended.is_ok() {
        for turn in 0..ends.len() {
            let left: Vec<i32> = ends.iter().filter(|pid| process_table::is_zombie(**pid)).copied().collect();
            let which = match (takes_target, ends.len() - turn, left.first()) {
                (true, 1, Some(pid)) => Which::Pid(*pid),
                (true, 2, _) => Which::OwnGroup,
                _ => Which::Any,
            };
            if !done.note(poll(which)) {
                break;
            }
            // waitid returns 0 for nothing, too.
            if left.iter().all(|pid| process_table::is_zombie(*pid)) {
                done.got = Some(format!("nothing for {} zombies among {} children", left.len(), pids.len()));
                break;
            }
        }
    }
    drop(release);
    let others: Vec<i32> = pids.iter().filter(|pid| !ends.contains(pid)).copied().collect();
    let all = ended.and_then(|()| await_zombies(&others)).map(|()| {
        if !done.has_failed() {
            one_by_one(others.iter().map(|_| Which::Any), &wait, &mut done);
        }
    });
    if all.is_err() || done.n < pids.len() {
        settle(&pids);
    }
    all.and_then(|()| done.finished())
}

/// Creates children, and returns once the process table shows them dead.
fn make_zombies(n: usize, pids: &mut Vec<i32>) -> Result<(), Refusal> {
    while pids.len() < n {
        match child()? {
            Some(pid) => pids.push(pid),
            None => break,
        }
    }
    await_zombies(pids)
}

/// Returns once the process table shows these children dead.
fn await_zombies(pids: &[i32]) -> Result<(), Refusal> {
    if !process_table::is_there() {
        return Err(Refusal::unsupported("there is no process table to show when children are dead"));
    }
    let end = Instant::now() + PATIENCE;
    // The last ones die last.
    for &pid in pids.iter().rev() {
        while !process_table::is_zombie(pid) {
            if Instant::now() > end {
                return Err(Errno::TIMEDOUT.into());
            }
            std::thread::yield_now();
        }
    }
    Ok(())
}

/// One call each, until one does not report a child.
fn one_by_one(which: impl Iterator<Item = Which>, wait: &impl Fn(Which) -> Waited, done: &mut Done) {
    let mut times = Vec::with_capacity(which.size_hint().0);
    for which in which {
        if done.has_failed() {
            break;
        }
        let began = now();
        let is_right = done.note(wait(which));
        times.push(now() - began);
        if !is_right {
            break;
        }
    }
    done.ns[0] += undisturbed(times);
}

/// How many times the median a call may count.
const INTERRUPTED: u64 = 10;

/// The total time of calls that never sleep. What one of them took beyond many times the median was another process's time slice:
/// on a busy machine, a thousand calls meet a few of those, which last as long as all of the calls.
fn undisturbed(mut times: Vec<u64>) -> u64 {
    sort(&mut times);
    let most = match times.get(times.len() / 2) {
        // A clock may be too coarse for one call.
        None | Some(0) => u64::MAX,
        Some(median) => median.saturating_mul(INTERRUPTED),
    };
    times.into_iter().map(|time| time.min(most)).sum()
}

/// Shuffles, in the same way every time.
fn scatter(pids: &mut [i32]) {
    let mut random: u64 = 1;
    for last in (1..pids.len()).rev() {
        random = step(random);
        pids.swap(last, (random >> 33) as usize % (last + 1));
    }
}

/// The next random number. The constants are those of Knuth's MMIX generator.
fn step(random: u64) -> u64 {
    random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407)
}

#[cfg(test)]
mod tests {
    use super::undisturbed;

    #[test]
    fn time_slices_of_others_count_little() {
        let linear: Vec<u64> = vec![5; 1_000];
        assert_eq!(undisturbed(linear.clone()), 5_000);
        let mut busy = linear;
        busy[300] = 3_000_000;
        assert_eq!(undisturbed(busy), 5_045);
        // What grows is the subject's.
        assert_eq!(undisturbed((1..=1_000).collect()), 500_500);
        // A coarse clock, and no calls.
        assert_eq!(undisturbed(vec![0, 0, 4_000]), 4_000);
        assert_eq!(undisturbed(Vec::new()), 0);
    }
}
