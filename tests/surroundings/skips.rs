//! What is skipped in a surrounding is a committed list, so that a new skip is seen; anything else has to pass there.
//!
//! `fixtures/skips/root.toml` is the list of the superuser, `user.toml` what an ordinary user skips otherwise. Of the other
//! surroundings there is a list of what the C library's trials skip otherwise than where the tests run, so that what a machine
//! lacks is in none of them; where nothing is skipped otherwise there is no file.
//!
//! `WAITSPEC_BLESS=1 cargo test --test surroundings skips` writes the lists anew.

use super::lists::{List, Skips, skips};
use super::run::{Ended, Run, Trial, run};
use super::tools::{file, skip, works};
use rustix::io::Errno;
use std::sync::OnceLock;
use waitspec::sys::sandbox::{Denied, deny};

fn list(name: &str) -> List {
    let path = file("fixtures/skips").join(name).with_extension("toml");
    List::parse(&std::fs::read_to_string(path).unwrap_or_default())
}

/// Compares what a run skips with the list of that name, beyond what others skip; or writes the list.
fn compare(name: &str, trials: &[Trial], others: &Skips, is_excused: fn(&str) -> bool) {
    if std::env::var_os("WAITSPEC_BLESS").is_some() {
        let path = file("fixtures/skips").join(name).with_extension("toml");
        let text = List::text(trials, others);
        // What is not there need not be removed.
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
        !excused
    });
    let differences: Vec<String> = differences.iter().map(ToString::to_string).collect();
    assert!(
        differences.is_empty(),
        "fixtures/skips/{name}.toml is not what is skipped:\n{}",
        differences.join("\n")
    );
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

/// One after the other: the second list is read against the first.
#[test]
fn skips_of_the_superuser_and_of_an_ordinary_user() {
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

/// What a run of the C library's trials skips where nothing was taken away.
fn here() -> &'static Skips {
    static HERE: OnceLock<Skips> = OnceLock::new();
    HERE.get_or_init(|| skips(&run(&LIBC).finish().code(0).trials()))
}

/// Every trial of the C library.
const LIBC: [&str; 2] = ["--format=json", "--subject=libc"];

/// A surrounding: how a run gets there, or what that needs and is missing.
type Surrounding = fn(Run) -> Result<Ended, &'static str>;

/// By another command, if that can be run here.
fn by(command: &[&str], run: Run) -> Result<Run, &'static str> {
    let there = works(&[command, &["true"]].concat());
    if there { Ok(run.by(command)) } else { Err("no such command here, or it may not") }
}

fn by_another_user(run: Run) -> Result<Run, &'static str> {
    let root = rustix::process::geteuid().is_root();
    root.then(|| run.by_a_user()).flatten().ok_or("not the superuser, or no setpriv")
}

/// Where these system calls fail with these errors: a filter of the thread that starts the run, as containers have it.
fn refusing(run: Run, calls: &'static [(&str, Errno)]) -> Result<Ended, &'static str> {
    let start = || {
        for (call, errno) in calls {
            deny(call, Denied::Errno(errno.raw_os_error())).map_err(|_| "no filters of system calls")?;
        }
        Ok(run.finish())
    };
    std::thread::scope(|scope| scope.spawn(start).join().expect("a run"))
}

/// Each surrounding: its list, how to get there, and which cases show it (all but when the list is written).
#[rstest::rstest]
#[case::few_open_files("few-open-files", &[], |run: Run| Ok(run.after("ulimit -n 64").finish()))]
#[case::no_core_files("no-core-files", &["signal-death", "endings"], |run: Run| Ok(run.after("ulimit -c 0").finish()))]
// Limits count all processes of a user's, and only the superuser has a user to spare.
#[case::few_processes("few-processes", &[], |run| {
    Ok(by(&["prlimit", "--nproc=64"], by_another_user(run)?)?.finish())
})]
#[case::one_processor("one-processor", &["threads", "rusage"], |run| Ok(by(&["taskset", "-c", "0"], run)?.finish()))]
#[case::first_of_a_namespace("pid-namespace", &[], |run| {
    Ok(by(&["unshare", "--pid", "--fork", "--mount-proc"], run)?.finish())
})]
#[case::without_namespaces("no-namespaces", &["lineage", "details", "cloned", "orphans"], |run| {
    let calls = &[("unshare", Errno::PERM), ("clone-into-namespaces", Errno::PERM), ("clone3", Errno::NOSYS)];
    refusing(run, calls)
})]
#[case::without_proc("no-proc", &[], |run| {
    Ok(by(&["unshare", "--mount"], run)?.after("mount -t tmpfs none /proc || exit 9").finish())
})]
#[case::proc_of_another_namespace("other-proc", &["lineage", "nohang", "stop-continue"], |run| {
    Ok(by(&["unshare", "--pid", "--fork"], run)?.finish())
})]
#[case::without_terminals("no-terminals", &["terminal"], |run| {
    Ok(by(&["unshare", "--mount"], run)?.after("mount -t tmpfs none /dev/pts || exit 9").finish())
})]
#[case::without_tracing("no-ptrace", &["trace"], |run| refusing(run, &[("ptrace", Errno::PERM)]))]
#[case::traced("no-ptrace", &["trace", "guide", "spawned", "blocked", "stress.hundred-children", "max-rss-floor"], |run| {
    Ok(by(&["strace", "-f", "-o", "/dev/null"], run)?.finish())
})]
#[case::pidfds_forbidden("pidfds-forbidden", &["pidfd", "trace", "cloned"], |run| {
    refusing(run, &[("pidfd_open", Errno::PERM), ("waitid-pidfd", Errno::PERM)])
})]
#[case::without_pidfds("no-pidfds", &[], |run| {
    refusing(run, &[("pidfd_open", Errno::NOSYS), ("waitid-pidfd", Errno::INVAL), ("clone3", Errno::NOSYS)])
})]
#[case::without_adoption("no-subreaper", &["orphans", "lineage", "cloned", "re-exec", "spawned", "traced"], |run| {
    refusing(run, &[("subreaper", Errno::INVAL)])
})]
fn skips_of_a_surrounding(#[case] name: &str, #[case] cases: &[&str], #[case] surrounding: Surrounding) {
    if !on_linux() {
        return;
    }
    let cases = if std::env::var_os("WAITSPEC_BLESS").is_some() { &[] } else { cases };
    match surrounding(run(&[LIBC.as_slice(), cases].concat())) {
        Ok(ended) => {
            let trials = ended.code(0).trials();
            assert!(trials.len() >= 10, "{trials:?}");
            compare(name, &trials, here(), |_| false);
        }
        Err(missing) => skip(missing),
    }
}

#[test]
fn a_list_tells_what_is_new_what_is_gone_and_what_has_another_reason() {
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
    // One of a case is no case.
    assert!(List::text(&changed, &others).contains("[\"no z\"]\nlibc = [\"a.one@wait4\"]"));
}
