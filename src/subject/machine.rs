//! The machine that a program or a library is built for.

use std::fmt::{self, Display};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The target of an ELF file: address size, byte order, processor.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) struct Machine {
    bits: u8,
    big_endian: bool,
    number: u16,
}

impl Machine {
    /// The machine of this program.
    pub(crate) fn own() -> Option<Machine> {
        Machine::of(&std::env::current_exe().ok()?)
    }

    /// The machine of a file; `None` if it is not an ELF file.
    pub(crate) fn of(file: &Path) -> Option<Machine> {
        let mut header = [0; 20];
        File::open(file).and_then(|mut file| file.read_exact(&mut header)).ok()?;
        let (magic, rest) = header.split_at(4);
        let big_endian = rest[1] == 2;
        let number = [header[18], header[19]];
        let number = if big_endian { u16::from_be_bytes(number) } else { u16::from_le_bytes(number) };
        let bits = if rest[0] == 2 { 64 } else { 32 };
        (magic == b"\x7fELF").then_some(Machine { bits, big_endian, number })
    }
}

/// The length that a file for this machine should have at least, if it is shorter: its last part is the table of
/// sections.
pub(crate) fn cut_off(file: &Path) -> Option<u64> {
    let mut header = [0; if cfg!(target_pointer_width = "64") { 64 } else { 52 }];
    let mut file = File::open(file).ok()?;
    file.read_exact(&mut header).ok()?;
    let half = |at: usize| Some(u64::from(u16::from_ne_bytes(header.get(at..at + 2)?.try_into().ok()?)));
    let (offset, size, count) = match header.len() {
        64 => (u64::from_ne_bytes(header[40..48].try_into().ok()?), half(58)?, half(60)?),
        _ => (u64::from(u32::from_ne_bytes(header[32..36].try_into().ok()?)), half(46)?, half(48)?),
    };
    let whole = offset.saturating_add(size * count);
    (file.metadata().ok()?.len() < whole).then_some(whole)
}

/// What is wrong with a file built for another machine than this program, and what to do: rebuild it, or `instead`.
pub(crate) fn foreign(file: &Path, shown: impl Display, instead: &str) -> Option<String> {
    unlike(Machine::of(file)?, Machine::own()?, shown, instead)
}

fn unlike(machine: Machine, own: Machine, shown: impl Display, instead: &str) -> Option<String> {
    (machine != own).then(|| {
        format!("{shown} is built for {machine}, this program for {own}: build it for {own}, or {instead}")
    })
}

impl Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.number {
            3 => "i386",
            8 => "MIPS",
            20 => "PowerPC",
            21 => "PowerPC64",
            22 => "S/390",
            40 => "ARM",
            43 => "SPARC V9",
            62 => "x86-64",
            183 => "AArch64",
            243 => "RISC-V",
            258 => "LoongArch",
            other => return write!(f, "machine {other}"),
        };
        write!(f, "{}-bit {name}{}", self.bits, if self.big_endian { ", big-endian" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_are_cut_off() {
        let program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("f");
        std::fs::write(&file, &program[..4096]).unwrap();
        assert!(cut_off(&file).is_some_and(|whole| whole > 4096 && whole <= program.len() as u64));
        std::fs::write(&file, &program).unwrap();
        assert_eq!(cut_off(&file), None);
    }

    #[test]
    fn machines_of_files() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("f");
        let mut header = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\xb7\0".to_vec();
        std::fs::write(&file, &header).unwrap();
        let arm = Machine::of(&file).unwrap();
        assert_eq!(arm.to_string(), "64-bit AArch64");
        (header[4], header[5]) = (1, 2);
        header[18..].copy_from_slice(&8_u16.to_be_bytes());
        std::fs::write(&file, &header).unwrap();
        let mips = Machine::of(&file).unwrap();
        assert_eq!(mips.to_string(), "32-bit MIPS, big-endian");
        assert_eq!(unlike(mips, mips, "f", "emulate it"), None);
        assert_eq!(
            unlike(mips, arm, "f", "emulate it").unwrap(),
            "f is built for 32-bit MIPS, big-endian, this program for 64-bit AArch64: build it for 64-bit AArch64, or emulate it"
        );
        std::fs::write(&file, "#!/bin/sh\n# not a library\n").unwrap();
        assert_eq!(Machine::of(&file), None);
    }
}
