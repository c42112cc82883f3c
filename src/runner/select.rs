//! Which trials a [`Settings`] selects: a pure function of names.

use super::settings::{RunError, Settings};
use crate::spec::Clause;
use crate::trial::Variant;

/// What selection needs to know about a case.
#[derive(Debug, Clone)]
pub struct Candidate<'a> {
    /// Its id.
    pub case: &'a str,
    /// The clauses it cites.
    pub clauses: &'a [&'static Clause],
    /// What it can be tried with: calls, forms or contracts.
    pub variants: Vec<Variant>,
}

/// The part of a [`Settings`] that matched nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unmatched {
    /// No `case@variant` matches this pattern.
    Pattern(String),
    /// No `case@variant` matches this exclude pattern.
    Excluded(String),
    /// No clause has this id or matches this glob.
    Clause(String),
    /// The filters match, but no trial satisfies all of them.
    Together,
    /// There are more shards than trials, and this one is empty.
    Shard,
}

impl From<Unmatched> for RunError {
    fn from(unmatched: Unmatched) -> RunError {
        match unmatched {
            Unmatched::Pattern(p) => RunError::Nothing(format!("no case matches `{p}`")),
            Unmatched::Excluded(p) => {
                RunError::Nothing(format!("no case matches the excluded pattern `{p}`"))
            }
            Unmatched::Clause(c) => RunError::Usage(format!("unknown clause `{c}`")),
            Unmatched::Together => RunError::Nothing("no case satisfies all filters".to_owned()),
            Unmatched::Shard => {
                RunError::Nothing("this shard is empty: there are more shards than trials".to_owned())
            }
        }
    }
}

/// Whether a pattern matches this trial.
///
/// A pattern with a `*` must match all of `case@call`, or the whole case id if it has no `@`. Any other pattern is a
/// substring of `case@call`; the part after an `@` must be the full name of the call, so that `x@wait` does not match
/// `x@wait4`.
pub fn matches(pattern: &str, case: &str, variant: Variant) -> bool {
    if pattern.contains('*') {
        let whole =
            if pattern.contains('@') { format!("{case}@{}", variant.name()) } else { case.to_owned() };
        return glob(pattern, &whole);
    }
    match pattern.split_once('@') {
        Some((in_case, name)) => case.contains(in_case) && variant.name() == name,
        None => case.contains(pattern) || variant.name().contains(pattern),
    }
}

/// Whether a text matches a pattern in which `*` stands for any number of characters.
pub fn glob(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let Some(last) = pieces.next_back() else { return rest.is_empty() };
    // The leftmost match is right for every piece but the last, which must match at the end.
    for piece in pieces {
        match rest.find(piece) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// The selected trials as (candidate index, call), in the order of the candidates.
///
/// A pattern equal to a case id or a `case@call` selects only that, even if it is a substring of others. The order does
/// not depend on the seed, so the shards of a shuffled run still partition it.
///
/// # Errors
/// The filter that matched nothing.
pub fn select(settings: &Settings, candidates: &[Candidate<'_>]) -> Result<Vec<(usize, Variant)>, Unmatched> {
    let all: Vec<(usize, Variant)> = candidates
        .iter()
        .enumerate()
        .flat_map(|(index, candidate)| candidate.variants.iter().map(move |v| (index, *v)))
        .collect();
    let mut wanted = vec![settings.patterns.is_empty(); all.len()];
    for pattern in &settings.patterns {
        let named = |(index, variant): (usize, Variant)| {
            let case = candidates[index].case;
            case == pattern || pattern.split_once('@') == Some((case, variant.name()))
        };
        let exact = all.iter().any(|trial| named(*trial));
        let mut any = false;
        for (slot, (index, variant)) in all.iter().enumerate() {
            let hit = match exact {
                true => named((*index, *variant)),
                false => matches(pattern, candidates[*index].case, *variant),
            };
            wanted[slot] |= hit;
            any |= hit;
        }
        if !any {
            return Err(Unmatched::Pattern(pattern.clone()));
        }
    }
    for pattern in &settings.excluded {
        let mut any = false;
        for (slot, (index, variant)) in all.iter().enumerate() {
            let hit = matches(pattern, candidates[*index].case, *variant);
            wanted[slot] &= !hit;
            any |= hit;
        }
        if !any {
            return Err(Unmatched::Excluded(pattern.clone()));
        }
    }
    for wanted_clause in &settings.clauses {
        if !crate::spec::clauses().any(|clause| glob(wanted_clause, clause.id)) {
            return Err(Unmatched::Clause(wanted_clause.clone()));
        }
    }
    let cites = |clauses: &[&'static Clause]| {
        settings.clauses.is_empty()
            || settings.clauses.iter().any(|wanted| clauses.iter().any(|clause| glob(wanted, clause.id)))
    };
    let selected: Vec<(usize, Variant)> = all
        .into_iter()
        .zip(wanted)
        .filter(|((index, variant), wanted)| {
            *wanted
                && (settings.calls.is_empty()
                    || variant.call().is_some_and(|call| settings.calls.contains(&call)))
                && cites(candidates[*index].clauses)
        })
        .map(|(trial, _)| trial)
        .collect();
    if selected.is_empty() {
        return Err(Unmatched::Together);
    }
    let Some((part, parts)) = settings.shard else { return Ok(selected) };
    let kept: Vec<_> = selected.into_iter().skip(part as usize - 1).step_by(parts as usize).collect();
    if kept.is_empty() { Err(Unmatched::Shard) } else { Ok(kept) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::posix;
    use crate::sys::call::abi::Call;

    static NOHANG: &[&Clause] = &[&posix::WAITPID_NOHANG_ZERO];
    static EXIT: &[&Clause] = &[&posix::WAITPID_EXIT_CODE];

    fn table() -> Vec<Candidate<'static>> {
        let row = |case, clauses| Candidate {
            case,
            clauses,
            variants: [Call::Wait, Call::Waitpid, Call::Wait4].map(Variant::Call).to_vec(),
        };
        vec![row("nohang.running", NOHANG), row("nohang.running-two", NOHANG), row("exit.code", EXIT)]
    }

    fn names(settings: Settings) -> Result<Vec<String>, Unmatched> {
        let table = table();
        let found = select(&settings, &table)?;
        Ok(found.into_iter().map(|(i, call)| format!("{}@{}", table[i].case, call.name())).collect())
    }

    fn patterns(of: &[&str]) -> Result<Vec<String>, Unmatched> {
        names(Settings { patterns: of.iter().map(|p| (*p).to_owned()).collect(), ..Settings::default() })
    }

    #[test]
    fn globs() {
        for (pattern, text) in [
            ("*", ""),
            ("a*", "a"),
            ("*a", "ba"),
            ("a*c", "abc"),
            ("a*b*c", "a1b2b3c"),
            ("abc", "abc"),
            ("**", "x"),
        ] {
            assert!(glob(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("a*a", "a"), ("abc", "abcd"), ("*b", "ba"), ("a*b*c", "acb"), ("", "a")] {
            assert!(!glob(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn an_exact_name_means_only_itself() {
        assert_eq!(patterns(&["nohang.running@wait"]).unwrap(), ["nohang.running@wait"]);
        assert_eq!(patterns(&["nohang.running"]).unwrap().len(), 3);
        assert_eq!(patterns(&["nohang.runn"]).unwrap().len(), 6);
        assert_eq!(
            patterns(&["nohang@wait4"]).unwrap(),
            ["nohang.running@wait4", "nohang.running-two@wait4"]
        );
    }

    #[test]
    fn globs_and_parts() {
        assert_eq!(patterns(&["*.code"]).unwrap().len(), 3);
        assert_eq!(patterns(&["*@wait4"]).unwrap().len(), 3);
        assert_eq!(patterns(&["wait4"]).unwrap().len(), 3);
        assert_eq!(patterns(&["exit", "*.running"]).unwrap().len(), 6);
    }

    #[test]
    fn what_matches_nothing_is_named() {
        assert_eq!(patterns(&["exit", "nope"]), Err(Unmatched::Pattern("nope".to_owned())));
        assert_eq!(patterns(&["exit.code@wait6"]), Err(Unmatched::Pattern("exit.code@wait6".to_owned())));
        let clause = |id: &str| names(Settings { clauses: vec![id.to_owned()], ..Settings::default() });
        assert_eq!(clause("posix/nope"), Err(Unmatched::Clause("posix/nope".to_owned())));
        assert_eq!(clause("posix/waitpid/echild"), Err(Unmatched::Together));
        assert_eq!(clause("posix/waitpid/exit*").unwrap().len(), 3);
    }

    #[test]
    fn what_is_excluded_is_left_out() {
        let without = |excluded: &[&str]| {
            let excluded = excluded.iter().map(|p| (*p).to_owned()).collect();
            names(Settings { excluded, patterns: vec!["nohang".to_owned()], ..Settings::default() })
        };
        assert_eq!(
            without(&["running-two", "*@wait4"]).unwrap(),
            ["nohang.running@wait", "nohang.running@waitpid"]
        );
        assert_eq!(without(&["nope"]), Err(Unmatched::Excluded("nope".to_owned())));
        assert_eq!(without(&["nohang"]), Err(Unmatched::Together));
    }

    #[test]
    fn shards_are_a_partition() {
        let shard = |m, n| names(Settings { shard: Some((m, n)), ..Settings::default() });
        let mut parts: Vec<_> = (1..=4).flat_map(|m| shard(m, 4).unwrap()).collect();
        parts.sort();
        let mut whole = names(Settings::default()).unwrap();
        whole.sort();
        assert_eq!(parts, whole);
        assert_eq!(shard(10, 10), Err(Unmatched::Shard));
    }
}
