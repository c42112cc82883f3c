//! Shared by the resource usage cases: what a child reports about itself, and the comparison of two readings of its usage.
//!
//! What getrusage returned to a child right before it exited is a lower bound of every field, and an upper bound apart from
//! the cost of exiting: CPU time well below a millisecond, and a few page faults and switches for the report and the exit. The
//! bounds leave room for a tracer, an emulator and a busy machine. A guest whose virtual CPU is descheduled may account that
//! time to its process, so elapsed wall-clock time is never too much.

use crate::scenario::{Scenario, Step};
use crate::spec::{Clause, linux};
use crate::sys::call::abi::{Call, Pointer, Usage};
use crate::trial::{Abort, Calls, Change, Child, Options, Outcome, Seen, Target, Trial, together};
use std::time::Instant;

/// The calls that can report usage; `waitid` only as a raw system call.
pub(crate) const REPORTING: Calls = Calls::only(&[Call::Wait3, Call::Wait4, Call::Wait6, Call::Waitid]);

/// Tolerance of CPU times, in microseconds: less than a burn, more than the tick of a clock that has nothing finer.
pub(crate) const CPU_SLACK: i64 = 20_000;
/// The number of faults or switches that exiting may cost.
pub(crate) const EXIT_COUNT: i64 = 64;
/// How far ru_maxrss may grow during exit, or be off by unsummed per-CPU counts, in KiB.
const EXIT_KIB: i64 = 2 * 1024;

/// A field of a usage, with the maximum that exiting adds to it; `None`: unbounded.
type Field = (&'static str, fn(&Usage) -> Option<i64>, Option<i64>);

pub(crate) const FIELDS: [Field; 9] = [
    ("ru_utime (us)", |u| u.utime_us, None),
    ("ru_stime (us)", |u| u.stime_us, None),
    ("ru_maxrss (KiB)", |u| u.maxrss, Some(EXIT_KIB)),
    ("ru_minflt", |u| u.minflt, Some(EXIT_COUNT)),
    ("ru_majflt", |u| u.majflt, None),
    ("ru_inblock", |u| u.inblock, None),
    ("ru_oublock", |u| u.oublock, None),
    ("ru_nvcsw", |u| u.nvcsw, Some(EXIT_COUNT)),
    ("ru_nivcsw", |u| u.nivcsw, None),
];

/// One field of a usage.
type Getter = fn(&Usage) -> Option<i64>;

/// Fields that no longer change once a process has exited.
const SETTLED: [(&str, Getter); 4] = [
    ("ru_minflt", |u| u.minflt),
    ("ru_majflt", |u| u.majflt),
    ("ru_inblock", |u| u.inblock),
    ("ru_oublock", |u| u.oublock),
];

/// Fields that still grow while an exited process is being switched out.
const MOVING: [(&str, Getter); 4] = [
    ("ru_utime (us)", |u| u.utime_us),
    ("ru_stime (us)", |u| u.stime_us),
    ("ru_nvcsw", |u| u.nvcsw),
    ("ru_nivcsw", |u| u.nivcsw),
];

/// The trial's call with a usage buffer, which `waitid` gets only on request.
pub(crate) fn wait_usage(t: &mut Trial, target: Target<'_>, options: Options) -> Result<Seen, Abort> {
    let mut request = t.ask(target, options);
    request.rusage = Pointer::Buffer;
    t.perform(request)
}

/// One field of the reported usage lies between two bounds.
pub(crate) fn field_within(
    t: &mut Trial,
    clause: &'static Clause,
    seen: &Seen,
    (what, field): (&str, fn(&Usage) -> Option<i64>),
    (low, high): (i64, i64),
) -> Outcome {
    let got = seen.usage().as_ref().and_then(field);
    if got.is_none() && seen.shows_memory() {
        return t.expect(clause).that(false, format!("{what} written"), "not written");
    }
    t.expect(clause).within(what, got, low, high)
}

/// What a child used, by its own account, and when it was told to exit.
pub(crate) struct Account {
    pub(crate) own: Usage,
    told_at: Instant,
}

impl Account {
    /// The account of a child that was told to exit at that time or later.
    pub(crate) fn new(own: Usage, told_at: Instant) -> Account {
        Account { own, told_at }
    }

    /// The maximum CPU time, in microseconds, that it can have used now that it has exited: after its account, at most the elapsed
    /// time, however slow the machine is.
    pub(crate) fn most_cpu(&self) -> i64 {
        let since = i64::try_from(self.told_at.elapsed().as_micros()).unwrap_or(i64::MAX / 2);
        self.own.cpu_us().unwrap_or(0) + CPU_SLACK + since
    }
}

impl Account {
    /// Whether the upper bound of the CPU time is well below a burn. On a busy machine an exit may take so long that it is not.
    pub(crate) fn is_sharp(&self) -> bool {
        let since = i64::try_from(self.told_at.elapsed().as_micros()).unwrap_or(i64::MAX);
        since < CPU_SLACK / 4
    }
}

/// Tries several children, until the upper bound on the CPU time of one is sharp; each is judged.
pub(crate) fn until_sharp(
    t: &mut Trial,
    mut attempt: impl FnMut(&mut Trial) -> Result<bool, Abort>,
) -> Outcome {
    const ATTEMPTS: usize = 8;
    for _ in 0..ATTEMPTS {
        if attempt(t)? {
            break;
        }
    }
    Ok(())
}

/// Has a held child report its usage, including that of its reaped children, and exit with 7.
pub(crate) fn report_and_exit(t: &mut Trial, child: &Child) -> Result<Account, Abort> {
    let told_at = Instant::now();
    t.tell(child, Step::exit(7).reported())?;
    let (own, children) = t.last_usage(child)?;
    Ok(Account { own: together(&own, &children), told_at })
}

/// Has the only child exit as [`report_and_exit`] does, and reaps it.
pub(crate) fn exit_and_reap(
    t: &mut Trial,
    child: &Child,
    clause: &'static Clause,
) -> Result<(Seen, Account), Abort> {
    let account = report_and_exit(t, child)?;
    let seen = wait_usage(t, Target::Any, Options::NONE)?;
    t.expect(clause).reports(&seen, child, Change::Exited(7))?;
    Ok((seen, account))
}

/// Reaps the only child, which exits with 7; returns the call's report and what the child reported about itself.
pub(crate) fn reap(t: &mut Trial, child: &Child, clause: &'static Clause) -> Result<(Seen, Usage), Abort> {
    let (own, children) = t.last_usage(child)?;
    let seen = wait_usage(t, Target::Any, Options::NONE)?;
    t.expect(clause).reports(&seen, child, Change::Exited(7))?;
    Ok((seen, together(&own, &children)))
}

/// A held child that has used a little of each: memory, faults and switches.
pub(crate) fn spawn_busy(t: &mut Trial) -> Result<Child, Abort> {
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::Allocate { bytes: 4 << 20 })?;
    t.tell(&child, Step::MinorFaults { count: 300 })?;
    t.tell(&child, Step::VoluntarySwitches { count: 5 })?;
    Ok(child)
}

/// No field of the reported usage is less than what the child reported about itself right before it exited.
pub(crate) fn at_least_own(t: &mut Trial, seen: &Seen, own: &Usage) -> Outcome {
    at_least(t, &linux::RUSAGE_LOWER_BOUND, seen, own)
}

/// The same for another clause.
pub(crate) fn at_least(t: &mut Trial, clause: &'static Clause, seen: &Seen, own: &Usage) -> Outcome {
    for (what, field, _) in FIELDS {
        let Some(own) = field(own) else { continue };
        field_within(t, clause, seen, (what, field), (own, i64::MAX))?;
    }
    Ok(())
}

/// Whether two readings of a child's usage are equal.
pub(crate) enum Same {
    Yes,
    /// The second is larger: the child had exited, but was still being switched out.
    No {
        clause: &'static Clause,
        expected: String,
        got: String,
    },
}

impl Same {
    /// Equal only if both are.
    pub(crate) fn and(self, other: Same) -> Same {
        if matches!(self, Same::Yes) { other } else { self }
    }
}

/// Compares two readings of a child's usage, with up to 20 children until they agree: it is implausible that every one of them
/// is still being switched out at that moment, while a system that reports two values does so for each.
pub(crate) fn exact_once(
    t: &mut Trial,
    mut compare: impl FnMut(&mut Trial) -> Result<Same, Abort>,
) -> Outcome {
    const CHILDREN: usize = 20;
    for left in (0..CHILDREN).rev() {
        match compare(t)? {
            Same::Yes => break,
            Same::No { clause, expected, got } if left == 0 => {
                return t.expect(clause).that(
                    false,
                    format!("{expected}, for at least one of {CHILDREN} children"),
                    got,
                );
            }
            Same::No { .. } => {}
        }
    }
    Ok(())
}

/// Compares two readings of an exited child's usage: `reading`, and `other`, which it should equal. Settled counts must be equal;
/// moving ones must be at least `least`, with a tolerance of `off` microseconds for times.
fn compare(
    t: &mut Trial,
    clause: &'static Clause,
    label: &str,
    [reading, other, least]: [&dyn Fn(Getter) -> Option<i64>; 3],
    off: i64,
) -> Result<Same, Abort> {
    let label = |what, other: Option<i64>| label.replace("{}", what) + &format!(" {}", other.unwrap_or(-1));
    for (what, field) in SETTLED {
        let other = other(field);
        let bounds = (other.unwrap_or(i64::MIN), other.unwrap_or(i64::MAX));
        t.expect(clause).within(&label(what, other), reading(field), bounds.0, bounds.1)?;
    }
    let mut same = Same::Yes;
    for (what, field) in MOVING {
        let off = if what.ends_with("(us)") { off } else { 0 };
        let (got, other) = (reading(field), other(field));
        let expected = label(what, other);
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

/// RUSAGE_CHILDREN has grown by the reported usage. The kernel reads the usage of the child it reaps twice, once for each: a
/// child that is still being switched out may show more time and switches the second time, and never less than what it reported
/// about itself. Times are kept at a finer resolution than reported, so each may be off by one microsecond.
pub(crate) fn grown_as_reported(
    t: &mut Trial,
    seen: &Seen,
    before: &Usage,
    own: &Usage,
) -> Result<Same, Abort> {
    let now = t.usage_of_children()?;
    let growth = |field: Getter| Some(field(&now)? - field(before)?);
    let reported = |field: Getter| seen.usage().as_ref().and_then(field);
    let label = "growth of {}, reported as";
    compare(t, &linux::RUSAGE_CHILDREN_DELTA, label, [&growth, &reported, &|field| field(own)], 1)
}

/// A later report of a zombie's usage equals an earlier one.
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
    compare(t, clause, "{}, previously", [&|field| field(&now), &was, &was], 0)
}
