//! The figures: ratios, quantiles and growth.

/// The whole report.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The version of this crate.
    pub version: String,
    /// The system and its release, as `Linux 6.18.44`.
    pub kernel: String,
    /// The machine, as `x86_64`.
    pub machine: String,
    /// How often the floor and the subject took turns.
    pub rounds: u32,
    /// The subjects, in the order in which they were measured.
    pub subjects: Vec<Figures>,
}

/// What was measured of one subject.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Figures {
    /// The subject, as given to `--subject`.
    pub subject: String,
    /// What it calls itself, with its version.
    pub name: String,
    /// By loops inside of the agent, or by requests to it.
    pub method: Method,
    /// Of a poll by request, the share that a request without a call takes too (0 to 1).
    pub protocol_share: Option<f64>,
    /// Spawn and reap, and polls: per call.
    pub ratios: Vec<Ratio>,
    /// From the death of a child to the return of a wait.
    pub latencies: Vec<Latency>,
    /// Reaping many children.
    pub growth: Vec<Growth>,
    /// What was not measured, and why.
    pub skipped: Vec<Skipped>,
    /// What went wrong: a call returned what it should not.
    pub wrong: Vec<Skipped>,
}

/// How a subject was measured.
#[derive(Debug, Copy, Clone, Default, PartialEq, Eq)]
pub enum Method {
    /// By loops inside the agent; the floor is the same loop with the C library's function.
    #[default]
    Loop,
    /// By requests to an agent that has no loops; the floor is the C loop, and a request that makes no call.
    Requests,
}

/// Something that was not measured, or went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// What.
    pub what: String,
    /// Why.
    pub why: String,
}

/// One thing, next to its floor.
#[derive(Debug, Clone, PartialEq)]
pub struct Ratio {
    /// `spawn and reap` or `poll`.
    pub what: String,
    /// The call.
    pub call: String,
    /// How often it was done, by each.
    pub times: u64,
    /// Nanoseconds of one, by the floor: the median of the turns.
    pub floor_ns: f64,
    /// The median of the turns' ratios.
    pub ratio: f64,
    /// Their lower quartile.
    pub low: f64,
    /// Their upper quartile.
    pub high: f64,
}

/// The times between the deaths of children and the returns of the waits that slept until then.
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
    /// Every twentieth of the floor's distribution, from the least to the largest, in nanoseconds.
    pub floor_curve_ns: Vec<f64>,
    /// The same of the subject.
    pub curve_ns: Vec<f64>,
}

/// Of a distribution.
#[derive(Debug, Copy, Clone, Default, PartialEq)]
pub struct Quantiles {
    /// The least.
    pub min: f64,
    /// Half are below.
    pub median: f64,
    /// Nine tenths are below.
    pub p90: f64,
    /// 99 of 100 are below.
    pub p99: f64,
}

/// Reaping 10, 100, ... zombies, one call each.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Growth {
    /// `any child`, `pid` or `pidfd`.
    pub by: String,
    /// The call.
    pub call: String,
    /// In order of `n`.
    pub points: Vec<Point>,
    /// The time of all calls grows as N to this power, between the last two points; null with fewer.
    pub exponent: Option<f64>,
    /// The same of the floor.
    pub floor_exponent: Option<f64>,
    /// Why the series ended early.
    pub ended: Option<String>,
}

/// N zombies, reaped.
#[derive(Debug, Copy, Clone, PartialEq)]
pub struct Point {
    /// How many.
    pub n: u64,
    /// The time of a child next to that of a child among the fewest: 1 throughout where reaping is linear.
    pub per_child: f64,
    /// The same of the floor.
    pub floor_per_child: f64,
    /// The subject next to the floor.
    pub ratio: f64,
    /// Nanoseconds a child, of the floor.
    pub floor_ns: f64,
}

/// Above this power a series is not linear, whatever a busy machine adds.
pub const LINEAR: f64 = 1.25;

impl Growth {
    /// The growth in words, as `reaping by any child (wait4) grows as n^1.9`.
    pub fn verdict(&self) -> Option<String> {
        let exponent = self.exponent?;
        let linear = if exponent < LINEAR { ": linear" } else { ": NOT linear" };
        let floor = match self.floor_exponent {
            Some(floor) if exponent >= LINEAR && floor >= LINEAR => {
                format!("; so does the C loop (n^{floor:.1}): it is the system")
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

/// A value below which that share of them is; they are sorted. 0 of none.
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
    values.sort_by(f64::total_cmp);
    values
}

/// One number by another; 0 of nothing.
pub fn ratio(own: f64, floor: f64) -> f64 {
    if floor > 0.0 { own / floor } else { 0.0 }
}

impl Quantiles {
    /// Of values that are sorted.
    pub fn of(sorted: &[f64]) -> Quantiles {
        let at = |share| quantile(sorted, share);
        Quantiles { min: at(0.0), median: at(0.5), p90: at(0.9), p99: at(0.99) }
    }

    /// Each by its own.
    pub fn by(&self, floor: &Quantiles) -> Quantiles {
        Quantiles {
            min: ratio(self.min, floor.min),
            median: ratio(self.median, floor.median),
            p90: ratio(self.p90, floor.p90),
            p99: ratio(self.p99, floor.p99),
        }
    }
}

/// The power with which a total grows between two sizes.
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
    fn a_quadratic_series_is_called_one() {
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
        assert!(words(1.93, 1.9).ends_with("so does the C loop (n^1.9): it is the system"));
    }
}
