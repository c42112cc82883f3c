//! The figures as one page: no network and no scripts, light and dark.

use super::figures::{BenchReport, Figures, Growth, Latency, Quantiles};
use super::plot::{Axis, Range, Series, lines, ranges};
use super::terminal::{note, time, times};
use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str = "
:root { color-scheme: light dark; --own: #b3400a; --floor: #2563ab; --line: #d5d9de; }
@media (prefers-color-scheme: dark) { :root { --own: #ff9a5c; --floor: #7fb4f0; --line: #3a4048; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 54rem; margin: 0 auto; padding: 1rem; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { text-align: right; padding: .2rem .8rem; border-bottom: 1px solid var(--line); font-variant-numeric: tabular-nums; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
figure { margin: 1rem 0; }
svg { width: 100%; height: auto; font-size: 12px; }
svg text { fill: currentColor; }
line.grid { stroke: var(--line); }
polyline { fill: none; stroke-width: 2; }
polyline.own, line.own { stroke: var(--own); stroke-width: 2; }
polyline.floor, line.floor { stroke: var(--floor); stroke-dasharray: 6 4; }
circle.own { fill: var(--own); }
circle.floor { fill: var(--floor); }
span.own { color: var(--own); }
span.floor { color: var(--floor); }
";

/// The page.
pub fn page(report: &BenchReport) -> String {
    let BenchReport { version, kernel, machine, rounds, .. } = report;
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "waitspec bench" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    h1 { "Speed of the wait family" }
                    p {
                        "waitspec " (version) " on " (kernel) ", " (machine) ". The floor is the same loop in C, in the same run; the \
                        floor and the subject alternated for " (rounds) " rounds. There are no verdicts."
                    }
                    @if report.subjects.len() > 1 {
                        nav { ul { @for (one, number) in report.subjects.iter().zip(1..) {
                            li { a href={ "#subject-" (number) } { (one.subject) } }
                        } } }
                    }
                    @for (one, number) in report.subjects.iter().zip(1..) { (subject(one, number)) }
                }
            }
        }
    };
    markup.into_string()
}

fn subject(figures: &Figures, number: usize) -> Markup {
    html! {
        section id={ "subject-" (number) } {
            h2 { (figures.subject) }
            p { (figures.name) @if let Some(note) = note(figures) { "; " (note) } }
            @if !figures.ratios.is_empty() { (ratios(figures)) }
            @for one in &figures.latencies { (latency(one)) }
            @for one in &figures.growth { (growth(one)) }
            @if !figures.skipped.is_empty() {
                h3 { "Not measured" }
                ul { @for one in &figures.skipped { li { (one.what) ": " (one.why) } } }
            }
        }
    }
}

fn ratios(figures: &Figures) -> Markup {
    let rows = figures.ratios.iter().map(|one| Range {
        name: format!("{}, {}", one.what, one.call),
        low: one.low,
        value: one.ratio,
        high: one.high,
    });
    html! {
        h3 { "Per call" }
        (ranges("ratios to the floor", &rows.collect::<Vec<_>>()))
        table {
            thead { tr { th { "" } th { "floor" } th { "ratio" } th { "quartiles" } } }
            tbody { @for one in &figures.ratios { tr {
                td { (one.what) ", " code { (one.call) } }
                td { (time(one.floor_ns)) }
                td { (times(one.ratio)) }
                td { (times(one.low)) " to " (times(one.high)) }
            } } }
        }
    }
}

fn latency(latency: &Latency) -> Markup {
    let curve = |name: &str, class, times: &[f64]| {
        let last = times.len().saturating_sub(1).max(1) as f64;
        let points = times.iter().enumerate().map(|(at, time)| (*time, at as f64 / last)).collect();
        Series { name: name.to_owned(), class, points }
    };
    let series = [
        curve("floor, a blocked wait in C", "floor", &latency.floor_curve_ns),
        curve(&latency.what, "own", &latency.curve_ns),
    ];
    let row = |title: &str, of: &Quantiles, show: fn(f64) -> String| {
        html! { tr { td { (title) } @for value in [of.min, of.median, of.p90, of.p99] { td { (show(value)) } } } }
    };
    let title = format!("From the exit of a child to the return of a {}", latency.what);
    html! {
        h3 { (title) }
        (lines(
            &title,
            &Axis { label: "time", log: true, show: |ns| time(ns).replace(".00", "") },
            &Axis { label: "share of the waits that have returned", log: false, show: |share| format!("{share:.2}") },
            &series,
        ))
        table {
            thead { tr { th { (latency.times) " of each" } th { "minimum" } th { "median" } th { "90%" } th { "99%" } } }
            tbody { (row("floor", &latency.floor_ns, time)) (row("ratio", &latency.ratio, times)) }
        }
    }
}

fn growth(growth: &Growth) -> Markup {
    let series = |name: &str, class, of: fn(&super::figures::Point) -> f64| Series {
        name: name.to_owned(),
        class,
        points: growth.points.iter().map(|point| (point.n as f64, of(point))).collect(),
    };
    let both = [
        series("floor", "floor", |point| point.floor_per_child),
        series(&growth.call, "own", |point| point.per_child),
    ];
    let title = format!("Reaping by {}", growth.by);
    html! {
        h3 { (title) ", " code { (growth.call) } }
        @if growth.points.len() > 1 {
            (lines(
                &title,
                &Axis { label: "children", log: true, show: |n| format!("{n:.0}") },
                &Axis { label: "time per child, relative to the smallest size", log: true, show: |ratio| format!("{ratio}") },
                &both,
            ))
        }
        table {
            thead { tr { th { "children" } th { "floor, per child" } th { "ratio" } } }
            tbody { @for point in &growth.points { tr {
                td { (point.n) } td { (time(point.floor_ns)) } td { (times(point.ratio)) }
            } } }
        }
        @if let Some(verdict) = growth.verdict() { p { (verdict) } }
        @if let Some(ended) = &growth.ended { p { "Not measured: " (ended) } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::figures::{Point, Ratio, Skipped};

    #[test]
    fn the_page_is_self_contained_and_has_every_figure() {
        let point =
            |n, per_child| Point { n, per_child, floor_per_child: 1.0, ratio: per_child, floor_ns: 900.0 };
        let figures = Figures {
            subject: "agent:<mine>".to_owned(),
            ratios: vec![Ratio {
                what: "poll".to_owned(),
                call: "wait4".to_owned(),
                times: 100,
                floor_ns: 321.0,
                ratio: 1.5,
                low: 1.25,
                high: 1.75,
            }],
            latencies: vec![Latency {
                what: "blocked wait".to_owned(),
                times: 3,
                floor_ns: Quantiles { min: 1.0, median: 2.0, p90: 3.0, p99: 4.0 },
                ratio: Quantiles { min: 7.0, median: 8.0, p90: 9.0, p99: 412.0 },
                floor_curve_ns: vec![1.0, 2.0, 3.0],
                curve_ns: vec![10.0, 20.0, 5_000_000.0],
            }],
            growth: vec![Growth {
                by: "any child".to_owned(),
                call: "wait4".to_owned(),
                points: vec![point(10, 1.0), point(100, 10.0)],
                exponent: Some(2.0),
                floor_exponent: Some(1.0),
                ended: Some("1000 children would take about 60 s".to_owned()),
            }],
            skipped: vec![Skipped { what: "bounded wait".to_owned(), why: "it has none".to_owned() }],
            ..Figures::default()
        };
        let report = BenchReport {
            version: "1.2.3".to_owned(),
            kernel: "Linux 6.18".to_owned(),
            machine: "x86_64".to_owned(),
            rounds: 4,
            subjects: vec![figures],
        };
        let page = page(&report);
        assert_eq!(page.matches("<svg").count(), 3);
        for part in ["agent:&lt;mine&gt;", "1.25 to 1.75", "412", "NOT linear", "about 60 s", "it has none"] {
            assert!(page.contains(part), "{part} in {page}");
        }
        for outside in ["http", "<script", "<link", "url(", "NaN", "inf"] {
            assert!(!page.contains(outside), "{outside} in {page}");
        }
    }
}
