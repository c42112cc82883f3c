//! Trials that have become slower by more than the run as a whole.

use super::diff::{Change, Kind};
use super::machine::read::Report;
use crate::sorted::{Map, sort_by};

/// The smallest increase reported: less is noise on a busy machine.
const LEAST_US: f64 = 50_000.0;
/// With fewer trials in common, the speed of the machines cannot be compared.
const FEW: usize = 10;

/// The slower trials, and by how much the run as a whole is slower.
#[derive(Debug)]
pub struct Slower {
    /// The new run's typical duration over the old one's; 1 if too few trials are in both.
    pub pace: f64,
    /// The trials, the worst first.
    pub changes: Vec<Change>,
}

/// The trials that take at least `factor` times as long as the pace of the new run would suggest.
pub fn slower(old: &Report, new: &Report, factor: f64) -> Slower {
    let (old, new) = (medians(old), medians(new));
    let mut both: Vec<_> = new
        .iter()
        .filter_map(|(key, is)| Some((key, *old.get(key)?, *is)))
        .filter(|(_, was, _)| *was > 0.0)
        .collect();
    let mut ratios: Vec<f64> = both.iter().map(|(_, was, is)| is / was).collect();
    let pace = if ratios.len() < FEW { 1.0 } else { median(&mut ratios) };
    both.retain(|(_, was, is)| *is >= was * pace * factor && *is - was * pace >= LEAST_US);
    sort_by(&mut both, |(_, was_a, is_a), (_, was_b, is_b)| (is_b / was_b).total_cmp(&(is_a / was_a)));
    let changes = both.into_iter().map(|((id, subject), was, is)| Change {
        kind: Kind::Slower,
        id: (*id).to_owned(),
        subject: (*subject).to_owned(),
        old: milliseconds(was),
        new: format!("{} ({:.1} times)", milliseconds(is), is / was),
    });
    Slower { pace, changes: changes.collect() }
}

fn milliseconds(us: f64) -> String {
    format!("{:.1} ms", us / 1000.0)
}

/// The duration of each trial that was judged, in microseconds; the median if it ran several times.
fn medians(report: &Report) -> Map<(&str, &str), f64> {
    let mut all: Map<(&str, &str), Vec<f64>> = Map::new();
    for trial in
        report.trials.iter().filter(|t| ["pass", "recorded", "deviates"].contains(&t.verdict.as_str()))
    {
        all.entry((&trial.id, &trial.subject)).or_default().push(trial.duration_us as f64);
    }
    all.into_iter().map(|(key, mut durations)| (key, median(&mut durations))).collect()
}

fn median(values: &mut [f64]) -> f64 {
    sort_by(values, f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::machine::record::{RunRecord, TrialRecord};

    fn report(durations: &[(u32, u64)]) -> Report {
        let trial = |(id, duration_us): &(u32, u64)| TrialRecord {
            id: format!("{id}@wait"),
            subject: "libc".to_owned(),
            verdict: "pass".to_owned(),
            duration_us: *duration_us,
            ..TrialRecord::default()
        };
        Report { run: RunRecord::default(), trials: durations.iter().map(trial).collect(), summary: None }
    }

    fn found(old: &[(u32, u64)], new: &[(u32, u64)]) -> Vec<String> {
        slower(&report(old), &report(new), 3.0)
            .changes
            .into_iter()
            .map(|c| format!("{} {}", c.id, c.new))
            .collect()
    }

    #[test]
    fn trials_much_slower_are_shown() {
        let old = [(1, 10_000), (2, 10_000), (3, 1_000)];
        assert_eq!(found(&old, &[(1, 90_000), (2, 29_000), (3, 40_000)]), ["1@wait 90.0 ms (9.0 times)"]);
        assert_eq!(found(&old, &old), [""; 0]);
        assert_eq!(found(&old, &[(9, 90_000)]), [""; 0]);
    }

    #[test]
    fn a_slower_machine_does_not_make_its_trials_slower() {
        let old: Vec<_> = (0..20).map(|id| (id, 20_000)).collect();
        let mut new: Vec<_> = (0..20).map(|id| (id, 100_000)).collect();
        assert_eq!(found(&old, &new), [""; 0]);
        new[3].1 = 400_000;
        assert_eq!(found(&old, &new), ["3@wait 400.0 ms (20.0 times)"]);
        assert!((slower(&report(&old), &report(&new), 3.0).pace - 5.0).abs() < 1e-9);
    }

    #[test]
    fn of_repeated_trials_the_median_counts() {
        let old = [(1, 10_000), (1, 10_000), (1, 500_000)];
        assert_eq!(found(&old, &[(1, 10_000), (1, 600_000), (1, 11_000)]), [""; 0]);
        assert_eq!(found(&old, &[(1, 600_000), (1, 600_000), (1, 11_000)]).len(), 1);
    }
}
