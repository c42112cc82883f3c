//! The oracle on hand-written right and wrong observations: children have the pids 101, 102, ... in order of creation.

use super::*;
use crate::model::script::parse;
use crate::protocol::Line;
use crate::protocol::wait::{IdType, NoReply, RawTarget, Reply, WaitRequest};
use crate::wait::{Layout, System};

fn oracle(profile: Profile) -> Oracle {
    let system = System::of(Layout::from_os_name(profile.name()).unwrap_or(Layout::Linux));
    Oracle::new(Rules { profile, system, uid: Some(7), fresh: true, retries: false })
}

fn ended(wait: &Wait, line: &str) -> CallOutcome {
    let end = match line {
        "hangs" => End::Hung("it sleeps"),
        "crashes" => End::Crashed,
        _ => {
            let target = RawTarget::Id { idtype: IdType::All, who: 0 };
            let request = WaitRequest::new(wait.call, target);
            let line = Line::parse(format!("{line} id=1").as_bytes()).unwrap();
            match Reply::from_line(&line, &request, System::of(Layout::Linux)) {
                Ok(reply) => End::Returned(reply),
                Err(NoReply::Unsupported(_)) => return CallOutcome::NotOffered,
                Err(other) => panic!("{line}: {other}"),
            }
        }
    };
    let request = WaitRequest::new(wait.call, RawTarget::Pid(-1));
    CallOutcome::Ended(Seen::new(request, String::new(), end))
}

/// Plays a history: each line is an operation, a call with `->` and its result, `sleeps`, or `wakes ->` and the result
/// of the sleeping call.
fn play(oracle: &mut Oracle, history: &str) -> Result<(), Violation> {
    let mut born = oracle.known.len() as i64;
    for line in history.lines().map(str::trim).filter(|l| !l.is_empty()) {
        let (op, came) = line.split_once("->").map_or((line, ""), |(op, came)| (op.trim(), came.trim()));
        if op == "wakes" {
            let wait = oracle.asleep().expect("a call sleeps");
            oracle.wake(&ended(&wait, came))?;
            continue;
        }
        for op in parse(op).unwrap() {
            assert!(oracle.allows(&op), "{op} has no meaning here");
            let seen = match &op {
                Op::Spawn { .. } => {
                    born += 1;
                    Observed::Born(100 + born)
                }
                Op::Race { wait, .. } => {
                    born += 1;
                    let outcome = if came == "sleeps" { CallOutcome::Asleep } else { ended(wait, came) };
                    Observed::Raced(100 + born, outcome)
                }
                Op::Wait(_) if came == "sleeps" => Observed::Call(CallOutcome::Asleep),
                Op::Wait(wait) => Observed::Call(ended(wait, came)),
                Op::Usage => {
                    let line = Line::parse(format!("ok {came}").as_bytes()).unwrap();
                    Observed::Usage(crate::protocol::fields::get_usage(&line, "ru_").unwrap())
                }
                _ => Observed::Done,
            };
            oracle.step(&op, &seen)?;
        }
    }
    Ok(())
}

fn right(history: &str) -> Oracle {
    let mut oracle = oracle(Profile::Linux);
    if let Err(violation) = play(&mut oracle, history) {
        panic!("{violation}");
    }
    oracle
}

fn wrong(history: &str, clause: &str) {
    let mut oracle = oracle(Profile::Linux);
    match play(&mut oracle, history) {
        Ok(()) => panic!("nothing is wrong with {history}"),
        Err(violation) => assert_eq!(violation.clause.id, clause, "{violation}\n{history}"),
    }
}

const DEAD_A: &str = "info=written si_signo=SIGCHLD si_code=CLD_EXITED si_pid=101 si_uid=7";

#[test]
fn a_complete_life_cycle() {
    let oracle = right(&format!(
        "waitpid(any) -> err errno=ECHILD
         spawn A
         waitpid(A, WNOHANG) -> ok ret=0 status=untouched
         stop A
         waitpid(A, WNOHANG) -> ok ret=0
         wait4(any, WUNTRACED) -> ok ret=101 status=0x137f
         wait4(any, WUNTRACED|WNOHANG) -> ok ret=0 status=untouched
         cont A
         waitid(A, WCONTINUED|WNOWAIT) -> ok ret=0 info=written si_signo=SIGCHLD si_code=CLD_CONTINUED si_pid=101 si_status=18
         wait3(any, WCONTINUED) -> ok ret=101 status=0xffff
         waitid(any, WNOHANG|WEXITED) -> ok ret=0 info=written si_signo=0 si_pid=0 spill=no
         wait4(A) -> sleeps
         exit A 7
         wakes -> ok ret=101 status=0x0700
         waitid(A, WEXITED) -> err errno=ECHILD
         spawn A exit 256
         waitid(any, WEXITED|WNOWAIT) -> ok ret=0 {} si_status=0
         wait(any) -> ok ret=102 status=0x0000",
        DEAD_A.replace("101", "102"),
    ));
    assert_eq!(oracle.worlds().len(), 1);
    assert!(oracle.living().is_empty());
}

#[test]
fn any_order_is_right_and_each_is_reported_once() {
    let born = "spawn A exit 1\nspawn B exit 2\n";
    right(&format!("{born} wait(any) -> ok ret=102 status=0x0200\nwait(any) -> ok ret=101 status=0x0100"));
    right(&format!("{born} wait(any) -> ok ret=101 status=0x0100\nwait(any) -> ok ret=102 status=0x0200"));
    wrong(
        &format!("{born} wait(any) -> ok ret=101 status=0x0100\nwait(any) -> ok ret=101 status=0x0100"),
        "posix/status/consumed-once",
    );
}

#[test]
fn a_binding_without_pids_leaves_several_states() {
    let anonymous = "info=written si_signo=SIGCHLD si_code=CLD_EXITED si_status=1";
    let mut oracle =
        right(&format!("spawn A exit 1; spawn B exit 1\nwaitid(any, WEXITED) -> ok ret=0 {anonymous}"));
    assert_eq!(oracle.worlds().len(), 2);
    let Ok([Op::Wait(wait)]) = parse("wait4(A, WNOHANG)").as_deref().map(|ops| [ops[0]]) else { panic!() };
    assert_eq!(oracle.expects(&wait), Expects::Return);
    assert_eq!(oracle.expected(&wait), "-1 ECHILD, or A exited 1");
    play(&mut oracle, "wait4(A, WNOHANG) -> ok ret=101 status=0x0100").unwrap();
    assert_eq!(oracle.worlds().len(), 1);
    assert!(play(&mut oracle, "wait4(B, WNOHANG) -> ok ret=102 status=0x0100").is_err());
}

#[test]
fn newer_status_replaces_older() {
    let stopped = "spawn A; stop A; cont A\n";
    right(&format!("{stopped} waitpid(A, WUNTRACED|WCONTINUED) -> ok ret=101 status=0xffff"));
    wrong(
        &format!("{stopped} waitpid(A, WUNTRACED|WCONTINUED) -> ok ret=101 status=0x137f"),
        "posix/status/continue-replaces-stop",
    );
    wrong(
        "spawn A; stop A; kill A SIGKILL\nwaitpid(A, WUNTRACED) -> ok ret=101 status=0x137f",
        "posix/status/exit-replaces-all",
    );
    // A signal to a stopped child takes effect once it continues, SIGKILL at once.
    right("spawn A; stop A; kill A SIGTERM\nwaitpid(A, WNOHANG) -> ok ret=0");
    right("spawn A; stop A; kill A SIGTERM; cont A\nwaitpid(A) -> ok ret=101 status=0x000f");
    right("spawn A; stop A; kill A SIGKILL\nwaitpid(A, WUNTRACED|WCONTINUED) -> ok ret=101 status=0x0009");
    // A call that sleeps may be woken by the continue, and look before the child dies.
    let dies = "spawn A; stop A; kill A SIGTERM\nwaitpid(A, WCONTINUED) -> sleeps\ncont A\n";
    right(&format!("{dies} wakes -> ok ret=101 status=0x000f"));
    let continued = format!("{dies} wakes -> ok ret=101 status=0xffff\n");
    right(&format!("{continued} waitpid(A, WCONTINUED) -> ok ret=101 status=0x000f"));
    right(&format!(
        "sigchld ignore\n{continued} waitpid(A, WNOHANG) -> err errno=ECHILD\nspawn B\nwait4(any, WNOHANG) -> ok ret=0"
    ));
    wrong(
        "spawn A; stop A; kill A SIGTERM\nwaitpid(A) -> sleeps\ncont A\nwakes -> ok ret=101 status=0xffff",
        "posix/status/exit-replaces-all",
    );
    // Nothing can happen to a zombie.
    right(
        "spawn A exit 3; kill A SIGTERM; stop A; cont A\nwaitpid(A, WUNTRACED|WCONTINUED) -> ok ret=101 status=0x0300",
    );
    // No event where nothing changes.
    wrong(
        "spawn A; cont A\nwaitpid(A, WCONTINUED) -> ok ret=101 status=0xffff",
        "posix/status/continue-while-running",
    );
}

#[test]
fn groups_select() {
    let two = "spawn A; spawn B; group A own; exit A 1; exit B 2\n";
    right(&format!(
        "{two} waitpid(own group) -> ok ret=102 status=0x0200\nwaitpid(own group) -> err errno=ECHILD"
    ));
    right(&format!("{two} waitid(group A, WEXITED) -> ok ret=0 {DEAD_A} si_status=1"));
    right(
        "spawn A; spawn B; group A own; group B A; kill B SIGTERM\nwait4(group A) -> ok ret=102 status=0x000f",
    );
    wrong(&format!("{two} waitpid(own group) -> ok ret=101 status=0x0100"), "posix/waitpid/own-group");
    wrong(&format!("{two} waitpid(group A) -> ok ret=102 status=0x0200"), "posix/waitpid/named-group");
    wrong(&format!("{two} waitpid(A) -> ok ret=102 status=0x0200"), "posix/waitpid/pid-only-that-child");
    wrong("spawn A\nwaitpid(group A) -> hangs", "posix/waitpid/echild-empty-group");
    wrong("spawn A\nwaitpid(the caller) -> hangs", "posix/waitpid/echild-not-a-child");
}

#[test]
fn a_call_sleeps_exactly_when_it_must() {
    wrong("spawn A\nwaitpid(A) -> ok ret=0", "posix/waitpid/blocks-until-change");
    wrong("spawn A\nwaitpid(A, WNOHANG) -> hangs", "posix/waitpid/nohang-zero");
    wrong("spawn A exit 1\nwaitpid(A) -> sleeps", "posix/waitpid/no-block-if-ready");
    wrong("waitpid(any) -> sleeps", "posix/waitpid/echild");
    wrong("spawn A\nwaitpid(A) -> sleeps\nexit A 1\nwakes -> hangs", "posix/waitpid/blocks-until-change");
    wrong(
        "spawn A\nwaitpid(A, WUNTRACED) -> sleeps\nstop A\nwakes -> hangs",
        "posix/waitpid/stop-wakes-waiter",
    );
    wrong("spawn A\nwaitpid(A) -> crashes", "posix/waitpid/blocks-until-change");
    let oracle = right("spawn A; spawn B\nwaitpid(A) -> sleeps\nexit B 1\nstop A; cont A");
    let wait = oracle.asleep().unwrap();
    assert_eq!(oracle.expects(&wait), Expects::Sleep);
    assert!(!oracle.allows(&parse("usage").unwrap()[0]));
}

#[test]
fn peeks_take_nothing() {
    let peek = format!("waitid(A, WEXITED|WNOWAIT) -> ok ret=0 {DEAD_A} si_status=1\n");
    right(&format!("spawn A exit 1\n{peek}{peek}wait(any) -> ok ret=101 status=0x0100"));
    wrong(&format!("spawn A exit 1\n{peek}wait(any) -> err errno=ECHILD"), "posix/waitid/nowait-exit");
}

#[test]
fn options_filter_events() {
    let stopped = "spawn A; stop A\n";
    wrong(
        &format!("{stopped}waitpid(A, WNOHANG) -> ok ret=101 status=0x137f"),
        "posix/waitpid/stop-needs-wuntraced",
    );
    wrong(
        &format!("{stopped}waitid(A, WNOHANG|WEXITED) -> ok ret=0 {}", DEAD_A.replace("EXITED", "STOPPED")),
        "posix/waitid/exited-only",
    );
    right("spawn A exit 1\nwaitid(A, WSTOPPED) -> err errno=ECHILD");
    wrong(
        &format!("spawn A exit 1\nwaitid(A, WSTOPPED) -> ok ret=0 {DEAD_A} si_status=1"),
        "posix/waitid/stopped-only",
    );
    right("spawn A exit 1\nwaitid(A, WEXITED|0x10000000) -> err errno=EINVAL");
    wrong(
        "spawn A exit 1\nwaitpid(A, 0x10000000) -> ok ret=101 status=0x0100",
        "posix/waitpid/einval-options",
    );
}

#[test]
fn unspecified_answers_are_open_except_on_linux() {
    let zombie = "spawn A exit 1\n";
    let mut posix = oracle(Profile::Posix);
    play(&mut posix, &format!("{zombie}waitid(A, WSTOPPED) -> sleeps")).unwrap();
    let mut posix = oracle(Profile::Posix);
    play(&mut posix, &format!("{zombie}waitid(A, WSTOPPED) -> err errno=ECHILD")).unwrap();
    wrong(&format!("{zombie}waitid(A, WSTOPPED) -> sleeps"), "posix/waitid/echild-with-live-child");
}

#[test]
fn sigchld_that_is_ignored_leaves_no_zombie() {
    let ignored = "sigchld ignore\nspawn A; spawn B\nwait(any) -> sleeps\nexit A 1\n";
    right(&format!("{ignored}exit B 1\nwakes -> err errno=ECHILD"));
    wrong(
        &format!("{ignored}exit B 1\nwakes -> ok ret=102 status=0x0100"),
        "posix/sigchld/ignored-no-zombie",
    );
    wrong(&format!("{ignored}exit B 1\nwakes -> hangs"), "posix/sigchld/ignored-waits-for-last-exit");
    right("spawn A exit 4\nsigchld nocldwait\nwait(any) -> ok ret=101 status=0x0400");
}

#[test]
fn a_signal_interrupts_a_call_without_reaping() {
    let asleep = "spawn A\nwaitpid(A) -> sleeps\n";
    right(&format!(
        "{asleep}interrupt\nwakes -> err errno=EINTR\nexit A 1\nwaitpid(A) -> ok ret=101 status=0x0100"
    ));
    right(&format!("{asleep}interrupt restart\nexit A 1\nwakes -> ok ret=101 status=0x0100"));
    wrong(&format!("{asleep}interrupt\nwakes -> hangs"), "posix/waitpid/eintr");
    wrong(&format!("{asleep}interrupt restart\nwakes -> err errno=EINTR"), "posix/waitpid/restart");
}

#[test]
fn the_sigchld_of_its_own_child_does_not_interrupt_a_call() {
    let asleep = "sigchld interrupt\nspawn A; spawn B\nwaitpid(A) -> sleeps\n";
    right(&format!("{asleep}exit A 1\nwakes -> ok ret=101 status=0x0100"));
    wrong(&format!("{asleep}exit A 1\nwakes -> err errno=EINTR"), "linux/wait/own-sigchld");
    // That of another child does.
    let interrupted = format!("{asleep}stop B\nwakes -> err errno=EINTR\n");
    right(&format!("{interrupted}wait4(any, WUNTRACED) -> ok ret=102 status=0x137f"));
    wrong(&format!("{asleep}exit B 1\nwakes -> hangs"), "posix/waitpid/eintr");
    // Only at the beginning: the SIGCHLD of an earlier change might come late.
    let later = right("spawn A; exit A 1\nwaitpid(A) -> ok ret=101 status=0x0100\nspawn A");
    assert!(!later.allows(&parse("sigchld interrupt").unwrap()[0]));
    // The standard leaves open whether the call returns the child.
    for end in ["ok ret=101 status=0x0100", "err errno=EINTR"] {
        play(&mut oracle(Profile::Posix), &format!("{asleep}exit A 1\nwakes -> {end}")).unwrap();
    }
}

#[test]
fn the_call_of_a_race_may_check_before_or_after_the_exit() {
    let reaped = "race A 7: waitpid(A) -> ok ret=101 status=0x0700\n";
    right(&format!("{reaped}waitpid(A) -> err errno=ECHILD"));
    wrong("race A 7: waitpid(A) -> hangs", "posix/waitpid/no-lost-wake-up");
    wrong("race A 7: waitpid(A) -> sleeps", "posix/waitpid/no-block-if-ready");
    wrong("race A 7: waitpid(A) -> err errno=ECHILD", "posix/waitpid/blocks-until-change");
    // With WNOHANG both are right, and the child is there later.
    for early in ["ok ret=0 status=untouched", "ok ret=101 status=0x0700\nspawn A exit 7"] {
        let (end, again) = early.split_once('\n').unwrap_or((early, ""));
        let pid = if again.is_empty() { 101 } else { 102 };
        right(&format!(
            "race A 7: waitpid(any, WNOHANG) -> {end}\n{again}\nwait(any) -> ok ret={pid} status=0x0700"
        ));
    }
    // A call for another child keeps sleeping.
    right("spawn B\nrace A 7: waitpid(B) -> sleeps\nexit B 1\nwakes -> ok ret=101 status=0x0100");
    wrong("spawn B\nrace A 7: waitpid(B) -> ok ret=102 status=0x0700", "posix/waitpid/pid-only-that-child");
}

#[test]
fn every_field_is_compared() {
    for (reply, clause) in [
        ("waitpid(A) -> ok ret=101 status=0x0200", "posix/waitpid/exit-code"),
        ("waitpid(A) -> ok ret=101 status=untouched spill=no", "posix/waitpid/exit-code"),
        ("waitpid(A) -> ok ret=1 status=0x0100", "posix/waitpid/returns-pid"),
        ("waitpid(A) -> ok ret=0 status=0x0100", "posix/waitpid/returns-pid"),
        ("waitpid(A) -> ok ret=101 status=0x0100 spill=yes", "linux/wait4/no-overrun"),
        ("waitpid(A) -> err errno=EAGAIN", "posix/waitpid/no-stray-errno"),
        ("waitid(A, WEXITED) -> ok ret=101 DEAD si_status=1", "posix/waitid/returns-zero"),
        ("waitid(A, WEXITED) -> ok ret=0 DEAD si_status=256", "posix/waitid/exited"),
        (
            "waitid(A, WEXITED) -> ok ret=0 info=written si_signo=0 si_code=CLD_EXITED si_pid=101",
            "posix/waitid/si-signo",
        ),
        ("waitid(A, WEXITED) -> ok ret=0 info=written si_signo=SIGCHLD si_pid=9", "posix/waitid/si-pid"),
        (
            "waitid(A, WEXITED) -> ok ret=0 info=written si_signo=SIGCHLD si_pid=101 si_uid=8",
            "posix/waitid/si-uid",
        ),
        (
            "waitid(A, WEXITED) -> ok ret=0 info=written si_signo=SIGCHLD si_pid=101 si_code=CLD_KILLED",
            "posix/waitid/exited",
        ),
        (
            "wait4(A) -> ok ret=101 status=0x0100 rusage=written ru_utime_us=9000000 ru_stime_us=0",
            "linux/rusage/upper-bound",
        ),
        (
            "wait4(A) -> ok ret=101 status=0x0100 rusage=written ru_maxrss=99000000",
            "linux/rusage/maxrss-kilobytes",
        ),
    ] {
        wrong(&format!("spawn A exit 1\n{}", reply.replace("DEAD", DEAD_A)), clause);
    }
    let quiet = "spawn A\nwait4(A, WNOHANG) -> ok ret=0 spill=no";
    wrong(&format!("{quiet} status=0x0000 rusage=untouched"), "linux/wait4/nohang-writes-nothing");
    wrong(&format!("{quiet} status=untouched rusage=written"), "linux/wait4/nohang-writes-nothing");
    wrong(
        "spawn A\nwaitid(A, WEXITED|WNOHANG) -> ok ret=0 info=untouched spill=no",
        "posix/waitid/nohang-zeroes",
    );
    wrong("wait4(any) -> err errno=ECHILD status=0x0000 rusage=untouched", "linux/wait/error-writes-nothing");
}

#[test]
fn usage_is_credited_by_a_take_alone() {
    let spent = "ru_utime_us=5 ru_stime_us=5 ru_maxrss=1 ru_minflt=40 ru_majflt=0 ru_inblock=0 ru_oublock=0 ru_nvcsw=2 ru_nivcsw=0";
    let none = "ru_utime_us=0 ru_stime_us=0 ru_maxrss=0 ru_minflt=0 ru_majflt=0 ru_inblock=0 ru_oublock=0 ru_nvcsw=0 ru_nivcsw=0";
    let take = format!("wait4(A) -> ok ret=101 status=0x0100 rusage=written {spent}");
    right(&format!("spawn A exit 1\nusage -> {none}\n{take}\nusage -> {spent}\nusage -> {spent}"));
    wrong(&format!("spawn A exit 1\nusage -> {spent}"), "posix/rusage/children-not-before-reap");
    wrong(&format!("spawn A exit 1\n{take}\nusage -> {none}"), "posix/rusage/children-after-reap");
    let twice = spent.replace("40", "80");
    wrong(&format!("spawn A exit 1\n{take}\nusage -> {twice}"), "linux/rusage/children-delta");
    wrong(
        &format!("spawn A exit 1\nwaitid(A, WEXITED|WNOWAIT) -> ok ret=0 {DEAD_A}\nusage -> {spent}"),
        "posix/rusage/children-not-on-peek",
    );
    wrong(
        &format!("sigchld ignore\nspawn A exit 1\nusage -> {spent}"),
        "posix/rusage/children-not-auto-reaped",
    );
}

#[test]
fn known_departures_are_excused() {
    let mut netbsd = oracle(Profile::NetBsd);
    play(&mut netbsd, "wait4(any, WNOHANG) -> ok ret=0\nwait4(any) -> err errno=ECHILD").unwrap();
    assert_eq!(netbsd.deviations.len(), 1);
    wrong("wait4(any, WNOHANG) -> ok ret=0", "posix/waitpid/nohang-echild");
    right(
        "spawn A exit 511\nwaitid(A, WEXITED) -> ok ret=0 info=written si_signo=SIGCHLD si_pid=101 si_status=255",
    );
    let mut freebsd = oracle(Profile::FreeBsd);
    let cut = "spawn A exit 511\nwaitid(A, WEXITED) -> ok ret=0 info=written si_signo=SIGCHLD si_pid=101 si_status=255";
    assert_eq!(play(&mut freebsd, cut).unwrap_err().clause.id, "posix/waitid/full-exit-value");
}
