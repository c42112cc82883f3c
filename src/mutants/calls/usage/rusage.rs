//! Resource usage: wrong fields, wrong units, accounted at the wrong time.

use crate::mutants::calls::edit::{ObservationExt, RequestExt, is_termination};
use crate::mutants::calls::inner::{CallResult, Inner, no_usage};
use crate::mutants::mutant::{Mutant, blind, from_bug, from_catalogue};
use crate::protocol::Line;
use crate::protocol::fields::{OWN, get_usage, put_usage};
use crate::spec::{linux, posix};
use crate::sys::call::abi::{Call, Observation, Request, Usage};
use crate::sys::process::{self, Who};
use libc::{WEXITED, WNOWAIT};
use std::time::Instant;

/// CPU time wrongly added, in microseconds: far more than a busy machine adds, so that no case misses it.
const CREDIT: i64 = 1_000_000;

/// Changes what getrusage returns for the agent's children.
pub(crate) fn edit_children(request: &Line, reply: &mut Line, change: impl FnOnce(&mut Usage)) {
    if request.word() == "getrusage"
        && request.get("who").as_deref() == Some("children")
        && let Some(mut usage) = get_usage(reply, OWN)
    {
        change(&mut usage);
        put_usage(reply, OWN, &usage);
    }
}

/// Makes a call, and remembers the page faults that it credited for such a child.
pub(crate) fn credited(w: &Inner, r: &Request, such: impl FnOnce(&Observation) -> bool) -> CallResult {
    let faults = || process::usage(Who::Children).minflt.unwrap_or(0);
    let before = faults();
    w.map(r, |seen| {
        if such(seen) {
            w.add(faults() - before);
        }
    })
}

/// Takes those page faults out of what getrusage returns for the agent's children.
pub(crate) fn withhold(w: &Inner, request: &Line, reply: &mut Line) {
    edit_children(request, reply, |usage| usage.minflt = usage.minflt.map(|n| n - w.value()));
}

/// Adds N credits to what getrusage returns for the agent's children.
fn credit(request: &Line, reply: &mut Line, times: i64) {
    edit_children(request, reply, |usage| usage.utime_us = usage.utime_us.map(|t| t + times * CREDIT));
}

fn zero(usage: &mut Usage) {
    *usage = no_usage();
}

/// The number of zombies.
fn zombie_count(w: &Inner) -> i64 {
    let zombie = |pid: &i64| crate::sys::process_table::is_zombie(*pid as i32);
    w.children().iter().filter(|pid| zombie(pid)).count() as i64
}

/// Microseconds since the first call of this function, plus 1.
fn elapsed_us() -> i64 {
    static FIRST: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    FIRST.get_or_init(Instant::now).elapsed().as_micros() as i64 + 1
}

/// Records whether the SIGCHLD action leaves no zombies.
fn track_auto_reap(w: &Inner, line: &mut Line) {
    if line.word() == "sigaction" && line.get("sig").as_deref() == Some("SIGCHLD") {
        let without = line.flag("nocldwait") || line.get("do").as_deref() == Some("ignore");
        w.swap(i64::from(without));
    }
}

pub(crate) const MUTANTS: &[Mutant] = &[
    blind("rusage-zero", "the rusage is all zeros", &linux::RUSAGE_LOWER_BOUND)
        .call(|w, r| w.map(r, |seen| seen.edit_usage(zero))),
    blind("rusage-self", "the rusage is the caller's own", &linux::RUSAGE_ISOLATED)
        .call(|w, r| w.map(r, |seen| seen.edit_usage(|usage| *usage = process::usage(Who::SelfProcess)))),
    blind(
        "rusage-all-children",
        "the rusage is the sum over all children so far",
        &linux::RUSAGE_ISOLATED,
    )
    .call(|w, r| w.map(r, |seen| seen.edit_usage(|usage| *usage = process::usage(Who::Children)))),
    blind("rusage-wall-clock", "ru_utime is the wall-clock time since the fork", &linux::RUSAGE_UPPER_BOUND)
        .after_reply(|w, request, reply| {
            if let ("spawn", Ok(pid)) = (request.word(), reply.number("pid")) {
                w.insert(pid, elapsed_us());
            }
        })
        .call(|w, r| {
            w.map(r, |seen| {
                if let Some(start) = seen.child().and_then(|pid| w.lookup(pid)) {
                    seen.edit_usage(|usage| usage.utime_us = Some(elapsed_us() - start));
                }
            })
        }),
    blind("rusage-maxrss-bytes", "ru_maxrss is in bytes", &linux::RUSAGE_MAXRSS_KILOBYTES)
        .call(|w, r| w.map(r, |seen| seen.edit_usage(|usage| usage.maxrss = usage.maxrss.map(|m| m * 1024)))),
    blind(
        "rusage-maxrss-current",
        "ru_maxrss is the size at exit, not the peak",
        &linux::RUSAGE_MAXRSS_PEAK,
    )
    .call(|w, r| {
        // By the time it exits, a child has freed all memory that it allocated.
        let initial = process::usage(Who::SelfProcess).maxrss;
        w.map(r, |seen| seen.edit_usage(|usage| usage.maxrss = usage.maxrss.min(initial)))
    }),
    blind(
        "children-credited-at-exit",
        "RUSAGE_CHILDREN grows when the child terminates",
        &posix::RUSAGE_CHILDREN_NOT_BEFORE_REAP,
    )
    .after_reply(|w, request, reply| credit(request, reply, zombie_count(w))),
    blind(
        "children-credited-on-stop",
        "every report of a stop adds the child's time to RUSAGE_CHILDREN",
        &posix::RUSAGE_CHILDREN_NOT_ON_STOP,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            w.add(i64::from(seen.is_stop()));
        })
    })
    .after_reply(|w, request, reply| credit(request, reply, w.value())),
    blind(
        "auto-reaped-children-credited",
        "children that leave no zombie are added to RUSAGE_CHILDREN",
        &posix::RUSAGE_CHILDREN_NOT_AUTO_REAPED,
    )
    .before_request(track_auto_reap)
    .after_reply(|w, request, reply| credit(request, reply, w.value())),
    blind(
        "children-maxrss-sum",
        "ru_maxrss of RUSAGE_CHILDREN is a sum",
        &linux::RUSAGE_CHILDREN_MAXRSS,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            w.add(i64::from(seen.is_termination() && !r.has(WNOWAIT)));
        })
    })
    .after_reply(|w, request, reply| {
        let reaped = w.value();
        edit_children(request, reply, |usage| usage.maxrss = usage.maxrss.map(|m| m * reaped.max(1)));
    }),
    from_catalogue(
        "children-maxrss-zero",
        "ru_maxrss of RUSAGE_CHILDREN is 0",
        &linux::RUSAGE_CHILDREN_MAXRSS,
    )
    .after_reply(|_, request, reply| edit_children(request, reply, |usage| usage.maxrss = usage.maxrss.map(|_| 0))),
    blind(
        "nowait-credits",
        "WNOWAIT adds the child's times to RUSAGE_CHILDREN",
        &posix::RUSAGE_CHILDREN_NOT_ON_PEEK,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            w.add(i64::from(seen.is_termination() && r.has(WNOWAIT)));
        })
    })
    .after_reply(|w, request, reply| credit(request, reply, w.value())),
    blind("wait3-zero-rusage", "wait3 fills the rusage with zeros", &linux::RUSAGE_WAIT3).call(|w, r| {
        w.map(r, |seen| {
            if r.call == Call::Wait3 {
                seen.edit_usage(zero);
            }
        })
    }),
    from_bug(
        "elfuse#162",
        "rusage-counted-per-event",
        "a child's usage is added once more per reported stop and continue",
        &posix::RUSAGE_CHILDREN_ONCE,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            w.add(i64::from(seen.child().is_some() && !seen.is_termination()));
        })
    })
    .after_reply(|w, request, reply| {
        let times = 1 + w.value();
        edit_children(request, reply, |usage| {
            usage.utime_us = usage.utime_us.map(|t| t * times);
            usage.stime_us = usage.stime_us.map(|t| t * times);
            usage.minflt = usage.minflt.map(|n| n * times);
        });
    }),
    from_bug(
        "Quark#596",
        "children-usage-is-self",
        "RUSAGE_CHILDREN is the same as RUSAGE_SELF",
        &posix::RUSAGE_CHILDREN_NOT_LIVE,
    )
    .after_reply(|_, request, reply| edit_children(request, reply, |usage| *usage = process::usage(Who::SelfProcess))),
    from_bug(
        "graphene#785",
        "children-usage-zero",
        "RUSAGE_CHILDREN is zero",
        &posix::RUSAGE_CHILDREN_AFTER_REAP,
    )
    .after_reply(|_, request, reply| edit_children(request, reply, zero)),
    from_bug(
        "bun#43308",
        "maxrss-of-largest-child",
        "ru_maxrss is that of the largest child so far",
        &linux::RUSAGE_ISOLATED,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            seen.edit_usage(|usage| {
                let largest = w.value().max(usage.maxrss.unwrap_or(0));
                w.swap(largest);
                usage.maxrss = Some(largest);
            })
        })
    }),
    from_catalogue("usage-times-swapped", "user and system time are swapped", &linux::RUSAGE_CPU_SPLIT).call(
        |w, r| {
            w.map(r, |seen| seen.edit_usage(|usage| std::mem::swap(&mut usage.utime_us, &mut usage.stime_us)))
        },
    ),
    from_catalogue(
        "usage-accumulates",
        "the usage of earlier children is added to that of later ones",
        &linux::RUSAGE_ISOLATED,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            seen.edit_usage(|usage| usage.utime_us = Some(w.add(usage.utime_us.unwrap_or(0))));
        })
    }),
    from_catalogue("usage-no-faults", "minor faults are not counted", &linux::RUSAGE_MINOR_FAULTS)
        .call(|w, r| w.map(r, |seen| seen.edit_usage(|usage| usage.minflt = Some(0)))),
    from_catalogue("usage-no-voluntary-switches", "voluntary context switches are not counted", &linux::RUSAGE_VOLUNTARY_SWITCHES)
        .call(|w, r| w.map(r, |seen| seen.edit_usage(|usage| usage.nvcsw = Some(0)))),
    from_catalogue(
        "usage-no-blocks",
        "blocks written are not counted",
        &linux::RUSAGE_BLOCKS_OUT,
    )
    .call(|w, r| w.map(r, |seen| seen.edit_usage(|usage| usage.oublock = Some(0)))),
    from_catalogue(
        "usage-half",
        "only half of the CPU time is reported",
        &linux::RUSAGE_CPU_SUM,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            seen.edit_usage(|usage| {
                usage.utime_us = usage.utime_us.map(|t| t / 2);
                usage.stime_us = usage.stime_us.map(|t| t / 2);
            })
        })
    }),
    from_catalogue("children-no-user-time", "RUSAGE_CHILDREN excludes user time", &linux::RUSAGE_CHILDREN_DELTA)
        .after_reply(|_, request, reply| edit_children(request, reply, |usage| usage.utime_us = Some(0))),
    from_catalogue("children-no-system-time", "RUSAGE_CHILDREN excludes system time", &linux::RUSAGE_CHILDREN_DELTA)
        .after_reply(|_, request, reply| edit_children(request, reply, |usage| usage.stime_us = Some(0))),
    from_catalogue("children-no-major-faults", "RUSAGE_CHILDREN excludes major faults", &linux::RUSAGE_CHILDREN_DELTA)
        .after_reply(|_, request, reply| edit_children(request, reply, |usage| usage.majflt = Some(0))),
    from_catalogue("children-no-blocks", "RUSAGE_CHILDREN excludes blocks written", &linux::RUSAGE_CHILDREN_DELTA)
        .after_reply(|_, request, reply| edit_children(request, reply, |usage| usage.oublock = Some(0))),
    from_catalogue("children-no-voluntary-switches", "RUSAGE_CHILDREN excludes voluntary context switches", &linux::RUSAGE_CHILDREN_DELTA)
        .after_reply(|_, request, reply| edit_children(request, reply, |usage| usage.nvcsw = Some(0))),
    from_catalogue("children-no-involuntary-switches", "RUSAGE_CHILDREN excludes involuntary context switches", &linux::RUSAGE_CHILDREN_DELTA)
        .after_reply(|_, request, reply| edit_children(request, reply, |usage| usage.nivcsw = Some(0))),
    from_catalogue("usage-no-blocks-read", "blocks read are not counted", &linux::RUSAGE_LOWER_BOUND)
        .call(|w, r| w.map(r, |seen| seen.edit_usage(|usage| usage.inblock = Some(0)))),
    from_catalogue("usage-maxrss-pages", "ru_maxrss is in pages", &linux::RUSAGE_MAXRSS_KILOBYTES)
        .call(|w, r| w.map(r, |seen| seen.edit_usage(|usage| usage.maxrss = usage.maxrss.map(|m| m / 4)))),
    from_catalogue("usage-time-not-normalized", "a time has 1,000,000 microseconds", &posix::RUSAGE_TIMEVAL_NORMALIZED)
        .call(|w, r| w.map(r, |seen| seen.edit_usage(|usage| usage.irregular = usage.irregular.map(|_| 1)))),
    from_catalogue("usage-ixrss-nonzero", "ru_ixrss is nonzero", &linux::RUSAGE_UNMAINTAINED_ZERO)
        .call(|w, r| w.map(r, |seen| seen.edit_usage(|usage| usage.others = usage.others.map(|_| 4)))),
    from_catalogue("children-usage-shrinks", "the times in RUSAGE_CHILDREN decrease", &posix::RUSAGE_CHILDREN_MONOTONIC).after_reply(
        |w, request, reply| {
            edit_children(request, reply, |usage| {
                let last = w.value();
                if last > 0 {
                    usage.utime_us = Some(last - 1);
                }
                w.swap(usage.utime_us.unwrap_or(0));
            });
        },
    ),
    from_catalogue(
        "killed-without-usage",
        "a child killed by a signal has zero usage",
        &linux::RUSAGE_KILLED,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            if seen.word().is_some_and(|word| is_termination(word) && libc::WIFSIGNALED(word)) {
                seen.edit_usage(zero);
            }
        })
    }),
    from_catalogue(
        "children-last-only",
        "RUSAGE_CHILDREN covers only the last child",
        &posix::RUSAGE_CHILDREN_SUM,
    )
    .after_reply(|w, request, reply| {
        edit_children(request, reply, |usage| {
            let previous = w.swap(usage.utime_us.unwrap_or(0));
            usage.utime_us = usage.utime_us.map(|t| t - previous);
        });
    }),
    from_catalogue(
        "live-children-credited",
        "RUSAGE_CHILDREN includes live children",
        &posix::RUSAGE_CHILDREN_NOT_LIVE,
    )
    .after_reply(|w, request, reply| {
        let lives = |pid: &&i64| matches!(crate::sys::process_table::read(**pid as i32), Ok(Some(p)) if p.state.is_asleep());
        let live = w.children().iter().filter(lives).count() as i64;
        credit(request, reply, live);
    }),
    from_catalogue(
        "children-with-self",
        "RUSAGE_CHILDREN includes the caller's own time",
        &posix::RUSAGE_CHILDREN_NOT_LIVE,
    )
    .after_reply(|w, request, reply| credit(request, reply, w.add(1))),
    from_catalogue(
        "children-credited-by-usage-calls-only",
        "only calls that return a rusage add to RUSAGE_CHILDREN",
        &posix::RUSAGE_CHILDREN_AFTER_REAP,
    )
    .call(|w, r| {
        if !matches!(r.call, Call::Wait3 | Call::Wait4) {
            w.swap(1);
        }
        w.real(r)
    })
    .after_reply(|w, request, reply| {
        if w.value() == 1 {
            edit_children(request, reply, zero);
        }
    }),
    from_catalogue(
        "zombie-usage-counted-twice",
        "reaping an existing zombie adds its usage twice",
        &posix::RUSAGE_CHILDREN_AFTER_REAP,
    )
    .call(|w, r| {
        let zombie = w.peek_for(r, WEXITED).is_some();
        w.map(r, |seen| {
            w.add(i64::from(zombie && seen.is_termination() && !r.has(WNOWAIT)));
        })
    })
    .after_reply(|w, request, reply| credit(request, reply, w.value())),
];
