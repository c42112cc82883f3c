//! What a call writes; every subject observes the same.

use rstest::rstest;
use serial_test::serial;
use waitspec::subject::{Subject, libc::Libc, rustix::Rustix, waitspec::Waitspec};
use waitspec::sys::call::abi::{Call, Memory, Pointer, Request, Select};
use waitspec::sys::call::observe::{Entry, perform};
use waitspec::wait::Signal;

use crate::child::Child;

fn subjects() -> Vec<Box<dyn Subject>> {
    vec![
        Box::new(Waitspec),
        Box::new(Libc),
        Box::new(Rustix),
        #[cfg(target_os = "linux")]
        Box::new(waitspec::subject::syscall::Syscall),
    ]
}

/// A request for that child, if the call can select one, with every argument the call takes.
fn request(call: Call, child: &Child, options: i32) -> Request {
    let pid = child.pid.as_raw_nonzero().get();
    let by_id = matches!(call, Call::Waitid | Call::Wait6);
    Request {
        call,
        select: if by_id {
            Select::Id { idtype: i64::from(libc::P_PID), id: pid.into() }
        } else {
            Select::Pid(pid)
        },
        options: if by_id { options | libc::WEXITED } else { options },
        status: Pointer::Buffer,
        rusage: if call == Call::Waitid { Pointer::Null } else { Pointer::Buffer },
        info: Pointer::Buffer,
    }
}

fn each(mut check: impl FnMut(&dyn Subject, Call)) {
    for subject in subjects() {
        for call in subject.calls() {
            check(&*subject, call);
        }
    }
}

#[rstest]
#[serial]
fn every_subject_reports_the_same_exit(#[values(0, 9, 255)] code: u8) {
    each(|subject, call| {
        let child = Child::held();
        child.exit(code);
        let pid = i64::from(child.pid.as_raw_nonzero().get());
        let what = format!("{} {}", subject.name(), call.name());
        let seen = subject.call(&request(call, &child, 0)).unwrap_or_else(|e| panic!("{what}: {e}"));
        if call == Call::Waitid {
            assert_eq!(seen.ret, Ok(0), "{what}");
            let info = seen.info.wrote().expect("it was written");
            assert_eq!(info.code, Some(libc::CLD_EXITED.into()), "{what}");
            // The accessors of rustix hide it on NetBSD.
            let hidden = cfg!(target_os = "netbsd") && subject.name() == "rustix";
            assert_eq!(info.status, (!hidden).then_some(code.into()), "{what}");
            assert!(info.pid.is_none_or(|seen| seen == pid), "{what}");
            assert!(info.signo.is_none_or(|seen| seen == i64::from(Signal::CHLD.number())), "{what}");
        } else {
            assert_eq!(seen.ret, Ok(pid), "{what}");
            let status = seen.status.wrote().expect("it was written");
            assert_eq!(status, i32::from(code) << 8, "{what}");
            if let Some(says) = subject.macros(status) {
                assert_eq!((says.exited, says.exit_status), (true, Some(code.into())), "{what}");
            }
        }
        if let Memory::Wrote(usage) = seen.rusage {
            assert!(usage.maxrss.is_some_and(|maxrss| maxrss > 0), "{what}: {usage:?}");
            assert!(usage.utime_us.is_some() && usage.stime_us.is_some() && usage.nvcsw.is_some(), "{what}");
        }
        assert_ne!(seen.spill, Some(true), "{what}");
        let again = subject.call(&request(call, &child, 0)).expect("as before");
        assert_eq!(again.ret, Err(libc::ECHILD), "{what}");
    });
}

#[test]
#[serial]
fn nothing_is_written_if_nothing_is_ready() {
    each(|subject, call| {
        // NetBSD's wait6 writes zeros.
        if call == Call::Wait || (cfg!(target_os = "netbsd") && call == Call::Wait6) {
            return;
        }
        let child = Child::held();
        let what = format!("{} {}", subject.name(), call.name());
        let seen =
            subject.call(&request(call, &child, libc::WNOHANG)).unwrap_or_else(|e| panic!("{what}: {e}"));
        assert_eq!(seen.ret, Ok(0), "{what}");
        assert!(matches!(seen.status, Memory::Untouched | Memory::NotObserved), "{what}: {seen:?}");
        assert!(
            matches!(seen.rusage, Memory::Untouched | Memory::NotObserved | Memory::NoBuffer),
            "{what}: {seen:?}"
        );
        if let Memory::Wrote(info) = seen.info {
            assert!(info.pid.is_none_or(|pid| pid == 0), "{what}: {seen:?}");
            assert!(info.signo.is_none_or(|signo| signo == 0), "{what}: {seen:?}");
        }
    });
}

#[test]
#[serial]
fn a_null_pointer_is_not_a_buffer() {
    for call in Entry::Libc.calls() {
        let child = Child::zombie(3);
        let nulls = Request {
            status: Pointer::Null,
            rusage: Pointer::Null,
            info: if call == Call::Waitid { Pointer::Buffer } else { Pointer::Null },
            ..request(call, &child, 0)
        };
        let seen = perform(Entry::Libc, &nulls).expect("it has the call");
        assert!(seen.ret.is_ok(), "{}: {seen:?}", call.name());
        assert!(matches!(seen.status, Memory::NoBuffer | Memory::NotObserved), "{}", call.name());
    }
}

#[cfg(target_os = "linux")]
#[rstest]
#[case(Call::Wait4, Pointer::Bad, Pointer::Buffer)]
#[case(Call::Wait4, Pointer::Buffer, Pointer::Bad)]
#[case(Call::Waitid, Pointer::Bad, Pointer::Buffer)]
#[case(Call::Waitid, Pointer::Buffer, Pointer::Bad)]
#[serial]
fn the_kernel_rejects_a_bad_pointer(#[case] call: Call, #[case] first: Pointer, #[case] rusage: Pointer) {
    let child = Child::zombie(0);
    let bad = Request { status: first, info: first, rusage, ..request(call, &child, 0) };
    let seen = perform(Entry::Syscall, &bad).expect("it has the call");
    assert_eq!(seen.ret, Err(libc::EFAULT));
    assert_eq!(seen.spill, Some(false));
}

#[cfg(target_os = "linux")]
#[test]
#[serial]
fn only_the_system_call_waitid_has_a_fifth_argument() {
    let child = Child::zombie(0);
    let look = Request { rusage: Pointer::Buffer, ..request(Call::Waitid, &child, libc::WNOWAIT) };
    assert!(perform(Entry::Libc, &look).is_err());
    assert!(Rustix.call(&look).is_err());
    for seen in [perform(Entry::Syscall, &look), Waitspec.call(&look)] {
        let usage = seen.expect("it has the argument").rusage.wrote().expect("it was written");
        assert!(usage.maxrss.is_some_and(|maxrss| maxrss > 0));
    }
}

#[test]
#[serial]
fn a_typed_api_does_not_offer_unnamed_options() {
    let child = Child::held();
    for subject in [&Waitspec as &dyn Subject, &Rustix] {
        let nohang = |call| request(call, &child, libc::WNOHANG);
        let unnamed = 1 << 16;
        for bad in [
            Request { options: libc::WNOHANG | unnamed, ..nohang(Call::Waitpid) },
            Request { select: Select::Pid(i32::MIN), ..nohang(Call::Waitpid) },
            Request { status: Pointer::Null, ..nohang(Call::Waitpid) },
            Request { info: Pointer::Bad, ..nohang(Call::Waitid) },
            Request { select: Select::Id { idtype: 12345, id: 1 }, ..nohang(Call::Waitid) },
            Request { select: Select::Id { idtype: i64::from(libc::P_PID), id: -1 }, ..nohang(Call::Waitid) },
            Request { select: Select::Pid(1), ..nohang(Call::Waitid) },
        ] {
            assert!(subject.call(&bad).is_err(), "{} {bad:?}", subject.name());
        }
    }
    let unknown = Request { options: libc::WNOHANG | 1 << 16, ..request(Call::Waitpid, &child, 0) };
    assert!(Libc.call(&unknown).is_ok(), "the C library takes any number");
}
