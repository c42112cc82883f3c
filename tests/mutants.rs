//! Every subject that is broken on purpose is found out, by the clause that it breaks.
#![cfg(feature = "cli")]

#[path = "surroundings/run.rs"]
#[allow(dead_code, reason = "what the tests of surroundings use beside it")]
mod run;
#[path = "surroundings/tools.rs"]
#[allow(dead_code, reason = "what the tests of surroundings use beside it")]
mod tools;

use run::{Trial, run};
use std::collections::BTreeMap;
use std::sync::Mutex;
use waitspec::subject::mutant::{Mutant, mutants};

/// Those whose calls never return.
const HANGING: [&str; 7] = [
    "nohang-blocks",
    "nohang-spins",
    "echild-sleeps",
    "sleeps-after-death",
    "waits-beside-live",
    "eintr-swallowed",
    "untraced-ignored",
];
/// Those that die in a call.
const CRASHING: [&str; 1] = ["crashes-on-stop"];
/// Those that leave a process behind.
const LEAKING: [&str; 1] = ["waits-elsewhere"];

/// The verdict that has to be among those of a mutant.
fn verdict(mutant: &Mutant) -> &'static str {
    let among = |names: &[&str]| names.contains(&mutant.name);
    match mutant {
        _ if among(&HANGING) => "hang",
        _ if among(&CRASHING) => "crash",
        _ if among(&LEAKING) => "leak",
        _ => "fail",
    }
}

/// What is wrong with the trials of a mutant.
fn survived(mutant: &Mutant, trials: &[&Trial]) -> Option<String> {
    let wanted = verdict(mutant);
    // A leak is not the failure of an expectation, and names no clause.
    let names_clause = |t: &Trial| wanted == "leak" || t.failed_clause.as_deref() == Some(mutant.clause.id);
    let broken = trials.iter().find(|t| t.verdict == "broken");
    if let Some(trial) = broken {
        return Some(format!("{} is broken: {}", trial.id, trial.reason));
    }
    if trials.iter().any(|t| t.verdict == wanted && names_clause(t)) {
        return None;
    }
    let seen: Vec<String> = trials
        .iter()
        .map(|t| format!("{} {} {}", t.id, t.verdict, t.failed_clause.as_deref().unwrap_or_default()))
        .collect();
    Some(format!("no {wanted} by {}; seen: {seen:#?}", mutant.clause.id))
}

#[test]
fn every_mutant_is_found_out() {
    let mut by_clause: BTreeMap<&str, Vec<&Mutant>> = BTreeMap::new();
    for mutant in mutants() {
        by_clause.entry(mutant.clause.id).or_default().push(mutant);
    }
    let left = Mutex::new(by_clause.into_iter());
    let survivors = Mutex::new(Vec::new());
    let next = || left.lock().expect("nobody panicked").next();
    std::thread::scope(|scope| {
        // Two at once: while the mutants of one clause are caught hanging, others run.
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((clause, mutants)) = next() {
                    let found = of_clause(clause, &mutants);
                    survivors.lock().expect("nobody panicked").extend(found);
                }
            });
        }
    });
    let survivors = survivors.into_inner().expect("nobody panicked");
    assert!(survivors.is_empty(), "{} mutants survived\n{}", survivors.len(), survivors.join("\n"));
}

/// Runs the cases of a clause against the mutants that break it; who survived, and why.
fn of_clause(clause: &str, mutants: &[&Mutant]) -> Vec<String> {
    let mut arguments = vec![format!("--clause={clause}"), "--format=json".into(), "--strict".into()];
    arguments.extend(mutants.iter().map(|m| format!("--subject=mutant:{}", m.name)));
    let ended = run(&arguments).finish();
    if ended.code != Some(1) {
        return vec![format!("{clause}: exit code {:?}, not 1: {}", ended.code, ended.err)];
    }
    let trials = ended.trials();
    let of = |mutant: &Mutant| {
        let subject = format!("mutant:{}", mutant.name);
        let own: Vec<&Trial> = trials.iter().filter(|t| t.subject == subject).collect();
        survived(mutant, &own).map(|why| format!("{}: {why}", mutant.name))
    };
    mutants.iter().filter_map(|mutant| of(mutant)).collect()
}

#[test]
fn what_is_not_broken_passes() {
    // By the clauses that the mutants break: all of them are checked.
    let mut clauses: Vec<String> = mutants().map(|m| format!("--clause={}", m.clause.id)).collect();
    clauses.extend(["--format=json".into(), "--subject=libc".into()]);
    let ended = run(&clauses).finish().code(0);
    let bad: Vec<Trial> = ended
        .trials()
        .into_iter()
        .filter(|t| !["pass", "skip", "recorded", "deviates"].contains(&&*t.verdict))
        .collect();
    assert!(bad.is_empty(), "{bad:#?}");
    for mutant in mutants() {
        let id = mutant.clause.id;
        let passed = |record: &serde_json::Value| {
            let clauses = record["clauses"].as_array().into_iter().flatten();
            clauses.into_iter().any(|c| c["id"] == id && c["outcome"] == "pass")
        };
        assert!(ended.report().iter().any(passed), "{id} is never seen to hold");
    }
}
