//! What the cases of resource usage share: what a child says of itself, and how two readings of its usage are compared.
//!
//! What a child was told by getrusage right before it ended is a lower bound of every field, and an upper one but for
//! what ending costs. The CPU time that this takes is well below a millisecond, and some pages and switches of the report
//! and the exit; the bounds leave room for a tracer, an emulator and a busy machine. A guest that is given no processor for a
//! while takes that for time that its process used: what the clock on the wall allows is never too much.

use crate::scenario::{Scenario, Step};
use crate::spec::{Clause, linux};
use crate::sys::call::abi::{Call, Pointer, Usage};
use crate::trial::{Abort, Calls, Change, Child, Options, Outcome, Seen, Target, Trial, together};
use std::time::Instant;

/// The calls that can report usage; `waitid` as a raw system call.
pub(crate) const REPORTING: Calls = Calls::only(&[Call::Wait3, Call::Wait4, Call::Wait6, Call::Waitid]);

/// How far CPU times may be off, in microseconds: less than a burn, more than a tick of a clock that has no finer one.
pub(crate) const CPU_SLACK: i64 = 20_000;
/// How many faults and switches ending may take.
pub(crate) const ENDING_COUNT: i64 = 64;
/// How far ru_maxrss may grow while a child ends, or be off by what its processors have not added up: KiB.
const ENDING_KIB: i64 = 2 * 1024;

/// A field of a usage, with the most that ending adds to it. `None`: as much as the surroundings please.
type Field = (&'static str, fn(&Usage) -> Option<i64>, Option<i64>);

pub(crate) const FIELDS: [Field; 9] = [
    ("ru_utime (us)", |u| u.utime_us, None),
    ("ru_stime (us)", |u| u.stime_us, None),
    ("ru_maxrss (KiB)", |u| u.maxrss, Some(ENDING_KIB)),
    ("ru_minflt", |u| u.minflt, Some(ENDING_COUNT)),
    ("ru_majflt", |u| u.majflt, None),
    ("ru_inblock", |u| u.inblock, None),
    ("ru_oublock", |u| u.oublock, None),
    ("ru_nvcsw", |u| u.nvcsw, Some(ENDING_COUNT)),
    ("ru_nivcsw", |u| u.nivcsw, None),
];

/// One field of a usage.
type Getter = fn(&Usage) -> Option<i64>;

/// Fields that nothing is added to once a process has ended.
const SETTLED: [(&str, Getter); 4] = [
    ("ru_minflt", |u| u.minflt),
    ("ru_majflt", |u| u.majflt),
    ("ru_inblock", |u| u.inblock),
    ("ru_oublock", |u| u.oublock),
];

/// Fields that grow as long as it is on its way off its processor.
const MOVING: [(&str, Getter); 4] = [
    ("ru_utime (us)", |u| u.utime_us),
    ("ru_stime (us)", |u| u.stime_us),
    ("ru_nvcsw", |u| u.nvcsw),
    ("ru_nivcsw", |u| u.nivcsw),
];

/// The trial's call with a buffer for the usage, which `waitid` is given only if it is asked for.
pub(crate) fn wait_usage(t: &mut Trial, target: Target<'_>, options: Options) -> Result<Seen, Abort> {
    let mut request = t.ask(target, options);
    request.rusage = Pointer::Buffer;
    t.perform(request)
}

/// One field of the usage that a call reported lies between two bounds.
pub(crate) fn field_within(
    t: &mut Trial,
    clause: &'static Clause,
    seen: &Seen,
    (what, field): (&str, fn(&Usage) -> Option<i64>),
    (low, high): (i64, i64),
) -> Outcome {
    let got = seen.usage().as_ref().and_then(field);
    if got.is_none() && seen.shows_memory() {
        return t.expect(clause).that(false, format!("{what} written"), "it was not written");
    }
    t.expect(clause).within(what, got, low, high)
}

/// What a child used by its own account, and when it was told to end.
pub(crate) struct Account {
    pub(crate) own: Usage,
    told: Instant,
}

impl Account {
    /// Of a child that was told to end at that time, or later.
    pub(crate) fn new(own: Usage, told: Instant) -> Account {
        Account { own, told }
    }

    /// The most CPU time that it can have used now that it has ended, in microseconds: after its account no more than the
    /// time that went by, however slow the machine is.
    pub(crate) fn most_cpu(&self) -> i64 {
        let since = i64::try_from(self.told.elapsed().as_micros()).unwrap_or(i64::MAX / 2);
        self.own.cpu_us().unwrap_or(0) + CPU_SLACK + since
    }
}

/// Tells a held child to give its account, of those that it took as well, and to exit with 7.
pub(crate) fn end(t: &mut Trial, child: &Child) -> Result<Account, Abort> {
    let told = Instant::now();
    t.tell(child, Step::exit(7).reported())?;
    let (own, children) = t.last_usage(child)?;
    Ok(Account { own: together(&own, &children), told })
}

/// Ends the only child as [`end`] does, and waits for it.
pub(crate) fn end_and_take(
    t: &mut Trial,
    child: &Child,
    clause: &'static Clause,
) -> Result<(Seen, Account), Abort> {
    let account = end(t, child)?;
    let seen = wait_usage(t, Target::Any, Options::NONE)?;
    t.expect(clause).reports(&seen, child, Change::Exited(7))?;
    Ok((seen, account))
}

/// Waits for the only child, which exits with 7, and has what it wrote about itself right before.
pub(crate) fn take(t: &mut Trial, child: &Child, clause: &'static Clause) -> Result<(Seen, Usage), Abort> {
    let (own, children) = t.last_usage(child)?;
    let seen = wait_usage(t, Target::Any, Options::NONE)?;
    t.expect(clause).reports(&seen, child, Change::Exited(7))?;
    Ok((seen, together(&own, &children)))
}

/// A held child that did something of each that costs little.
pub(crate) fn busy(t: &mut Trial) -> Result<Child, Abort> {
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::Allocate { bytes: 4 << 20 })?;
    t.tell(&child, Step::MinorFaults { count: 300 })?;
    t.tell(&child, Step::VoluntarySwitches { count: 5 })?;
    Ok(child)
}

/// No field of the usage is less than what the child wrote about itself right before its end.
pub(crate) fn at_least_own(t: &mut Trial, seen: &Seen, own: &Usage) -> Outcome {
    for (what, field, _) in FIELDS {
        let Some(own) = field(own) else { continue };
        field_within(t, &linux::RUSAGE_LOWER_BOUND, seen, (what, field), (own, i64::MAX))?;
    }
    Ok(())
}

/// Whether two readings of what a child used are the same.
pub(crate) enum Same {
    Yes,
    /// The second is larger: the child had ended, but was still on its way off its processor.
    No {
        clause: &'static Clause,
        expected: String,
        got: String,
    },
}

impl Same {
    /// Both are.
    pub(crate) fn and(self, other: Same) -> Same {
        if matches!(self, Same::Yes) { other } else { self }
    }
}

/// Compares two readings of a child's usage, with another child as long as they differ: of so many not each is on its way off
/// its processor at that very moment, while a system that tells two values tells them of each.
pub(crate) fn exact_once(
    t: &mut Trial,
    mut compare: impl FnMut(&mut Trial) -> Result<Same, Abort>,
) -> Outcome {
    const CHILDREN: usize = 20;
    for left in (0..CHILDREN).rev() {
        match compare(t)? {
            Same::Yes => break,
            Same::No { clause, expected, got } if left == 0 => {
                return t.expect(clause).that(false, format!("{expected}, of one child of {CHILDREN}"), got);
            }
            Same::No { .. } => {}
        }
    }
    Ok(())
}

/// Compares two readings of the usage of a child that has ended: `reading` and what it is to be. Counts that are settled must be
/// so; those that move must be no less than `least`, times no less but for `off` microseconds.
fn compared(
    t: &mut Trial,
    clause: &'static Clause,
    words: &str,
    [reading, other, least]: [&dyn Fn(Getter) -> Option<i64>; 3],
    off: i64,
) -> Result<Same, Abort> {
    let words = |what, other: Option<i64>| words.replace("{}", what) + &format!(" {}", other.unwrap_or(-1));
    for (what, field) in SETTLED {
        let other = other(field);
        let bounds = (other.unwrap_or(i64::MIN), other.unwrap_or(i64::MAX));
        t.expect(clause).within(&words(what, other), reading(field), bounds.0, bounds.1)?;
    }
    let mut same = Same::Yes;
    for (what, field) in MOVING {
        let off = if what.ends_with("(us)") { off } else { 0 };
        let (got, other) = (reading(field), other(field));
        let expected = words(what, other);
        let least = least(field).map_or(i64::MIN, |least| least - off);
        t.expect(clause).within(&expected, got, least, i64::MAX)?;
        if let Some((got, other)) = got.zip(other)
            && got.abs_diff(other) > off.unsigned_abs()
        {
            same = Same::No { clause, expected, got: got.to_string() };
        }
    }
    Ok(same)
}

/// RUSAGE_CHILDREN has grown since by what was reported. The system reads the usage of what it takes twice, for the one and for
/// the other: of time and switches a child that is still on its way off its processor has more the second time, and never less
/// than what it wrote about itself. Times are kept finer than they are told: each may be off by one microsecond.
pub(crate) fn grown_as_reported(
    t: &mut Trial,
    seen: &Seen,
    before: &Usage,
    own: &Usage,
) -> Result<Same, Abort> {
    let now = t.usage_of_children()?;
    let growth = |field: Getter| Some(field(&now)? - field(before)?);
    let reported = |field: Getter| seen.usage().as_ref().and_then(field);
    let words = "growth of {}, which was reported to be";
    compared(t, &linux::RUSAGE_CHILDREN_DELTA, words, [&growth, &reported, &|field| field(own)], 1)
}

/// A later report of a zombie's usage is what an earlier one was.
pub(crate) fn reported_again(
    t: &mut Trial,
    clause: &'static Clause,
    before: &Seen,
    now: &Seen,
) -> Result<Same, Abort> {
    let (before, now) = (before.usage().unwrap_or_default(), now.usage().unwrap_or_default());
    let size = before.maxrss.unwrap_or(0);
    t.expect(clause).within("ru_maxrss (KiB)", now.maxrss, size, size)?;
    let was = |field: Getter| field(&before);
    compared(t, clause, "{}, which was", [&|field| field(&now), &was, &was], 0)
}
