//! Lists of skips, in the format of `fixtures/skips`.

use super::run::Trial;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write};

/// The comment at the top of a file.
const HEAD: &str = "# Written by WAITSPEC_BLESS=1 cargo test --test environments skips.\n";

/// A trial: its subject, and `case@call`.
type Id = (String, String);

/// Skipped trials and the reasons.
pub type Skips = BTreeMap<Id, String>;

/// The skips among these trials.
pub fn skips(trials: &[Trial]) -> Skips {
    let skipped = trials.iter().filter(|trial| trial.verdict == "skip");
    skipped.map(|trial| (id(trial), trial.reason.clone())).collect()
}

fn id(trial: &Trial) -> Id {
    (trial.subject.clone(), trial.id.clone())
}

/// A trial that is not skipped as expected.
pub struct Difference {
    pub trial: Id,
    /// The reason, if it is skipped.
    pub now: Option<String>,
    /// The expected reason, if it should be.
    pub expected: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |reason: &Option<String>| reason.clone().unwrap_or_else(|| "not skipped".to_owned());
        let (subject, id) = &self.trial;
        write!(f, "{subject} {id}: {}; listed: {}", shown(&self.now), shown(&self.expected))
    }
}

/// A list of reasons, by subject and case or `case@call`. A case stands for all its trials.
#[derive(Debug, Default)]
pub struct List(BTreeMap<Id, String>);

impl List {
    /// Reads a line `["reason"]`, and below it for each subject a line `subject = ["case", "case@call"]`.
    pub fn parse(text: &str) -> List {
        let mut list = BTreeMap::new();
        let mut reason = String::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if let Some(name) = line.strip_prefix("[\"").and_then(|rest| rest.strip_suffix("\"]")) {
                reason = name.to_owned();
            } else {
                let (subject, cases) = line.split_once(" = ").expect("subject = [cases]");
                for case in cases.trim_matches(['[', ']']).split(", ") {
                    list.insert((subject.to_owned(), case.trim_matches('"').to_owned()), reason.clone());
                }
            }
        }
        List(list)
    }

    /// The shortest text for the skips that differ from `others`; empty if none does.
    pub fn text(trials: &[Trial], others: &Skips) -> String {
        let now = skips(trials);
        let mut by_reason: BTreeMap<&str, BTreeMap<&str, BTreeSet<&str>>> = BTreeMap::new();
        for trial in trials {
            let Some(reason) = now.get(&id(trial)).filter(|now| others.get(&id(trial)) != Some(now)) else {
                continue;
            };
            let case = case(&trial.id);
            let mut of_case =
                trials.iter().filter(|t| t.subject == trial.subject && self::case(&t.id) == case);
            let shown = if of_case.all(|t| now.get(&id(t)) == Some(reason)) { case } else { &trial.id };
            by_reason.entry(reason).or_default().entry(&trial.subject).or_default().insert(shown);
        }
        let mut text = String::new();
        for (reason, subjects) in by_reason {
            let _ = writeln!(text, "\n[\"{reason}\"]");
            for (subject, cases) in subjects {
                let cases: Vec<String> = cases.iter().map(|case| format!("\"{case}\"")).collect();
                let _ = writeln!(text, "{subject} = [{}]", cases.join(", "));
            }
        }
        if text.is_empty() { text } else { format!("{HEAD}{text}") }
    }

    fn reason(&self, (subject, id): &Id) -> Option<&String> {
        let named = |name: &str| self.0.get(&(subject.clone(), name.to_owned()));
        named(id).or_else(|| named(case(id)))
    }

    /// The listed ones of these trials.
    pub fn skips(&self, trials: &[Trial]) -> Skips {
        trials.iter().map(id).filter_map(|id| Some((id.clone(), self.reason(&id)?.clone()))).collect()
    }

    /// The differences of a run from this list, or from `others` for trials not listed. A trial that `others` skip may always be
    /// skipped for the same reason.
    pub fn differences(&self, trials: &[Trial], others: &Skips) -> Vec<Difference> {
        let now = skips(trials);
        let difference = |trial: Id| {
            let (now, other) = (now.get(&trial), others.get(&trial));
            let expected = self.reason(&trial).or(other);
            let right = now == expected || now.is_some() && now == other;
            (!right).then(|| Difference { now: now.cloned(), expected: expected.cloned(), trial })
        };
        trials.iter().map(id).filter_map(difference).collect()
    }
}

/// The case of a trial.
fn case(id: &str) -> &str {
    id.split_once('@').map_or(id, |(case, _)| case)
}
