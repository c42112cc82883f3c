//! Runs with faulty agents: each terminates with the verdicts of the table, in bounded memory, and leaves nothing behind.

#[allow(dead_code, reason = "other tests use more of it")]
#[path = "../environments/run.rs"]
pub mod run;
#[allow(dead_code, reason = "other tests use more of it")]
#[path = "../environments/tools.rs"]
pub mod tools;

use super::faults::{CASES, Fault, Run};
use super::poll;
use libtest_mimic::Failed;
use run::Ended;

/// The memory limit of each process of such a run, in KiB: far less than an agent may write.
const MEMORY: usize = 512 * 1024;

/// Runs the cases with the agent; `finish` checks what is left.
fn with_agent(fault: &Fault) -> Ended {
    let agent = format!("--subject=agent:python3 {} {}", super::fixture("faulty/agent.py"), fault.name);
    // Shorten the deadlines only for faults that are timeouts.
    let scale = match fault.run {
        Run::Refused(_, why) | Run::Ran(_, _, why) if why.contains("in time") => "0.6",
        Run::Ran(_, _, "it does not sleep") => "0.6",
        _ => "1",
    };
    let scale = format!("--timeout-scale={scale}");
    // One at a time, in a known order; without the limit, if the shell has none.
    let options = ["--jobs=1", "--format=json", &scale, &agent];
    run::run(&[&CASES[..], &options].concat()).after(&format!("ulimit -v {MEMORY} 2>/dev/null")).finish()
}

/// The reason or the failure of a trial.
fn told(trial: &serde_json::Value) -> String {
    let notes = trial["notes"].as_array().into_iter().flatten();
    let texts = [&trial["reason"], &trial["got"]].into_iter().chain(notes);
    texts.filter_map(serde_json::Value::as_str).collect::<Vec<_>>().join("; ")
}

/// Checks the result of a run against the table.
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
