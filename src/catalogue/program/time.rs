//! Programs that report what a program used: against the report of the command itself.
//!
//! What the command read of its own usage right before it exited is the lower bound of each figure, and apart from what an exit
//! costs the upper one. Figures that are printed with two digits are cut off.

use crate::scenario::{Scenario, Step};
use crate::spec::{Clause, posix, promise};
use crate::sys::call::abi::Usage;
use crate::trial::program::{How, Trial};
use crate::trial::{Abort, Outcome, Shown, cases};
use crate::wait::Signal;
use std::time::Instant;

cases! { program "time";

    /// the times that are printed are those of the command
    times(TIME) => [posix::TIME_USER, posix::TIME_SYSTEM];

    /// the times that are printed have those of a descendant that the command reaped
    descendants(TIME) => [promise::TIME_COUNTS_DESCENDANTS];

    /// the peak of memory that is printed is that of the command
    peak(TIME) => [promise::TIME_PEAK];

    /// the page faults that are printed are those of the command
    faults(TIME) => [promise::TIME_FAULTS];

    /// the context switches that are printed are those of the command
    switches(TIME) => [promise::TIME_SWITCHES];

    /// the exit status that is printed is that of the command
    prints_status(TIME) => [promise::TIME_PRINTS_STATUS];

    /// of a command that a signal killed no success is printed
    prints_signal(TIME) => [promise::TIME_PRINTS_STATUS];
}

/// What stands before a figure in the outputs that are known: of POSIX's `-p` and shells, of GNU's `-v` and busybox's.
const USER: &[&str] = &["User time (seconds): ", "user "];
const SYSTEM: &[&str] = &["System time (seconds): ", "sys "];
const PEAK: &[&str] = &["Maximum resident set size (kbytes): ", "maxrss "];
const MINOR: &[&str] = &["Minor (reclaiming a frame) page faults: ", "minor "];
const VOLUNTARY: &[&str] = &["Voluntary context switches: ", "voluntary "];
const INVOLUNTARY: &[&str] = &["Involuntary context switches: ", "involuntary "];
const STATUS: &[&str] = &["Exit status: ", "status "];

/// How far a time is off that is cut off after two digits, in microseconds.
const CUT: i64 = 10_000;
/// What exiting may cost, in microseconds, in faults or switches, and in KiB.
const CPU_SLACK: i64 = 20_000;
const COUNT_SLACK: i64 = 64;
const KIB_SLACK: i64 = 2 * 1024;

/// The number behind one of these words.
fn number(text: &str, words: &[&str]) -> Option<f64> {
    let rest = words.iter().find_map(|word| {
        let lines = text.lines().map(|line| line.replace('\t', " "));
        lines.filter_map(|line| line.trim_start().strip_prefix(word).map(str::to_owned)).next_back()
    })?;
    let rest = rest.trim();
    // bash writes 0m0.123s.
    if let Some((minutes, seconds)) = rest.strip_suffix('s').and_then(|text| text.split_once('m')) {
        return Some(minutes.parse::<f64>().ok()? * 60.0 + seconds.parse::<f64>().ok()?);
    }
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    rest[..end].parse().ok()
}

/// What a run printed, and what its command read of its own usage, and of the children that it reaped.
struct Run {
    printed: String,
    own: Usage,
    reaped: Usage,
    since: Instant,
}

/// A run whose command does these steps, reports and exits with 7.
fn run(t: &mut Trial, steps: &[Step]) -> Result<Run, Abort> {
    let child = t.spawn_how(How::default(), Scenario::held())?;
    for step in steps {
        t.tell(&child, step.clone())?;
    }
    let since = Instant::now();
    t.tell(&child, Step::exit(7).reported())?;
    let (own, reaped) = t.last_usage(&child)?;
    t.exit()?;
    let output = t.output()?;
    Ok(Run { printed: output.err + &output.out, own, reaped, since })
}

impl Run {
    /// A figure, where the program prints it.
    fn figure(&self, words: &[&str]) -> Option<f64> {
        number(&self.printed, words)
    }

    /// A time in microseconds.
    fn time(&self, words: &[&str]) -> Option<i64> {
        self.figure(words).map(|seconds| (seconds * 1e6).round() as i64)
    }

    /// The bounds of a time.
    fn bounds(&self, field: fn(&Usage) -> Option<i64>) -> (i64, i64) {
        let used = field(&self.own).unwrap_or(0) + field(&self.reaped).unwrap_or(0);
        let since = i64::try_from(self.since.elapsed().as_micros()).unwrap_or(i64::MAX / 2);
        (used - CUT, used + CPU_SLACK + CUT + since)
    }
}

fn within(
    t: &mut Trial,
    clause: &'static Clause,
    what: &str,
    got: Option<i64>,
    (low, high): (i64, i64),
) -> Outcome {
    if got.is_none() {
        return t.expect(clause).not_observed("the program does not print it");
    }
    t.expect(clause).within(what, got, low, high)
}

fn times(t: &mut Trial) -> Outcome {
    let run = run(t, &[Step::BurnUser { us: 80_000 }, Step::BurnSystem { us: 40_000 }])?;
    within(t, &posix::TIME_USER, "user time (us)", run.time(USER), run.bounds(|u| u.utime_us))?;
    within(t, &posix::TIME_SYSTEM, "system time (us)", run.time(SYSTEM), run.bounds(|u| u.stime_us))
}

fn descendants(t: &mut Trial) -> Outcome {
    let steps = vec![Step::BurnUser { us: 100_000 }, Step::exit(0)];
    let forks = Step::Fork(crate::scenario::Offspring { token: None, orphan: false, steps });
    let run = run(t, &[forks, Step::Wait { pid: 0 }])?;
    let bounds = run.bounds(|u| u.utime_us);
    within(t, &promise::TIME_COUNTS_DESCENDANTS, "user time (us)", run.time(USER), bounds)
}

fn peak(t: &mut Trial) -> Outcome {
    let run = run(t, &[Step::Allocate { bytes: 32 << 20 }])?;
    let own = run.own.maxrss.unwrap_or(0);
    let got = run.figure(PEAK).map(|kib| kib as i64);
    within(t, &promise::TIME_PEAK, "peak (KiB)", got, (own - KIB_SLACK, own + KIB_SLACK))
}

/// A figure that counts.
fn counted(
    t: &mut Trial,
    clause: &'static Clause,
    what: &str,
    got: Option<f64>,
    own: Option<i64>,
) -> Outcome {
    let own = own.unwrap_or(0);
    within(t, clause, what, got.map(|n| n as i64), (own, own + COUNT_SLACK))
}

fn faults(t: &mut Trial) -> Outcome {
    let run = run(t, &[Step::MinorFaults { count: 500 }])?;
    counted(t, &promise::TIME_FAULTS, "minor faults", run.figure(MINOR), run.own.minflt)
}

fn switches(t: &mut Trial) -> Outcome {
    let run = run(t, &[Step::VoluntarySwitches { count: 300 }])?;
    counted(t, &promise::TIME_SWITCHES, "voluntary switches", run.figure(VOLUNTARY), run.own.nvcsw)?;
    // The preempted are not ours to count: at least those it knew of.
    let own = run.own.nivcsw.unwrap_or(0);
    let got = run.figure(INVOLUNTARY).map(|n| n as i64);
    within(t, &promise::TIME_SWITCHES, "involuntary switches", got, (own, own + 300))
}

fn prints_status(t: &mut Trial) -> Outcome {
    let run = run(t, &[])?;
    within(t, &promise::TIME_PRINTS_STATUS, "exit status", run.figure(STATUS).map(|n| n as i64), (7, 7))
}

fn prints_signal(t: &mut Trial) -> Outcome {
    for signal in [Signal::TERM, Signal::KILL] {
        let child = t.spawn(Scenario::held())?;
        t.signal(&child, signal)?;
        let ran = t.exit()?;
        let output = t.output()?;
        let printed = number(&(output.err + &output.out), STATUS).map(|n| n as i64);
        let Some(printed) = printed else {
            return t.expect(&promise::TIME_PRINTS_STATUS).not_observed("the program does not print it");
        };
        let got = format!("exit status {printed} printed, and {}", ran.outcome());
        t.expect(&promise::TIME_PRINTS_STATUS).that(printed != 0, "no exit status 0", got)?;
    }
    Ok(())
}
