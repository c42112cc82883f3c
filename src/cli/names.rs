//! Errors about unknown names, with the nearest known ones.

use crate::protocol::near;
use crate::report::renames::{Kind, new_name};
use crate::runner::settings::RunError;
use crate::sorted::Set;
use crate::subject;
use crate::sys::call::abi::Call;

/// The forms of `--subject` other than the names of built-in subjects.
pub const SUBJECT_FORMS: [(&str, &str); 9] = [
    ("agent:CMD", "an implementation behind an agent, a program that speaks the protocol"),
    ("so:PATH", "the functions of a shared object, by their addresses"),
    ("preload:PATH", "the C library with a shared object preloaded (LD_PRELOAD)"),
    ("wrapper:CMD", "a program that runs a given command"),
    ("time:CMD", "a program that runs a given command and reports its resource usage"),
    ("container-init:CMD", "an init that runs a given command, as process 1 of a container"),
    ("supervisor:CMD", "a program that keeps other programs running"),
    ("shell:CMD", "a shell, which runs scripts"),
    ("mutant:NAME", "a subject with a known bug (`list mutants`)"),
];

/// All subjects: the built-in ones by name, the others by their form, each with what it is.
pub fn subjects() -> Vec<(String, String)> {
    let version = env!("CARGO_PKG_VERSION");
    let mut all = Vec::new();
    for subject in subject::built_in() {
        let calls: Vec<&str> = subject.calls().into_iter().map(Call::name).collect();
        all.push((subject.name(), format!("{}; {}", subject.version(), calls.join(" "))));
    }
    let own = |what: &str| format!("{version}; {what} built on this crate's wait");
    all.push((subject::OWN_HANDLE.to_owned(), own("process handles")));
    all.extend(subject::OWN_PROGRAMS.iter().map(|name| ((*name).to_owned(), own("a program"))));
    all.extend(SUBJECT_FORMS.map(|(form, summary)| (form.to_owned(), summary.to_owned())));
    all
}

/// The number of names suggested, at most.
const MOST: usize = 3;

/// The known names nearest to an unknown one, best first, then those that contain it.
pub fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let known: Vec<&str> = known.into_iter().collect();
    let low = wrong.to_lowercase();
    let contains = |name: &&str| !low.is_empty() && name.to_lowercase().contains(&low);
    let mut nearest = near(wrong, known.iter().copied());
    nearest.extend(known.into_iter().filter(contains));
    let mut seen = Set::new();
    nearest.retain(|name| seen.insert(*name));
    nearest.truncate(MOST);
    nearest
}

/// `; nearest: a, b`, or nothing if no known name is near.
pub fn hint<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    match nearest(wrong, known).as_slice() {
        [] => String::new(),
        near => format!("; nearest: {}", near.join(", ")),
    }
}

/// The error for an unknown name of some kind.
pub fn unknown<'a>(sort: &str, wrong: &str, known: impl IntoIterator<Item = &'a str>) -> RunError {
    RunError::Usage(format!("unknown {sort} `{wrong}`{}", hint(wrong, known)))
}

/// The same for a name that may have been renamed.
pub fn unknown_id<'a>(
    sort: &str,
    kind: Kind,
    wrong: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> RunError {
    match new_name(kind, wrong) {
        Some(new) => RunError::Usage(format!("unknown {sort} `{wrong}`; renamed to {new}")),
        None => unknown(sort, wrong, known),
    }
}

/// The same where the known names are few enough to list them all.
pub fn unknown_of_few<'a>(
    sort: &str,
    wrong: &str,
    known: impl IntoIterator<Item = &'a str, IntoIter: Clone>,
) -> RunError {
    let known = known.into_iter();
    let all: Vec<&str> = known.clone().collect();
    RunError::Usage(format!(
        "unknown {sort} `{wrong}`{}; expected one of: {}",
        hint(wrong, known),
        all.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_suggested() {
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
