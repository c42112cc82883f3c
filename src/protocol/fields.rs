//! Resource usage as the fields of a line: `ru_utime_us`, `ru_maxrss`, ...
//!
//! The same names are used in the replies to wait calls and `getrusage`, and in a child's `report` and `last` lines,
//! with the prefix `ru_` for a process itself and `rc_` for its reaped children.

use super::line::Line;
use crate::sys::call::abi::Usage;

/// The prefix of a process's own usage.
pub const OWN: &str = "ru_";

/// The prefix of the usage of a process's reaped children.
pub const CHILDREN: &str = "rc_";

/// More than any process can use of anything, in any unit: larger numbers are clamped, so that nonsense from a subject
/// fails as such, and no sum or unit conversion overflows.
const MOST: i64 = 1 << 48;

/// A number reported by a subject, clamped to a range that is safe to calculate with.
pub fn bounded(number: i64) -> i64 {
    number.clamp(-MOST, MOST)
}

/// The names of the fields, without the prefix, each with its place in a [`Usage`].
fn fields(usage: &mut Usage) -> [(&'static str, &mut Option<i64>); 11] {
    [
        ("utime_us", &mut usage.utime_us),
        ("stime_us", &mut usage.stime_us),
        ("maxrss", &mut usage.maxrss),
        ("minflt", &mut usage.minflt),
        ("majflt", &mut usage.majflt),
        ("inblock", &mut usage.inblock),
        ("oublock", &mut usage.oublock),
        ("nvcsw", &mut usage.nvcsw),
        ("nivcsw", &mut usage.nivcsw),
        ("others", &mut usage.others),
        ("irregular", &mut usage.irregular),
    ]
}

/// Adds the known fields of `usage` to `line`, with `prefix` ([`OWN`] or [`CHILDREN`]) before each name.
///
/// Times are in microseconds, the maximum resident set size in the kernel's own unit; fields that are `None` are
/// omitted.
pub fn put_usage(line: &mut Line, prefix: &str, usage: &Usage) {
    let mut usage = *usage;
    for (name, value) in fields(&mut usage) {
        if let Some(value) = value {
            line.set(&format!("{prefix}{name}"), value);
        }
    }
}

/// The usage in `line` whose fields have `prefix`; `None` if there are no such fields.
///
/// A field that is absent or not a number is `None`; a number is [`bounded`].
pub fn get_usage(line: &Line, prefix: &str) -> Option<Usage> {
    let mut usage = Usage::default();
    let mut any = false;
    for (name, place) in fields(&mut usage) {
        let number = line.get(&format!("{prefix}{name}")).and_then(|text| super::line::parse_number(&text));
        *place = number.map(bounded);
        any |= place.is_some();
    }
    any.then_some(usage)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_comes_back_as_it_was_put() {
        let own = Usage { utime_us: Some(301), maxrss: Some(-1), nivcsw: Some(0), ..Usage::default() };
        let children = Usage { stime_us: Some(MOST), ..Usage::default() };
        let mut line = Line::new("ok");
        put_usage(&mut line, OWN, &own);
        put_usage(&mut line, CHILDREN, &children);
        assert_eq!(
            line.to_string(),
            "ok ru_utime_us=301 ru_maxrss=-1 ru_nivcsw=0 rc_stime_us=281474976710656"
        );
        assert_eq!(get_usage(&line, OWN), Some(own));
        assert_eq!(get_usage(&line, CHILDREN), Some(children));
        assert_eq!(get_usage(&Line::new("ok"), OWN), None);
        let nonsense = Line::new("ok").with("ru_maxrss", i64::MAX).with("ru_minflt", i64::MIN + 1);
        let cut = Usage { maxrss: Some(MOST), minflt: Some(-MOST), ..Usage::default() };
        assert_eq!(get_usage(&nonsense, OWN), Some(cut));
    }
}
