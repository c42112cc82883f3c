//! The agent of the next trial starts while a trial runs.

use super::poll::poll;
use super::run::{LIMIT, can_be_found, run};
use super::skip::skip;
use super::tools::{file, works};
use rustix::process::Signal;
use std::collections::BTreeSet;

#[test]
fn an_agent_starts_while_a_trial_runs_and_is_ended_with_the_run() {
    if !can_be_found() || !works(&["python3", "-c", "pass"]) {
        return skip("no /proc to find processes in, or no python3");
    }
    let agents = ["tests/environments/agent.py", "fixtures/agents/python/agent.py"].map(file);
    let subject = format!("--subject=agent:python3 {} {}", agents[0].display(), agents[1].display());
    // The first of the trials hangs, with deadlines of hours.
    let arguments = [
        "nohang.running-child",
        "--call=wait4",
        "--call=waitpid",
        "--jobs=1",
        "--timeout-scale=1000",
        "--format=json",
        &subject,
    ];
    let running = run(&arguments).start();
    let there = poll(LIMIT, || {
        // The hanging one has children, unlike the very first agent, which only says hello.
        let below: BTreeSet<i32> = running.below(2).iter().map(|agent| agent.ppid).collect();
        (below.len() == 2 && running.below(3).len() > 1).then_some(())
    });
    assert!(there.is_some(), "no second agent: {:?}", running.processes());
    running.signal(Signal::TERM);
    let ended = running.finish();
    assert_eq!(ended.signal, Some(Signal::TERM.as_raw()), "{ended:?}");
    assert!(ended.files.is_empty(), "{:?}", ended.files);
    assert_eq!(ended.trials().len(), 0, "{}", ended.out);
}

#[test]
fn every_trial_runs_once_whichever_warden_started_its_agent() {
    if !works(&["python3", "-c", "pass"]) {
        return skip("no python3");
    }
    let subject = format!("--subject=agent:python3 {}", file("fixtures/agents/python/agent.py").display());
    let ran = |jobs: &str| -> Vec<String> {
        let ended = run(&["nohang.*", "--call=wait4", jobs, "--format=json", &subject]).finish().code(0);
        let mut ids: Vec<String> =
            ended.trials().into_iter().map(|t| format!("{} {}", t.id, t.verdict)).collect();
        ids.sort();
        ids
    };
    let one = ran("--jobs=1");
    assert!(one.iter().filter(|trial| trial.ends_with(" pass")).count() > 4, "{one:?}");
    assert_eq!(one, ran("--jobs=3"));
}
