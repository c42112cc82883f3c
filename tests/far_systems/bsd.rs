//! The idtypes of FreeBSD, NetBSD and DragonFly: children are selected as by `proc_to_reap`, `match_process` and `kern_wait` in
//! their sys/kern/kern_exit.c.

use super::acts::wait6;
use super::far::{Reply, System};
use std::sync::Mutex;
use waitspec::protocol::Line;
use waitspec::subject::{NotOffered, Observation, Subject, libc::Libc};
use waitspec::sys::call::abi::{Call, Memory, Request, Select};

/// The idtypes, numbered from [`FIRST`] on: the BSDs' own numbers mean something else here.
const NAMES: [&str; 8] = ["P_SID", "P_UID", "P_GID", "P_JAILID", "P_PPID", "P_CID", "P_CPUID", "P_PSETID"];
pub const FIRST: i64 = 0x1000;

/// A request with a number for an idtype that this kernel lacks.
pub fn numbered(mut request: Line) -> Line {
    let name = request.get("idtype").unwrap_or_default();
    if let Some(at) = NAMES.iter().position(|known| *known == name) {
        request.set("idtype", FIRST + at as i64);
    }
    request
}

/// The children of this agent; each is a process of its own.
static CHILDREN: Mutex<Vec<i32>> = Mutex::new(Vec::new());

/// Records a child that was created.
pub fn note_child(request: &Line, reply: &Line) {
    if let ("spawn", Ok(pid)) = (request.word(), reply.number("pid")) {
        CHILDREN.lock().expect("no thread panics").push(pid as i32);
    }
}

/// The IDs that select a child.
pub struct Ids {
    session: i64,
    users: [i64; 2],
    groups: [i64; 2],
}

impl Ids {
    /// Those of a process; `None` if it was reaped.
    fn of(pid: i32) -> Option<Ids> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let session = stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(3)?.parse().ok()?;
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let pair = |key: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(key))?;
            let mut numbers = line.split_ascii_whitespace().map_while(|number| number.parse().ok());
            Some([numbers.next()?, numbers.next()?])
        };
        Some(Ids { session, users: pair("Uid:")?, groups: pair("Gid:")? })
    }
}

/// Whether a child with those IDs is selected by an idtype and an ID.
type Matches = fn(&str, &Ids, i64) -> bool;

fn as_in_the_kernel(idtype: &str, ids: &Ids, id: i64) -> bool {
    let [_, user] = ids.users;
    let [_, group] = ids.groups;
    match idtype {
        "P_SID" => ids.session == id,
        "P_UID" => user == id,
        "P_GID" => group == id,
        // No process is in a jail: all have jail ID 0.
        "P_JAILID" => id == 0,
        // Not implemented anywhere.
        _ => false,
    }
}

/// Makes a call, with such an idtype or any other.
fn select(request: &Request, matches: Matches) -> Result<Observation, NotOffered> {
    let one = |request: &Request| match request.call {
        Call::Wait6 => wait6(request, false),
        _ => Libc.call(request),
    };
    let Select::Id { idtype: idtype @ FIRST.., id } = request.select else { return one(request) };
    let name = usize::try_from(idtype - FIRST).ok().and_then(|at| NAMES.get(at)).copied().unwrap_or_default();
    let children = CHILDREN.lock().expect("no thread panics").clone();
    let meant: Vec<i32> =
        children.into_iter().filter(|pid| Ids::of(*pid).is_some_and(|ids| matches(name, &ids, id))).collect();
    let by_pid = |pid: i32, options| {
        one(&Request {
            select: Select::Id { idtype: libc::P_PID.into(), id: pid.into() },
            options,
            ..*request
        })
    };
    let Some(first) = meant.first() else { return Ok(Observation::error(libc::ECHILD)) };
    for pid in &meant {
        let seen = by_pid(*pid, request.options | libc::WNOHANG)?;
        if !matches!(seen.info, Memory::Wrote(info) if info.pid == Some(0)) {
            return Ok(seen);
        }
    }
    // The cases never block on more than one.
    match request.options & libc::WNOHANG {
        0 => by_pid(*first, request.options),
        _ => by_pid(*first, request.options).map(|seen| Observation { ret: Ok(0), ..seen }),
    }
}

/// Like the kernels.
pub fn call(request: &Request) -> Result<Observation, NotOffered> {
    select(request, as_in_the_kernel)
}

/// A process without a jail is in every jail.
pub fn any_jail(request: &Request) -> Result<Observation, NotOffered> {
    select(request, |idtype, ids, id| idtype == "P_JAILID" || as_in_the_kernel(idtype, ids, id))
}

/// It is in no jail.
pub fn no_jail(request: &Request) -> Result<Observation, NotOffered> {
    select(request, |idtype, ids, id| idtype != "P_JAILID" && as_in_the_kernel(idtype, ids, id))
}

/// The ID of a session or a user does not matter.
pub fn any_child(request: &Request) -> Result<Observation, NotOffered> {
    select(request, |idtype, ids, id| {
        matches!(idtype, "P_SID" | "P_UID") || as_in_the_kernel(idtype, ids, id)
    })
}

/// Matches the real IDs.
pub fn real_ids(request: &Request) -> Result<Observation, NotOffered> {
    select(request, |idtype, ids, id| match idtype {
        "P_UID" => ids.users[0] == id,
        "P_GID" => ids.groups[0] == id,
        _ => as_in_the_kernel(idtype, ids, id),
    })
}

/// A case about idtypes: the right subject passes, and a wrong one fails.
pub struct ById {
    pub case: &'static str,
    /// The name of the subject that fails it.
    pub wrong: &'static str,
    /// The clause, of FreeBSD and DragonFly, and of NetBSD.
    pub clause: [&'static str; 2],
    pub needs_root: bool,
    pub systems: &'static [&'static str],
}

const SESSION: [&str; 2] = ["waitid/p-sid", "waitid/p-uid-p-gid-p-sid"];
const USER: [&str; 2] = ["waitid/p-uid-p-gid", "waitid/p-uid-p-gid-p-sid"];

pub const BY_ID: &[ById] = &[
    ById { case: "os.by-session", wrong: "any-child", clause: SESSION, needs_root: false, systems: &SYSTEMS },
    ById { case: "os.by-user-id", wrong: "any-child", clause: USER, needs_root: false, systems: &SYSTEMS },
    ById {
        case: "os.by-effective-user-id",
        wrong: "real-ids",
        clause: USER,
        needs_root: true,
        systems: &SYSTEMS,
    },
    ById {
        case: "os.by-effective-group-id",
        wrong: "real-ids",
        clause: USER,
        needs_root: true,
        systems: &SYSTEMS,
    },
    ById {
        case: "os.by-jail-id",
        wrong: "any-jail",
        clause: ["waitid/p-jailid", ""],
        needs_root: false,
        systems: &["freebsd"],
    },
];

/// The systems with these idtypes.
pub const SYSTEMS: [&str; 3] = ["freebsd", "netbsd", "dragonfly"];

/// Like DragonFly's `kern_wait`: the siginfo of a stop and of a continue has only an `si_code`.
pub fn bare_code(_: &System, _: &Reply, reply: &mut Reply) {
    if matches!(reply.get("si_code"), Some("4" | "5" | "6")) && reply.get("ret").is_some() {
        for key in ["si_signo", "si_pid", "si_uid", "si_status"] {
            reply.set(key, "0");
        }
    }
}

/// As `waitid_nocancel` of XNU (bsd/kern/kern_exit.c): the siginfo of a continue has the pid of the process that sent the signal, here
/// the warden, and none has the user.
pub fn sender_of_continue(_: &System, _: &Reply, reply: &mut Reply) {
    if reply.get("ret").is_none() {
        return;
    }
    reply.replace("si_uid", |_| Some("0".to_owned()));
    if reply.get("si_code") == Some("6") {
        reply.set("si_pid", &std::os::unix::process::parent_id().to_string());
    }
}

/// How a subject edits its replies.
pub type Edit = fn(&System, &Reply, &mut Reply);

/// Cases that compare such a siginfo with that of the SIGCHLD, which is this kernel's here.
pub const NOT_HERE: &[&str] = &["sigchld.siginfo-of-stop", "sigchld.siginfo-of-continue"];
