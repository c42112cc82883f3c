//! Plots as inline SVG: no scripts, and the page's colours.

use maud::{Markup, html};

/// The drawing area, and the room for labels around it.
const SIZE: (f64, f64) = (560.0, 220.0);
const LEFT: f64 = 70.0;
const RIGHT: f64 = 40.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 40.0;

/// A line of a plot.
pub(super) struct Series {
    /// Its name in the legend.
    pub(super) name: String,
    /// Its class in the style sheet: `own` or `floor`.
    pub(super) class: &'static str,
    /// Its points.
    pub(super) points: Vec<(f64, f64)>,
}

/// An axis of a plot.
pub(super) struct Axis {
    /// What it shows.
    pub(super) label: &'static str,
    /// Whether equal distances are equal ratios.
    pub(super) log: bool,
    /// How a value is shown.
    pub(super) show: fn(f64) -> String,
}

/// The position of a value between the ends of an axis, 0 to 1.
struct Scale {
    from: f64,
    to: f64,
    log: bool,
}

impl Scale {
    /// An axis with room for all values. A logarithmic one begins and ends at a power of ten, any other begins at 0.
    fn of(values: impl Iterator<Item = f64> + Clone, log: bool) -> Scale {
        let most = values.clone().fold(f64::MIN_POSITIVE, f64::max);
        if !log {
            return Scale { from: 0.0, to: most, log };
        }
        let least = values.filter(|value| *value > 0.0).fold(most, f64::min);
        let (from, to) = (10_f64.powf(least.log10().floor()), 10_f64.powf(most.log10().ceil()));
        Scale { from, to: if to > from { to } else { from * 10.0 }, log }
    }

    fn place(&self, value: f64) -> f64 {
        let at = if self.log {
            (value.max(self.from) / self.from).ln() / (self.to / self.from).ln()
        } else {
            (value - self.from) / (self.to - self.from)
        };
        at.clamp(0.0, 1.0)
    }

    /// The values that get a tick mark.
    fn marks(&self) -> Vec<f64> {
        if !self.log {
            return (0..=4).map(|at| self.from + (self.to - self.from) * f64::from(at) / 4.0).collect();
        }
        let powers = (self.to / self.from).log10().round() as i32;
        (0..=powers).map(|power| self.from * 10_f64.powi(power)).collect()
    }
}

fn at_x(place: f64) -> f64 {
    LEFT + place * SIZE.0
}

fn at_y(place: f64) -> f64 {
    TOP + (1.0 - place) * SIZE.1
}

fn px(value: f64) -> String {
    format!("{value:.1}")
}

/// A line plot.
pub(super) fn lines(title: &str, x: &Axis, y: &Axis, series: &[Series]) -> Markup {
    let points = || series.iter().flat_map(|series| series.points.iter());
    let across = Scale::of(points().map(|point| point.0), x.log);
    let up = Scale::of(points().map(|point| point.1), y.log);
    let place = |point: &(f64, f64)| (px(at_x(across.place(point.0))), px(at_y(up.place(point.1))));
    html! {
        figure {
            svg viewBox=(view_box(SIZE.1)) role="img" aria-label=(title) {
                @for mark in across.marks() {
                    @let at = px(at_x(across.place(mark)));
                    line.grid x1=(at) x2=(at) y1=(px(TOP)) y2=(px(TOP + SIZE.1)) {}
                    text x=(at) y=(px(TOP + SIZE.1 + 16.0)) text-anchor="middle" { ((x.show)(mark)) }
                }
                @for mark in up.marks() {
                    @let at = at_y(up.place(mark));
                    line.grid x1=(px(LEFT)) x2=(px(LEFT + SIZE.0)) y1=(px(at)) y2=(px(at)) {}
                    text x=(px(LEFT - 6.0)) y=(px(at + 4.0)) text-anchor="end" { ((y.show)(mark)) }
                }
                text x=(px(LEFT + SIZE.0 / 2.0)) y=(px(TOP + SIZE.1 + 34.0)) text-anchor="middle" { (x.label) }
                @for one in series {
                    @let line = one.points.iter().map(place).map(|(x, y)| format!("{x},{y}")).collect::<Vec<_>>().join(" ");
                    polyline class=(one.class) points=(line) {}
                    @for (x, y) in one.points.iter().map(place) {
                        circle class=(one.class) cx=(x) cy=(y) r="2.5" {}
                    }
                }
            }
            figcaption { (y.label) ": " @for one in series { span class=(one.class) { "— " (one.name) } " " } }
        }
    }
}

/// A row of [`ranges`].
pub(super) struct Range {
    /// Its name.
    pub(super) name: String,
    /// The ends, and the value between.
    pub(super) low: f64,
    pub(super) value: f64,
    pub(super) high: f64,
}

/// Ratios as points with their ranges, and a line at 1.
pub(super) fn ranges(title: &str, rows: &[Range]) -> Markup {
    const ROW: f64 = 26.0;
    const NAMES: f64 = 130.0;
    let across = Scale::of(rows.iter().map(|row| row.high).chain([1.0]), false);
    let at = |value: f64| px(LEFT + NAMES + across.place(value) * (SIZE.0 - NAMES));
    let height = ROW * rows.len() as f64;
    html! {
        figure {
            svg viewBox=(view_box(height)) role="img" aria-label=(title) {
                @for mark in across.marks() {
                    text x=(at(mark)) y=(px(TOP + height + 16.0)) text-anchor="middle" { (format!("{mark:.2}")) }
                }
                line.floor x1=(at(1.0)) x2=(at(1.0)) y1=(px(TOP)) y2=(px(TOP + height)) {}
                @for (row, number) in rows.iter().zip(0_u32..) {
                    @let y = TOP + ROW * (f64::from(number) + 0.5);
                    text x=(px(LEFT + NAMES - 8.0)) y=(px(y + 4.0)) text-anchor="end" { (row.name) }
                    line.own x1=(at(row.low)) x2=(at(row.high)) y1=(px(y)) y2=(px(y)) {}
                    circle.own cx=(at(row.value)) cy=(px(y)) r="4" {}
                }
            }
            figcaption { "relative to the floor, the line at 1; half of the rounds are within the bar" }
        }
    }
}

fn view_box(height: f64) -> String {
    format!("0 0 {} {}", LEFT + SIZE.0 + RIGHT, TOP + height + BOTTOM)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logarithmic_scale_spans_powers_of_ten() {
        let scale = Scale::of([12.0, 900.0].into_iter(), true);
        assert_eq!((scale.from, scale.to), (10.0, 1_000.0));
        assert_eq!(scale.marks().len(), 3);
        assert!((scale.place(100.0) - 0.5).abs() < 1e-9);
        // All values are equal: avoid dividing by zero.
        let flat = Scale::of([1.0, 1.0].into_iter(), true);
        assert!(flat.to > flat.from && flat.place(1.0) == 0.0);
        let linear = Scale::of([1.0, 4.0].into_iter(), false);
        assert_eq!((linear.from, linear.place(0.0)), (0.0, 0.0));
    }
}
