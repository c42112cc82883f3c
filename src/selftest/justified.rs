//! What is not as it should be, and why that is right.

/// Expectations that no mutant can fail: case, clause, why.
pub const NEVER_FAILED: &[(&str, &str, &str)] = &[];

/// Cases that the same mutants fail, and why each is there all the same.
const ALIKE: &[(&[&str], &str)] = &[];

/// Why an expectation is never seen to fail.
pub fn never_failed(case: &str, clause: &str) -> Option<&'static str> {
    NEVER_FAILED.iter().find(|(c, l, _)| *c == case && *l == clause).map(|(_, _, why)| *why)
}

/// Why these cases are all there although the same mutants fail them.
pub fn alike(cases: &[String]) -> Option<&'static str> {
    let same = |of: &&[&str]| cases.iter().all(|case| of.contains(&case.as_str()));
    ALIKE.iter().find(|(of, _)| same(of)).map(|(_, why)| *why)
}
