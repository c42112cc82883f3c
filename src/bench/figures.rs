//! The figures: ratios, quantiles and growth.

use crate::sorted::sort_by;

/// The whole report.
#[derive(Debug, Clone, PartialEq)]
pub struct BenchReport {
    /// The version of this crate.
    pub version: String,
    /// The system and its release, such as `Linux 6.18.44`.
    pub kernel: String,
    /// The machine, such as `x86_64`.
    pub machine: String,
    /// How often the floor and the subject alternated.
    pub rounds: u32,
    /// The subjects, in the order in which they were measured.
    pub subjects: Vec<Figures>,
}

/// What was measured for one subject.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Figures {
    /// The subject, as given to `--subject`.
    pub subject: String,
    /// Its own name and version.
    pub name: String,
    /// By loops inside the agent, or by requests to it.
    pub method: Method,
    /// The share of a poll by request that a request without a call takes (0 to 1).
    pub protocol_share: Option<f64>,
    /// Spawn and reap, and polls: per call.
    pub ratios: Vec<Ratio>,
    /// From the death of a child to the return of a wait.
    pub latencies: Vec<Latency>,
    /// Reaping many children.
    pub growth: Vec<Growth>,
    /// What was not measured, and why.
    pub skipped: Vec<Skipped>,
    /// Errors: calls that returned something wrong.
    pub wrong: Vec<Skipped>,
}

/// How a subject was measured.
#[derive(Debug, Copy, Clone, Default, PartialEq, Eq)]
pub enum Method {
    /// By loops inside the agent; the floor is the same loop with the C library's function.
    #[default]
    Loop,
    /// By requests to an agent without loops; the floor is the C loop, and a request that makes no call.
    Requests,
}

/// Something that was not measured, or failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// What.
    pub what: String,
    /// Why.
    pub why: String,
}

/// One measurement, compared with its floor.
#[derive(Debug, Clone, PartialEq)]
pub struct Ratio {
    /// `spawn and reap` or `poll`.
    pub what: String,
    /// The call.
    pub call: String,
    /// How often each did it.
    pub times: u64,
    /// Nanoseconds per operation of the floor: the median of the rounds.
    pub floor_ns: f64,
    /// The median of the rounds' ratios.
    pub ratio: f64,
    /// Their lower quartile.
    pub low: f64,
    /// Their upper quartile.
    pub high: f64,
}

/// The times between the deaths of children and the returns of the waits that slept for them.
#[derive(Debug, Clone, PartialEq)]
pub struct Latency {
    /// `blocked wait` or `bounded wait`.
    pub what: String,
    /// How many, of each.
    pub times: u64,
    /// Nanoseconds, of the floor: always a blocked wait.
    pub floor_ns: Quantiles,
    /// Each quantile of the subject, divided by that of the floor.
    pub ratio: Quantiles,
    /// Every 20th value of the floor's distribution, in ascending order, in nanoseconds.
    pub floor_curve_ns: Vec<f64>,
    /// The same for the subject.
    pub curve_ns: Vec<f64>,
}

/// Quantiles of a distribution.
#[derive(Debug, Copy, Clone, Default, PartialEq)]
pub struct Quantiles {
    /// The minimum.
    pub min: f64,
    /// The median.
    pub median: f64,
    /// The 90th percentile.
    pub p90: f64,
    /// The 99th percentile.
    pub p99: f64,
}

/// Reaping 10, 100, ... zombies, one call each.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Growth {
    /// `any child`, `pid` or `pidfd`.
    pub by: String,
    /// The call.
    pub call: String,
    /// In ascending order of `n`.
    pub points: Vec<Point>,
    /// The total time grows as N to this power, between the last two points; null with fewer.
    pub exponent: Option<f64>,
    /// The same for the floor.
    pub floor_exponent: Option<f64>,
    /// Why the series ended early.
    pub ended: Option<String>,
}

/// The reaping of N zombies.
#[derive(Debug, Copy, Clone, PartialEq)]
pub struct Point {
    /// How many.
    pub n: u64,
    /// The time per child relative to that of the smallest size: 1 throughout if reaping is linear.
    pub per_child: f64,
    /// The same for the floor.
    pub floor_per_child: f64,
    /// The subject relative to the floor.
    pub ratio: f64,
    /// Nanoseconds per child of the floor.
    pub floor_ns: f64,
}

/// Above this power a series is not linear, even on a busy machine.
pub const LINEAR: f64 = 1.25;

impl Growth {
    /// The growth in words, such as `reaping by any child (wait4) grows as n^1.9`.
    pub fn verdict(&self) -> Option<String> {
        let exponent = self.exponent?;
        let linear = if exponent < LINEAR { ": linear" } else { ": NOT linear" };
        let floor = match self.floor_exponent {
            Some(floor) if exponent >= LINEAR && floor >= LINEAR => {
                format!("; so does the C loop (n^{floor:.1}): the cause is the system")
            }
            Some(floor) if exponent >= LINEAR => format!("; the C loop as n^{floor:.1}"),
            _ => String::new(),
        };
        Some(format!("reaping by {} ({}) grows as n^{exponent:.1}{linear}{floor}", self.by, self.call))
    }
}

impl Figures {
    /// Notes what was not measured, and why.
    pub(super) fn skip(&mut self, what: &str, why: &str) {
        self.skipped.push(Skipped { what: what.to_owned(), why: why.to_owned() });
    }

    /// Whether anything was measured.
    pub fn has_any(&self) -> bool {
        !(self.ratios.is_empty() && self.latencies.is_empty() && self.growth.is_empty())
    }
}

/// The quantile of sorted values; 0 if there are none.
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    let at = share * last as f64;
    let (low, high) = (at.floor() as usize, at.ceil() as usize);
    match (sorted.get(low), sorted.get(high)) {
        (Some(a), Some(b)) => a + (b - a) * (at - at.floor()),
        _ => 0.0,
    }
}

/// Sorts.
pub fn sorted(mut values: Vec<f64>) -> Vec<f64> {
    sort_by(&mut values, f64::total_cmp);
    values
}

/// The quotient; 0 if the divisor is 0.
pub fn ratio(own: f64, floor: f64) -> f64 {
    if floor > 0.0 { own / floor } else { 0.0 }
}

impl Quantiles {
    /// The quantiles of sorted values.
    pub fn of(sorted: &[f64]) -> Quantiles {
        let at = |share| quantile(sorted, share);
        Quantiles { min: at(0.0), median: at(0.5), p90: at(0.9), p99: at(0.99) }
    }

    /// The quotient of each pair.
    pub fn by(&self, floor: &Quantiles) -> Quantiles {
        Quantiles {
            min: ratio(self.min, floor.min),
            median: ratio(self.median, floor.median),
            p90: ratio(self.p90, floor.p90),
            p99: ratio(self.p99, floor.p99),
        }
    }
}

/// The exponent of the growth of a total between two sizes.
pub fn exponent(few: (u64, f64), many: (u64, f64)) -> Option<f64> {
    let (n, time) = (many.0 as f64 / few.0 as f64, ratio(many.1, few.1));
    (n > 1.0 && time > 0.0).then(|| time.ln() / n.ln())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_between_the_values() {
        let values = sorted(vec![4.0, 1.0, 3.0, 2.0, 5.0]);
        let of = Quantiles::of(&values);
        assert_eq!((of.min, of.median), (1.0, 3.0));
        assert!((of.p90 - 4.6).abs() < 1e-9, "{of:?}");
        assert_eq!(Quantiles::of(&[]), Quantiles::default());
        assert_eq!(of.by(&of).p99, 1.0);
        assert_eq!(ratio(1.0, 0.0), 0.0);
    }

    #[test]
    fn a_quadratic_series_is_recognized() {
        let linear = exponent((1_000, 5.0), (10_000, 50.0)).unwrap();
        let quadratic = exponent((1_000, 5.0), (10_000, 500.0)).unwrap();
        assert!((linear - 1.0).abs() < 1e-9 && (quadratic - 2.0).abs() < 1e-9);
        assert_eq!(exponent((10, 1.0), (10, 2.0)), None);
        let growth = |exponent, floor| Growth {
            by: "any child".to_owned(),
            call: "wait4".to_owned(),
            points: Vec::new(),
            exponent: Some(exponent),
            floor_exponent: Some(floor),
            ended: None,
        };
        let words = |exponent, floor| growth(exponent, floor).verdict().unwrap();
        assert_eq!(words(1.02, 1.0), "reaping by any child (wait4) grows as n^1.0: linear");
        assert!(words(1.93, 1.0).ends_with("grows as n^1.9: NOT linear; the C loop as n^1.0"));
        assert!(words(1.93, 1.9).ends_with("so does the C loop (n^1.9): the cause is the system"));
    }
}
