//! Exit codes: every value, values wider than 8 bits, and values that look like something else.

use crate::scenario::{Scenario, Step};
use crate::spec::{dragonfly, freebsd, linux, netbsd, openbsd, pairs, posix};
use crate::sys::call::abi::Call;
use crate::trial::cases;
use crate::trial::reported_child;
use crate::trial::{Calls, Change, Options, Outcome, Seen, Target, Trial};
use crate::wait::Signal;

cases! { "exit-code";

    /// an exit with code 7 is reported as such, and the child is reaped
    one_child(ANY) => [pairs::EXIT_CODE];

    /// every exit code from 0 to 255 is reported unchanged
    every_value(ANY) in Calls::WITH_STATUS.few() => [posix::STATUS_EXIT_EVERY_VALUE, linux::WAIT_WORD_EXIT];

    /// exit codes with zero, one, seven or eight bits set are reported unchanged
    each_bit(ANY) in Calls::ENTRIES => [pairs::EXIT_EVERY_VALUE, linux::WAIT_WORD_EXIT];

    /// an exit code wider than 8 bits is truncated to its low 8 bits in the status word
    beyond_eight_bits(ANY) in Calls::WITH_STATUS => [posix::STATUS_EXIT_MASKED, linux::WAIT_WORD_EXIT];

    /// for an exit code wider than 8 bits, si_status holds as many bits as the system documents
    beyond_eight_bits_in_siginfo(ANY) in Calls::WITH_INFO => [
        linux::WAITID_STATUS_EIGHT_BITS,
        freebsd::WAITID_STATUS_32_BITS,
        netbsd::WAITID_STATUS_32_BITS,
        openbsd::WAITID_FULL_EXIT_VALUE,
        dragonfly::WAITID_STATUS_EIGHT_BITS,
    ];

    /// the status word is 0 for an exit with code 0, and for nothing else
    zero_status_word(ANY; UNTRACED | CONTINUED; adapting) in Calls::WITH_STATUS
        => [posix::STATUS_ZERO_IFF_EXIT_ZERO];

    /// an exit with n or 128 + n does not read as death by signal n
    is_not_a_signal(ANY) in Calls::ENTRIES => [posix::STATUS_EXIT_IS_NOT_A_SIGNAL, pairs::SIGNALED];

    /// exit called by a second thread terminates the process with that code
    from_second_thread(ANY) in Calls::ENTRIES => [posix::THREADS_EXIT_TERMINATES_ALL];
}

/// Codes wider than 8 bits: low byte zero, resembling a status word, negative, and the minimum.
const WIDE: [i32; 6] = [256, 0x1234, 0x5a5a_5a5a, 0x007f_ff09, -1, i32::MIN];

fn one_child(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::exits(7))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&pairs::EXIT_CODE).reaped(&seen, &child, Change::Exited(7))
}

fn every_value(t: &mut Trial) -> Outcome {
    round_trip(t, (0..=255).collect())
}

fn each_bit(t: &mut Trial) -> Outcome {
    round_trip(t, (0..=255_i32).filter(|code| matches!(code.count_ones(), 0 | 1 | 7 | 8)).collect())
}

fn round_trip(t: &mut Trial, codes: Vec<i32>) -> Outcome {
    for codes in codes.chunks(64) {
        let children = t.spawn_all(codes.iter().map(|code| Scenario::exits(*code)))?;
        let mut left: Vec<_> = children.into_iter().zip(codes.iter().copied()).collect();
        for seen in t.wait_times(codes.len(), Target::Any, Options::NONE)? {
            let (child, code) = reported_child(&seen, &mut left, |code| seen.fits(Change::Exited(*code)));
            t.expect(&pairs::EXIT_EVERY_VALUE).reports(&seen, &child, Change::Exited(code))?;
            if let Some(raw) = seen.status() {
                t.expect(&linux::WAIT_WORD_EXIT).equal("status word", &raw, &(code << 8))?;
            }
        }
    }
    Ok(())
}

fn beyond_eight_bits(t: &mut Trial) -> Outcome {
    for code in WIDE {
        let low = code & 0xff;
        let child = t.spawn(Scenario::exits(code))?;
        let seen = t.wait(Target::Any, Options::NONE)?;
        t.expect(&posix::STATUS_EXIT_MASKED).reports(&seen, &child, Change::Exited(low))?;
        if let Some(raw) = seen.status() {
            t.expect(&linux::WAIT_WORD_EXIT).equal("status word", &raw, &(low << 8))?;
        }
    }
    Ok(())
}

fn beyond_eight_bits_in_siginfo(t: &mut Trial) -> Outcome {
    for code in WIDE {
        t.spawn(Scenario::exits(code))?;
        let seen = t.wait(Target::Any, Options::NONE)?;
        t.expect(&linux::WAITID_STATUS_EIGHT_BITS).returns(&seen)?;
        let got = seen.info().and_then(|info| info.status);
        t.record(
            &format!("si_status of exit({code:#x})"),
            got.map_or("not visible".into(), |s| s.to_string()),
        );
        let (low, whole) = (i64::from(code & 0xff), i64::from(code));
        let (got, what) = (got.as_ref(), "si_status");
        t.expect(&linux::WAITID_STATUS_EIGHT_BITS).equal_if_seen(what, got, &low)?;
        t.expect(&dragonfly::WAITID_STATUS_EIGHT_BITS).equal_if_seen(what, got, &low)?;
        t.expect(&freebsd::WAITID_STATUS_32_BITS).equal_if_seen(what, got, &whole)?;
        t.expect(&netbsd::WAITID_STATUS_32_BITS).equal_if_seen(what, got, &whole)?;
        t.expect(&openbsd::WAITID_FULL_EXIT_VALUE).equal_if_seen(what, got, &whole)?;
    }
    Ok(())
}

fn zero_status_word(t: &mut Trial) -> Outcome {
    t.spawn(Scenario::exits(0))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&posix::STATUS_ZERO_IFF_EXIT_ZERO).returns(&seen)?;
    t.expect(&posix::STATUS_ZERO_IFF_EXIT_ZERO).equal_if_seen("status word", seen.status().as_ref(), &0)?;
    let others = [
        Scenario::exits(1),
        Scenario::exits(128),
        Scenario::dies(Signal::HUP),
        Scenario::dies(Signal::KILL),
        Scenario::of([Step::raise(Signal::SYS).with_core(false)]),
    ];
    for other in others {
        t.spawn(other)?;
        let seen = t.wait(Target::Any, Options::NONE)?;
        nonzero_word(t, &seen)?;
    }
    if t.call() == Call::Wait {
        return Ok(());
    }
    let child = t.spawn(Scenario::held())?;
    t.signal(&child, Signal::STOP)?;
    let seen = t.wait(Target::Any, Options::UNTRACED)?;
    nonzero_word(t, &seen)?;
    t.signal(&child, Signal::CONT)?;
    let seen = t.wait(Target::Any, Options::CONTINUED)?;
    nonzero_word(t, &seen)
}

fn nonzero_word(t: &mut Trial, seen: &Seen) -> Outcome {
    t.expect(&posix::STATUS_ZERO_IFF_EXIT_ZERO).returns(seen)?;
    let word = seen.status();
    let got = word.map_or("no status word".into(), |raw| format!("{raw:#x}"));
    t.expect(&posix::STATUS_ZERO_IFF_EXIT_ZERO).that(word.is_some_and(|raw| raw != 0), "not 0", got)
}

/// `WCOREFLAG`, the same on every system.
const CORE_FLAG: i32 = 0x80;

fn is_not_a_signal(t: &mut Trial) -> Outcome {
    for signal in [Signal::HUP, Signal::KILL, Signal::TERM] {
        for code in [t.number(signal), 128 + t.number(signal)] {
            let child = t.spawn(Scenario::exits(code))?;
            let seen = t.wait(Target::Any, Options::NONE)?;
            t.expect(&posix::STATUS_EXIT_IS_NOT_A_SIGNAL).reports(&seen, &child, Change::Exited(code))?;
            // WCOREDUMP tests one bit on every system, and programs call it without checking WIFSIGNALED first.
            let word = seen.status().filter(|_| Calls::WITH_STATUS.has(t.call()));
            let flag = word.map(|word| word & CORE_FLAG);
            t.expect(&posix::STATUS_EXIT_IS_NOT_A_SIGNAL).equal_if_seen("core flag", flag.as_ref(), &0)?;
        }
        let child = t.spawn(Scenario::dies(signal))?;
        let seen = t.wait(Target::Any, Options::NONE)?;
        let killed = Change::Killed(signal, false);
        t.expect(&pairs::SIGNALED).reports(&seen, &child, killed)?;
    }
    Ok(())
}

fn from_second_thread(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::of([Step::GroupExit { code: 77, report: false }]))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&posix::THREADS_EXIT_TERMINATES_ALL).reaped(&seen, &child, Change::Exited(77))
}
