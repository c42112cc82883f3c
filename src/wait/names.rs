//! Names for the host's numbers, as the protocol and the reports write them.
//!
//! The numbers differ between systems (`P_ALL` is 0 or 7, `WEXITED` is 1, 4, 16 or 32), the names do not.

use libc::c_int;

use crate::sys::call::abi::Call;

macro_rules! table {
    ($($(#[$only:meta])* $name:ident)*) => {
        &[$($(#[$only])* (stringify!($name), libc::$name),)*]
    };
}

/// Options of `waitpid`, `wait3` and `wait4`.
const WAIT_OPTIONS: &[(&str, c_int)] = table!(WNOHANG WUNTRACED WCONTINUED);
/// Options of `waitid` and `wait6`.
const ID_OPTIONS: &[(&str, c_int)] = table!(
    WNOHANG WEXITED WSTOPPED WCONTINUED WNOWAIT
    #[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
    WTRAPPED
);
/// Options that only one system has.
const OWN_OPTIONS: &[(&str, c_int)] = table!(
    #[cfg(any(target_os = "linux", target_os = "android"))]
    __WNOTHREAD
    #[cfg(any(target_os = "linux", target_os = "android"))]
    __WALL
    #[cfg(any(target_os = "linux", target_os = "android"))]
    __WCLONE
    #[cfg(target_os = "netbsd")]
    WALTSIG
    #[cfg(target_os = "netbsd")]
    WALLSIG
    #[cfg(target_os = "netbsd")]
    WNOZOMBIE
);

/// Second names of options: NetBSD's `<sys/wait.h>` defines two of Linux's.
#[cfg(target_os = "netbsd")]
const SECOND_NAMES: &[(&str, c_int)] = &[("__WALL", libc::WALLSIG), ("__WCLONE", libc::WALTSIG)];
#[cfg(not(target_os = "netbsd"))]
const SECOND_NAMES: &[(&str, c_int)] = &[];

const ID_TYPES: &[(&str, libc::idtype_t)] = table!(
    P_ALL P_PID P_PGID
    #[cfg(any(target_os = "linux", target_os = "android"))]
    P_PIDFD
);

/// Defined by `<sys/wait.h>` (FreeBSD, DragonFly) and `<sys/idtype.h>` (NetBSD), but not by the `libc` crate.
#[cfg(any(target_os = "freebsd", target_os = "dragonfly"))]
const FURTHER_ID_TYPES: &[(&str, libc::idtype_t)] = &[
    ("P_PPID", 1),
    ("P_SID", 3),
    ("P_CID", 4),
    ("P_UID", 5),
    ("P_GID", 6),
    ("P_JAILID", 12),
    ("P_CPUID", 14),
    ("P_PSETID", 15),
];
#[cfg(target_os = "netbsd")]
const FURTHER_ID_TYPES: &[(&str, libc::idtype_t)] = &[
    ("P_PPID", 3),
    ("P_SID", 5),
    ("P_CID", 6),
    ("P_UID", 7),
    ("P_GID", 8),
    ("P_CPUID", 14),
    ("P_PSETID", 15),
];
#[cfg(not(any(target_os = "freebsd", target_os = "dragonfly", target_os = "netbsd")))]
const FURTHER_ID_TYPES: &[(&str, libc::idtype_t)] = &[];

const CHILD_CODES: &[(&str, c_int)] =
    table!(CLD_EXITED CLD_KILLED CLD_DUMPED CLD_TRAPPED CLD_STOPPED CLD_CONTINUED);

// Where two names share a number, the first one is printed.
const ERRNOS: &[(&str, c_int)] = table!(
    EPERM ENOENT ESRCH EINTR EIO ENXIO E2BIG ENOEXEC EBADF ECHILD EAGAIN EWOULDBLOCK ENOMEM EACCES EFAULT EBUSY
    EEXIST EXDEV ENODEV ENOTDIR EISDIR EINVAL ENFILE EMFILE ENOTTY ETXTBSY EFBIG ENOSPC ESPIPE EROFS EMLINK EPIPE
    EDOM ERANGE EDEADLK ENAMETOOLONG ENOLCK ENOSYS ENOTEMPTY ELOOP EOVERFLOW ENOTSUP EOPNOTSUPP EPROTO ENOTSOCK
    EADDRINUSE EAFNOSUPPORT ECONNABORTED ECONNREFUSED ECONNRESET EISCONN ENOTCONN EMSGSIZE ENOBUFS ETIMEDOUT
    EALREADY EINPROGRESS ECANCELED ESTALE EDQUOT
);

fn number<T: Copy>(tables: &[&[(&str, T)]], name: &str) -> Option<T> {
    tables.iter().copied().flatten().find(|(known, _)| *known == name).map(|(_, number)| *number)
}

fn name<T: Copy + Into<i64>>(table: &[(&'static str, T)], number: i64) -> Option<&'static str> {
    table.iter().find(|(_, known)| (*known).into() == number).map(|(name, _)| *name)
}

/// The bit of an option: `WNOHANG`, `WEXITED`, `__WALL`, ...; `None` if this system does not have it.
pub fn option(name: &str) -> Option<c_int> {
    number(&[WAIT_OPTIONS, ID_OPTIONS, OWN_OPTIONS, SECOND_NAMES], name)
}

/// The names of the bits as the call understands them; bits without a name become one hexadecimal number.
///
/// `WSTOPPED` and `WUNTRACED` are the same bit on most systems; the former is used for `waitid` and `wait6` only.
pub fn option_names(call: Call, bits: c_int) -> Vec<String> {
    let common = match call {
        Call::Waitid | Call::Wait6 => ID_OPTIONS,
        Call::Wait | Call::Waitpid | Call::Wait3 | Call::Wait4 => WAIT_OPTIONS,
    };
    let (mut names, mut rest) = (Vec::new(), bits);
    for &(name, bit) in common.iter().chain(OWN_OPTIONS) {
        if rest & bit != 0 {
            names.push(name.to_owned());
            rest &= !bit;
        }
    }
    if rest != 0 {
        names.push(format!("{rest:#x}"));
    }
    names
}

/// The number of an idtype: `P_ALL`, `P_PID`, `P_PGID`, `P_PIDFD` on Linux, and `P_SID`, `P_UID`, ... on the BSDs that have them.
pub fn idtype(name: &str) -> Option<i64> {
    number(&[ID_TYPES, FURTHER_ID_TYPES], name).map(i64::from)
}

/// The name of an idtype.
pub fn idtype_name(number: i64) -> Option<&'static str> {
    name(ID_TYPES, number).or_else(|| name(FURTHER_ID_TYPES, number))
}

/// The number of a `CLD_` code.
pub fn child_code(name: &str) -> Option<c_int> {
    number(&[CHILD_CODES], name)
}

/// The name of a `CLD_` code.
pub fn child_code_name(code: c_int) -> Option<&'static str> {
    name(CHILD_CODES, code.into())
}

/// The number of an error.
///
/// ```
/// use waitspec::wait::names;
/// let echild = names::errno("ECHILD").unwrap();
/// assert_eq!(names::errno_name(echild), Some("ECHILD"));
/// ```
pub fn errno(name: &str) -> Option<c_int> {
    number(&[ERRNOS], name)
}

/// An error as text for a message: its name, or its number if it has none.
pub fn errno_text(errno: c_int) -> String {
    errno_name(errno).map_or_else(|| errno.to_string(), str::to_owned)
}

/// The name of an error.
pub fn errno_name(errno: c_int) -> Option<&'static str> {
    name(ERRNOS, errno.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_options_for_children_of_other_kinds_have_the_names_of_their_system() {
        let bits = |names: &[&str]| names.iter().map(|name| option(name)).collect::<Vec<_>>();
        let (linux, netbsd) = (bits(&["__WALL", "__WCLONE"]), bits(&["WALLSIG", "WALTSIG"]));
        let shown = |bits: &[Option<c_int>]| option_names(Call::Wait4, bits.iter().flatten().sum());
        if cfg!(any(target_os = "linux", target_os = "android")) {
            assert_eq!((shown(&linux), netbsd), (vec!["__WALL".into(), "__WCLONE".into()], vec![None; 2]));
        } else if cfg!(target_os = "netbsd") {
            assert_eq!((linux, shown(&netbsd)), (netbsd.clone(), vec!["WALTSIG".into(), "WALLSIG".into()]));
            assert!(netbsd.iter().all(Option::is_some));
        } else {
            assert_eq!((linux, netbsd), (vec![None; 2], vec![None; 2]));
        }
    }
}
