//! Resource usage: wrong fields, wrong units, credited at the wrong time.

use super::edit::{ObservationEdit, RequestView, is_termination};
use super::inner::{Wrapped, no_usage};
use super::mutant::{Mutant, blind, made_for, seen_in};
use crate::protocol::Line;
use crate::protocol::fields::{OWN, get_usage, put_usage};
use crate::spec::{linux, posix};
use crate::sys::call::abi::{Call, Usage};
use crate::sys::process::{self, Who};
use libc::{WEXITED, WNOWAIT};
use std::time::Instant;

/// CPU time that is credited and must not be, in microseconds: what a case burns, and no case overlooks.
const CREDIT: i64 = 50_000;

/// Changes what getrusage tells of the agent's children.
fn of_children(request: &Line, reply: &mut Line, change: impl FnOnce(&mut Usage)) {
    if request.word() == "getrusage"
        && request.get("who").as_deref() == Some("children")
        && let Some(mut usage) = get_usage(reply, OWN)
    {
        change(&mut usage);
        put_usage(reply, OWN, &usage);
    }
}

/// Adds as many credits to what getrusage tells of the agent's children.
fn credit(request: &Line, reply: &mut Line, times: i64) {
    of_children(request, reply, |usage| usage.utime_us = usage.utime_us.map(|t| t + times * CREDIT));
}

fn zero(usage: &mut Usage) {
    *usage = no_usage();
}

/// How many zombies there are.
fn zombies(w: &Wrapped) -> i64 {
    let zombie = |pid: &i64| crate::sys::process_table::is_zombie(*pid as i32);
    w.born().iter().filter(|pid| zombie(pid)).count() as i64
}

/// Microseconds since the first call of this, from 1.
fn clock() -> i64 {
    static FIRST: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    FIRST.get_or_init(Instant::now).elapsed().as_micros() as i64 + 1
}

/// The set of actions that leave no zombie is in force.
fn no_zombies(w: &Wrapped, line: &mut Line) {
    if line.word() == "sigaction" && line.get("sig").as_deref() == Some("SIGCHLD") {
        let without = line.flag("nocldwait") || line.get("do").as_deref() == Some("ignore");
        w.remember(i64::from(without));
    }
}

pub(crate) const MUTANTS: &[Mutant] = &[
    blind("rusage-zero", "the rusage is all zeros", &linux::RUSAGE_LOWER_BOUND)
        .call(|w, r| w.then(r, |seen| seen.usage(zero))),
    blind("rusage-self", "the rusage is the caller's own", &linux::RUSAGE_ISOLATED)
        .call(|w, r| w.then(r, |seen| seen.usage(|usage| *usage = process::usage(Who::SelfProcess)))),
    blind(
        "rusage-all-children",
        "the rusage is the sum over all children so far",
        &linux::RUSAGE_ISOLATED,
    )
    .call(|w, r| w.then(r, |seen| seen.usage(|usage| *usage = process::usage(Who::Children)))),
    blind("rusage-wall-clock", "ru_utime is the wall time since the fork", &linux::RUSAGE_UPPER_BOUND)
        .edit_reply(|w, request, reply| {
            if let ("spawn", Ok(pid)) = (request.word(), reply.number("pid")) {
                w.keep(pid, clock());
            }
        })
        .call(|w, r| {
            w.then(r, |seen| {
                if let Some(born) = seen.child().and_then(|pid| w.kept(pid)) {
                    seen.usage(|usage| usage.utime_us = Some(clock() - born));
                }
            })
        }),
    blind("rusage-maxrss-bytes", "ru_maxrss is in bytes", &linux::RUSAGE_MAXRSS_KILOBYTES)
        .call(|w, r| w.then(r, |seen| seen.usage(|usage| usage.maxrss = usage.maxrss.map(|m| m * 1024)))),
    blind(
        "rusage-maxrss-current",
        "ru_maxrss is the size at the end, not the peak",
        &linux::RUSAGE_MAXRSS_PEAK,
    )
    .call(|w, r| {
        // At its end a child has given back what it took beside what it began with.
        let began = process::usage(Who::SelfProcess).maxrss;
        w.then(r, |seen| seen.usage(|usage| usage.maxrss = usage.maxrss.min(began)))
    }),
    blind(
        "children-credited-at-exit",
        "RUSAGE_CHILDREN grows when the child dies",
        &posix::RUSAGE_CHILDREN_NOT_BEFORE_REAP,
    )
    .edit_reply(|w, request, reply| credit(request, reply, zombies(w))),
    blind(
        "children-credited-on-stop",
        "each report of a stop adds the child's time",
        &posix::RUSAGE_CHILDREN_NOT_ON_STOP,
    )
    .call(|w, r| {
        w.then(r, |seen| {
            w.add(i64::from(seen.is_stop()));
        })
    })
    .edit_reply(|w, request, reply| credit(request, reply, w.remembered())),
    blind(
        "auto-reaped-children-credited",
        "children that left no zombie are credited",
        &posix::RUSAGE_CHILDREN_NOT_AUTO_REAPED,
    )
    .edit_request(no_zombies)
    .edit_reply(|w, request, reply| credit(request, reply, w.remembered())),
    blind(
        "children-maxrss-sum",
        "ru_maxrss of RUSAGE_CHILDREN is a sum",
        &linux::RUSAGE_CHILDREN_MAXRSS,
    )
    .call(|w, r| {
        w.then(r, |seen| {
            w.add(i64::from(seen.is_termination() && !r.has(WNOWAIT)));
        })
    })
    .edit_reply(|w, request, reply| {
        let taken = w.remembered();
        of_children(request, reply, |usage| usage.maxrss = usage.maxrss.map(|m| m * taken.max(1)));
    }),
    made_for(
        "children-maxrss-zero",
        "ru_maxrss of RUSAGE_CHILDREN is 0",
        &linux::RUSAGE_CHILDREN_MAXRSS,
    )
    .edit_reply(|_, request, reply| of_children(request, reply, |usage| usage.maxrss = usage.maxrss.map(|_| 0))),
    blind(
        "nowait-credits",
        "WNOWAIT adds the child's times to RUSAGE_CHILDREN",
        &posix::RUSAGE_CHILDREN_NOT_ON_PEEK,
    )
    .call(|w, r| {
        w.then(r, |seen| {
            w.add(i64::from(seen.is_termination() && r.has(WNOWAIT)));
        })
    })
    .edit_reply(|w, request, reply| credit(request, reply, w.remembered())),
    blind("wait3-zero-rusage", "wait3 fills the rusage with zeros", &linux::RUSAGE_WAIT3).call(|w, r| {
        w.then(r, |seen| {
            if r.call == Call::Wait3 {
                seen.usage(zero);
            }
        })
    }),
    seen_in(
        "elfuse#162",
        "rusage-counted-per-event",
        "a child's usage counts once more for each stop and continue that was reported",
        &posix::RUSAGE_CHILDREN_ONCE,
    )
    .call(|w, r| {
        w.then(r, |seen| {
            w.add(i64::from(seen.child().is_some() && !seen.is_termination()));
        })
    })
    .edit_reply(|w, request, reply| {
        let times = 1 + w.remembered();
        of_children(request, reply, |usage| {
            usage.utime_us = usage.utime_us.map(|t| t * times);
            usage.stime_us = usage.stime_us.map(|t| t * times);
            usage.minflt = usage.minflt.map(|n| n * times);
        });
    }),
    seen_in(
        "Quark#596",
        "children-usage-is-self",
        "RUSAGE_CHILDREN is RUSAGE_SELF",
        &posix::RUSAGE_CHILDREN_NOT_LIVE,
    )
    .edit_reply(|_, request, reply| of_children(request, reply, |usage| *usage = process::usage(Who::SelfProcess))),
    seen_in(
        "graphene#785",
        "children-usage-zero",
        "RUSAGE_CHILDREN is zero",
        &posix::RUSAGE_CHILDREN_AFTER_REAP,
    )
    .edit_reply(|_, request, reply| of_children(request, reply, zero)),
    seen_in(
        "bun#43308",
        "maxrss-of-largest-child",
        "ru_maxrss is the largest that any child had so far",
        &linux::RUSAGE_ISOLATED,
    )
    .call(|w, r| {
        w.then(r, |seen| {
            seen.usage(|usage| {
                let largest = w.remembered().max(usage.maxrss.unwrap_or(0));
                w.remember(largest);
                usage.maxrss = Some(largest);
            })
        })
    }),
    made_for("usage-times-swapped", "user and system time are swapped", &linux::RUSAGE_CPU_SPLIT).call(
        |w, r| {
            w.then(r, |seen| seen.usage(|usage| std::mem::swap(&mut usage.utime_us, &mut usage.stime_us)))
        },
    ),
    made_for(
        "usage-accumulates",
        "the usage of earlier children is added to that of later ones",
        &linux::RUSAGE_ISOLATED,
    )
    .call(|w, r| {
        w.then(r, |seen| {
            seen.usage(|usage| usage.utime_us = Some(w.add(usage.utime_us.unwrap_or(0))));
        })
    }),
    made_for("usage-no-faults", "minor faults are not counted", &linux::RUSAGE_MINOR_FAULTS)
        .call(|w, r| w.then(r, |seen| seen.usage(|usage| usage.minflt = Some(0)))),
    made_for("usage-no-voluntary-switches", "voluntary switches are not counted", &linux::RUSAGE_VOLUNTARY_SWITCHES)
        .call(|w, r| w.then(r, |seen| seen.usage(|usage| usage.nvcsw = Some(0)))),
    made_for(
        "usage-no-blocks",
        "blocks written are not counted",
        &linux::RUSAGE_BLOCKS_OUT,
    )
    .call(|w, r| w.then(r, |seen| seen.usage(|usage| usage.oublock = Some(0)))),
    made_for(
        "usage-half",
        "half of the time is told",
        &linux::RUSAGE_CPU_SUM,
    )
    .call(|w, r| {
        w.then(r, |seen| {
            seen.usage(|usage| {
                usage.utime_us = usage.utime_us.map(|t| t / 2);
                usage.stime_us = usage.stime_us.map(|t| t / 2);
            })
        })
    }),
    made_for("children-no-user-time", "user time is not in RUSAGE_CHILDREN", &linux::RUSAGE_CHILDREN_DELTA)
        .edit_reply(|_, request, reply| of_children(request, reply, |usage| usage.utime_us = Some(0))),
    made_for("children-no-system-time", "system time is not in RUSAGE_CHILDREN", &linux::RUSAGE_CHILDREN_DELTA)
        .edit_reply(|_, request, reply| of_children(request, reply, |usage| usage.stime_us = Some(0))),
    made_for("children-no-major-faults", "major faults are not in RUSAGE_CHILDREN", &linux::RUSAGE_CHILDREN_DELTA)
        .edit_reply(|_, request, reply| of_children(request, reply, |usage| usage.majflt = Some(0))),
    made_for("children-no-blocks", "blocks written are not in RUSAGE_CHILDREN", &linux::RUSAGE_CHILDREN_DELTA)
        .edit_reply(|_, request, reply| of_children(request, reply, |usage| usage.oublock = Some(0))),
    made_for("children-no-voluntary-switches", "voluntary switches are not in RUSAGE_CHILDREN", &linux::RUSAGE_CHILDREN_DELTA)
        .edit_reply(|_, request, reply| of_children(request, reply, |usage| usage.nvcsw = Some(0))),
    made_for("children-no-involuntary-switches", "involuntary switches are not in RUSAGE_CHILDREN", &linux::RUSAGE_CHILDREN_DELTA)
        .edit_reply(|_, request, reply| of_children(request, reply, |usage| usage.nivcsw = Some(0))),
    made_for("usage-no-blocks-read", "blocks read are not counted", &linux::RUSAGE_LOWER_BOUND)
        .call(|w, r| w.then(r, |seen| seen.usage(|usage| usage.inblock = Some(0)))),
    made_for("usage-maxrss-pages", "ru_maxrss is in pages", &linux::RUSAGE_MAXRSS_KILOBYTES)
        .call(|w, r| w.then(r, |seen| seen.usage(|usage| usage.maxrss = usage.maxrss.map(|m| m / 4)))),
    made_for("usage-time-not-normalized", "a time has a million microseconds", &posix::RUSAGE_TIMEVAL_NORMALIZED)
        .call(|w, r| w.then(r, |seen| seen.usage(|usage| usage.irregular = usage.irregular.map(|_| 1)))),
    made_for("usage-ixrss-nonzero", "ru_ixrss is not 0", &linux::RUSAGE_UNMAINTAINED_ZERO)
        .call(|w, r| w.then(r, |seen| seen.usage(|usage| usage.others = usage.others.map(|_| 4)))),
    made_for("children-usage-shrinks", "RUSAGE_CHILDREN shrinks", &posix::RUSAGE_CHILDREN_MONOTONIC).edit_reply(
        |w, request, reply| {
            of_children(request, reply, |usage| {
                let last = w.remembered();
                if last > 0 {
                    usage.utime_us = Some(last - 1);
                }
                w.remember(usage.utime_us.unwrap_or(0));
            });
        },
    ),
    made_for(
        "killed-without-usage",
        "a child that a signal ended has no usage",
        &linux::RUSAGE_KILLED,
    )
    .call(|w, r| {
        w.then(r, |seen| {
            if seen.word().is_some_and(|word| is_termination(word) && libc::WIFSIGNALED(word)) {
                seen.usage(zero);
            }
        })
    }),
    made_for(
        "children-last-only",
        "RUSAGE_CHILDREN is that of the last child alone",
        &posix::RUSAGE_CHILDREN_SUM,
    )
    .edit_reply(|w, request, reply| {
        of_children(request, reply, |usage| {
            let before = w.remember(usage.utime_us.unwrap_or(0));
            usage.utime_us = usage.utime_us.map(|t| t - before);
        });
    }),
    made_for(
        "live-children-credited",
        "a live child is in RUSAGE_CHILDREN",
        &posix::RUSAGE_CHILDREN_NOT_LIVE,
    )
    .edit_reply(|w, request, reply| {
        let lives = |pid: &&i64| matches!(crate::sys::process_table::read(**pid as i32), Ok(Some(p)) if p.state.is_asleep());
        let live = w.born().iter().filter(lives).count() as i64;
        credit(request, reply, live);
    }),
    made_for(
        "children-with-self",
        "the caller's own time is in RUSAGE_CHILDREN",
        &posix::RUSAGE_CHILDREN_NOT_LIVE,
    )
    .edit_reply(|w, request, reply| credit(request, reply, w.add(1))),
    made_for(
        "children-credited-by-usage-calls-only",
        "only calls that return a usage credit RUSAGE_CHILDREN",
        &posix::RUSAGE_CHILDREN_AFTER_REAP,
    )
    .call(|w, r| {
        if !matches!(r.call, Call::Wait3 | Call::Wait4) {
            w.remember(1);
        }
        w.real(r)
    })
    .edit_reply(|w, request, reply| {
        if w.remembered() == 1 {
            of_children(request, reply, zero);
        }
    }),
    made_for(
        "zombie-usage-counted-twice",
        "a look at a zombie in RUSAGE_CHILDREN counts it twice",
        &posix::RUSAGE_CHILDREN_AFTER_REAP,
    )
    .call(|w, r| {
        let zombie = w.look_for(r, WEXITED).is_some();
        w.then(r, |seen| {
            w.add(i64::from(zombie && seen.is_termination() && !r.has(WNOWAIT)));
        })
    })
    .edit_reply(|w, request, reply| credit(request, reply, w.remembered())),
];
