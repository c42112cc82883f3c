//! The skips in each environment are committed, so that a new one is noticed; everything else must pass there.
//!
//! `fixtures/skips/root.toml` lists the skips of root, `user.toml` those of an ordinary user that differ. For every other
//! environment, the list has the skips of the C library's trials that differ from those outside of it, so that no list depends on
//! the machine; there is no file if there is no difference.
//!
//! `WAITSPEC_BLESS=1 cargo test --test environments skips` regenerates the lists.

use super::run::{Ended, Run, Trial, run};
use super::skip::skip;
use super::skip_lists::{List, Skips, skips};
use super::tools::{file, works};
use rustix::io::Errno;
use std::sync::OnceLock;
use waitspec::sys::sandbox::{Denied, deny};

fn list(name: &str) -> List {
    let path = file("fixtures/skips").join(name).with_extension("toml");
    List::parse(&std::fs::read_to_string(path).unwrap_or_default())
}

/// Compares the skips of a run that differ from `others` with the list of that name, or writes the list.
fn compare(name: &str, trials: &[Trial], others: &Skips, is_excused: fn(&str) -> bool) {
    if std::env::var_os("WAITSPEC_BLESS").is_some() {
        let path = file("fixtures/skips").join(name).with_extension("toml");
        let text = List::text(trials, others);
        // The file may not exist.
        let _ = std::fs::remove_file(&path);
        if !text.is_empty() {
            std::fs::write(&path, text).expect("a list");
        }
        return;
    }
    let mut differences = list(name).differences(trials, others);
    differences.retain(|difference| {
        let excused = difference.expected.is_none() && difference.now.as_deref().is_some_and(is_excused);
        if excused {
            eprintln!("not to be tried on this machine: {difference}");
        }
        let reasons = [&difference.expected, &difference.now];
        let same = reasons.iter().all(|reason| reason.as_deref().is_some_and(is_without_terminals));
        !excused && !same
    });
    let differences: Vec<String> = differences.iter().map(ToString::to_string).collect();
    assert!(
        differences.is_empty(),
        "fixtures/skips/{name}.toml is not what is skipped:\n{}",
        differences.join("\n")
    );
}

/// Whether no terminal is available. The error depends on the machine: in a container /dev/ptmx is a link into /dev/pts.
fn is_without_terminals(reason: &str) -> bool {
    reason.starts_with("no terminal is available here: ")
}

/// Whether a reason depends on the machine.
fn is_of_the_machine(reason: &str) -> bool {
    reason.split([' ', ':']).any(|word| word == "here")
}

fn on_linux() -> bool {
    let is = cfg!(target_os = "linux");
    if !is {
        skip("the lists are those of Linux");
    }
    is
}

/// In this order: the second list holds the differences from the first.
#[test]
fn skips_of_root_and_of_an_ordinary_user() {
    if !on_linux() {
        return;
    }
    if rustix::process::geteuid().is_root() {
        let trials = run(&["--format=json"]).finish().code(0).trials();
        compare("root", &trials, &Skips::new(), is_of_the_machine);
    } else {
        skip("not the superuser");
    }
    let Some(run) = run(&["--format=json"]).by_a_user() else {
        return skip("no setpriv to become an ordinary user");
    };
    let trials = run.finish().code(0).trials();
    compare("user", &trials, &list("root").skips(&trials), is_of_the_machine);
}

/// Without a PID namespace, programs still run; the cases that need one are these skips.
#[test]
fn skips_of_programs_without_namespaces() {
    if !on_linux() {
        return;
    }
    let calls = &[("unshare", Errno::PERM), ("clone-into-namespaces", Errno::PERM), ("clone3", Errno::NOSYS)];
    let subjects = ["", "-time", "-init", "-supervisor", "-shell"]
        .map(|name| format!("--subject=program:waitspec{name}"));
    let arguments: Vec<&str> =
        ["--format=json"].into_iter().chain(subjects.iter().map(String::as_str)).collect();
    match refusing(run(&arguments), calls) {
        Ok(ended) => compare("uncontained-programs", &ended.code(0).trials(), &Skips::new(), |_| false),
        Err(why) => skip(why),
    }
}

/// The skips of the C library's trials in the environment of the test.
fn here() -> &'static Skips {
    static HERE: OnceLock<Skips> = OnceLock::new();
    HERE.get_or_init(|| skips(&run(&LIBC).finish().code(0).trials()))
}

/// Every trial of the C library.
const LIBC: [&str; 2] = ["--format=json", "--subject=libc"];

/// Starts a run in an environment, or returns what it lacks.
type Environment = fn(Run) -> Result<Ended, &'static str>;

/// Runs through another command, if it works here.
fn by(command: &[&str], run: Run) -> Result<Run, &'static str> {
    let there = works(&[command, &["true"]].concat());
    if there { Ok(run.by(command)) } else { Err("no such command here, or it may not") }
}

fn by_another_user(run: Run) -> Result<Run, &'static str> {
    let root = rustix::process::geteuid().is_root();
    root.then(|| run.by_a_user()).flatten().ok_or("not the superuser, or no setpriv")
}

/// Makes system calls fail with the given errors, with a seccomp filter on the thread that starts the run, as in a container.
fn refusing(run: Run, calls: &'static [(&str, Errno)]) -> Result<Ended, &'static str> {
    let start = || {
        for (call, errno) in calls {
            deny(call, Denied::Errno(errno.raw_os_error())).map_err(|_| "no filters of system calls")?;
        }
        Ok(run.finish())
    };
    std::thread::scope(|scope| scope.spawn(start).join().expect("a run"))
}

/// Each environment: its list, the cases to run (all if the list is written), and how to start a run.
#[rstest::rstest]
#[case::few_open_files("few-open-files", &[], |run: Run| Ok(run.after("ulimit -n 64").finish()))]
#[case::no_core_files("no-core-files", &["signal-death", "termination"], |run: Run| Ok(run.after("ulimit -c 0").finish()))]
// A limit applies to all processes of a user, and only root can use a spare user.
#[case::few_processes("few-processes", &[], |run| {
    Ok(by(&["prlimit", "--nproc=64"], by_another_user(run)?)?.finish())
})]
#[case::one_processor("one-processor", &["threads", "rusage"], |run| Ok(by(&["taskset", "-c", "0"], run)?.finish()))]
#[case::first_of_a_namespace("pid-namespace", &[], |run| {
    Ok(by(&["unshare", "--pid", "--fork", "--mount-proc"], run)?.finish())
})]
#[case::without_namespaces("no-namespaces", &["reparenting", "waitid", "clone", "orphans"], |run| {
    let calls = &[("unshare", Errno::PERM), ("clone-into-namespaces", Errno::PERM), ("clone3", Errno::NOSYS)];
    refusing(run, calls)
})]
#[case::without_proc("no-proc", &[], |run| {
    Ok(by(&["unshare", "--mount"], run)?.after("mount -t tmpfs none /proc || exit 9").finish())
})]
#[case::proc_of_another_namespace("other-proc", &["reparenting", "nohang", "stop-continue"], |run| {
    Ok(by(&["unshare", "--pid", "--fork"], run)?.finish())
})]
#[case::without_terminals("no-terminals", &["terminal"], |run| {
    Ok(by(&["unshare", "--mount"], run)?.after("mount -t tmpfs none /dev/pts || exit 9").finish())
})]
#[case::without_tracing("no-ptrace", &["ptrace"], |run| refusing(run, &[("ptrace", Errno::PERM)]))]
#[case::traced("no-ptrace", &["ptrace", "examples", "exec-spawn", "blocked", "stress.hundred-children", "max-rss-floor"], |run| {
    Ok(by(&["strace", "-f", "-o", "/dev/null"], run)?.finish())
})]
#[case::pidfds_forbidden("pidfds-forbidden", &["pidfd", "ptrace", "clone"], |run| {
    refusing(run, &[("pidfd_open", Errno::PERM), ("waitid-pidfd", Errno::PERM)])
})]
#[case::without_pidfds("no-pidfds", &[], |run| {
    refusing(run, &[("pidfd_open", Errno::NOSYS), ("waitid-pidfd", Errno::INVAL), ("clone3", Errno::NOSYS)])
})]
#[case::without_adoption("no-subreaper", &["orphans", "reparenting", "clone", "agent-exec", "exec-spawn", "ptrace-parent"], |run| {
    refusing(run, &[("subreaper", Errno::INVAL)])
})]
fn skips_of_an_environment(#[case] name: &str, #[case] cases: &[&str], #[case] environment: Environment) {
    if !on_linux() {
        return;
    }
    let cases = if std::env::var_os("WAITSPEC_BLESS").is_some() { &[] } else { cases };
    match environment(run(&[LIBC.as_slice(), cases].concat())) {
        Ok(ended) => {
            let trials = ended.code(0).trials();
            assert!(trials.len() >= 10, "{trials:?}");
            compare(name, &trials, here(), |_| false);
        }
        Err(missing) => skip(missing),
    }
}

#[test]
fn a_list_shows_new_skips_removed_skips_and_changed_reasons() {
    let trial = |id: &str, reason: &str| Trial {
        id: id.to_owned(),
        subject: "libc".to_owned(),
        verdict: if reason.is_empty() { "pass" } else { "skip" }.to_owned(),
        reason: reason.to_owned(),
        failed_clause: None,
    };
    let [a, b, c] = ["a.one@wait", "a.one@wait4", "b.two@wait4"];
    let trials = [trial(a, "no x"), trial(b, "no x"), trial(c, "no y")];
    let others = skips(&trials[2..]);
    let text = List::text(&trials, &others);
    assert!(text.ends_with("\n[\"no x\"]\nlibc = [\"a.one\"]\n"), "{text}");
    let list = List::parse(&text);
    let differences = |trials: &[Trial], others: &Skips| {
        let all = list.differences(trials, others);
        all.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(differences(&trials, &others), Vec::<String>::new());
    assert_eq!(differences(&trials, &Skips::new()), ["libc b.two@wait4: no y; listed: not skipped"]);
    let changed = [trial(a, ""), trial(b, "no z"), trial(c, "no y")];
    assert_eq!(
        differences(&changed, &others),
        ["libc a.one@wait: not skipped; listed: no x", "libc a.one@wait4: no z; listed: no x"]
    );
    // One trial of a case is not the case.
    assert!(List::text(&changed, &others).contains("[\"no z\"]\nlibc = [\"a.one@wait4\"]"));
}
