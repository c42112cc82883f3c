//! Generated input for everything that is parsed: requests, answers, steps, histories, reports, baselines.

use super::invariants;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use waitspec::model::generate::{Shape, history};
use waitspec::model::run::played::{Performed, Played};
use waitspec::model::trace;
use waitspec::model::{op, script};
use waitspec::protocol::line::encode;
use waitspec::protocol::wait::{Flag, IdType, OptionSet, RawTarget, WaitRequest};
use waitspec::report::machine::read::Report;
use waitspec::report::machine::record::{
    ClauseRecord, RunRecord, SubjectRecord, SummaryRecord, TrialRecord, WarningRecord,
};
use waitspec::scenario::step::TerminalUse;
use waitspec::scenario::{Death, FORMS, Offspring, Step, library, step::Then};
use waitspec::sys::call::abi::{Call, Info, Memory, Observation, Pointer, Usage};
use waitspec::sys::process::ptrace::Request;
use waitspec::wait::Signal;

/// Any text, often one that is valid somewhere.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => any::<String>(),
        1 => select(vec!["", " ", "%", ",", "=", "\n", "\0", "a b", "steps=", "\nspawn A", "\u{7f}\u{e9}"]).prop_map(str::to_owned),
    ]
}

fn pointers() -> impl Strategy<Value = Pointer> {
    select(vec![Pointer::Buffer, Pointer::Null, Pointer::Bad, Pointer::Kernel])
}

/// Not empty.
fn names() -> impl Strategy<Value = String> {
    text().prop_filter("a number is no name", |t| {
        !t.is_empty() && !t.starts_with(|c: char| c == '-' || c.is_ascii_digit())
    })
}

fn flags() -> impl Strategy<Value = Flag> {
    select(vec![
        Flag::NoHang,
        Flag::Untraced,
        Flag::Stopped,
        Flag::Exited,
        Flag::NoWait,
        Flag::All,
        Flag::NoZombie,
    ])
}

fn idtypes() -> impl Strategy<Value = IdType> {
    prop_oneof![
        select(vec![IdType::All, IdType::Pid, IdType::Pgid, IdType::Pidfd]),
        any::<i64>().prop_map(IdType::Number),
    ]
}

fn requests() -> impl Strategy<Value = WaitRequest> {
    let target = prop_oneof![
        any::<i64>().prop_map(RawTarget::Pid),
        (idtypes(), any::<i64>()).prop_map(|(idtype, who)| RawTarget::Id { idtype, who }),
    ];
    let pointers = (pointers(), pointers(), pointers());
    let call = select(Call::ALL.to_vec());
    (call, target, vec(flags(), 0..4), any::<u32>(), pointers, any::<u32>()).prop_map(
        |(call, target, flags, raw, (status, rusage, info), thread)| {
            // A request omits arguments that its function does not have.
            let target = match (call, target) {
                (Call::Wait | Call::Wait3, _) => RawTarget::Pid(-1),
                (Call::Waitid | Call::Wait6, RawTarget::Pid(who)) => {
                    RawTarget::Id { idtype: IdType::Pid, who }
                }
                (Call::Waitpid | Call::Wait4, RawTarget::Id { who, .. }) => RawTarget::Pid(who),
                (_, target) => target,
            };
            let plain = WaitRequest::new(call, target);
            let has = |usual, asked| if usual == Pointer::Null { usual } else { asked };
            WaitRequest {
                options: OptionSet { flags, raw },
                status: has(plain.status, status),
                rusage: if call == Call::Waitid { rusage } else { has(plain.rusage, rusage) },
                info: has(plain.info, info),
                thread,
                ..plain
            }
        },
    )
}

fn memory<T: std::fmt::Debug + Clone>(value: impl Strategy<Value = T>) -> impl Strategy<Value = Memory<T>> {
    prop_oneof![
        2 => value.prop_map(Memory::Wrote),
        1 => Just(Memory::NotObserved),
        1 => Just(Memory::NoBuffer),
        1 => Just(Memory::Untouched),
    ]
}

fn usage() -> impl Strategy<Value = Usage> {
    let fields = vec(option::of(-(1_i64 << 48)..=1 << 48), 11);
    fields.prop_map(|f| Usage {
        utime_us: f[0],
        stime_us: f[1],
        maxrss: f[2],
        minflt: f[3],
        majflt: f[4],
        inblock: f[5],
        oublock: f[6],
        nvcsw: f[7],
        nivcsw: f[8],
        others: f[9],
        irregular: f[10],
    })
}

fn observations() -> impl Strategy<Value = Observation> {
    let ret = prop_oneof![any::<i64>().prop_map(Ok), any::<i32>().prop_map(Err)];
    let info = vec(option::of(any::<i64>()), 7).prop_map(|f| Info {
        signo: f[0],
        code: f[1],
        pid: f[2],
        uid: f[3],
        status: f[4],
        errno: f[5],
        other_bytes: f[6],
    });
    (ret, memory(any::<i32>()), memory(usage()), memory(usage()), memory(info), any::<Option<bool>>())
        .prop_map(|(ret, status, rusage, children, info, spill)| Observation {
            ret,
            status,
            rusage,
            children,
            info,
            spill,
        })
}

fn signals() -> impl Strategy<Value = Signal> {
    (1..128_i32).prop_map(Signal::from_number)
}

fn deaths() -> impl Strategy<Value = Death> {
    (signals(), any::<Option<bool>>(), any::<bool>()).prop_map(|(signal, core, report)| Death {
        signal,
        core,
        report,
    })
}

/// Steps without others in them.
fn plain_steps() -> BoxedStrategy<Step> {
    let count = || 0..=i64::MAX.cast_unsigned();
    prop_oneof![
        (any::<i32>(), any::<bool>()).prop_map(|(code, report)| Step::Exit { code, report }),
        (any::<i32>(), any::<bool>()).prop_map(|(code, report)| Step::ThreadExit { code, report }),
        (any::<i32>(), any::<bool>()).prop_map(|(code, report)| Step::GroupExit { code, report }),
        deaths().prop_map(Step::Raise),
        deaths().prop_map(Step::KillSelf),
        deaths().prop_map(Step::Incur),
        select(vec![Step::Pause, Step::Release, Step::Setsid, Step::Traceme, Step::Report, Step::Getids]),
        signals().prop_map(Step::Stop),
        signals().prop_map(Step::Ignore),
        signals().prop_map(Step::Default),
        signals().prop_map(Step::Block),
        signals().prop_map(Step::Unblock),
        count().prop_map(|us| Step::BurnUser { us }),
        count().prop_map(|us| Step::BurnSystem { us }),
        count().prop_map(|bytes| Step::Allocate { bytes }),
        count().prop_map(|count| Step::MinorFaults { count }),
        count().prop_map(|count| Step::MajorFaults { count }),
        count().prop_map(|count| Step::BlockOutput { count }),
        count().prop_map(|count| Step::VoluntarySwitches { count }),
        count().prop_map(|count| Step::InvoluntarySwitches { count }),
        count().prop_map(|ms| Step::Sleep { ms }),
        any::<i32>().prop_map(|pgid| Step::Setpgid { pgid }),
        any::<u32>().prop_map(|uid| Step::Setuid { uid }),
        any::<i32>().prop_map(|code| Step::Vfork { code }),
        any::<i32>().prop_map(|pid| Step::Wait { pid }),
        any::<i32>().prop_map(|code| Step::LeaderExit { code }),
        any::<i32>().prop_map(|code| Step::Return { code }),
        any::<i32>().prop_map(|pid| Step::PidfdOpen { pid }),
        any::<i32>().prop_map(|pid| Step::LastPid { pid }),
        any::<u32>().prop_map(|count| Step::Threads { count }),
        any::<bool>().prop_map(|on| Step::Dumpable { on }),
        any::<bool>().prop_map(|on| Step::Subreaper { on }),
        select(TerminalUse::ALL.to_vec()).prop_map(|(_, how)| Step::Terminal { how }),
        (signals(), select(Then::ALL.to_vec())).prop_map(|(signal, (_, then))| Step::Catch { signal, then }),
        (select(Request::ALL.to_vec()), any::<i32>(), option::of(signals()), vec(names(), 0..3))
            .prop_map(|((_, request), pid, signal, options)| Step::Trace { request, pid, signal, options }),
    ]
    .boxed()
}

/// Any step.
fn steps() -> impl Strategy<Value = Step> {
    plain_steps().prop_recursive(3, 12, 3, |inner| {
        let offspring = (option::of(text()), any::<bool>(), vec(inner.clone(), 0..3))
            .prop_map(|(token, orphan, steps)| Offspring { token, orphan, steps })
            .boxed();
        prop_oneof![
            offspring.clone().prop_map(Step::Fork),
            offspring.clone().prop_map(Step::VforkExec),
            (offspring, any::<bool>(), option::of(signals())).prop_map(
                |(offspring, sibling, exit_signal)| { Step::Clone { offspring, sibling, exit_signal } }
            ),
            vec(inner.clone(), 0..3).prop_map(|steps| Step::Exec { steps }),
            vec(inner, 0..3).prop_map(|steps| Step::ExecFromThread { steps }),
        ]
    })
}

/// A word of the protocol and key=value pairs, many of them valid in some request, answer or step.
fn lines() -> impl Strategy<Value = Vec<u8>> {
    let words = ["ok", "err", "unsupported", "hello", "entering"].into_iter();
    let words = words.chain(Call::ALL.map(Call::name)).chain(FORMS.iter().map(|form| form.word));
    let keys = ["id", "ret", "status", "rusage", "info", "pid", "who", "idtype", "options", "errno", "spill"];
    let keys = keys.into_iter().chain(["si_code", "si_pid", "ru_maxrss", "rc_minflt", "why", "thread"]);
    let keys: Vec<_> = keys.chain(FORMS.iter().flat_map(|form| form.key_names())).collect();
    let value = prop_oneof![
        3 => select(vec!["buffer", "null", "written", "untouched", "yes", "no", "SIGTERM", "WNOHANG,0x40", "ECHILD", "P_ALL"])
            .prop_map(str::to_owned),
        2 => any::<i64>().prop_map(|n| n.to_string()),
        1 => any::<u64>().prop_map(|n| format!("{n:#x}")),
        1 => vec(any::<u8>(), 0..12).prop_map(|bytes| encode(&bytes)),
        1 => "[ -~]{0,8}",
    ];
    (select(words.collect::<Vec<_>>()), vec((select(keys), value), 0..8)).prop_map(|(word, pairs)| {
        let pairs: String = pairs.iter().map(|(key, value)| format!(" {key}={value}")).collect();
        format!("{word}{pairs}").into_bytes()
    })
}

/// The same with a few bytes changed.
fn mutated(text: impl Strategy<Value = Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    (text, vec((any::<prop::sample::Index>(), any::<u8>()), 0..4)).prop_map(|(mut text, changes)| {
        for (at, byte) in changes {
            if !text.is_empty() {
                let at = at.index(text.len());
                text[at] = byte;
            }
        }
        text
    })
}

/// A script of steps, names of the library and options.
fn scripts() -> impl Strategy<Value = String> {
    let argument = prop_oneof![
        3 => steps().prop_map(|step| step.to_string()),
        1 => select(library::names().collect::<Vec<_>>()).prop_map(str::to_owned),
        1 => select(vec!["--orphan", "--connect", "--token", "--program", "--agent", "-x", ""]).prop_map(str::to_owned),
        1 => "[ -~]{0,12}",
    ];
    vec(argument, 0..5).prop_map(|arguments| arguments.join("\n"))
}

fn histories() -> impl Strategy<Value = Vec<op::Op>> {
    let waiters = prop_oneof![Just(0_u8), 1..4_u8];
    (any::<u64>(), 1..30_usize, 1..7_u8, waiters).prop_map(|(seed, ops, children, waiters)| {
        let shape = Shape { waiters, ..Shape::new(ops, children, Call::ALL.to_vec(), "linux") };
        history(seed, 0, &shape)
    })
}

fn trials() -> impl Strategy<Value = TrialRecord> {
    let verdict = select(waitspec::runner::event::Verdict::NAMES.to_vec());
    let clause = (text(), text()).prop_map(|(id, outcome)| ClauseRecord { id, outcome });
    let warning = (text(), text(), text());
    let warning = warning.prop_map(|(clause, expected, got)| WarningRecord { clause, expected, got });
    let lists = (vec(text(), 0..3), vec(text(), 0..3), vec(text(), 0..3), vec(text(), 0..3));
    let told = (option::of(text()), option::of(text()), option::of(text()), text());
    let facts = (btree_map(text(), text(), 0..3), vec(clause, 0..3), vec(warning, 0..2));
    (text(), text(), verdict, lists, told, facts, any::<u32>(), any::<u64>()).prop_map(
        |(
            id,
            subject,
            verdict,
            (steps, children, notes, trace),
            (reason, expected, got, stderr),
            facts,
            processes,
            us,
        )| {
            let (recorded, clauses, warnings) = facts;
            // A trial without them is refused.
            let (id, subject) = (id + "@", subject + ":");
            TrialRecord {
                reproduce: id.clone(),
                unverified: stderr.clone(),
                agent: subject.clone(),
                failed_clause: expected.clone(),
                verdict: verdict.to_owned(),
                duration_us: us,
                id,
                subject,
                steps,
                children,
                notes,
                trace,
                reason,
                expected,
                got,
                stderr,
                recorded: recorded.into_iter().collect(),
                clauses,
                warnings,
                processes,
            }
        },
    )
}

fn reports() -> impl Strategy<Value = Report> {
    let header = (text(), vec(text(), 0..3), option::of(any::<u64>()), any::<u16>());
    let header = header.prop_map(|(name, list, seed, trials)| RunRecord {
        subjects: vec![SubjectRecord {
            subject: name.clone(),
            interface: "handle".to_owned(),
            calls: list.clone(),
            ..SubjectRecord::default()
        }],
        os: name,
        observation: list.clone(),
        environment: list,
        seed,
        trials: trials.into(),
        ..RunRecord::default()
    });
    let counts = btree_map("[a-z]{3,8}", any::<u64>(), 0..4);
    let summary = (any::<bool>(), any::<u64>(), any::<u64>(), counts).prop_map(
        |(interrupted, processes, duration_us, counts)| SummaryRecord {
            interrupted,
            processes,
            duration_us,
            counts: counts.into_iter().collect(),
        },
    );
    (header, vec(trials(), 0..4), option::of(summary)).prop_map(|(run, trials, summary)| Report {
        run,
        trials,
        summary,
    })
}

fn baselines() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        3 => ("[a-z.@]{1,5}", "[ -~\t]{0,8}", select(vec!["fail", "hang", "crash", "leak", "pass"]))
            .prop_map(|(id, subject, verdict)| format!("{id} {subject} {verdict}")),
        1 => text(),
    ];
    vec(line, 0..5).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #[test]
    fn a_status_word_has_exactly_one_meaning(raw in any::<i32>()) {
        invariants::status(raw);
    }

    #[test]
    fn requests_print_as_they_parse(request in requests()) {
        invariants::request(&request);
    }

    #[test]
    fn observations_reach_the_driver(seen in observations()) {
        invariants::observation(&seen);
    }

    #[test]
    fn lines_print_as_they_parse(line in mutated(lines())) {
        invariants::line(&line);
    }

    #[test]
    fn any_bytes_parse_or_fail_as_a_line(bytes in vec(any::<u8>(), 0..200)) {
        invariants::line(&bytes);
    }

    #[test]
    fn a_stream_may_be_split_anywhere(lines in vec(mutated(lines()), 0..4), piece in 1..40_usize) {
        invariants::stream(&lines.join(&b'\n'), piece);
    }

    #[test]
    fn steps_print_as_they_parse(step in steps()) {
        invariants::step(&step);
    }

    #[test]
    fn scripts_print_as_they_parse(script in scripts()) {
        invariants::script(&script);
    }

    #[test]
    fn any_text_parses_or_fails_as_a_script(script in any::<String>()) {
        invariants::script(&script);
        invariants::history(&script);
        invariants::baseline(&script);
    }

    #[test]
    fn histories_print_as_they_parse(ops in histories(), changes in vec(any::<u8>(), 0..3)) {
        let text = script::script(&ops);
        prop_assert_eq!(script::parse(&text), Ok(ops));
        // An almost valid history parses or fails.
        let mut bytes = text.into_bytes();
        for (at, byte) in changes.into_iter().enumerate() {
            let at = usize::from(byte) * (at + 1) % bytes.len();
            bytes[at] = byte;
        }
        invariants::history(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn a_trace_parses_as_its_history(ops in histories(), outcome in vec(text(), 1..4), about in vec(text(), 0..3)) {
        let outcome = outcome.iter().cycle();
        let steps = ops.iter().zip(outcome).map(|(op, outcome)| Performed { op: *op, outcome: outcome.clone() }).collect();
        let played = Played { steps, violation: None, deviations: Vec::new() };
        prop_assert_eq!(script::parse(&trace::text(&played, &about)), Ok(ops));
    }

    #[test]
    fn reports_print_as_they_parse(report in reports(), cut in any::<usize>()) {
        let printed = invariants::print(&report);
        let read = waitspec::report::machine::read::parse(&printed);
        prop_assert_eq!(read.as_ref(), Ok(&report));
        invariants::report(&printed, cut);
    }

    #[test]
    fn an_almost_valid_report_parses_or_fails(report in mutated(reports().prop_map(|r| invariants::print(&r))), cut in any::<usize>()) {
        invariants::report(&report, cut);
    }

    #[test]
    fn baselines_print_as_they_parse(text in baselines()) {
        invariants::baseline(&text);
    }
}
