//! An agent that answers like the kernel of another system: with this kernel's answers, in the numbers of that system.

use super::{bsd, own, procdesc};
use waitspec::protocol::Line;
use waitspec::subject::{Decoded, NotOffered, Subject, libc::Libc};
use waitspec::sys::call::abi::{Call, Observation, Request};
use waitspec::wait::{Event, Signal, WaitStatus};

/// The numbers of a system, written down by hand.
#[derive(Debug)]
pub struct System {
    pub os: &'static str,
    pub arch: &'static str,
    /// In the order of [`NAMES`]: the others are the same everywhere.
    signals: [i32; 14],
    /// The status word of a continue.
    continued: i32,
    eagain: i32,
}

const NAMES: [&str; 14] = [
    "SIGBUS",
    "SIGUSR1",
    "SIGUSR2",
    "SIGCHLD",
    "SIGCONT",
    "SIGSTOP",
    "SIGTSTP",
    "SIGTTIN",
    "SIGTTOU",
    "SIGSYS",
    "SIGXCPU",
    "SIGXFSZ",
    "SIGVTALRM",
    "SIGPROF",
];
const COMMON: [(&str, i32); 12] = [
    ("SIGHUP", 1),
    ("SIGINT", 2),
    ("SIGQUIT", 3),
    ("SIGILL", 4),
    ("SIGTRAP", 5),
    ("SIGABRT", 6),
    ("SIGFPE", 8),
    ("SIGKILL", 9),
    ("SIGSEGV", 11),
    ("SIGPIPE", 13),
    ("SIGALRM", 14),
    ("SIGTERM", 15),
];
const BSD: [i32; 14] = [10, 30, 31, 20, 19, 17, 18, 21, 22, 12, 24, 25, 26, 27];
const SYSTEM_V: [i32; 14] = [10, 16, 17, 18, 25, 23, 24, 26, 27, 12, 30, 31, 28, 29];

const fn system(
    os: &'static str,
    arch: &'static str,
    signals: [i32; 14],
    continued: i32,
    eagain: i32,
) -> System {
    System { os, arch, signals, continued, eagain }
}

pub const SYSTEMS: &[System] = &[
    system("linux", "x86_64", [7, 10, 12, 17, 18, 19, 20, 21, 22, 31, 24, 25, 26, 27], 0xffff, 11),
    system("linux", "mips", SYSTEM_V, 0xffff, 11),
    system("linux", "sparc64", BSD, 0xffff, 11),
    system("linux", "alpha", BSD, 0xffff, 35),
    system("linux", "parisc", [10, 16, 17, 18, 26, 24, 25, 27, 28, 31, 12, 30, 20, 21], 0xffff, 11),
    system("freebsd", "amd64", BSD, 0x13, 35),
    system("netbsd", "amd64", BSD, 0xffff, 35),
    system("openbsd", "amd64", BSD, 0xffff, 35),
    system("dragonfly", "x86_64", BSD, 0x13, 35),
    system("macos", "arm64", BSD, 0x137f, 35),
    system("illumos", "i86pc", SYSTEM_V, 0xffff, 11),
];

impl System {
    /// The number of a signal.
    pub fn number(&self, name: &str) -> i32 {
        let own = NAMES.iter().position(|known| *known == name).map(|at| self.signals[at]);
        let common = || COMMON.iter().find(|(known, _)| *known == name).map(|(_, number)| *number);
        own.or_else(common).unwrap_or_else(|| panic!("no number of {name} is written down"))
    }

    /// The number of an error.
    pub fn errno(&self, name: &str) -> i32 {
        match name {
            "EPERM" => 1,
            "ESRCH" => 3,
            "EINTR" => 4,
            "EBADF" => 9,
            "ECHILD" => 10,
            "EAGAIN" => self.eagain,
            "EFAULT" => 14,
            "EINVAL" => 22,
            "ECANCELED" if self.os == "netbsd" => 87,
            "ECANCELED" if self.os == "dragonfly" => 85,
            _ => panic!("no number of {name} is written down"),
        }
    }

    fn of_host(&self, signal: Signal) -> i32 {
        self.number(&signal.to_string())
    }

    /// The word of this system for what a word of the host says.
    fn word(&self, host: i32) -> i32 {
        match WaitStatus::from_raw(host).event() {
            Event::Exited { code } => code << 8,
            Event::Signaled { signal, core } => self.of_host(signal) | if core { 0x80 } else { 0 },
            Event::Stopped { signal, .. } => self.of_host(signal) << 8 | 0x7f,
            Event::Continued => self.continued,
            other => panic!("{other:?} is no ordinary event"),
        }
    }

    /// The values of this system's macros.
    fn macros(&self, word: i32) -> Decoded {
        let continued = word == self.continued;
        let low = word & 0x7f;
        let stopped = !continued && word & 0xff == 0x7f;
        let exited = !continued && low == 0;
        let signaled = !continued && !exited && low != 0x7f;
        Decoded {
            exited,
            signaled,
            stopped,
            continued: Some(continued),
            exit_status: exited.then_some(word >> 8 & 0xff),
            term_signal: signaled.then_some(low),
            stop_signal: stopped.then_some(word >> 8),
            core: signaled.then_some(word & 0x80 != 0),
            exit_code: None,
        }
    }
}

/// A decimal or hexadecimal number.
pub fn number(text: &str) -> Option<i32> {
    match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok().map(u32::cast_signed),
        None => text.parse().ok(),
    }
}

/// A line as its word and pairs.
#[derive(Clone, Debug)]
pub struct Reply {
    pub word: String,
    pub pairs: Vec<(String, String)>,
}

impl Reply {
    fn of(line: &Line) -> Reply {
        let text = line.to_string();
        let mut parts = text.split(' ');
        let word = parts.next().unwrap_or_default().to_owned();
        let pair = |pair: &str| {
            let (key, value) = pair.split_once('=').expect("a pair");
            (key.to_owned(), value.to_owned())
        };
        Reply { word, pairs: parts.map(pair).collect() }
    }

    fn line(&self) -> Line {
        let pairs: String = self.pairs.iter().map(|(key, value)| format!(" {key}={value}")).collect();
        format!("{}{pairs}", self.word).parse().expect("a line")
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.pairs.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    /// Whether it is a request of a wait call with that option.
    pub fn has_option(&self, option: &str) -> bool {
        self.get("options").is_some_and(|options| options.split(',').any(|known| known == option))
    }

    /// Sets a value.
    pub fn set(&mut self, key: &str, value: &str) {
        match self.pairs.iter_mut().find(|(known, _)| known == key) {
            Some(pair) => pair.1 = value.to_owned(),
            None => self.pairs.push((key.to_owned(), value.to_owned())),
        }
    }

    /// Replaces a value that is there.
    pub fn replace(&mut self, key: &str, by: impl Fn(&str) -> Option<String>) {
        if let Some(value) = self.get(key).and_then(by) {
            self.set(key, &value);
        }
    }

    /// Removes the keys with that prefix.
    pub fn strike(&mut self, prefix: &str) {
        self.pairs.retain(|(key, _)| !key.starts_with(prefix));
    }
}

/// The number of an `si_code`, which is the same everywhere.
fn code(name: &str) -> Option<String> {
    let codes = ["CLD_EXITED", "CLD_KILLED", "CLD_DUMPED", "CLD_TRAPPED", "CLD_STOPPED", "CLD_CONTINUED"];
    codes.iter().position(|known| *known == name).map(|at| (at + 1).to_string())
}

impl System {
    /// Replaces all numbers by those of this system.
    fn translate(&self, reply: &mut Reply) {
        let signal = |name: &str| (name != "0").then(|| self.number(name).to_string());
        let by_host = |text: &str| Some(self.of_host(Signal::from_number(number(text)?)).to_string());
        reply.replace("status", |word| number(word).map(|word| format!("{:#06x}", self.word(word))));
        reply.replace("errno", |name| Some(self.errno(name).to_string()));
        if reply.get("si_code").is_some_and(|code| code.starts_with("CLD_") && code != "CLD_EXITED") {
            reply.replace("si_status", by_host);
        }
        reply.replace("si_code", code);
        reply.replace("si_signo", signal);
        reply.replace("sigs", |sigs| {
            Some(
                sigs.split(',')
                    .filter(|sig| !sig.is_empty())
                    .filter_map(signal)
                    .collect::<Vec<_>>()
                    .join(","),
            )
        });
        reply.replace("seen", |seen| {
            let entry = |entry: &str| {
                let [sig, name, pid, uid, status] = entry.split(':').collect::<Vec<_>>()[..] else {
                    return entry.to_owned();
                };
                let by = (name != "CLD_EXITED").then(|| by_host(status)).flatten();
                let (sig, name) = (signal(sig).expect("a signal"), code(name).expect("a code"));
                format!("{sig}:{name}:{pid}:{uid}:{}", by.as_deref().unwrap_or(status))
            };
            (!seen.is_empty()).then(|| seen.split(',').map(entry).collect::<Vec<_>>().join(","))
        });
    }
}

/// What a call does.
pub type Act = fn(&Request) -> Result<Observation, NotOffered>;

/// A subject on that system.
pub struct Far {
    pub system: &'static System,
    pub name: String,
    /// The release of its kernel.
    pub release: &'static str,
    /// The processor that it is built for, if not that of the system.
    pub arch: &'static str,
    /// How it edits a request.
    pub request: fn(Line) -> Line,
    /// How it falsifies a reply, from its system, the request and the reply.
    pub edit: fn(&System, &Reply, &mut Reply),
    /// What its calls do.
    pub call: Act,
}

impl Far {
    /// A subject that answers correctly.
    pub fn right(system: &'static System) -> Far {
        Far::named(system, "right")
    }

    /// The same under a different name.
    pub fn named(system: &'static System, name: &str) -> Far {
        let name = format!("{}-{}-{name}", system.os, system.arch);
        Far {
            system,
            name,
            release: "",
            arch: system.arch,
            request: procdesc::for_this_kernel,
            edit: |_, _, _| {},
            call: |request| Libc.call(request),
        }
    }

    pub fn name(&self) -> String {
        self.name.clone()
    }
}

impl Subject for Far {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn calls(&self) -> Vec<Call> {
        // No row of a system without it refers to it.
        Libc.calls().into_iter().chain([Call::Wait6]).collect()
    }

    fn call(&self, request: &Request) -> Result<Observation, NotOffered> {
        (self.call)(request)
    }

    fn macros(&self, status: i32) -> Option<Decoded> {
        Some(self.system.macros(status))
    }

    fn edit_request(&self, request: Line) -> Line {
        own::for_this_kernel(bsd::numbered((self.request)(request)))
    }

    fn edit_reply(&self, request: &Line, reply: Line) -> Line {
        let mut edited = Reply::of(&reply);
        bsd::note_child(request, &reply);
        if self.system.os == "freebsd" {
            procdesc::answered(request, &mut edited);
        }
        procdesc::noted(request, &mut edited);
        own::answered(self.system, request, &mut edited);
        match request.word() {
            "hello" => {
                edited.set("os", self.system.os);
                edited.set("arch", self.arch);
                if !self.release.is_empty() {
                    edited.set("release", self.release);
                }
            }
            "decode" => {}
            _ => self.system.translate(&mut edited),
        }
        (self.edit)(self.system, &Reply::of(request), &mut edited);
        edited.line()
    }
}
