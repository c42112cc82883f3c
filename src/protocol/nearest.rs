//! The nearest valid name to an invalid one, for helpful errors.

use crate::sorted::sort_by_key;

/// The name nearest to `wrong`, if one is near enough to have been meant: the first of [`near`].
///
/// ```
/// use waitspec::protocol::nearest;
/// assert_eq!(nearest("exti", ["exit", "exec"]), Some("exit"));
/// assert_eq!(nearest("banana", ["exit", "exec"]), None);
/// ```
pub fn nearest<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    near(wrong, names).first().copied()
}

/// The names near enough to `wrong` to have been meant, nearest first.
///
/// Near enough: at most a third of its letters, or two if that is more, were mistyped, omitted or added. Names that are
/// equally near stay in order.
pub fn near<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    near_among(wrong, names.into_iter().collect())
}

fn near_among<'a>(wrong: &str, names: Vec<&'a str>) -> Vec<&'a str> {
    let most = (wrong.chars().count() / 3).max(2);
    let distances = names.into_iter().map(|name| (distance(wrong, name), name));
    let mut near: Vec<(usize, &str)> = distances.filter(|&(d, _)| d <= most).collect();
    sort_by_key(&mut near, |&(d, _)| d);
    near.into_iter().map(|(_, name)| name).collect()
}

/// The minimum number of letters to change, insert, delete or swap with a neighbour to turn one name into the other.
fn distance(a: &str, b: &str) -> usize {
    strsim::osa_distance(&a.to_ascii_lowercase(), &b.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        for (a, b, d) in [
            ("", "", 0),
            ("exit", "exit", 0),
            ("exit", "exits", 1),
            ("exti", "exit", 1),
            ("SIGTREM", "SIGTRAP", 2),
            ("", "abc", 3),
        ] {
            assert_eq!(distance(a, b), d, "{a} {b}");
            assert_eq!(distance(b, a), d, "{b} {a}");
        }
    }

    #[test]
    fn the_first_of_the_nearest_is_taken() {
        assert_eq!(nearest("sigterm", ["SIGTERM", "SIGTRAP"]), Some("SIGTERM"));
        assert_eq!(nearest("burn", ["burn-user", "burns", "burnt"]), Some("burns"));
        assert_eq!(nearest("x", ["exit", "pause"]), None);
        assert_eq!(near("wiat4", ["wait", "waitid", "wait4", "exit"]), ["wait4", "wait"]);
    }
}
