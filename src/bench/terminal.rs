//! The figures as text.

use super::figures::{BenchReport, Figures, Growth, Latency, Method, Quantiles, Ratio};
use std::fmt::Write;

/// The width of the first column.
const WIDTH: usize = 24;

/// The text.
pub fn text(report: &BenchReport) -> String {
    let mut out = String::new();
    let BenchReport { version, kernel, machine, rounds, .. } = report;
    let _ = writeln!(
        out,
        "waitspec {version} on {kernel}, {machine}; the floor is the same loop in C, {rounds} rounds"
    );
    for figures in &report.subjects {
        subject(&mut out, figures);
    }
    out
}

fn subject(out: &mut String, figures: &Figures) {
    let _ = writeln!(out, "\n{}   {}", figures.subject, figures.name);
    if let Some(note) = note(figures) {
        let _ = writeln!(out, "  {note}");
    }
    if !figures.ratios.is_empty() {
        let _ = writeln!(out, "\n  {:<WIDTH$}  {:>10}  {:>7}  half are between", "", "floor", "ratio");
    }
    for Ratio { what, call, floor_ns, ratio, low, high, .. } in &figures.ratios {
        let title = format!("{what}, {call}");
        let _ = writeln!(
            out,
            "  {title:<WIDTH$}  {:>10}  {:>7}  {} and {}",
            time(*floor_ns),
            times(*ratio),
            times(*low),
            times(*high)
        );
    }
    if !figures.latencies.is_empty() {
        let title = "from exit to return";
        let _ = writeln!(
            out,
            "\n  {title:<WIDTH$}  {:>10}  {:>10}  {:>10}  {:>10}",
            "least", "median", "90%", "99%"
        );
    }
    for Latency { what, floor_ns, ratio, .. } in &figures.latencies {
        let row = |of: &Quantiles, show: fn(f64) -> String| {
            [of.min, of.median, of.p90, of.p99].map(|value| format!("{:>10}", show(value))).join("  ")
        };
        let _ = writeln!(out, "  {:<WIDTH$}  {}", "floor, blocked wait", row(floor_ns, time));
        let _ = writeln!(out, "  {:<WIDTH$}  {}", format!("{what}, ratio"), row(ratio, times));
    }
    for growth in &figures.growth {
        self::growth(out, growth);
    }
    if !figures.skipped.is_empty() {
        let _ = writeln!(out);
    }
    for skipped in &figures.skipped {
        let _ = writeln!(out, "  not measured: {}: {}", skipped.what, skipped.why);
    }
}

fn growth(out: &mut String, growth: &Growth) {
    let title = format!("reaping by {}, {}", growth.by, growth.call);
    let row = |of: fn(&super::figures::Point) -> String| {
        growth.points.iter().map(|point| format!("{:>10}", of(point))).collect::<Vec<_>>().join("  ")
    };
    let _ = writeln!(out, "\n  {title:<WIDTH$}  {}", row(|point| point.n.to_string()));
    let _ = writeln!(out, "  {:<WIDTH$}  {}", "  floor, per child", row(|point| time(point.floor_ns)));
    let _ = writeln!(out, "  {:<WIDTH$}  {}", "  ratio", row(|point| times(point.ratio)));
    if let Some(verdict) = growth.verdict() {
        let _ = writeln!(out, "  {verdict}");
    }
    if let Some(ended) = &growth.ended {
        let _ = writeln!(out, "  not measured: {ended}");
    }
}

/// A note on how a subject was measured.
pub fn note(figures: &Figures) -> Option<String> {
    let share = figures.protocol_share.map(|share| format!(" ({:.0}% of a poll)", share * 100.0));
    (figures.method == Method::Requests).then(|| {
        format!(
            "its agent has no loops: measured by requests; the floor is the C loop plus a request without a call{}",
            share.unwrap_or_default()
        )
    })
}

/// A time in a suitable unit.
pub fn time(ns: f64) -> String {
    match ns {
        ..1e3 => format!("{ns:.0} ns"),
        ..1e6 => format!("{:.2} µs", ns / 1e3),
        ..1e9 => format!("{:.2} ms", ns / 1e6),
        _ => format!("{:.2} s", ns / 1e9),
    }
}

/// A ratio.
pub fn times(ratio: f64) -> String {
    if ratio < 100.0 { format!("{ratio:.2}") } else { format!("{ratio:.0}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_suit_the_figures() {
        let shown = [12.0, 1_234.0, 5_000_000.0, 2.5e9].map(time);
        assert_eq!(shown, ["12 ns", "1.23 µs", "5.00 ms", "2.50 s"]);
        assert_eq!([1.0, 412.3].map(times), ["1.00", "412"]);
    }
}
