//! A kernel whose wait lies to every process, driver and wardens included: strace's fault injection.

use super::run::run;
use super::tools::{skip, works};
use std::time::Duration;

/// What `inject` makes of the calls ends in time, as a failure of the subjects and not of the harness.
///
/// A part of the catalogue, mixed by a seed: a traced run is slow, and all of it would only take longer.
fn lies(inject: &str) {
    if !works(&["strace", "-f", "-o", "/dev/null", "true"]) {
        return skip("no strace, or no ptrace for it");
    }
    let arguments =
        ["--subject=libc", "--subject=waitspec", "--format=json", "--jobs=4", "--shuffle=4", "--shard=1/20"];
    let inject = format!("inject={inject}");
    let ended = run(&arguments).by(&["strace", "-f", "-o", "/dev/null", "-e", &inject]).finish().code(1);
    assert!(ended.took < Duration::from_secs(90), "{inject}: {:?}", ended.took);
    let trials = ended.trials();
    let failed: Vec<_> = trials.iter().filter(|t| ["fail", "hang", "crash"].contains(&&*t.verdict)).collect();
    assert!(!failed.is_empty(), "{inject}");
    for trial in failed {
        assert!(trial.failed_clause.is_some(), "{inject}: {trial:?}");
    }
    let broken: Vec<_> = trials.iter().filter(|t| t.verdict == "broken").collect();
    assert!(broken.is_empty(), "{inject}: {broken:?}");
}

#[test]
fn wait_is_not_there() {
    lies("wait4,waitid:error=ENOSYS");
}

#[test]
fn wait_knows_no_children() {
    lies("wait4,waitid:error=ECHILD");
}

#[test]
fn wait_always_has_nothing() {
    lies("wait4,waitid:retval=0");
}

#[test]
fn wait_always_has_init() {
    lies("wait4,waitid:retval=1");
}

#[test]
fn every_second_wait_is_interrupted() {
    lies("wait4,waitid:error=EINTR:when=2+2");
}

#[test]
fn every_wait_is_to_be_made_again() {
    lies("wait4,waitid:error=EAGAIN");
}

#[test]
fn only_one_of_the_two_lies() {
    lies("wait4:error=ECHILD");
    lies("waitid:retval=0");
}
