//! Programs that report another program's resource usage, compared with the command's own report.
//!
//! The usage that the command read right before it exited is the lower bound of each figure and, apart from the cost of exiting,
//! the upper bound. Figures printed with two digits are truncated.

use crate::scenario::{Scenario, Step};
use crate::spec::{Clause, posix, promise};
use crate::sys::call::abi::Usage;
use crate::trial::program::Trial;
use crate::trial::{Abort, Child, Outcome, Shown, cases};
use crate::wait::Signal;
use std::time::Instant;

cases! { program "time";

    /// the printed times are those of the command
    times(TIME) => [posix::TIME_USER, posix::TIME_SYSTEM];

    /// the times are printed to standard error
    to_stderr(TIME) => [posix::TIME_STDERR];

    /// the printed usage does not include that of children that the process had before
    earlier_children(TIME) => [posix::TIME_USER, posix::TIME_SYSTEM, promise::TIME_PEAK, promise::TIME_FAULTS];

    /// the printed real time is that from the start to the exit
    real(TIME) => [posix::TIME_REAL];

    /// the printed times include those of a descendant that the command reaped
    descendants(TIME) => [promise::TIME_COUNTS_DESCENDANTS];

    /// the printed peak memory usage is that of the command
    peak(TIME) => [promise::TIME_PEAK];

    /// the printed page faults are those of the command
    faults(TIME) => [promise::TIME_FAULTS];

    /// the printed context switches are those of the command
    switches(TIME) => [promise::TIME_SWITCHES];

    /// the printed exit status is that of the command
    prints_status(TIME) => [promise::TIME_PRINTS_STATUS];

    /// for a command killed by a signal, the printed exit status does not indicate success
    prints_signal(TIME) => [promise::TIME_PRINTS_STATUS];
}

/// The labels of figures in known output formats: POSIX's `-p` and shells, `-v` of GNU and busybox.
const REAL: &[&str] = &["Elapsed (wall clock) time (h:mm:ss or m:ss): ", "real "];
const USER: &[&str] = &["User time (seconds): ", "user "];
const SYSTEM: &[&str] = &["System time (seconds): ", "sys "];
const PEAK: &[&str] = &["Maximum resident set size (kbytes): ", "maxrss "];
const MINOR: &[&str] = &["Minor (reclaiming a frame) page faults: ", "minor "];
const VOLUNTARY: &[&str] = &["Voluntary context switches: ", "voluntary "];
const INVOLUNTARY: &[&str] = &["Involuntary context switches: ", "involuntary "];
const STATUS: &[&str] = &["Exit status: ", "status "];

/// The maximum error of a time truncated after two digits, in microseconds.
const CUT: i64 = 10_000;
/// The maximum cost of exiting, in microseconds, in faults or switches, and in KiB.
const CPU_SLACK: i64 = 20_000;
const COUNT_SLACK: i64 = 64;
const KIB_SLACK: i64 = 2 * 1024;

/// The number after one of these labels.
fn number(text: &str, words: &[&str]) -> Option<f64> {
    let rest = words.iter().find_map(|word| {
        let lines = text.lines().map(|line| line.replace('\t', " "));
        lines.filter_map(|line| line.trim_start().strip_prefix(word).map(str::to_owned)).next_back()
    })?;
    let rest = rest.trim();
    // GNU writes 0:00.12.
    if let Some((minutes, seconds)) = rest.split_once(':') {
        return Some(minutes.parse::<f64>().ok()? * 60.0 + seconds.parse::<f64>().ok()?);
    }
    // bash writes 0m0.123s, busybox 0m 0.12s.
    if let Some((minutes, seconds)) = rest.strip_suffix('s').and_then(|text| text.split_once('m')) {
        return Some(minutes.parse::<f64>().ok()? * 60.0 + seconds.trim().parse::<f64>().ok()?);
    }
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    rest[..end].parse().ok()
}

/// The output of a run, the usage that its command read, and that of the children it reaped.
struct Run {
    printed: String,
    own: Usage,
    reaped: Usage,
    since: Instant,
}

/// A run whose command performs these steps, reports its usage and exits with 7.
fn run(t: &mut Trial, steps: &[Step]) -> Result<Run, Abort> {
    let child = t.spawn(Scenario::held())?;
    for step in steps {
        t.tell(&child, step.clone())?;
    }
    finish(t, &child)
}

/// The command reports its usage and exits with 7.
fn finish(t: &mut Trial, child: &Child) -> Result<Run, Abort> {
    let since = Instant::now();
    t.tell(child, Step::exit(7).reported())?;
    let (own, reaped) = t.last_usage(child)?;
    t.exit()?;
    let output = t.output()?;
    Ok(Run { printed: output.err + &output.out, own, reaped, since })
}

impl Run {
    /// A figure, if the program prints it.
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
    // More than a second: one that loses whole seconds prints far too little.
    let run = run(t, &[Step::BurnUser { us: 1_080_000 }, Step::BurnSystem { us: 40_000 }])?;
    within(t, &posix::TIME_USER, "user time (us)", run.time(USER), run.bounds(|u| u.utime_us))?;
    within(t, &posix::TIME_SYSTEM, "system time (us)", run.time(SYSTEM), run.bounds(|u| u.stime_us))
}

fn to_stderr(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::exit(0))?;
    t.exit()?;
    let output = t.output()?;
    let clause = &posix::TIME_STDERR;
    t.expect(clause).that(output.out.is_empty(), "nothing on standard output", output.out)?;
    t.expect(clause).that(number(&output.err, USER).is_some(), "times on standard error", output.err)
}

/// The memory of an earlier child, in bytes.
const OTHER_PEAK: i64 = 64 << 20;

fn earlier_children(t: &mut Trial) -> Outcome {
    let steps = [
        Step::Allocate { bytes: OTHER_PEAK as u64 },
        Step::BurnUser { us: 300_000 },
        Step::BurnSystem { us: 150_000 },
        Step::exit(0),
    ];
    let child = t.spawn_after(&steps, Scenario::held())?;
    let run = finish(t, &child)?;
    within(t, &posix::TIME_USER, "user time (us)", run.time(USER), run.bounds(|u| u.utime_us))?;
    within(t, &posix::TIME_SYSTEM, "system time (us)", run.time(SYSTEM), run.bounds(|u| u.stime_us))?;
    // Less than that of the other one, whatever this program makes of peaks.
    let got = run.figure(PEAK).map(|kib| kib as i64);
    within(t, &promise::TIME_PEAK, "peak (KiB)", got, (0, OTHER_PEAK / 1024 - 1))?;
    counted(t, &promise::TIME_FAULTS, "minor faults", run.figure(MINOR), run.own.minflt)
}

/// How long the command sleeps, in milliseconds: most of the real time is not CPU time, and it is more than a second.
const SLEPT: u64 = 1_150;

fn real(t: &mut Trial) -> Outcome {
    let before = Instant::now();
    let child = t.spawn(Scenario::held())?;
    let started = Instant::now();
    t.tell(&child, Step::Sleep { ms: SLEPT })?;
    let least = started.elapsed();
    t.tell(&child, Step::exit(0))?;
    t.exit()?;
    let most = before.elapsed();
    let output = t.output()?;
    let printed = number(&(output.err + &output.out), REAL).map(|seconds| (seconds * 1e6).round() as i64);
    let us = |time: std::time::Duration| i64::try_from(time.as_micros()).unwrap_or(i64::MAX / 2);
    within(t, &posix::TIME_REAL, "real time (us)", printed, (us(least) - CUT, us(most) + CUT))
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

/// A count.
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
    // Preemptions depend on the machine: at least those that the command saw.
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
