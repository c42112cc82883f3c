//! Every history up to a length, on two children.

use super::op::Op;
use super::script::parse;
use super::state::State;
use crate::spec::Profile;
use crate::sys::call::abi::Call;

/// The alphabet: operations on two children, and calls that observe all of them. Slot `B` is used only after `A`: the
/// other histories are the same up to renaming.
const ALPHABET: &str = "spawn A; spawn B; kill A SIGKILL; kill B SIGKILL; stop A; stop B; cont A; cont B; wait(any); \
                        waitpid(A, WNOHANG); waitpid(B, WNOHANG); wait4(any, WNOHANG|WUNTRACED|WCONTINUED); \
                        waitid(any, WNOHANG|WSTOPPED|WCONTINUED|WNOWAIT|WEXITED)";

/// The valid histories of up to `length` operations with the subject's calls: their number, and those that are not a
/// prefix of another, which suffice to be performed.
pub fn histories(length: usize, calls: &[Call], profile: Profile) -> (u64, Vec<Vec<Op>>) {
    let letters: Vec<Op> = parse(ALPHABET).unwrap_or_default();
    let has = |op: &Op| match op {
        Op::Wait(wait) => calls.contains(&wait.call),
        _ => true,
    };
    let mut tree = Tree {
        letters: letters.into_iter().filter(has).collect(),
        length,
        profile,
        distinct: 0,
        whole: Vec::new(),
    };
    tree.grow(&mut Vec::new(), &[State::default()]);
    (tree.distinct, tree.whole)
}

struct Tree {
    letters: Vec<Op>,
    length: usize,
    profile: Profile,
    distinct: u64,
    whole: Vec<Vec<Op>>,
}

impl Tree {
    fn grow(&mut self, history: &mut Vec<Op>, worlds: &[State]) {
        let mut last = true;
        if history.len() < self.length {
            for op in self.letters.clone() {
                let after = self.after(worlds, &op);
                if after.is_empty() {
                    continue;
                }
                last = false;
                self.distinct += 1;
                history.push(op);
                self.grow(history, &after);
                history.pop();
            }
        }
        if last && !history.is_empty() {
            self.whole.push(history.clone());
        }
    }

    /// The states an operation may lead to; none if it is invalid in all.
    fn after(&self, worlds: &[State], op: &Op) -> Vec<State> {
        let mut after: Vec<State> = Vec::new();
        for world in worlds.iter().filter(|world| world.allows(op)) {
            // The same history with the children renamed.
            if matches!(op, Op::Spawn { slot, .. } if slot.0 > 0 && world.last(super::op::Slot(0)).is_none())
            {
                continue;
            }
            let next: Vec<State> = match op {
                Op::Wait(wait) => {
                    let answers = world.answers(wait, self.profile).into_iter();
                    answers.map(|answer| world.after(wait, answer)).collect()
                }
                _ => vec![self.acted(world, op)],
            };
            for world in next {
                if !after.contains(&world) {
                    after.push(world);
                }
            }
        }
        after
    }

    /// The state after an operation, which may also have ended the blocked call.
    fn acted(&self, world: &State, op: &Op) -> State {
        let mut world = world.clone();
        world.act(op);
        match world.asleep {
            // One change at a time: there is a single answer.
            Some(wait) => match world.answers(&wait, self.profile).first() {
                Some(answer) => world.after(&wait, *answer),
                None => world,
            },
            None => world,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::script::script;
    use std::collections::HashSet;

    #[test]
    fn histories_are_distinct_and_have_a_meaning() {
        let (distinct, whole) = histories(3, &Call::ALL, Profile::Linux);
        let scripts: HashSet<String> = whole.iter().map(|ops| script(ops)).collect();
        assert_eq!(scripts.len(), whole.len());
        let prefixes: HashSet<String> =
            whole.iter().flat_map(|ops| (1..=ops.len()).map(|n| script(&ops[..n]))).collect();
        assert_eq!(prefixes.len() as u64, distinct);
        assert!(scripts.contains("spawn A; stop A; cont A"));
        assert!(!scripts.iter().any(|s| s.starts_with("spawn B") || s.starts_with("kill")));
        // While a call blocks, only its children act.
        assert!(scripts.contains("spawn A; wait(any); kill A SIGKILL"));
        assert!(!scripts.iter().any(|s| s.contains("spawn A; wait(any); waitpid")));
    }

    #[test]
    fn a_subject_without_a_call_has_fewer() {
        let (all, _) = histories(3, &Call::ALL, Profile::Linux);
        let (fewer, whole) = histories(3, &[Call::Waitpid], Profile::Linux);
        assert!(fewer < all);
        assert!(whole.iter().flatten().all(|op| !matches!(op, Op::Wait(w) if w.call != Call::Waitpid)));
    }
}
