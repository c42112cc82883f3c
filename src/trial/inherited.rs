//! What a child has inherited, compared with what another one has.

use super::abort::Abort;
use super::core::{Child, Core};
use crate::protocol::Line;
use crate::scenario::Step;

/// What a child says that it has inherited.
#[derive(Debug)]
pub struct Inherited(Line);

/// What is one value.
const VALUES: [&str; 8] = ["cwd", "umask", "nice", "pgid", "sid", "stdin", "stdout", "stderr"];
/// What are lists.
const LISTS: [&str; 2] = ["limits", "environment"];
/// Lists of which a child may have less.
const AT_MOST: [&str; 3] = ["descriptors", "blocked", "ignored"];

impl Inherited {
    /// One of the values.
    pub fn value(&self, key: &str) -> String {
        self.0.get(key).unwrap_or_default()
    }

    /// One of the lists.
    pub fn list(&self, key: &str) -> Vec<String> {
        self.0.list(key)
    }

    /// How this differs from what another process has inherited, in words.
    pub fn differences(&self, from: &Inherited) -> Vec<String> {
        let mut found = Vec::new();
        for key in VALUES {
            let (ours, theirs) = (self.value(key), from.value(key));
            if ours != theirs {
                found.push(format!("{key}: {ours} instead of {theirs}"));
            }
        }
        for key in LISTS.into_iter().chain(AT_MOST) {
            let (ours, theirs) = (self.list(key), from.list(key));
            // A shell sets this one for each command.
            let counts = |word: &&String| !(key == "environment" && word.starts_with("_:"));
            let more = ours.iter().filter(|word| !theirs.contains(word)).filter(counts);
            found.extend(more.map(|word| format!("{key}: {word}")));
            if !AT_MOST.contains(&key) {
                let less = theirs.iter().filter(|word| !ours.contains(word)).filter(counts);
                found.extend(less.map(|word| format!("{key}: no {word}")));
            }
        }
        found
    }
}

impl Core<'_> {
    /// What a child has inherited.
    pub fn inherited(&mut self, child: &Child) -> Result<Inherited, Abort> {
        self.tell_for_reply(child, &Step::Inherited).map(Inherited)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_difference_is_named() {
        let of = |text: &str| Inherited(text.parse().expect("a line"));
        let one =
            of("ok cwd=/ umask=022 nice=0 pgid=7 sid=7 limits=core:0 environment=A:1,_:2 ignored=SIGHUP");
        let other =
            of("ok cwd=/ umask=027 nice=0 pgid=7 sid=7 limits=core:1 environment=B:1,_:3 descriptors=5");
        assert_eq!(one.differences(&one), [""; 0]);
        assert_eq!(
            other.differences(&one),
            [
                "umask: 027 instead of 022",
                "limits: core:1",
                "limits: no core:0",
                "environment: B:1",
                "environment: no A:1",
                "descriptors: 5"
            ]
        );
        assert_eq!(one.differences(&other).last().map(String::as_str), Some("ignored: SIGHUP"));
    }
}
