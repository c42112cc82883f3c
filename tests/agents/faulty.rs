//! Runs of faulty agents: each comes to its end with the verdicts of the table, in memory that is bounded, and leaves nothing.

#[allow(dead_code, reason = "other tests use more of it")]
#[path = "../surroundings/run.rs"]
mod run;
#[allow(dead_code, reason = "other tests use more of it")]
#[path = "../surroundings/tools.rs"]
mod tools;

use super::faults::{CASES, Fault, Run};
use libtest_mimic::Failed;
use run::Ended;

/// The most memory that a process of such a run may have, in KiB: far less than an agent may write.
const MEMORY: usize = 512 * 1024;

/// A run of the cases with that agent. `finish` sees to its end and to what it leaves.
fn with_agent(fault: &Fault) -> Ended {
    let agent = format!("--subject=agent:python3 {} {}", super::fixture("faulty/agent.py"), fault.name);
    // Only what is to come too late need come soon.
    let scale = match fault.run {
        Run::Refused(_, why) | Run::Ran(_, _, why) if why.contains("in time") => "0.3",
        Run::Ran(_, _, "it does not sleep") => "0.3",
        _ => "1",
    };
    let scale = format!("--timeout-scale={scale}");
    // One at a time, in an order that is known; and where the shell has no such limit, without.
    let options = ["--jobs=1", "--format=json", &scale, &agent];
    run::run(&[&CASES[..], &options].concat()).after(&format!("ulimit -v {MEMORY} 2>/dev/null")).finish()
}

/// What a trial is told with.
fn told(trial: &serde_json::Value) -> String {
    let notes = trial["notes"].as_array().into_iter().flatten();
    let texts = [&trial["reason"], &trial["got"]].into_iter().chain(notes);
    texts.filter_map(serde_json::Value::as_str).collect::<Vec<_>>().join("; ")
}

/// What the table says of a fault is what becomes of it.
pub fn runs(fault: &Fault) -> Result<(), Failed> {
    let ended = with_agent(fault);
    let trials = ended.trials();
    let (verdicts, code, why, said) = match fault.run {
        Run::Refused(code, why) => ("none none none", code, why, ended.err.clone()),
        Run::Ran(verdicts, code, why) => {
            let report = ended.report();
            let first = report.iter().find(|r| r["type"] == "trial" && r["verdict"] != "pass");
            (verdicts, code, why, first.map(told).unwrap_or_default())
        }
    };
    let of = |case: &&str| trials.iter().find(|t| t.id == **case).map_or("none", |t| &t.verdict);
    let got: Vec<&str> = CASES.iter().map(of).collect();
    let as_told = got.join(" ") == verdicts && ended.code == Some(code) && said.contains(why);
    if as_told && ended.files.is_empty() {
        return Ok(());
    }
    Err(format!("expected {verdicts}, exit code {code}, {why}; got {got:?}, {said}\n{ended:#?}").into())
}
