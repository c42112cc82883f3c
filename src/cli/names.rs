//! Errors about unknown names say which known ones are near.

use crate::harness::settings::RunError;

/// How alike two names have to be to be worth a mention, from 0 to 1.
const ALIKE: f64 = 0.75;
/// How many names are mentioned.
const MOST: usize = 3;

/// The known names that are nearest to a wrong one, best first; those that contain it are near too.
pub fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let low = wrong.to_lowercase();
    let mut scored: Vec<(f64, &str)> = known
        .into_iter()
        .map(|name| {
            let contained = !low.is_empty() && name.to_lowercase().contains(&low);
            let alike = strsim::jaro_winkler(&low, &name.to_lowercase());
            // Two letters swapped in a short word are much to Jaro and Winkler, and a slip to everyone else.
            let slip = strsim::osa_distance(&low, &name.to_lowercase()) <= 1 + low.len() / 4;
            (if contained || slip && low.len() > 2 { alike.max(ALIKE) } else { alike }, name)
        })
        .filter(|(score, _)| *score >= ALIKE)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    scored.dedup_by_key(|(_, name)| *name);
    scored.truncate(MOST);
    scored.into_iter().map(|(_, name)| name).collect()
}

/// `; nearest: a, b`, or nothing if no known name is near.
pub fn hint<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    match nearest(wrong, known).as_slice() {
        [] => String::new(),
        near => format!("; nearest: {}", near.join(", ")),
    }
}

/// The error about an unknown name of some sort.
pub fn unknown<'a>(sort: &str, wrong: &str, known: impl IntoIterator<Item = &'a str>) -> RunError {
    RunError::Usage(format!("unknown {sort} `{wrong}`{}", hint(wrong, known)))
}

/// The same where the known names are so few that all are told.
pub fn unknown_of_few<'a>(
    sort: &str,
    wrong: &str,
    known: impl IntoIterator<Item = &'a str, IntoIter: Clone>,
) -> RunError {
    let known = known.into_iter();
    let all: Vec<&str> = known.clone().collect();
    RunError::Usage(format!("unknown {sort} `{wrong}`{}; known: {}", hint(wrong, known), all.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_mentioned() {
        let calls = ["wait", "waitpid", "wait3", "wait4"];
        assert_eq!(nearest("wiat4", calls)[0], "wait4");
        assert_eq!(nearest("banana", calls), [""; 0]);
        assert_eq!(nearest("rnu", ["run", "list"]), ["run"]);
        assert_eq!(
            nearest("nohang", ["exit.code", "some.very-long-name-nohang"]),
            ["some.very-long-name-nohang"]
        );
        assert_eq!(
            unknown("call", "waitpdi", ["waitpid"]).to_string(),
            "unknown call `waitpdi`; nearest: waitpid"
        );
        assert_eq!(unknown("call", "x", calls).to_string(), "unknown call `x`");
    }
}
