//! A kernel whose wait lies to every process, including driver and wardens, by strace's fault injection.

use super::kit;
use super::run::{LIMIT, run};
use super::skip::skip;
use super::tools::works;

/// Cases that do not trace: strace traces the children already.
const PART: [&str; 11] = [
    "examples.*",
    "nohang.*",
    "by-pid.*",
    "waitid.*",
    "stop-continue.*",
    "any-child.no-children",
    "errors.*",
    "--format=json",
    "--jobs=4",
    "--shuffle=4",
    "--shard=1/12",
];

/// A run with an injected fault terminates in time and blames the subjects, not the harness.
///
/// Runs a random sample of the catalogue, because a traced run is slow.
fn blames_the_subjects(inject: &str) {
    if !works(&["strace", "-f", "-o", "/dev/null", "true"]) {
        return skip("no strace, or no ptrace for it");
    }
    let mut arguments = vec!["--subject=libc", "--subject=waitspec"];
    arguments.extend(PART);
    let inject = format!("inject={inject}");
    let ended = run(&arguments).by(&["strace", "-f", "-o", "/dev/null", "-e", &inject]).finish().code(1);
    assert!(ended.took < LIMIT / 2, "{inject}: {:?}", ended.took);
    let trials = ended.trials();
    let failed: Vec<_> = trials.iter().filter(|t| ["fail", "hang", "crash"].contains(&&*t.verdict)).collect();
    assert!(!failed.is_empty(), "{inject}");
    for trial in failed {
        assert!(trial.failed_clause.is_some(), "{inject}: {trial:?}");
    }
    let broken: Vec<_> = trials.iter().filter(|t| t.verdict == "broken").collect();
    assert!(broken.is_empty(), "{inject}: {broken:?}");
}

/// Each fault, injected into all or some calls of every process.
#[rstest::rstest]
#[case::enosys("wait4,waitid:error=ENOSYS")]
#[case::echild("wait4,waitid:error=ECHILD")]
#[case::esrch("wait4,waitid:error=ESRCH")]
#[case::einval("wait4,waitid:error=EINVAL")]
#[case::efault("wait4,waitid:error=EFAULT")]
#[case::returns_0("wait4,waitid:retval=0")]
#[case::returns_1("wait4,waitid:retval=1")]
#[case::eagain("wait4,waitid:error=EAGAIN")]
#[case::eintr_on_every_2nd_call("wait4,waitid:error=EINTR:when=2+2")]
#[case::returns_0_on_every_3rd_call("wait4,waitid:retval=0:when=3+3")]
#[case::echild_on_every_4th_call("wait4,waitid:error=ECHILD:when=4+4")]
#[case::returns_0_after_the_1st_call("wait4,waitid:retval=0:when=2+")]
#[case::wait4_echild("wait4:error=ECHILD")]
#[case::wait4_returns_another_pid("wait4:retval=4194303")]
#[case::waitid_returns_0("waitid:retval=0")]
// Overwrites what the kernel has stored: status words, siginfo.
#[case::status_is_0("wait4:poke_exit=@arg2=00000000")]
#[case::status_is_sigterm("wait4:poke_exit=@arg2=0f000000")]
#[case::siginfo_is_0("waitid:poke_exit=@arg3=00000000000000000000000000000000")]
fn an_injected_fault_fails_the_subjects(#[case] inject: &str) {
    blames_the_subjects(inject);
}

#[test]
fn a_slow_wait_passes() {
    if !works(&["strace", "-f", "-o", "/dev/null", "true"]) {
        return skip("no strace, or no ptrace for it");
    }
    let mut arguments = vec!["--subject=libc"];
    arguments.extend(PART);
    let inject = "inject=wait4,waitid:delay_exit=3000";
    run(&arguments).by(&["strace", "-f", "-o", "/dev/null", "-e", inject]).finish().code(0);
}

/// Something that is missing altogether is a single failure, and the other trials refer to it.
#[test]
fn a_missing_call_is_found_once() {
    if !works(&["strace", "-f", "-o", "/dev/null", "true"]) {
        return skip("no strace, or no ptrace for it");
    }
    let arguments = ["errors.provided", "waitid.*", "--subject=libc", "--format=json", "--jobs=4"];
    let inject = "inject=waitid:error=ENOSYS";
    let ended = run(&arguments).by(&["strace", "-f", "-o", "/dev/null", "-e", inject]).finish().code(1);
    let trials = ended.trials();
    let failed: Vec<_> = trials.iter().filter(|t| t.verdict == "fail").map(|t| t.id.as_str()).collect();
    assert_eq!(failed, ["errors.provided@waitid"]);
    let names_it =
        |t: &&super::run::Trial| t.verdict == "skip" && t.reason.contains("errors.provided@waitid");
    assert!(trials.iter().filter(names_it).count() > 10, "{trials:?}");
    assert!(trials.iter().all(|t| t.verdict != "broken"), "{trials:?}");
}

/// Handles and programs are judged only above a wait that reports known statuses.
#[rstest::rstest]
#[case::echild("wait4:error=ECHILD")]
#[case::no_child_yet("wait4:retval=0")]
#[case::status_is_0("wait4:poke_exit=@arg2=00000000")]
fn a_wrong_wait_judges_neither_handles_nor_programs(#[case] inject: &str) {
    if !works(&["strace", "-f", "-o", "/dev/null", "true"]) {
        return skip("no strace, or no ptrace for it");
    }
    let inject = format!("inject={inject}");
    for subject in ["handle:waitspec", "program:waitspec"] {
        let ended = run(&["wrapper.exit-code", "handle-result.*", &format!("--subject={subject}")])
            .by(&["strace", "-f", "-o", "/dev/null", "-e", &inject])
            .finish()
            .code(3);
        assert!(ended.err.contains("run the calls first"), "{inject}: {ended:?}");
    }
}

/// A child in its own PID namespace reports a pid that is useless here: if the system provides no other, the trial is skipped.
#[test]
fn a_child_with_an_unknown_pid_is_a_skip() {
    if !works(&["strace", "-f", "-o", "/dev/null", "true"]) {
        return skip("no strace, or no ptrace for it");
    }
    if !works(&["unshare", "--pid", "--fork", "true"]) {
        return skip("no PID namespaces here");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let kit = kit::has("cc").then(|| kit::build(folder.path(), &["cc"]).expect("the kit"));
    let inject = "inject=getsockopt:error=ENOPROTOOPT";
    let strace = ["strace", "-f", "-o", "/dev/null", "-e", inject];
    let mut wardens = vec![None];
    wardens.extend(kit.map(|kit| Some(format!("--warden={} warden", kit.display()))));
    for warden in wardens {
        let mut arguments = vec!["reparenting.pidns-init-exits", "--subject=libc", "--format=json"];
        arguments.extend(warden.as_deref());
        let trials = run(&arguments).by(&strace).finish().trials();
        let why = "nothing here shows the pid of child A";
        let skipped = trials.iter().filter(|t| t.verdict == "skip" && t.reason.contains(why));
        assert!(skipped.count() == trials.len() && !trials.is_empty(), "{warden:?}: {trials:?}");
    }
}
