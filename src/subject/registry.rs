//! The subjects of a run, by name.

use super::Subject;
use std::path::{Path, PathBuf};

/// The subjects that a warden can host.
///
/// Wardens are forked from the driver with the registry in memory, so a crate author's own subject needs no more than to be
/// added here before the run starts.
#[derive(Default)]
pub struct Registry {
    subjects: Vec<(String, &'static dyn Subject)>,
    start_folder: PathBuf,
}

impl Registry {
    /// The built-in subjects of this system.
    pub fn built_in() -> Registry {
        let mut registry =
            Registry { subjects: Vec::new(), start_folder: std::env::current_dir().unwrap_or_default() };
        for subject in super::built_in() {
            registry.add(subject);
        }
        registry
    }

    /// Adds a subject under its own name; it lives as long as the process.
    pub fn add(&mut self, subject: Box<dyn Subject>) {
        let subject: &'static dyn Subject = Box::leak(subject);
        self.subjects.push((subject.name(), subject));
    }

    /// The subject of that name; a mutant's is `mutant:NAME`.
    pub fn get(&self, name: &str) -> Option<&'static dyn Subject> {
        if let Some(mutant) = name.strip_prefix("mutant:") {
            return crate::mutants::find(mutant).map(|subject| &*Box::leak(subject));
        }
        self.subjects.iter().rev().find(|(n, _)| n == name).map(|(_, s)| *s)
    }

    /// Every name, in the order in which they were added.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.subjects.iter().map(|(n, _)| n.as_str())
    }

    /// The folder that the program was started in.
    pub fn start_folder(&self) -> &Path {
        &self.start_folder
    }
}
