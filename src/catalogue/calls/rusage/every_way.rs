//! Every field of a usage, whichever way the call finds the child.

use super::bounds::{at_least, spawn_busy};
use crate::catalogue::calls::select::alike::When;
use crate::scenario::Step;
use crate::spec::linux;
use crate::sys::call::abi::{Call, Pointer};
use crate::trial::cases;
use crate::trial::{Calls, Change, Child, Needs, Options, Outcome, Target, Trial};
use crate::wait::Signal;

cases! { "rusage-way";

    /// each field is filled for a child that a wait finds as any, by its pid and by its group, ready, asleep and with WNOHANG
    by_every_target(ANY | PID | GROUP; NOHANG | UNTRACED | CONTINUED) in Calls::only(&[Call::Wait4, Call::Wait6, Call::Waitid]),
        needs Needs::NOTHING.burning() => [linux::RUSAGE_EVERY_WAY];

    /// and for the stop of such a child
    of_stops(ANY | PID | GROUP; UNTRACED) in Calls::only(&[Call::Wait4, Call::Wait6, Call::Waitid]),
        needs Needs::NOTHING.burning() => [linux::RUSAGE_EVERY_WAY];
}

/// CPU time that a coarse clock shows, in microseconds.
const BURN: u64 = 6_000;

fn target(way: usize, child: &Child) -> Target<'_> {
    [Target::Any, Target::Child(child), Target::Group(child)][way % 3]
}

/// A busy child in a group of its own that has used both kinds of time.
fn worker(t: &mut Trial) -> Result<Child, crate::trial::Abort> {
    let child = spawn_busy(t)?;
    t.tell(&child, Step::Setpgid { pgid: 0 })?;
    t.tell(&child, Step::BurnUser { us: BURN })?;
    t.tell(&child, Step::BurnSystem { us: BURN })?;
    Ok(child)
}

fn by_every_target(t: &mut Trial) -> Outcome {
    let clause = &linux::RUSAGE_EVERY_WAY;
    // Each way once asleep, and each moment once.
    let ways = [
        (0, When::Asleep),
        (1, When::Asleep),
        (2, When::Asleep),
        (0, When::NoHang),
        (1, When::Ready),
        (2, When::Ready),
    ];
    for (way, when) in ways {
        let child = worker(t)?;
        let (own, _) = t.usage_so_far(&child)?;
        let nohang = if when == When::NoHang { Options::NOHANG } else { Options::NONE };
        // Whether the call asks for other events, too, makes no difference.
        let events = if way == 1 { Options::UNTRACED | Options::CONTINUED } else { Options::NONE };
        let mut request = t.ask(target(way, &child), nohang | events);
        request.rusage = Pointer::Buffer;
        let seen = if when == When::Asleep {
            let pending = t.begin_request(request)?;
            t.expect(clause).blocks(&pending)?;
            t.tell(&child, Step::exit(7))?;
            t.finish(pending)?
        } else {
            t.tell(&child, Step::exit(7))?;
            t.await_zombie(&child)?;
            t.perform(request)?
        };
        t.expect(clause).reports(&seen, &child, Change::Exited(7))?;
        at_least(t, clause, &seen, &own)?;
    }
    Ok(())
}

fn of_stops(t: &mut Trial) -> Outcome {
    let clause = &linux::RUSAGE_EVERY_WAY;
    let child = worker(t)?;
    for way in 0..3 {
        for asleep in [false, true] {
            let (own, _) = t.usage_so_far(&child)?;
            let mut request = t.ask(target(way, &child), Options::UNTRACED);
            request.rusage = Pointer::Buffer;
            let seen = if asleep {
                let pending = t.begin_request(request)?;
                t.expect(clause).blocks(&pending)?;
                t.signal(&child, Signal::STOP)?;
                t.finish(pending)?
            } else {
                t.signal(&child, Signal::STOP)?;
                t.await_stopped(&child)?;
                t.perform(request)?
            };
            t.expect(clause).reports(&seen, &child, Change::Stopped(Signal::STOP))?;
            at_least(t, clause, &seen, &own)?;
            t.signal(&child, Signal::CONT)?;
        }
    }
    Ok(())
}
