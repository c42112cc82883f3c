//! Waits that find children like NetBSD's, which decides what a case may observe there: `find_stopped_child`, `match_process` and
//! `do_sys_waitid` of its sys/kern/kern_exit.c, `kpsignal2` and `proc_stop_done` of sys/kern/kern_sig.c.
//!
//! - Children are searched from the newest to the oldest; one that exits moves to the front (`exit1`).
//! - The search ends at the first live child that matches once `p_nstopchild`, the number of children with something to report, is
//!   0. A continue does not increment it (`kpsignal2`), yet reporting one decrements it.
//! - A continue wakes no waiter. A child that is given to process 1 because `SIGCHLD` is ignored wakes one only if it was the last.
//! - A zombie does not match a wait that asks for other events. A wait for its pid then moves on to the next child in the list, and
//!   finds the zombie by its pid again: if there is a next child, the kernel loops forever.
//!
//! The state of a child on this kernel is queried with peeks. A call that is restarted after a signal searches again there, and
//! keeps sleeping here.

use super::acts::wait6;
use super::bsd;
use super::far::{Reply, System};
use std::sync::{Mutex, MutexGuard, PoisonError};
use waitspec::subject::{NotOffered, Observation, Pointer, Subject, libc::Libc};
use waitspec::sys::call::abi::{Call, Request, Select};

/// The kernel's data about the agent, which is a separate process.
struct Parent {
    /// The children, in search order.
    children: Vec<i32>,
    /// Those of them that have moved to the front.
    zombies: Vec<i32>,
    /// The continues that were reported, and subtracted from `p_nstopchild`.
    continues: usize,
    /// How many times a thread was given a child.
    reports: usize,
}

static PARENT: Mutex<Parent> =
    Mutex::new(Parent { children: Vec::new(), zombies: Vec::new(), continues: 0, reports: 0 });

fn parent() -> MutexGuard<'static, Parent> {
    PARENT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The children that a call selects.
#[derive(Copy, Clone)]
enum Selector {
    Any,
    Child(i32),
    Group(i32),
}

impl Selector {
    /// `None` for calls that the table of deviations covers, and for those that no child can match.
    fn of(request: &Request) -> Option<Selector> {
        let own_group = || rustix::process::getpgrp().as_raw_nonzero().get();
        let (by_group, id) = match request.select {
            _ if matches!(request.call, Call::Wait | Call::Wait3) => return Some(Selector::Any),
            Select::Pid(-1) => return Some(Selector::Any),
            Select::Pid(pid) => (pid <= 0, i64::from(pid.checked_abs()?)),
            Select::Id { idtype, .. } if idtype == i64::from(libc::P_ALL) => return Some(Selector::Any),
            Select::Id { idtype, id } if idtype == i64::from(libc::P_PID) => (id == 0, id),
            Select::Id { idtype, id } if idtype == i64::from(libc::P_PGID) => (true, id),
            Select::Id { .. } => return None,
        };
        match i32::try_from(id).ok()? {
            0 => Some(Selector::Group(own_group())),
            id if id < 0 => None,
            id if by_group => Some(Selector::Group(id)),
            id => Some(Selector::Child(id)),
        }
    }

    fn matches(self, pid: i32) -> bool {
        match self {
            Selector::Any => true,
            Selector::Child(wanted) => pid == wanted,
            Selector::Group(wanted) => group_of(pid) == Some(wanted),
        }
    }
}

fn group_of(pid: i32) -> Option<i32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(2)?.parse().ok()
}

/// The children of every thread, from the oldest to the newest.
fn listed() -> Vec<i32> {
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let lists = threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok());
    let mut pids: Vec<(u64, i32)> = lists
        .flat_map(|list| {
            list.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<i32>>()
        })
        .map(|pid| (born(pid), pid))
        .collect();
    pids.sort_unstable();
    pids.into_iter().map(|(_, pid)| pid).collect()
}

/// When a process was created.
fn born(pid: i32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let born = || stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(19)?.parse().ok();
    born().unwrap_or_default()
}

/// What a search sees of a child: everything at one moment, as under the kernel's lock.
#[derive(Copy, Clone)]
struct Seen {
    pid: i32,
    /// The `si_code` of what can be reported of it.
    code: Option<i32>,
}

impl Seen {
    fn of(pid: i32) -> Seen {
        let events = libc::WEXITED | libc::WSTOPPED | libc::WCONTINUED | libc::WNOHANG;
        let info = peek(i64::from(libc::P_PID), pid.into(), events).ok().and_then(|seen| seen.info.wrote());
        let code = info.filter(|info| info.pid == Some(pid.into())).and_then(|info| info.code);
        Seen { pid, code: code.and_then(|code| i32::try_from(code).ok()) }
    }

    fn is_zombie(self) -> bool {
        matches!(self.code, Some(libc::CLD_EXITED | libc::CLD_KILLED | libc::CLD_DUMPED))
    }

    fn is_stopped(self) -> bool {
        matches!(self.code, Some(libc::CLD_STOPPED | libc::CLD_TRAPPED))
    }

    /// Whether a call that asks for these events reports it; a traced stop is reported by every call.
    fn has(self, events: i32) -> bool {
        match self.code {
            Some(libc::CLD_TRAPPED) => true,
            Some(libc::CLD_STOPPED) => events & libc::WSTOPPED != 0,
            Some(libc::CLD_CONTINUED) => events & libc::WCONTINUED != 0,
            Some(_) => events & libc::WEXITED != 0,
            None => false,
        }
    }
}

/// A peek.
fn peek(idtype: i64, id: i64, options: i32) -> Result<Observation, i32> {
    let request = Request {
        call: Call::Waitid,
        select: Select::Id { idtype, id },
        options: options | libc::WNOWAIT,
        status: Pointer::Null,
        rusage: Pointer::Null,
        info: Pointer::Buffer,
    };
    let seen = Libc.call(&request).expect("waitid");
    seen.ret.map(|_| seen)
}

impl Parent {
    /// Brings the list up to date; the children in search order.
    fn look(&mut self) -> Vec<Seen> {
        let now = listed();
        self.children.retain(|pid| now.contains(pid));
        self.zombies.retain(|pid| now.contains(pid));
        for pid in now {
            if !self.children.contains(&pid) {
                self.children.insert(0, pid);
            }
        }
        let seen: Vec<Seen> = self.children.iter().map(|pid| Seen::of(*pid)).collect();
        for child in seen.iter().rev().filter(|child| child.is_zombie()) {
            if !self.zombies.contains(&child.pid) {
                self.zombies.push(child.pid);
                self.children.retain(|other| *other != child.pid);
                self.children.insert(0, child.pid);
            }
        }
        let of = |pid: &i32| seen.iter().find(|child| child.pid == *pid).copied();
        self.children.iter().filter_map(of).collect()
    }
}

/// The result of a search.
enum Found {
    /// A child to report.
    Child(i32),
    /// None; the last one that was examined, and whether the search ended before one to report.
    Nothing(i32, bool),
    NoChild,
}

fn find(parent: &mut Parent, selector: Selector, events: i32, nowait: bool) -> Found {
    let children = parent.look();
    if let Selector::Child(wanted) = selector
        && events & libc::WEXITED == 0
        && children.iter().any(|child| child.pid == wanted && child.is_zombie())
        && children.last().is_some_and(|last| last.pid != wanted)
    {
        panic!("this wait for {wanted} never returns, and holds the lock of the process table");
    }
    let counted = children.iter().filter(|child| child.is_stopped() || child.is_zombie()).count();
    // `p_nstopchild` is 0.
    let nothing_counted = counted == parent.continues;
    let mut last = Found::NoChild;
    for (at, child) in children.iter().enumerate() {
        if !selector.matches(child.pid) || child.is_zombie() && events & libc::WEXITED == 0 {
            continue;
        }
        if child.has(events) {
            parent.continues += usize::from(!nowait && child.code == Some(libc::CLD_CONTINUED));
            return Found::Child(child.pid);
        }
        last = Found::Nothing(child.pid, false);
        if nothing_counted {
            let wakes = |later: &Seen| selector.matches(later.pid) && later.has(events & !libc::WCONTINUED);
            last = Found::Nothing(child.pid, children[at + 1..].iter().any(wakes));
            break;
        }
    }
    last
}

/// Makes a call as NetBSD does.
pub fn call(request: &Request) -> Result<Observation, NotOffered> {
    let one = |request: &Request| match (request.call, request.select) {
        (_, Select::Id { idtype: bsd::FIRST.., .. }) => bsd::call(request),
        (Call::Wait6, _) => wait6(request, true),
        _ => Libc.call(request),
    };
    const EVENTS: i32 = libc::WEXITED | libc::WSTOPPED | libc::WCONTINUED;
    let by_id = matches!(request.call, Call::Waitid | Call::Wait6);
    let known = EVENTS | libc::WNOHANG | if by_id { libc::WNOWAIT } else { 0 };
    let buffers = [request.status, request.rusage, request.info];
    let plain = buffers.iter().all(|pointer| matches!(pointer, Pointer::Buffer | Pointer::Null));
    let events = request.options & EVENTS | if by_id { 0 } else { libc::WEXITED };
    let selector = match Selector::of(request) {
        Some(selector) if request.options & !known == 0 && events != 0 && plain => selector,
        _ => return one(request),
    };
    // That child, by a call that can name it.
    let of = |pid: i32| {
        let (call, select) = match request.call {
            Call::Wait | Call::Waitpid | Call::Wait3 => (Call::Wait4, Select::Pid(pid)),
            Call::Wait4 => (Call::Wait4, Select::Pid(pid)),
            call => (call, Select::Id { idtype: libc::P_PID.into(), id: pid.into() }),
        };
        one(&Request { call, select, options: request.options | libc::WNOHANG, ..*request })
    };
    loop {
        let (last, reports) = {
            let mut parent = parent();
            match find(&mut parent, selector, events, request.options & libc::WNOWAIT != 0) {
                Found::Child(pid) => {
                    parent.reports += 1;
                    return of(pid);
                }
                Found::NoChild => {
                    let seen = one(&Request { options: request.options | libc::WNOHANG, ..*request })?;
                    let is_echild = seen.ret == Err(libc::ECHILD);
                    return Ok(if is_echild { seen } else { Observation::error(libc::ECHILD) });
                }
                Found::Nothing(pid, _) if request.options & libc::WNOHANG != 0 => return of(pid),
                Found::Nothing(pid, passed) => ((pid, passed), parent.reports),
            }
        };
        if let Err(errno) = sleep(selector, events & !libc::WCONTINUED, last, reports) {
            return Ok(Observation::error(errno));
        }
    }
}

/// Sleeps until an exit or a stop wakes the call. `last` is the child that was examined last, and whether others were passed over,
/// which no longer wake it; `reports` is how many there had been when it looked.
fn sleep(selector: Selector, events: i32, last: (i32, bool), reports: usize) -> Result<(), i32> {
    let all = i64::from(libc::P_ALL);
    let (idtype, id) = match selector {
        Selector::Any => (all, 0),
        Selector::Child(pid) => (i64::from(libc::P_PID), i64::from(pid)),
        Selector::Group(group) => (i64::from(libc::P_PGID), i64::from(group)),
    };
    let (last, passed) = last;
    let woken = match passed || events == 0 {
        true => peek(libc::P_PID.into(), last.into(), libc::WEXITED),
        false => peek(idtype, id, events),
    };
    match woken {
        Ok(_) => Ok(()),
        // The exit woke every thread, and another one checked first.
        Err(libc::ECHILD) if parent().reports != reports => Ok(()),
        // Only the last child wakes it when given to process 1.
        Err(libc::ECHILD) => match peek(all, 0, libc::WEXITED) {
            Ok(_) | Err(libc::ECHILD) => Ok(()),
            Err(errno) => Err(errno),
        },
        Err(errno) => Err(errno),
    }
}

/// Cases affected by other differences of this kernel, and by signals whose numbers this test does not have.
pub const NOT_HERE: &[&str] = &[
    "blocked.echild-after-setpgid",
    "clone.posix-spawn-by-pid-and-group",
    "exit-code.beyond-eight-bits-in-siginfo",
    "os.needs-wtrapped",
    "os.orphan-to-init",
    "os.wnozombie",
    "rusage-credited.without-exit-signal",
    "signal-death.every-signal",
    "signal-death.no-core-flag",
    "signal-death.real-time",
    "status.one-predicate-per-termination",
    "termination.cpu-limit",
    "values.by-pidfd",
    "values.pidfd-on-a-thread",
    "waitid.full-exit-value",
];

/// As the typed `waitid` of rustix, which shows only `si_signo` and `si_code` there.
pub fn typed(_: &System, _: &Reply, reply: &mut Reply) {
    for hidden in ["si_pid", "si_uid", "si_status", "spill"] {
        reply.strike(hidden);
    }
}

/// Cases in which such a `waitid` reports one of several children.
pub const ONE_OF_SEVERAL: &[&str] =
    &["among.any-child", "among.own-group", "any-child.dozen", "any-child.burst"];
