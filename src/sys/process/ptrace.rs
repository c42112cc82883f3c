//! `ptrace`, for cases in which a tracer and a parent wait for the same process. The BSDs and macOS have three of these
//! requests.

use rustix::io::Errno;

/// A request of a tracer; the words are those of [`Request::from_name`].
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Request {
    /// `PTRACE_ATTACH`: followed by a stop with `SIGSTOP`.
    Attach,
    /// `PTRACE_SEIZE`, with options: no stop.
    Seize,
    /// `PTRACE_CONT`, with a signal or 0.
    Cont,
    /// `PTRACE_SYSCALL`, with a signal or 0: resumes until the next system call.
    Syscall,
    /// `PTRACE_LISTEN`: stays in a group-stop until continued.
    Listen,
    /// `PTRACE_INTERRUPT`: stops a seized tracee.
    Interrupt,
    /// `PTRACE_SETOPTIONS`
    SetOptions,
    /// `PTRACE_DETACH`, with a signal or 0.
    Detach,
    /// `PTRACE_GETEVENTMSG`: returns the event message.
    EventMessage,
}

impl Request {
    /// All requests with their words.
    pub const ALL: [(&'static str, Request); 9] = [
        ("attach", Request::Attach),
        ("seize", Request::Seize),
        ("cont", Request::Cont),
        ("syscall", Request::Syscall),
        ("listen", Request::Listen),
        ("interrupt", Request::Interrupt),
        ("set-options", Request::SetOptions),
        ("detach", Request::Detach),
        ("event-message", Request::EventMessage),
    ];

    /// The request with this name.
    pub fn from_name(name: &str) -> Option<Request> {
        Request::ALL.iter().find(|(word, _)| *word == name).map(|(_, request)| *request)
    }

    /// The name of the request.
    pub fn name(self) -> &'static str {
        Request::ALL.iter().find(|(_, request)| *request == self).map_or("", |(word, _)| word)
    }
}

/// The option bits of `PTRACE_SETOPTIONS` and `PTRACE_SEIZE` with these names: `sysgood`, `fork`, `vfork`, `clone`,
/// `exec`, `exit`.
///
/// # Errors
/// `EINVAL` for any other name; `ENOTSUP` except on Linux.
pub fn options<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<i64, Errno> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    return names.into_iter().try_fold(0, |bits, name| {
        let bit = match name {
            "sysgood" => libc::PTRACE_O_TRACESYSGOOD,
            "fork" => libc::PTRACE_O_TRACEFORK,
            "vfork" => libc::PTRACE_O_TRACEVFORK,
            "clone" => libc::PTRACE_O_TRACECLONE,
            "exec" => libc::PTRACE_O_TRACEEXEC,
            "exit" => libc::PTRACE_O_TRACEEXIT,
            _ => return Err(Errno::INVAL),
        };
        Ok(bits | i64::from(bit))
    });
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    match names.into_iter().next() {
        None => Ok(0),
        Some(_) => Err(Errno::NOTSUP),
    }
}

/// The number of this event, as found above the signal in the status of an event stop: `fork`, `exec`, `exit`, `stop`;
/// 0 for any other name, and except on Linux.
pub fn event(name: &str) -> i32 {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    return match name {
        "fork" => libc::PTRACE_EVENT_FORK,
        "exec" => libc::PTRACE_EVENT_EXEC,
        "clone" => libc::PTRACE_EVENT_CLONE,
        "exit" => libc::PTRACE_EVENT_EXIT,
        // PTRACE_EVENT_STOP of <linux/ptrace.h>; libc 0.2 has it for some C libraries only.
        "stop" => 128,
        _ => 0,
    };
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        let _ = name;
        0
    }
}

/// One request of the calling thread for a tracee; `data` is the signal or the options. Returns the event message, or
/// 0.
///
/// # Errors
/// Those of `ptrace` (`EPERM` if not permitted, `ESRCH` for a process not traced by this thread or not stopped, on the BSDs
/// `EBUSY`); `ENOTSUP` for a request that the system does not have.
pub fn request(request: Request, pid: i32, data: i64) -> Result<i64, Errno> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        let number = match request {
            Request::Attach => libc::PTRACE_ATTACH,
            Request::Seize => libc::PTRACE_SEIZE,
            Request::Cont => libc::PTRACE_CONT,
            Request::Syscall => libc::PTRACE_SYSCALL,
            Request::Listen => libc::PTRACE_LISTEN,
            Request::Interrupt => libc::PTRACE_INTERRUPT,
            Request::SetOptions => libc::PTRACE_SETOPTIONS,
            Request::Detach => libc::PTRACE_DETACH,
            Request::EventMessage => libc::PTRACE_GETEVENTMSG,
        };
        let mut message: libc::c_ulong = 0;
        let none = std::ptr::null_mut::<libc::c_void>();
        let argument = match request {
            Request::EventMessage => (&raw mut message).cast(),
            _ => std::ptr::without_provenance_mut::<libc::c_void>(data as usize),
        };
        // SAFETY: the only request here that writes memory is the one for the message, to a word of ours; the others
        // take a number as their last argument.
        let returned = unsafe { libc::ptrace(number as _, pid, none, argument) };
        if returned == -1 { Err(super::last_errno()) } else { Ok(message.cast_signed() as i64) }
    }
    #[cfg(any(
        target_os = "freebsd",
        target_os = "netbsd",
        target_os = "openbsd",
        target_os = "dragonfly",
        target_vendor = "apple"
    ))]
    {
        let number = match request {
            Request::Attach => libc::PT_ATTACH,
            Request::Cont => libc::PT_CONTINUE,
            Request::Detach => libc::PT_DETACH,
            _ => return Err(Errno::NOTSUP),
        };
        // This address means: where the tracee stopped.
        let here = std::ptr::without_provenance_mut::<u8>(1);
        // SAFETY: none of these requests reads or writes our memory.
        let returned = unsafe { libc::ptrace(number, pid, here.cast(), data as libc::c_int) };
        if returned == -1 { Err(super::last_errno()) } else { Ok(0) }
    }
    #[cfg(not(any(
        target_os = "linux",
        target_os = "android",
        target_os = "freebsd",
        target_os = "netbsd",
        target_os = "openbsd",
        target_os = "dragonfly",
        target_vendor = "apple"
    )))]
    {
        let _ = (request, pid, data);
        Err(Errno::NOTSUP)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_back() {
        for (word, request) in Request::ALL {
            assert_eq!(Request::from_name(word), Some(request));
            assert_eq!(request.name(), word);
        }
        assert_eq!(Request::from_name("peek"), None);
    }

    #[test]
    fn what_is_not_traced_cannot_be_continued() {
        let refused = request(Request::Cont, crate::sys::process::pid(), 0);
        assert!(matches!(refused, Err(Errno::SRCH | Errno::NOTSUP | Errno::PERM)), "{refused:?}");
    }
}
