//! The machine that a program or a library is for.

use std::fs::File;
use std::io::Read;
use std::path::Path;

/// What an ELF file is for: the size of an address, the order of bytes, the processor.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) struct Machine {
    bits: u8,
    big_endian: bool,
    number: u16,
}

impl Machine {
    /// That of this program.
    pub(crate) fn own() -> Option<Machine> {
        Machine::of(&std::env::current_exe().ok()?)
    }

    /// That of a file; `None` if it is none of ELF.
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

impl std::fmt::Display for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
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
    fn machines_of_files() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("f");
        let mut header = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\xb7\0".to_vec();
        std::fs::write(&file, &header).unwrap();
        assert_eq!(Machine::of(&file).unwrap().to_string(), "64-bit AArch64");
        (header[4], header[5]) = (1, 2);
        header[18..].copy_from_slice(&8_u16.to_be_bytes());
        std::fs::write(&file, &header).unwrap();
        assert_eq!(Machine::of(&file).unwrap().to_string(), "32-bit MIPS, big-endian");
        std::fs::write(&file, "#!/bin/sh\n# not a library\n").unwrap();
        assert_eq!(Machine::of(&file), None);
    }
}
