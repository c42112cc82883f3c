//! One subject, from the first batch to its figures.

use super::figures::{Figures, Growth, Latency, Method, Point, Quantiles, Ratio, Skipped};
use super::figures::{exponent, quantile, ratio, sorted};
use super::plan::{CALLS, Effort, LONGEST, WAYS, batch, name};
use super::sampler::{Exchanges, Loops, Sample, Sampler, round_trip, title};
use crate::protocol::agent::Workload;
use crate::runner::pool::Pool;
use crate::sys::call::abi::Call;
use crate::trial::{Abort, Body, Calls, Case, Needs, Uses, here};

/// The pseudo-case that the agents are started for: nothing is judged.
static MEASUREMENT: Case = Case {
    id: "bench.measurement",
    title: "nothing is judged",
    clauses: &[],
    needs: Needs::NOTHING,
    at: here(),
    body: Body::Calls { calls: Calls::ALL, uses: Uses::PLAIN, run: |_| Ok(()) },
};

/// The subject whose agent has the C loops for one that is measured by requests.
pub const FLOOR: &str = "libc";

/// The number of requests without a call that are timed to find the cost of a request.
const ROUND_TRIPS: u64 = 100;
/// The steps of a curve.
const STEPS: usize = 20;

/// Measures a subject of the pool; `progress` is called with each thing before it is measured.
///
/// # Errors
/// [`Abort`] if the harness, its environment or the agent's protocol failed, or the subject does not return.
pub fn measure(
    pool: &Pool,
    subject: &str,
    effort: Effort,
    progress: &dyn Fn(&str),
) -> Result<Figures, Abort> {
    let info = pool.subjects().iter().find(|info| info.spec == subject);
    let has = |call: &Call| info.is_some_and(|info| info.calls.iter().any(|name| name == call.name()));
    let calls: Vec<Call> = CALLS.into_iter().filter(has).collect();
    let mut figures = Figures {
        subject: subject.to_owned(),
        name: info
            .map(|info| format!("{} {}", info.name, info.version).trim().to_owned())
            .unwrap_or_default(),
        ..Figures::default()
    };
    let Some(&first) = calls.first() else {
        figures.skip("everything", "the subject has none of wait4, waitpid and waitid");
        return Ok(figures);
    };
    let loops = pool.visit(subject, &MEASUREMENT, |trial| {
        let mut loops = Loops(trial);
        let has_loops = loops.probe(first)?;
        if has_loops {
            Bench { sampler: &mut loops, effort, in_agent: true, figures: &mut figures, progress }
                .all(&calls)?;
        }
        Ok(has_loops)
    })?;
    if !loops {
        figures.method = Method::Requests;
        pool.visit(subject, &MEASUREMENT, |own| {
            pool.visit(FLOOR, &MEASUREMENT, |bare| {
                let request = round_trip(own, ROUND_TRIPS)?;
                let mut exchanges = Exchanges { own, bare };
                let sampled = exchanges.sample(Workload::Poll, first, batch(Workload::Poll, false), false)?;
                if let Sample::Done { n, ns } = sampled {
                    let poll = ratio(ns.iter().sum::<u64>() as f64, n as f64);
                    figures.protocol_share = Some(ratio(request as f64, poll).min(1.0));
                }
                let sampler = &mut exchanges;
                Bench { sampler, effort, in_agent: false, figures: &mut figures, progress }.all(&calls)
            })
        })?;
    }
    Ok(figures)
}

/// A measurement in progress.
struct Bench<'b> {
    sampler: &'b mut dyn Sampler,
    effort: Effort,
    in_agent: bool,
    figures: &'b mut Figures,
    progress: &'b dyn Fn(&str),
}

/// Nanoseconds of the floor and of the subject in each turn, and how many times each turn did it.
struct Turns {
    n: u64,
    floor: Vec<Vec<u64>>,
    own: Vec<Vec<u64>>,
}

impl Turns {
    /// Nanoseconds of one, in each turn.
    fn each(turns: &[Vec<u64>], n: u64) -> Vec<f64> {
        turns.iter().map(|ns| ratio(ns.iter().sum::<u64>() as f64, n as f64)).collect()
    }

    /// The same, and their ratio.
    fn compared(&self) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
        let (floor, own) = (Turns::each(&self.floor, self.n), Turns::each(&self.own, self.n));
        let ratios = own.iter().zip(&floor).map(|(own, floor)| ratio(*own, *floor)).collect();
        (sorted(floor), sorted(own), sorted(ratios))
    }
}

impl Bench<'_> {
    fn all(&mut self, calls: &[Call]) -> Result<(), Abort> {
        for what in [Workload::SpawnReap, Workload::Poll] {
            // Without loops, the reason is the same for every call.
            let calls = if what == Workload::SpawnReap && !self.in_agent { &calls[..1] } else { calls };
            for &call in calls {
                self.ratio(what, call)?;
            }
        }
        for what in [Workload::Blocked, Workload::Bounded] {
            self.latency(what, calls[0])?;
        }
        for way in WAYS {
            match (way, calls.contains(&Call::Waitid)) {
                (Workload::ReapPidfd, true) => self.growth(way, Call::Waitid)?,
                (Workload::ReapPidfd, false) => {
                    self.figures.skip(&title(way, Call::Waitid), "the subject has no waitid");
                }
                _ => self.growth(way, calls[0])?,
            }
        }
        Ok(())
    }

    /// Alternates between the floor and the subject. `None`: it cannot be measured, which has been noted, or `short` of children.
    fn turns(
        &mut self,
        what: Workload,
        call: Call,
        n: u64,
        rounds: u32,
    ) -> Result<Result<Turns, String>, Abort> {
        let mut turns = Turns { n, floor: Vec::new(), own: Vec::new() };
        for round in 0..rounds {
            for bare in [round % 2 == 0, round % 2 != 0] {
                match self.sampler.sample(what, call, n, bare)? {
                    Sample::Done { n: done, ns } if done == n => {
                        let side = if bare { &mut turns.floor } else { &mut turns.own };
                        side.push(ns);
                    }
                    Sample::Done { n: done, .. } => {
                        return Ok(Err(format!("at most {done} children can exist here at a time")));
                    }
                    Sample::Unsupported(why) => return Ok(Err(why)),
                    Sample::Wrong(got) => {
                        let who = if bare { "the C loop" } else { "the call" };
                        let why = format!("{who} returned {got}");
                        self.figures.wrong.push(Skipped { what: title(what, call), why: why.clone() });
                        return Ok(Err(why));
                    }
                }
            }
        }
        Ok(Ok(turns))
    }

    /// The turns of all rounds, and how often each repeats its work; `None`, with a reason in the figures, if it cannot be measured.
    fn measured(&mut self, what: Workload, call: Call) -> Result<Option<(Turns, u64)>, Abort> {
        (self.progress)(&title(what, call));
        let n = batch(what, self.in_agent);
        Ok(match self.turns(what, call, n, self.effort.rounds)? {
            Ok(turns) => Some((turns, n)),
            Err(why) => {
                self.figures.skip(&title(what, call), &why);
                None
            }
        })
    }

    fn ratio(&mut self, what: Workload, call: Call) -> Result<(), Abort> {
        let Some((turns, n)) = self.measured(what, call)? else { return Ok(()) };
        let (floor, _, ratios) = turns.compared();
        self.figures.ratios.push(Ratio {
            what: name(what).to_owned(),
            call: call.name().to_owned(),
            times: n * u64::from(self.effort.rounds),
            floor_ns: quantile(&floor, 0.5),
            ratio: quantile(&ratios, 0.5),
            low: quantile(&ratios, 0.25),
            high: quantile(&ratios, 0.75),
        });
        Ok(())
    }

    fn latency(&mut self, what: Workload, call: Call) -> Result<(), Abort> {
        let Some((turns, _)) = self.measured(what, call)? else { return Ok(()) };
        let all = |turns: Vec<Vec<u64>>| sorted(turns.into_iter().flatten().map(|ns| ns as f64).collect());
        let (floor, own) = (all(turns.floor), all(turns.own));
        let curve = |times: &[f64]| (0..=STEPS).map(|at| quantile(times, at as f64 / STEPS as f64)).collect();
        self.figures.latencies.push(Latency {
            what: name(what).to_owned(),
            times: own.len() as u64,
            floor_ns: Quantiles::of(&floor),
            ratio: Quantiles::of(&own).by(&Quantiles::of(&floor)),
            floor_curve_ns: curve(&floor),
            curve_ns: curve(&own),
        });
        Ok(())
    }

    fn growth(&mut self, way: Workload, call: Call) -> Result<(), Abort> {
        let mut growth =
            Growth { by: name(way).to_owned(), call: call.name().to_owned(), ..Growth::default() };
        // The total times of the sizes, of the floor and the subject.
        let mut totals: Vec<(u64, f64, f64)> = Vec::new();
        let effort = self.effort;
        for n in effort.sizes(self.in_agent) {
            if let Some(seconds) = expected_seconds(&totals, n)
                && seconds > LONGEST.as_secs_f64()
            {
                growth.ended = Some(format!("{n} children would take about {seconds:.0} s"));
                break;
            }
            (self.progress)(&format!("{} of {n} children", title(way, call)));
            let turns = match self.turns(way, call, n, effort.rounds_of(n))? {
                Ok(turns) => turns,
                Err(why) => {
                    growth.ended = Some(format!("{n} children: {why}"));
                    break;
                }
            };
            let (floor, own, ratios) = turns.compared();
            let (floor_ns, own_ns) = (quantile(&floor, 0.5), quantile(&own, 0.5));
            totals.push((n, floor_ns * n as f64, own_ns * n as f64));
            let (fewest, floor_first, own_first) = totals[0];
            growth.points.push(Point {
                n,
                per_child: ratio(own_ns, ratio(own_first, fewest as f64)),
                floor_per_child: ratio(floor_ns, ratio(floor_first, fewest as f64)),
                ratio: quantile(&ratios, 0.5),
                floor_ns,
            });
        }
        if let [.., few, many] = totals.as_slice() {
            growth.floor_exponent = exponent((few.0, few.1), (many.0, many.1));
            growth.exponent = exponent((few.0, few.2), (many.0, many.2));
        }
        if growth.points.is_empty() {
            let why = growth.ended.unwrap_or_else(|| "no size is small enough".to_owned());
            self.figures.skip(&title(way, call), &why);
        } else {
            self.figures.growth.push(growth);
        }
        Ok(())
    }
}

/// How long the calls for the next size will take, extrapolated from the series so far.
fn expected_seconds(totals: &[(u64, f64, f64)], n: u64) -> Option<f64> {
    let last = totals.last()?;
    let power = match totals {
        [.., few, many] => exponent((few.0, few.2), (many.0, many.2)).unwrap_or(1.0),
        _ => 1.0,
    };
    Some(last.2 * (n as f64 / last.0 as f64).powf(power.max(1.0)) / 1e9)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A subject that takes a microsecond to reap a child for every existing child, with a floor of one microsecond; it has no pidfds,
    /// and no more than 5,000 children.
    struct Quadratic {
        asked: Vec<(Workload, u64)>,
    }

    impl Sampler for Quadratic {
        fn sample(&mut self, what: Workload, _: Call, n: u64, bare: bool) -> Result<Sample, Abort> {
            self.asked.push((what, n));
            let done = |n, ns| Ok(Sample::Done { n, ns });
            match what {
                Workload::ReapPidfd => Ok(Sample::Unsupported("no pidfds".to_owned())),
                Workload::ReapAny | Workload::ReapPid if n > 5_000 => done(5_000, vec![1]),
                Workload::ReapAny if !bare => done(n, vec![1_000 * n * n]),
                Workload::Blocked => done(n, (1..=n).map(|at| if bare { at } else { 100 * at }).collect()),
                Workload::Bounded if !bare => Ok(Sample::Wrong("-1 ECHILD".to_owned())),
                _ => done(n, vec![if bare { 1_000 * n } else { 1_500 * n }]),
            }
        }
    }

    fn figures(effort: Effort) -> Figures {
        let mut figures = Figures::default();
        let sampler = &mut Quadratic { asked: Vec::new() };
        let bench = Bench { sampler, effort, in_agent: true, figures: &mut figures, progress: &|_| {} };
        { bench }.all(&CALLS).expect("figures");
        figures
    }

    #[test]
    fn a_quadratic_wait_shows_in_the_growth() {
        let figures = figures(Effort { rounds: 4, children: 10_000 });
        let any = &figures.growth[0];
        assert_eq!(any.points.iter().map(|point| point.n).collect::<Vec<_>>(), [10, 100, 1_000]);
        assert!((any.points[2].per_child - 100.0).abs() < 1e-6, "{any:?}");
        assert!((any.points[2].ratio - 1_000.0).abs() < 1e-6, "{any:?}");
        assert!(
            (any.exponent.unwrap() - 2.0).abs() < 1e-6 && (any.floor_exponent.unwrap() - 1.0).abs() < 1e-6
        );
        // A hundred seconds: the next size is not attempted.
        assert_eq!(any.ended.as_deref(), Some("10000 children would take about 100 s"));
        let pid = &figures.growth[1];
        assert!((pid.exponent.unwrap() - 1.0).abs() < 1e-6, "{pid:?}");
    }

    #[test]
    fn anything_not_measured_has_a_reason() {
        let figures = figures(Effort { rounds: 2, children: 10_000 });
        let pid = figures.growth[1].ended.as_deref().unwrap();
        assert_eq!(pid, "10000 children: at most 5000 children can exist here at a time");
        let skipped = |what: &str| figures.skipped.iter().find(|skip| skip.what == what).unwrap().why.clone();
        assert_eq!(skipped("reaping by pidfd, waitid"), "10 children: no pidfds");
        assert_eq!(skipped("bounded wait"), "the call returned -1 ECHILD");
        assert_eq!(figures.wrong.len(), 1);
    }

    #[test]
    fn ratios_and_distributions_are_next_to_the_floor() {
        let figures = figures(Effort { rounds: 3, children: 10 });
        assert_eq!(figures.ratios.len(), 6);
        assert!(figures.ratios.iter().all(|one| (one.ratio - 1.5).abs() < 1e-9 && one.low == one.high));
        let blocked = &figures.latencies[0];
        assert!((blocked.ratio.median - 100.0).abs() < 1e-9, "{blocked:?}");
        assert_eq!(blocked.curve_ns.len(), STEPS + 1);
        assert_eq!(figures.growth[0].exponent, None);
    }
}
