//! Options and idtypes by name: which children to wait for, and how, independently of any system's numbers.

use std::fmt;

use super::line::parse_number;

/// An `idtype` of `waitid` and `wait6`.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum IdType {
    /// `P_ALL`
    All,
    /// `P_PID`
    Pid,
    /// `P_PGID`
    Pgid,
    /// `P_PIDFD`, Linux
    Pidfd,
    /// `P_SID`, FreeBSD, NetBSD and DragonFly
    Sid,
    /// `P_UID`, the same
    Uid,
    /// `P_GID`, the same
    Gid,
    /// `P_JAILID`, FreeBSD and DragonFly
    JailId,
    /// `P_PPID`, which their headers define but no kernel implements
    Ppid,
    /// `P_CID`, the same
    Cid,
    /// `P_CPUID`, the same
    CpuId,
    /// `P_PSETID`, the same
    PsetId,
    /// An idtype that no system has, or that has no name here: an agent must reject it.
    Nonsense,
    /// A number on the agent's system.
    Number(i64),
}

impl IdType {
    const ALL: [(&str, IdType); 13] = [
        ("P_ALL", IdType::All),
        ("P_PID", IdType::Pid),
        ("P_PGID", IdType::Pgid),
        ("P_PIDFD", IdType::Pidfd),
        ("P_SID", IdType::Sid),
        ("P_UID", IdType::Uid),
        ("P_GID", IdType::Gid),
        ("P_JAILID", IdType::JailId),
        ("P_PPID", IdType::Ppid),
        ("P_CID", IdType::Cid),
        ("P_CPUID", IdType::CpuId),
        ("P_PSETID", IdType::PsetId),
        ("P_NONSENSE", IdType::Nonsense),
    ];

    /// The idtype in a request, given by name or by number.
    pub fn from_text(text: &str) -> Option<IdType> {
        let named = IdType::ALL.into_iter().find(|(name, _)| *name == text).map(|(_, idtype)| idtype);
        let unknown = || text.starts_with("P_").then_some(IdType::Nonsense);
        named.or_else(|| parse_number(text).map(IdType::Number)).or_else(unknown)
    }
}

impl fmt::Display for IdType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (IdType::ALL.iter().find(|(_, idtype)| idtype == self), self) {
            (Some((name, _)), _) => f.write_str(name),
            (None, IdType::Number(number)) => number.fmt(f),
            (None, _) => Err(fmt::Error),
        }
    }
}

macro_rules! flags {
    ($($(#[doc = $doc:literal])* $flag:ident = $name:literal;)*) => {
        /// An option of the family that has a name on some system.
        #[derive(Copy, Clone, PartialEq, Eq, Debug)]
        pub enum Flag {
            $($(#[doc = $doc])* $flag,)*
        }

        impl Flag {
            const ALL: &[(&str, Flag)] = &[$(($name, Flag::$flag),)*];
        }
    };
}

flags! {
    /// `WNOHANG`
    NoHang = "WNOHANG";
    /// `WUNTRACED`
    Untraced = "WUNTRACED";
    /// `WSTOPPED`: the name for `WUNTRACED` in `waitid` and `wait6`
    Stopped = "WSTOPPED";
    /// `WCONTINUED`
    Continued = "WCONTINUED";
    /// `WEXITED`
    Exited = "WEXITED";
    /// `WNOWAIT`
    NoWait = "WNOWAIT";
    /// `WTRAPPED`, of the BSDs and illumos
    Trapped = "WTRAPPED";
    /// `__WALL`, Linux and NetBSD
    All = "__WALL";
    /// `__WCLONE`, Linux and NetBSD
    Clone = "__WCLONE";
    /// `__WNOTHREAD`, Linux
    NoThread = "__WNOTHREAD";
    /// `WALTSIG`, NetBSD
    AltSig = "WALTSIG";
    /// `WALLSIG`, NetBSD
    AllSig = "WALLSIG";
    /// `WNOZOMBIE`, NetBSD
    NoZombie = "WNOZOMBIE";
    /// An option that no system has, or that has no name here: an agent must reject it.
    Nonsense = "WNONSENSE";
}

impl Flag {
    /// Its name.
    pub fn name(self) -> &'static str {
        Flag::ALL.iter().find(|(_, flag)| *flag == self).map_or("", |(name, _)| name)
    }

    /// The option with this name.
    pub fn from_name(name: &str) -> Option<Flag> {
        Flag::ALL.iter().find(|(known, _)| *known == name).map(|(_, flag)| *flag)
    }
}

impl fmt::Display for Flag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Option bits: by name if they have one, otherwise raw.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OptionSet {
    /// `WNOHANG`, `WUNTRACED`, ...
    pub flags: Vec<Flag>,
    /// Other bits, in the numbers of the agent's system.
    pub raw: u32,
}

impl OptionSet {
    /// These options.
    pub fn of(flags: impl IntoIterator<Item = Flag>) -> OptionSet {
        OptionSet { flags: flags.into_iter().collect(), raw: 0 }
    }

    /// Whether it contains an option.
    pub fn has(&self, flag: Flag) -> bool {
        self.flags.contains(&flag)
    }

    /// Each option by its name, and the other bits as one number.
    pub fn items(&self) -> Vec<String> {
        let raw = (self.raw != 0).then(|| format!("{:#x}", self.raw));
        self.flags.iter().map(Flag::to_string).chain(raw).collect()
    }

    /// Adds one item of a request, a name or bits; returns whether it is valid.
    pub(super) fn add(&mut self, item: &str) -> bool {
        let unknown = || (item.starts_with('W') || item.starts_with("__W")).then_some(Flag::Nonsense);
        if let Some(flag) = Flag::from_name(item).or_else(unknown) {
            self.flags.push(flag);
            return true;
        }
        match parse_number(item).and_then(|bits| u32::try_from(bits).ok()) {
            Some(bits) => self.raw |= bits,
            None => return false,
        }
        true
    }
}
