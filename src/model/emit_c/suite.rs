//! Many histories as one self-checking C program: what the author of a young kernel runs on the first day.

use super::histories::{HISTORIES, History};
use super::{COMMON, Graph};
use crate::spec::Profile;
use crate::sys::call::abi::Call;
use std::fmt::Write;

const TEMPLATE: &str = include_str!("suite.c");

/// The id of a history with one of its calls: that of the corresponding trial.
pub fn id(history: &History, call: Call) -> String {
    format!("{}@{}", history.case, call.name())
}

/// The program for the histories whose id is `wanted`, judged by this profile; `None` if there are none. `about` becomes its
/// header comment.
pub fn emit_suite(profile: Profile, about: &str, wanted: impl Fn(&str) -> bool) -> Option<String> {
    let (mut tables, mut list, mut kids) = (String::new(), String::new(), 0);
    let variants =
        HISTORIES.iter().flat_map(|history| history.calls.iter().map(move |call| (history, *call)));
    for (number, (history, call)) in
        variants.filter(|(history, call)| wanted(&id(history, *call))).enumerate()
    {
        let graph = Graph::of(&history.ops(call), profile);
        kids = kids.max(graph.names.len());
        let names: String = graph.names.iter().map(|slot| format!("\"{slot}\", ")).collect();
        let _ = write!(
            tables,
            "static const char *const names_{number}[] = {{ {names}\"\" }};\n\
             static const struct step steps_{number}[] = {{\n{}}};\n\
             static const struct edge edges_{number}[] = {{\n{}}};\n",
            graph.steps, graph.edges
        );
        let _ = writeln!(
            list,
            "\t{{ \"{}\", \"waitspec explain {}\", {}, names_{number}, steps_{number}, {}, edges_{number}, {} }},",
            id(history, call),
            history.case,
            graph.names.len(),
            graph.steps.lines().count(),
            graph.edges.lines().count()
        );
    }
    if list.is_empty() {
        return None;
    }
    let about = format!(" * {}\n", about.replace("*/", "* /"));
    let text = TEMPLATE
        .replacen("@ABOUT@", &about, 1)
        .replacen("@COMMON@", COMMON, 1)
        .replacen("@KIDS@", &kids.to_string(), 1)
        .replacen("@TABLES@", tables.trim_end(), 1)
        .replacen("@HISTORIES@", &list, 1);
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::op::{Op, Selector, Slot};
    use crate::model::state::{Permitted, State};
    use crate::trial::{Change, Options};
    use crate::wait::Signal;

    /// Plays a history and keeps track of the changes whose effect has not been observed.
    fn judgeable(ops: &[Op], profile: Profile) -> Result<(), String> {
        let mut state = State::default();
        let mut due: Vec<Slot> = Vec::new();
        for op in ops {
            if !state.allows(op) {
                return Err(format!("{op} is invalid there"));
            }
            let fatal = matches!(op, Op::Kill { signal, .. } if *signal == Signal::KILL);
            if let Some(slot) = op.slot().filter(|_| !matches!(op, Op::Wait(_)))
                && due.contains(&slot)
                && !fatal
            {
                return Err(format!("{op}: a change of {slot} has not been reported"));
            }
            state.act(op);
            match op {
                Op::Spawn { slot, exits: Some(_) }
                | Op::Exit { slot, .. }
                | Op::Kill { slot, .. }
                | Op::Stop { slot, .. } => due.push(*slot),
                _ => {}
            }
            let call = match op {
                Op::Wait(wait) => Some(*wait),
                _ => state.asleep,
            };
            let Some(wait) = call else { continue };
            let answers: Vec<Permitted> = state.answers(&wait, profile).into_iter().collect();
            let reports = answers.iter().filter(|answer| matches!(answer, Permitted::Report(..))).count();
            if reports != 0 && reports != answers.len() {
                return Err(format!("{op}: a report, or none"));
            }
            // Whichever is reported, the result is the same except for the order.
            let Some(answer) = answers.first().copied() else { return Err(format!("{op}: no answer")) };
            let silent = matches!(answer, Permitted::Nothing | Permitted::Sleep);
            let asked =
                |slot: &Slot| matches!(wait.selector, Selector::Any) || wait.selector.slot() == Some(*slot);
            let may_report = |slot: &Slot| {
                state.last(*slot).and_then(|child| state.children[child].unreported).is_some_and(|change| {
                    match change {
                        Change::Stopped(_) => wait.options.contains(Options::UNTRACED),
                        Change::Continued => wait.options.contains(Options::CONTINUED),
                        _ => true,
                    }
                })
            };
            if silent && due.iter().any(|slot| asked(slot) && may_report(slot)) {
                return Err(format!("{op}: silence, and a change is due"));
            }
            if let Permitted::Report(child, _) = answer {
                let slot = state.children[child].slot;
                // Any one of several may be reported: all of them are still due, minus one.
                if let Some(at) = due.iter().position(|other| *other == slot) {
                    due.remove(at);
                }
                if due.iter().filter(|other| **other == slot).count() == 0 && reports > 1 {
                    due.push(slot);
                }
            }
            if matches!(answer, Permitted::Error(_)) {
                due.clear();
            }
            state = state.after(&wait, answer);
        }
        Ok(())
    }

    #[test]
    fn every_history_parses_and_can_be_judged_without_a_process_table() {
        for history in HISTORIES {
            for call in history.calls {
                let ops = history.ops(*call);
                assert!(!ops.is_empty(), "{}: the script is not read", history.case);
                for op in &ops {
                    assert!(!matches!(op, Op::Usage), "{}: {op}", history.case);
                    if let Op::Wait(wait) = op {
                        assert!(wait.is_valid(), "{}: {op}", id(history, *call));
                    }
                }
                judgeable(&ops, Profile::Linux).unwrap_or_else(|why| panic!("{}: {why}", id(history, *call)));
            }
        }
    }

    #[test]
    fn histories_that_cannot_be_judged_are_rejected() {
        for bad in [
            "spawn A; stop A; cont A; wait4(A, WCONTINUED)",
            "spawn A; exit A 7; kill A SIGTERM; wait4(A)",
            "spawn A; wait4(A); stop A; cont A; exit A 1",
        ] {
            let ops = crate::model::script::parse(bad).expect("a history");
            assert!(judgeable(&ops, Profile::Linux).is_err(), "{bad}");
        }
    }

    #[test]
    fn nothing_is_emitted_for_no_history() {
        assert_eq!(emit_suite(Profile::Linux, "", |_| false), None);
        let one =
            emit_suite(Profile::Linux, "a */ b", |id| id == "exit-code.one-child@wait4").expect("a program");
        assert!(one.contains("a * / b") && one.contains("\"exit-code.one-child@wait4\""), "{one}");
    }
}
