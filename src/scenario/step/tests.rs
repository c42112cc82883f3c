//! Steps print as they parse, and invalid steps are rejected with a hint to the nearest one.

use super::*;
use crate::protocol::Line;
use crate::scenario::{FORMS, Form};

fn samples() -> Vec<Step> {
    let inner = vec![
        Step::BurnUser { us: 1 },
        Step::Fork(Offspring { steps: vec![Step::exit(-1).reported()], ..Offspring::default() }),
    ];
    let offspring = Offspring { token: Some("a b,c%=\u{e9}".to_owned()), orphan: true, steps: inner.clone() };
    let death = |signal, core, report| Death { signal, core, report };
    vec![
        Step::exit(0),
        Step::exit(i32::MIN).reported(),
        Step::Raise(death(Signal::TERM, None, false)),
        Step::Raise(death(Signal::from_number(37), Some(true), true)),
        Step::KillSelf(death(Signal::ABRT, Some(false), false)),
        Step::Pause,
        Step::Stop(Signal::TSTP),
        Step::Ignore(Signal::CHLD),
        Step::Default(Signal::CHLD),
        Step::Block(Signal::USR1),
        Step::Unblock(Signal::USR1),
        Step::BurnUser { us: i64::MAX as u64 },
        Step::BurnSystem { us: 0 },
        Step::Allocate { bytes: 1 << 40 },
        Step::Release,
        Step::MinorFaults { count: 1 },
        Step::MajorFaults { count: 2 },
        Step::BlockOutput { count: 6 },
        Step::VoluntarySwitches { count: 3 },
        Step::InvoluntarySwitches { count: 4 },
        Step::Sleep { ms: 5 },
        Step::Setpgid { pgid: 4711 },
        Step::Setsid,
        Step::Setuid { uid: u32::MAX },
        Step::Seteuid { uid: 7 },
        Step::Setegid { gid: 7 },
        Step::Fork(Offspring::default()),
        Step::Fork(offspring.clone()),
        Step::Clone { offspring: offspring.clone(), sibling: true, exit_signal: Some(Signal::USR1) },
        Step::VforkExec(offspring),
        Step::Vfork { code: 4 },
        Step::Wait { pid: 4711 },
        Step::LeaderExit { code: 10 },
        Step::ThreadExit { code: 11, report: true },
        Step::GroupExit { code: 12, report: false },
        Step::Exec { steps: inner.clone() },
        Step::ExecFromThread { steps: inner },
        Step::Traceme,
        Step::Trace { request: ptrace::Request::Cont, pid: 7, signal: Some(Signal::TERM), options: vec![] },
        Step::Trace {
            request: ptrace::Request::Seize,
            pid: 7,
            signal: None,
            options: vec!["exec".to_owned(), "exit".to_owned()],
        },
        Step::Incur(death(Signal::SEGV, Some(false), true)),
        Step::Catch { signal: Signal::TERM, then: Then::Reraise },
        Step::Return { code: 300 },
        Step::Dumpable { on: false },
        Step::Terminal { how: TerminalUse::Foreground },
        Step::PidfdOpen { pid: 4711 },
        Step::LastPid { pid: 4711 },
        Step::Subreaper { on: true },
        Step::Threads { count: 3 },
        Step::StartThread,
        Step::EndThreads,
        Step::Report,
        Step::Getids,
        Step::Inherited,
    ]
}

#[test]
fn every_step_prints_as_it_parses() {
    let samples = samples();
    for step in &samples {
        assert_eq!(step.to_string().parse::<Step>().as_ref(), Ok(step), "{step}");
        let form = FORMS.iter().find(|form| form.word == step.word());
        let form = form.unwrap_or_else(|| panic!("'{}' is not listed", step.word()));
        for key in step.to_line().keys() {
            assert!(form.key_names().any(|name| name == key), "'{key}' of '{step}' is not listed");
        }
    }
    for form in FORMS {
        assert!(samples.iter().any(|step| step.word() == form.word), "'{}' has no sample", form.word);
    }
}

#[test]
fn defaults() {
    for (short, long) in [
        ("stop", "stop sig=SIGSTOP"),
        ("setpgid", "setpgid pgid=0"),
        ("wait", "wait pid=0"),
        ("leader-exit", "leader-exit code=0"),
        ("exit code=1 report=no", "exit code=1"),
        ("exit code=0xffffffff", "exit code=-1"),
        ("fork orphan=no steps=", "fork"),
        ("catch sig=SIGTERM", "catch sig=SIGTERM do=return"),
        ("raise sig=SIG15", "raise sig=SIGTERM"),
    ] {
        assert_eq!(short.parse::<Step>().map(|step| step.to_string()).as_deref(), Ok(long));
    }
}

#[test]
fn errors_of_invalid_steps() {
    for (text, message) in [
        ("", "'' is not a step: a line begins with a word of a-z, 0-9, _ or -"),
        ("exit 7", "'exit 7' is not a step: '7' is not key=value"),
        ("exti code=7", "unknown step or scenario 'exti'; did you mean 'exit'?"),
        ("banana", "unknown step or scenario 'banana'"),
        ("exit", "step 'exit': 'code=' is missing (expected a number)"),
        ("exit code=x", "step 'exit': 'code=x' has a bad value (expected a number in range)"),
        ("exit code=4294967296", "step 'exit': 'code=4294967296' has a bad value (expected a 32-bit number)"),
        ("exit code=1 report=1", "step 'exit': 'report=1' has a bad value (expected yes or no)"),
        (
            "exit code=1 reprot=yes",
            "step 'exit' has no key 'reprot' (keys: code=N [report=yes]); did you mean 'report'?",
        ),
        ("pause us=1", "step 'pause' has no key 'us' (keys: none)"),
        ("burn-user us=-1", "step 'burn-user': 'us=-1' has a bad value (expected a number in range)"),
        (
            "raise sig=SIGTREM",
            "step 'raise': 'sig=SIGTREM' has a bad value (expected a signal name, or SIG and a number); \
             did you mean 'SIGTERM'?",
        ),
        (
            "terminal do=raed",
            "step 'terminal': 'do=raed' has a bad value (expected one of its words); did you mean 'read'?",
        ),
        ("subreaper", "step 'subreaper': 'on=' is missing (expected yes or no)"),
        ("raise", "step 'raise': 'sig=' is missing (expected a signal name)"),
        ("fork steps=exit", "step 'exit': 'code=' is missing (expected a number)"),
    ] {
        assert_eq!(text.parse::<Step>().map_err(|error| error.to_string()), Err(message.to_owned()));
    }
}

#[test]
fn unknown_keys_of_a_line_are_ignored() {
    let line: Line = "exit id=3 code=7 later=yes".parse().expect("a line");
    assert_eq!(Step::from_line(&line), Ok(Step::exit(7)));
}

#[test]
fn what_ends() {
    assert!(Step::exit(0).ends() && Step::Pause.ends());
    assert!(!Step::raise(Signal::TERM).ends() && Step::raise(Signal::TERM).is_last());
    assert!(!Step::Stop(Signal::STOP).is_last());
    assert_eq!(Step::raise(Signal::TERM).with_core(false).to_string(), "raise sig=SIGTERM core=no");
}

#[test]
fn the_page_lists_every_form() {
    let page = include_str!("../step.rs");
    for Form { word, keys, summary } in FORMS {
        let line = format!("{word} {keys}").trim_end().replace('|', "\\|");
        let row = format!("//! | `{line}` | {summary} |\n");
        assert!(page.contains(&row), "missing: {row}");
    }
}
