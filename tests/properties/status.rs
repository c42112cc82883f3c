//! The status word: every layout, the host's macros, the kernel's own words, CPython's exit codes.

use std::path::Path;

use proptest::prelude::*;
use rstest::rstest;
use serial_test::serial;
use waitspec::sys::call::observe::{Macros, c_macros};
use waitspec::sys::process::{self, Forked};
use waitspec::sys::signal;
use waitspec::wait::{Event, Layout, Signal, System, WaitStatus};

/// How the fixtures write an event: with numbers, which are those of the system, not of the host.
fn written(status: WaitStatus) -> String {
    let number = |signal: Signal| signal.number_on(status.system()).expect("a number there");
    match status.event() {
        Event::Exited { code } => format!("exited {code}"),
        Event::Signaled { signal, core: false } => format!("killed {}", number(signal)),
        Event::Signaled { signal, core: true } => format!("killed {} core", number(signal)),
        Event::Stopped { signal, ptrace: 0 } => format!("stopped {}", number(signal)),
        Event::Stopped { signal, ptrace } => format!("stopped {} event {ptrace}", number(signal)),
        Event::Trapped { status } => format!("trapped {status}"),
        Event::Continued => "continued".to_owned(),
        Event::Unknown => "unknown".to_owned(),
    }
}

/// The `0xWORD = VALUE` lines of a fixture.
fn fixture(name: &str) -> Vec<(i32, String)> {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/status").join(name).with_extension("toml");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let words: Vec<_> = text
        .lines()
        .filter_map(|line| line.split_once(" = "))
        .map(|(word, value)| {
            let word = i32::from_str_radix(word.trim_start_matches("0x"), 16).expect("a word in hexadecimal");
            (word, value.trim_matches('"').to_owned())
        })
        .collect();
    assert!(words.len() > 10, "{name} holds its words");
    words
}

fn predicates(status: WaitStatus) -> [bool; 4] {
    [status.is_exited(), status.is_signaled(), status.is_stopped(), status.is_continued()]
}

/// The signal of that number on the system of that layout.
fn on(layout: Layout, number: i32) -> Signal {
    Signal::from_number_on(number, System::of(layout))
}

/// Every event that a system's kernel produces.
fn reachable(layout: Layout) -> Vec<Event> {
    let codes = (0..=255).map(|code| Event::Exited { code });
    let deaths = (1..=126)
        .flat_map(move |n| [false, true].map(|core| Event::Signaled { signal: on(layout, n), core }))
        // Where that word means "continued", no kernel produces the death: SIGCONT does not kill.
        .filter(move |event| {
            let bare = matches!(layout, Layout::FreeBsd | Layout::DragonFly);
            !(bare && *event == Event::Signaled { signal: Signal::CONT, core: false })
        });
    let events: Vec<u8> = if layout == Layout::Linux { (0..=7).chain([128]).collect() } else { vec![0] };
    let stops = (1..=126)
        .flat_map(move |n| {
            events.clone().into_iter().map(move |ptrace| Event::Stopped { signal: on(layout, n), ptrace })
        })
        .filter(move |event| {
            !(layout == Layout::MacOs && *event == Event::Stopped { signal: Signal::CONT, ptrace: 0 })
        });
    codes.chain(deaths).chain(stops).chain([Event::Continued]).collect()
}

#[test]
fn every_reachable_word_has_exactly_one_predicate() {
    for layout in Layout::ALL {
        for event in reachable(layout) {
            let status =
                layout.encode(event).unwrap_or_else(|| panic!("{layout:?} has a word for {event:?}"));
            assert_eq!(status.event(), event, "{layout:?} {:#x}", status.as_raw());
            let true_ones = predicates(status).into_iter().filter(|&is| is).count();
            assert_eq!(true_ones, 1, "{layout:?} {:#x}", status.as_raw());
        }
    }
}

#[test]
fn events_without_a_word_are_not_encoded() {
    let signaled = |n| Event::Signaled { signal: Signal::from_number(n), core: false };
    let stopped = |n, ptrace| Event::Stopped { signal: Signal::from_number(n), ptrace };
    for layout in Layout::ALL {
        for event in [
            Event::Exited { code: 256 },
            Event::Exited { code: -1 },
            signaled(0),
            signaled(127),
            signaled(-9),
            stopped(0, 0),
            stopped(256, 0),
            Event::Trapped { status: 5 },
            Event::Unknown,
        ] {
            assert_eq!(layout.encode(event), None, "{layout:?} {event:?}");
        }
    }
    assert_eq!(Layout::FreeBsd.encode(Event::Signaled { signal: Signal::CONT, core: false }), None);
    assert_eq!(Layout::MacOs.encode(Event::Stopped { signal: Signal::CONT, ptrace: 0 }), None);
    assert_eq!(Layout::NetBsd.encode(stopped(5, 3)), None);
}

#[test]
fn all_low_words_are_read_as_the_hosts_macros_read_them() {
    for raw in 0..=0xffff {
        let status = WaitStatus::from_raw(raw);
        let macros = c_macros(raw);
        let Macros { exited, signaled, stopped, continued, .. } = macros;
        let [is_exited, is_signaled, is_stopped, is_continued] = predicates(status);
        let mut says = [exited, signaled, stopped, continued];
        if continued {
            // Some headers give such a word a second meaning.
            says = [false, false, false, true];
        }
        assert_eq!([is_exited, is_signaled, is_stopped, is_continued], says, "{raw:#x}");
        assert_eq!(status.exit_status(), is_exited.then_some(macros.exit_status), "{raw:#x}");
        assert_eq!(
            status.term_signal(),
            is_signaled.then_some(Signal::from_number(macros.term_signal)),
            "{raw:#x}"
        );
        assert_eq!(
            status.stop_signal(),
            is_stopped.then_some(Signal::from_number(macros.stop_signal)),
            "{raw:#x}"
        );
        assert_eq!(status.core_dumped(), is_signaled && macros.core, "{raw:#x}");
    }
}

#[rstest]
fn the_words_of_a_system_mean_what_its_header_says(
    #[values("linux", "freebsd", "netbsd", "openbsd", "dragonfly", "macos", "illumos")] system: &str,
) {
    let layout = Layout::from_os_name(system).expect("a known system");
    for (raw, event) in fixture(system) {
        assert_eq!(written(layout.decode(raw)), event, "{system} {raw:#x}");
        assert_eq!(layout.decode(raw).as_raw(), raw);
    }
}

#[test]
fn exit_codes_are_those_of_cpython() {
    for (raw, golden) in fixture("cpython") {
        let status = Layout::Linux.decode(raw);
        let got = match status.to_exit_code() {
            Some(code) => code.to_string(),
            None if status.is_stopped() => "stopped".to_owned(),
            None => "invalid".to_owned(),
        };
        assert_eq!(got, golden, "{raw:#x}");
    }
}

#[test]
fn systems_go_by_any_of_their_names() {
    for layout in Layout::ALL {
        assert_eq!(Layout::from_os_name(layout.os_name()), Some(layout));
    }
    assert_eq!(Layout::from_os_name("Darwin"), Some(Layout::MacOs));
    assert_eq!(Layout::from_os_name("SunOS"), Some(Layout::Illumos));
    assert_eq!(Layout::from_os_name("android"), Some(Layout::Linux));
    assert_eq!(Layout::from_os_name("plan9"), None);
    assert_eq!(Layout::from_os_name(std::env::consts::OS), Some(Layout::HOST));
}

#[test]
fn a_status_prints_the_names_of_its_system() {
    assert_eq!(WaitStatus::signaled(Signal::TERM).to_string(), "killed by SIGTERM");
    assert_eq!(WaitStatus::exited(7).to_string(), "exited 7");
    let other = if Layout::HOST == Layout::MacOs { Layout::Linux } else { Layout::MacOs };
    assert_eq!(other.decode(0x8b).to_string(), "killed by SIGSEGV, core dumped");
    assert_eq!(format!("{:?}", other.decode(0x1200)), "WaitStatus(0x1200: exited 18)");
}

#[test]
fn signals_go_by_name_and_number() {
    for (name, signal) in Signal::all_standard() {
        assert_eq!(Signal::from_name(name), Some(signal));
        assert_eq!(signal.to_string(), name);
    }
    assert_eq!(Signal::from_name("IOT"), Some(Signal::ABRT));
    for bad in ["", "SIG", "sigterm", "SIG-1", "SIG3x", "SIGSIGTERM"] {
        assert_eq!(Signal::from_name(bad), None, "{bad}");
    }
    if let Some(range) = Signal::realtime_range() {
        assert!(Signal::from_number(*range.start()).name().is_none());
        assert!(Signal::kept_by_c_library().all(|n| range.contains(&n)));
    }
}

/// What rustix makes of a status from the kernel.
fn of_rustix(status: rustix::process::WaitStatus) -> [Option<i32>; 3] {
    [status.exit_status(), status.terminating_signal(), status.stopping_signal()]
}

fn of_ours(status: WaitStatus) -> [Option<i32>; 3] {
    [status.exit_status(), status.term_signal().map(Signal::number), status.stop_signal().map(Signal::number)]
}

#[test]
#[serial]
fn statuses_of_the_kernel_are_read_as_rustix_reads_them() {
    use rustix::process::{Pid, WaitOptions, waitpid};
    let fork = |ending: fn(i32), argument: i32| match process::fork().expect("fork") {
        Forked::Parent(pid) => Pid::from_raw(pid).expect("a pid"),
        Forked::Child => {
            // Rust programs ignore SIGPIPE, and nohup SIGHUP.
            signal::reset_all();
            ending(argument);
            process::exit_now(99)
        }
    };
    let check = |pid, expected: Event| {
        let options = WaitOptions::UNTRACED | WaitOptions::CONTINUED;
        let (_, theirs) = waitpid(Some(pid), options).expect("our child").expect("no WNOHANG");
        let ours = WaitStatus::from_raw(theirs.as_raw());
        assert_eq!(ours.event(), expected);
        assert_eq!(of_ours(ours), of_rustix(theirs));
        assert_eq!(ours.is_continued(), theirs.continued());
    };
    for code in 0..=255 {
        check(fork(|code| process::exit_now(code), code), Event::Exited { code });
    }
    let signal_self = |signal| {
        let _ = process::kill(process::pid(), signal);
    };
    for signal in [Signal::HUP, Signal::KILL, Signal::TERM, Signal::USR1, Signal::ALRM, Signal::PIPE] {
        check(fork(signal_self, signal.number()), Event::Signaled { signal, core: false });
    }
    // A C library with threads handles the signals that it reserves, and 127 has no word of its own.
    let kept = Signal::kept_by_c_library();
    for n in Signal::realtime_range().into_iter().flatten().filter(|n| !kept.contains(n) && *n < 127) {
        check(fork(signal_self, n), Event::Signaled { signal: Signal::from_number(n), core: false });
    }
    let stopped = fork(signal_self, Signal::STOP.number());
    check(stopped, Event::Stopped { signal: Signal::STOP, ptrace: 0 });
    // It is stopped: only now does a continue follow, and it exits right after.
    process::kill(stopped.as_raw_nonzero().get(), Signal::CONT.number()).expect("our child");
    let options = WaitOptions::CONTINUED;
    let (_, first) = waitpid(Some(stopped), options).expect("our child").expect("no WNOHANG");
    if first.continued() {
        assert_eq!(WaitStatus::from_raw(first.as_raw()).event(), Event::Continued);
        check(stopped, Event::Exited { code: 99 });
    } else {
        // The newer status has replaced the continue.
        assert_eq!(first.exit_status(), Some(99));
    }
}

fn layouts() -> impl Strategy<Value = Layout> {
    proptest::sample::select(&Layout::ALL[..])
}

fn events() -> impl Strategy<Value = Event> {
    prop_oneof![
        (-300..600i32).prop_map(|code| Event::Exited { code }),
        ((-2..300i32), any::<bool>())
            .prop_map(|(n, core)| Event::Signaled { signal: Signal::from_number(n), core }),
        ((-2..300i32), any::<u8>())
            .prop_map(|(n, ptrace)| Event::Stopped { signal: Signal::from_number(n), ptrace }),
        Just(Event::Continued),
        Just(Event::Unknown),
    ]
}

proptest! {
    #[test]
    fn decode_after_encode_is_identity(layout in layouts(), event in events()) {
        if let Some(status) = layout.encode(event) {
            prop_assert_eq!(layout.decode(status.as_raw()).event(), event);
            prop_assert_eq!(status.layout(), layout);
        }
    }
}
