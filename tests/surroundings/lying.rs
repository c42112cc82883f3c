//! A kernel whose wait lies to every process, driver and wardens included: strace's fault injection.

use super::run::run;
use super::tools::{skip, works};
use std::time::Duration;

/// A part of the catalogue in which children are not traced: strace holds them already.
const PART: [&str; 11] = [
    "guide.*",
    "nohang.*",
    "specific.*",
    "waitid.*",
    "stop-continue.*",
    "any-child.no-children",
    "errors.*",
    "--format=json",
    "--jobs=4",
    "--shuffle=4",
    "--shard=1/12",
];

/// What `inject` makes of the calls ends in time, as a failure of the subjects and not of the harness.
///
/// A part of the catalogue, mixed by a seed: a traced run is slow, and all of it would only take longer.
fn lies(inject: &str) {
    if !works(&["strace", "-f", "-o", "/dev/null", "true"]) {
        return skip("no strace, or no ptrace for it");
    }
    let mut arguments = vec!["--subject=libc", "--subject=waitspec"];
    arguments.extend(PART);
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

/// Each kind of lie, told to every process at every call or at some.
#[rstest::rstest]
#[case::is_not_there("wait4,waitid:error=ENOSYS")]
#[case::knows_no_children("wait4,waitid:error=ECHILD")]
#[case::knows_no_processes("wait4,waitid:error=ESRCH")]
#[case::refuses_every_option("wait4,waitid:error=EINVAL")]
#[case::cannot_write("wait4,waitid:error=EFAULT")]
#[case::always_has_nothing("wait4,waitid:retval=0")]
#[case::always_has_init("wait4,waitid:retval=1")]
#[case::is_to_be_made_again("wait4,waitid:error=EAGAIN")]
#[case::every_second_is_interrupted("wait4,waitid:error=EINTR:when=2+2")]
#[case::every_third_has_nothing("wait4,waitid:retval=0:when=3+3")]
#[case::every_fourth_knows_no_children("wait4,waitid:error=ECHILD:when=4+4")]
#[case::all_but_the_first_have_nothing("wait4,waitid:retval=0:when=2+")]
#[case::wait4_knows_no_children("wait4:error=ECHILD")]
#[case::wait4_has_another_child("wait4:retval=4194303")]
#[case::waitid_has_nothing("waitid:retval=0")]
#[case::waitid_is_not_there("waitid:error=ENOSYS")]
// What is written over what the kernel stored: the status word is 0, the siginfo is of nobody.
#[case::every_status_is_zero("wait4:poke_exit=@arg2=00000000")]
#[case::every_status_is_a_signal("wait4:poke_exit=@arg2=0f000000")]
#[case::every_siginfo_is_zero("waitid:poke_exit=@arg3=00000000000000000000000000000000")]
fn whatever_wait_says_the_subjects_fail(#[case] inject: &str) {
    lies(inject);
}

#[test]
fn a_slow_wait_is_no_fault() {
    if !works(&["strace", "-f", "-o", "/dev/null", "true"]) {
        return skip("no strace, or no ptrace for it");
    }
    let mut arguments = vec!["--subject=libc"];
    arguments.extend(PART);
    let inject = "inject=wait4,waitid:delay_exit=3000";
    run(&arguments).by(&["strace", "-f", "-o", "/dev/null", "-e", inject]).finish().code(0);
}
