//! Round trips of requests and replies.

use super::*;

fn id_target() -> RawTarget {
    RawTarget::Id { idtype: IdType::Pid, who: 7 }
}

fn target(call: Call) -> RawTarget {
    match call {
        Call::Wait6 | Call::Waitid => id_target(),
        Call::Waitpid | Call::Wait4 => RawTarget::Pid(i64::from(i32::MIN)),
        Call::Wait | Call::Wait3 => RawTarget::Pid(-1),
    }
}

/// The line as it arrives at the other end.
fn sent(line: &Line) -> Line {
    line.to_string().parse().expect("a line")
}

fn usage() -> Usage {
    Usage { utime_us: Some(301), maxrss: Some(416), nivcsw: Some(0), ..Usage::default() }
}

#[test]
fn requests_come_back() {
    for call in Call::ALL {
        let mut request = WaitRequest::new(call, target(call));
        let plain = sent(&request.to_line(3));
        assert_eq!(WaitRequest::from_line(&plain), Some(Ok(request.clone())), "{plain}");
        request.thread = 2;
        request.options = OptionSet { flags: vec![Flag::NoHang, Flag::Continued], raw: 0xC000_0000 };
        if has_status(call) {
            request.status = Pointer::Bad;
        }
        if has_rusage(call) {
            request.rusage = Pointer::Buffer;
        }
        if has_info(call) {
            request.info = Pointer::Null;
        }
        let full = sent(&request.to_line(4));
        assert_eq!(WaitRequest::from_line(&full), Some(Ok(request)), "{full}");
    }
}

#[test]
fn requests_as_they_are_written() {
    let mut request = WaitRequest::new(Call::Wait4, RawTarget::Pid(-1));
    request.options = OptionSet { flags: vec![Flag::NoHang], raw: 0x4000_0000 };
    let line = request.to_line(9).to_string();
    assert_eq!(line, "wait4 id=9 pid=-1 status=buffer options=WNOHANG,0x40000000 rusage=buffer");
    let line = WaitRequest::new(Call::Waitid, id_target()).to_line(1).to_string();
    assert_eq!(line, "waitid id=1 idtype=P_PID who=7 info=buffer");
}

#[test]
fn what_is_no_request_is_named() {
    let parse = |text: &str| WaitRequest::from_line(&text.parse().expect("a line"));
    assert_eq!(parse("spawn id=1"), None);
    assert_eq!(parse("waitpid id=1"), Some(Err(FieldError::Missing("pid"))));
    assert_eq!(
        parse("waitpid id=1 pid=1 options=-1"),
        Some(Err(FieldError::Bad("options", "-1".to_owned())))
    );
    assert_eq!(
        parse("waitid id=1 idtype=none who=0"),
        Some(Err(FieldError::Bad("idtype", "none".to_owned())))
    );
    assert_eq!(
        parse("waitpid id=1 pid=1 options=none"),
        Some(Err(FieldError::Bad("options", "none".to_owned())))
    );
    // A name that is unknown here may exist elsewhere.
    for unknown in ["waitid id=1 idtype=P_NONE who=0", "waitpid id=1 pid=1 options=WNOHANG,WNONE"] {
        let request = parse(unknown).and_then(Result::ok).expect("a request");
        assert!(request.to_host().is_err(), "{unknown}");
    }
    assert_eq!(parse("wait id=1 status=no"), Some(Err(FieldError::Bad("status", "no".to_owned()))));
    assert_eq!(parse("wait id=1 thread=-1"), Some(Err(FieldError::Bad("thread", "-1".to_owned()))));
}

#[test]
fn names_become_numbers_of_this_system() {
    let mut request = WaitRequest::new(Call::Waitid, id_target());
    request.options = OptionSet { flags: vec![Flag::Exited, Flag::NoWait], raw: 0x8000_0000 };
    let host = request.to_host().expect("known names");
    assert_eq!(host.options, libc::WEXITED | libc::WNOWAIT | i32::MIN);
    assert_eq!(host.select, Select::Id { idtype: i64::from(libc::P_PID), id: 7 });
    request.target = RawTarget::Id { idtype: IdType::Number(-3), who: -1 };
    assert_eq!(request.to_host().map(|r| r.select), Ok(Select::Id { idtype: -3, id: -1 }));
    request.target = id_target();
    request.options.flags.push(Flag::Nonsense);
    assert!(request.to_host().is_err());
    assert!(WaitRequest::new(Call::Wait4, RawTarget::Pid(1 << 40)).to_host().is_err());
}

#[test]
fn observations_reach_the_driver() {
    let request = WaitRequest::new(Call::Wait6, id_target());
    let seen = Observation {
        ret: Ok(4711),
        status: Memory::Wrote(i32::MIN | 0x0700),
        rusage: Memory::Wrote(usage()),
        children: Memory::Wrote(Usage { minflt: Some(-1), ..Usage::default() }),
        info: Memory::Wrote(Info {
            signo: Some(i64::from(libc::SIGCHLD)),
            code: Some(i64::from(libc::CLD_EXITED)),
            pid: Some(4711),
            uid: None,
            status: Some(7),
            ..Info::default()
        }),
        spill: Some(false),
    };
    let expected = Reply {
        ret: Ok(4711),
        status: Memory::Wrote(System::HOST.decode(i32::MIN | 0x0700)),
        rusage: Memory::Wrote(usage()),
        children: Memory::Wrote(Usage { minflt: Some(-1), ..Usage::default() }),
        info: Memory::Wrote(InfoNamed {
            signo: Some(Signal::CHLD),
            code: Some(SiCode::Exited),
            pid: Some(4711),
            uid: None,
            status: Some(7),
            signal: Some(Signal::from_number(7)),
            ..InfoNamed::default()
        }),
        spill: Some(false),
    };
    assert_eq!(
        Reply::from_line(&sent(&reply_line(1, &seen)), &request, System::HOST),
        Ok(Box::new(expected))
    );
}

#[test]
fn errors_and_untouched_memory_reach_the_driver() {
    let mut request = WaitRequest::new(Call::Wait4, RawTarget::Pid(-1));
    request.rusage = Pointer::Null;
    let seen = Observation {
        status: Memory::Untouched,
        rusage: Memory::NoBuffer,
        ..Observation::error(libc::ECHILD)
    };
    let line = sent(&reply_line(9, &seen));
    assert_eq!(line.to_string(), "err id=9 errno=ECHILD status=untouched");
    let expected = Reply {
        ret: Err(Errno::CHILD),
        status: Memory::Untouched,
        rusage: Memory::NoBuffer,
        children: Memory::NotObserved,
        info: Memory::NotObserved,
        spill: None,
    };
    assert_eq!(Reply::from_line(&line, &request, System::HOST), Ok(Box::new(expected)));
    assert_eq!(errno_text(123_456), "123456");
}

#[test]
fn what_is_no_answer_is_named() {
    let request = WaitRequest::new(Call::Waitpid, RawTarget::Pid(-1));
    let answer = |text: &str| Reply::from_line(&text.parse().expect("a line"), &request, System::HOST);
    assert_eq!(answer("unsupported id=1 why=no"), Err(NoReply::Unsupported("no".to_owned())));
    assert_eq!(answer("yes id=1"), Err(NoReply::Word("yes".to_owned())));
    assert_eq!(answer("ok id=1"), Err(FieldError::Missing("ret").into()));
    assert_eq!(answer("err id=1"), Err(FieldError::Missing("errno").into()));
    assert_eq!(answer("err id=1 errno=E%0A"), Err(FieldError::Bad("errno", "E\n".to_owned()).into()));
    let info = WaitRequest::new(Call::Waitid, id_target());
    let line = "ok id=1 ret=0 info=written si_signo=SIGNONE".parse().expect("a line");
    let bad = FieldError::Bad("si_signo", "SIGNONE".to_owned());
    assert_eq!(Reply::from_line(&line, &info, System::HOST), Err(bad.into()));
    let huge = "ok id=1 ret=1 status=0x100000000";
    assert_eq!(answer(huge), Err(FieldError::Bad("status", "4294967296".to_owned()).into()));
}

#[test]
fn numbers_are_those_of_the_agents_system() {
    let answer = |os: &str, text: &str| {
        let system = System::from_names(os, "").expect("a known system");
        let request = WaitRequest::new(Call::Waitid, id_target());
        match Reply::from_line(&text.parse().expect("a line"), &request, system) {
            Ok(reply) => *reply,
            other => panic!("{other:?}"),
        }
    };
    let line = "ok id=1 ret=0 info=written si_signo=20 si_code=5 si_pid=7 si_status=17";
    let Memory::Wrote(info) = answer("openbsd", line).info else { panic!("a siginfo was written") };
    assert_eq!(
        (info.signo, info.code, info.signal),
        (Some(Signal::CHLD), Some(SiCode::Stopped), Some(Signal::STOP))
    );
    assert_eq!(answer("freebsd", "err id=1 errno=35").ret, Err(Errno::AGAIN));
    let request = WaitRequest::new(Call::Waitpid, RawTarget::Pid(-1));
    for (os, arch, stopped) in
        [("freebsd", "", "0x117f"), ("linux", "mips", "0x177f"), ("linux", "", "0x137f")]
    {
        let system = System::from_names(os, arch).expect("a known system");
        let line = format!("ok id=1 ret=7 status={stopped}").parse().expect("a line");
        let Ok(reply) = Reply::from_line(&line, &request, system) else { panic!("{os}") };
        let signal = reply.status.wrote().and_then(WaitStatus::stop_signal);
        assert_eq!(signal, Some(Signal::STOP), "{os} {arch}");
    }
}

#[test]
fn signals_and_codes_travel_by_name() {
    assert_eq!(signal_text(i64::from(libc::SIGTERM)), "SIGTERM");
    assert_eq!(signal_text(0), "0");
    assert_eq!(signal_text(-1), "-1");
    assert_eq!(code_text(i64::from(libc::CLD_STOPPED)), "CLD_STOPPED");
    assert_eq!(code_text(0), "0");
}
