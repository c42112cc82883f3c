//! Contracts: what a program that runs a program promises, row by row with its source.

/// What a program promises beside what POSIX asks of every utility that invokes another.
#[derive(Debug, PartialEq, Eq)]
pub struct Contract {
    /// The name of the program, without its folder.
    pub name: &'static str,
    /// The promises, as in the ids of their clauses, each with the text that makes it.
    pub promises: &'static [(&'static str, &'static str)],
}

/// The contract of a program that is not known: POSIX alone.
pub static POSIX: Contract = Contract { name: "posix", promises: &[] };

/// The contract of this crate's own wrapper.
pub static OWN: Contract = Contract {
    name: "waitspec",
    promises: &[
        ("wrapper/signal-code", "waitspec, subject::wrapper"),
        ("wrapper/leaves-nothing", "waitspec, subject::wrapper"),
    ],
};

/// The programs that are known.
pub static CONTRACTS: &[&Contract] = &[
    &POSIX,
    &OWN,
    &Contract { name: "env", promises: &[] },
    &Contract { name: "nice", promises: &[] },
    &Contract {
        name: "sh",
        promises: &[(
            "wrapper/leaves-nothing",
            "POSIX.1-2024 XCU 2.9.3: the shell waits for a foreground command",
        )],
    },
    &Contract {
        name: "bash",
        promises: &[(
            "wrapper/leaves-nothing",
            "bash manual 3.7.1: the shell waits for a foreground command",
        )],
    },
];

/// The contract of that name.
pub fn contract(name: &str) -> Option<&'static Contract> {
    CONTRACTS.iter().copied().find(|contract| contract.name == name)
}

/// The contract of a program, by its path.
pub fn of_program(path: &str) -> &'static Contract {
    contract(path.rsplit('/').next().unwrap_or(path)).unwrap_or(&POSIX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::clauses;

    #[test]
    fn each_row_is_a_clause_and_has_a_source() {
        for contract in CONTRACTS {
            for (promise, source) in contract.promises {
                assert!(clauses().any(|c| c.promise() == Some(promise)), "{}: {promise}", contract.name);
                assert!(!source.is_empty(), "{}: {promise}", contract.name);
            }
        }
    }

    #[test]
    fn a_program_is_known_by_its_name() {
        assert_eq!(of_program("/usr/bin/env").name, "env");
        assert_eq!(of_program("nice").name, "nice");
        assert_eq!(of_program("/opt/environment").name, "posix");
    }
}
