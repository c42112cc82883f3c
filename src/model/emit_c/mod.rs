//! Histories as self-contained C programs: one to send to a maintainer, or many to test a young kernel with.
//!
//! Everything the oracle allows is emitted as a graph: for each step and each state the outcomes, and the state each
//! leads to. The program walks it.

mod histories;
mod suite;

pub use histories::HISTORIES;
pub use suite::{emit_suite, id};

use super::op::{Destination, Op, Selector, Sigchld, Slot, UNKNOWN_BIT, Wait};
use super::state::{Permitted, Phase, State};
use crate::spec::Profile;
use crate::sys::call::abi::Call;
use crate::trial::Change;
use crate::trial::Flag;
use crate::wait::Signal;
use std::fmt::Write;

const TEMPLATE: &str = include_str!("replay.c");
/// Shared by both programs: the calls, and the comparison of outcomes with those expected.
const COMMON: &str = include_str!("common.c");

/// The program for a history, judged by this profile. `about` becomes its header comment.
pub fn emit(ops: &[Op], profile: Profile, about: &[String]) -> String {
    let graph = Graph::of(ops, profile);
    let about: String = about.iter().map(|line| format!(" * {}\n", line.replace("*/", "* /"))).collect();
    let names: String = graph.names.iter().map(|slot| format!("\"{slot}\", ")).collect();
    TEMPLATE
        .replacen("@ABOUT@", &about, 1)
        .replacen("@COMMON@", COMMON, 1)
        .replacen("@KIDS@", &graph.names.len().to_string(), 1)
        .replacen("@NAMES@", &format!("{names}\"\""), 1)
        .replacen("@STEPS@", &graph.steps, 1)
        .replacen("@EDGES@", &graph.edges, 1)
}

struct Graph {
    profile: Profile,
    /// The possible states before the next step.
    states: Vec<State>,
    /// The slots of the children, in order of creation.
    names: Vec<Slot>,
    steps: String,
    edges: String,
    /// How many SIGCHLDs the agent has been made to catch.
    caught: u32,
}

impl Graph {
    /// The graph of a history, without operations that are invalid in every state.
    fn of(ops: &[Op], profile: Profile) -> Graph {
        let mut graph = Graph {
            profile,
            states: vec![State::default()],
            names: Vec::new(),
            steps: String::new(),
            edges: String::new(),
            caught: 0,
        };
        let mut number = 0;
        for op in ops {
            if graph.states.iter().any(|world| world.allows(op)) {
                graph.step(number, op);
                number += 1;
                number += usize::from(graph.catch_up(number));
            }
        }
        graph
    }

    fn step(&mut self, number: usize, op: &Op) {
        let before = std::mem::take(&mut self.states);
        if let Op::Spawn { slot, .. } | Op::Race { slot, .. } = op {
            self.names.push(*slot);
        }
        self.write_step(op);
        for (at, world) in before.iter().enumerate() {
            if !world.allows(op) {
                let _ = writeln!(self.edges, "\t{{ {number}, {at}, OTHER_WAY, 0, NO_CHANGE, 0, 0, 0 }},");
                continue;
            }
            if let Op::Race { slot, code, wait } = op {
                self.race((number, at), world, (*slot, *code), wait);
                continue;
            }
            let mut acted = world.clone();
            acted.act(op);
            let settle = self.settled(&acted, op);
            let call = match op {
                Op::Wait(wait) => Some(*wait),
                _ => acted.asleep,
            };
            let Some(wait) = call else {
                let next = self.state(acted);
                let _ =
                    writeln!(self.edges, "\t{{ {number}, {at}, DONE, 0, NO_CHANGE, 0, {settle}, {next} }},");
                continue;
            };
            for answer in acted.answers(&wait, self.profile) {
                let next = self.state(acted.after(&wait, answer));
                let seen = seen(answer);
                let _ = writeln!(self.edges, "\t{{ {number}, {at}, {seen}, {settle}, {next} }},");
            }
        }
    }

    /// The edges of a race from one state: the call finds the child running, or dead; it sleeps only if both allow it.
    fn race(&mut self, (number, at): (usize, usize), world: &State, (slot, code): (Slot, i32), wait: &Wait) {
        let [running, exited] = world.during_race(slot, code);
        let early =
            running.answers(wait, self.profile).into_iter().filter(|answer| *answer != Permitted::Sleep);
        let early: Vec<_> = early.map(|answer| (&running, answer)).collect();
        let late = exited.answers(wait, self.profile);
        for (found, answer) in early.into_iter().chain(late.into_iter().map(|answer| (&exited, answer))) {
            let mut after = found.after(wait, answer);
            after.end_race(slot, code);
            let next = self.state(after);
            let seen = seen(answer);
            let _ = writeln!(self.edges, "\t{{ {number}, {at}, {seen}, 'Z', {next} }},");
        }
    }

    /// Emits a step in which the agent catches the SIGCHLD of every change so far, if it does not restart calls. Returns whether
    /// there is one.
    fn catch_up(&mut self, number: usize) -> bool {
        let due = |world: &State| world.sigchld == Sigchld::Interrupt && world.asleep.is_none();
        let changes = self.states.first().map_or(0, |world| world.changes);
        let needed = self.profile == Profile::Linux && changes > self.caught && self.states.iter().all(due);
        if needed {
            self.caught = changes;
            let _ = writeln!(self.steps, "\t{{ CATCH_UP, 0, {changes}, C_WAIT, ANY, 0, 0, \"\" }},");
            for at in 0..self.states.len() {
                let _ = writeln!(self.edges, "\t{{ {number}, {at}, DONE, 0, NO_CHANGE, 0, 0, {at} }},");
            }
        }
        needed
    }

    /// The index of a state after the step.
    fn state(&mut self, world: State) -> usize {
        let known = self.states.iter().position(|known| *known == world);
        known.unwrap_or_else(|| {
            self.states.push(world);
            self.states.len() - 1
        })
    }

    /// The state the process table must show for the child of a step.
    fn settled(&self, world: &State, op: &Op) -> &'static str {
        let slot = match *op {
            Op::Spawn { slot, .. }
            | Op::Exit { slot, .. }
            | Op::Kill { slot, .. }
            | Op::Stop { slot, .. }
            | Op::Cont { slot } => slot,
            _ => return "0",
        };
        match world.last(slot).map(|child| world.children[child].phase) {
            Some(Phase::Zombie | Phase::Gone) => "'Z'",
            Some(Phase::Stopped) => "'T'",
            _ => "0",
        }
    }

    fn born(&self, slot: Slot) -> usize {
        self.names.iter().rposition(|s| *s == slot).unwrap_or_default()
    }

    fn write_step(&mut self, op: &Op) {
        let fields = match *op {
            Op::Spawn { slot, exits } => {
                let selector = if exits.is_some() { "CHILD" } else { "ANY" };
                format!(
                    "SPAWN, {}, {}, C_WAIT, {selector}, 0, 0",
                    self.born(slot),
                    number(exits.unwrap_or(0))
                )
            }
            Op::Exit { slot, code } => self.plain("LEAVE", slot, &number(code)),
            Op::Kill { slot, signal } | Op::Stop { slot, signal } => {
                self.plain("SIGNAL", slot, &signal_name(signal))
            }
            Op::Cont { slot } => self.plain("SIGNAL", slot, "SIGCONT"),
            Op::Group { slot, to } => {
                let (own, target) = match to {
                    Destination::Own => (0, -1),
                    Destination::Agent => (1, -1),
                    Destination::Of(leader) => (0, self.born(leader).cast_signed()),
                };
                format!("GROUP, {}, {own}, C_WAIT, ANY, {target}, 0", self.born(slot))
            }
            Op::Sigchld(action) => {
                let arg = match action {
                    Sigchld::Default => 0,
                    Sigchld::Ignore => 1,
                    Sigchld::Count => 2,
                    Sigchld::NoCldWait => 3,
                    Sigchld::Interrupt => 4,
                    Sigchld::NoCldStop => 5,
                    Sigchld::Blocked => 6,
                };
                format!("SIGCHLD_IS, 0, {arg}, C_WAIT, ANY, 0, 0")
            }
            Op::Interrupt { restart } => format!("INTERRUPT, 0, {}, C_WAIT, ANY, 0, 0", i32::from(restart)),
            Op::Usage => "USAGE, 0, 0, C_WAIT, ANY, 0, 0".to_owned(),
            Op::Wait(wait) => self.call(&wait, "CALL, 0, 0"),
            Op::Race { slot, code, wait } => {
                let child = format!("RACE, {}, {}", self.born(slot), number(code));
                self.call(&wait, &child)
            }
        };
        let _ = writeln!(self.steps, "\t{{ {fields}, \"{op}\" }},");
    }

    fn plain(&self, word: &str, slot: Slot, arg: &str) -> String {
        format!("{word}, {}, {arg}, C_WAIT, ANY, 0, 0", self.born(slot))
    }

    /// A call, with the step that it belongs to.
    fn call(&self, wait: &Wait, step: &str) -> String {
        let call = match wait.call {
            Call::Wait => "C_WAIT",
            Call::Waitpid => "C_WAITPID",
            Call::Wait3 => "C_WAIT3",
            Call::Wait4 => "C_WAIT4",
            Call::Wait6 => "C_WAIT6",
            Call::Waitid => "C_WAITID",
        };
        let (selector, target) = match wait.selector {
            Selector::Any => ("ANY", 0),
            Selector::Child(slot) => ("CHILD", self.born(slot)),
            Selector::OwnGroup => ("OWN_GROUP", 0),
            Selector::Group(slot) => ("NAMED_GROUP", self.born(slot)),
            Selector::Pidfd(slot) => ("PIDFD", self.born(slot)),
            Selector::Caller => ("CALLER", 0),
        };
        let mut options: Vec<String> = wait.options.flags(wait.call).iter().map(Flag::to_string).collect();
        if wait.unknown {
            options.push(format!("{UNKNOWN_BIT:#x}"));
        }
        let options = if options.is_empty() { "0".to_owned() } else { options.join(" | ") };
        format!("{step}, {call}, {selector}, {target}, {options}")
    }
}

/// An int literal; `INT_MIN` has none.
fn number(value: i32) -> String {
    if value == i32::MIN { "(-2147483647 - 1)".to_owned() } else { value.to_string() }
}

fn signal_name(signal: Signal) -> String {
    signal.name().map_or_else(|| signal.number().to_string(), str::to_owned)
}

/// The fields of an edge that describe the observation.
fn seen(answer: Permitted) -> String {
    match answer {
        Permitted::Report(child, change) => {
            let (word, value) = match change {
                Change::Exited(code) => ("EXITED", number(code)),
                Change::Killed(signal, _) => ("KILLED", signal_name(signal)),
                Change::Stopped(signal) => ("STOPPED", signal_name(signal)),
                _ => ("CONTINUED", "0".to_owned()),
            };
            format!("REPORT, {child}, {word}, {value}")
        }
        Permitted::Nothing => "NOTHING, 0, NO_CHANGE, 0".to_owned(),
        Permitted::Error(errno) => format!("ERROR, 0, NO_CHANGE, {errno}"),
        Permitted::Sleep => "SLEEP, 0, NO_CHANGE, 0".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::script::parse;

    #[test]
    fn every_possible_outcome_is_an_edge() {
        let ops = parse("spawn A exit 1; spawn B exit 2; wait(any); wait(any); wait(any)").unwrap();
        let text = emit(&ops, Profile::Linux, &["one */ two".into()]);
        for line in [
            "{ 2, 0, REPORT, 0, EXITED, 1, 0, 0 }",
            "{ 2, 0, REPORT, 1, EXITED, 2, 0, 1 }",
            "{ 3, 0, REPORT, 1, EXITED, 2, 0, 0 }",
            "{ 3, 1, REPORT, 0, EXITED, 1, 0, 0 }",
            "{ 4, 0, ERROR, 0, NO_CHANGE, ECHILD, 0, 0 }",
            "#define KIDS 2",
            "{ SPAWN, 1, 2, C_WAIT, CHILD, 0, 0, \"spawn B exit 2\" }",
            " * one * / two",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
        // After two reports there is one state, whichever came first.
        assert!(!text.contains("{ 4, 1,"));
    }

    #[test]
    fn an_operation_invalid_in_some_states_ends_the_program_there() {
        let ops = parse("spawn A exit 1; spawn B exit 2; wait(any); spawn A").unwrap();
        let text = emit(&ops, Profile::Linux, &[]);
        assert!(text.contains("{ 3, 1, OTHER_WAY"), "{text}");
    }
}
