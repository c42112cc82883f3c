//! The subjects of a run, by name.

use super::api::Subject;
use super::handle::Handles;
use std::path::{Path, PathBuf};

/// Creates a subject on demand, from its name.
pub type Find = fn(&str) -> Option<Box<dyn Subject>>;

/// Creates handles on demand, from their subject's name.
pub type FindHandles = fn(&str) -> Option<Box<dyn Handles>>;

/// The subjects a warden can host.
///
/// Wardens are forked from the driver with the registry in memory, so to judge a subject of your own, just add it
/// before the run starts.
#[derive(Default)]
pub struct Registry {
    subjects: Vec<(String, &'static dyn Subject)>,
    find: Option<Find>,
    find_handles: Option<FindHandles>,
    start_folder: PathBuf,
}

impl Registry {
    /// A registry of these subjects; `find` creates those named `KIND:NAME`, such as mutants, on demand.
    pub fn new(subjects: impl IntoIterator<Item = Box<dyn Subject>>, find: Find) -> Registry {
        let start_folder = std::env::current_dir().unwrap_or_default();
        let mut registry =
            Registry { subjects: Vec::new(), find: Some(find), find_handles: None, start_folder };
        for subject in subjects {
            registry.add(subject);
        }
        registry
    }

    /// Adds a subject under its own name; it is never freed.
    pub fn add(&mut self, subject: Box<dyn Subject>) {
        let subject: &'static dyn Subject = Box::leak(subject);
        self.subjects.push((subject.name(), subject));
    }

    /// The subject of this name; a mutant's is `mutant:NAME`.
    pub fn get(&self, name: &str) -> Option<&'static dyn Subject> {
        let added = self.subjects.iter().rev().find(|(n, _)| n == name).map(|(_, s)| *s);
        added.or_else(|| self.find?(name).map(|subject| &*Box::leak(subject)))
    }

    /// The same registry, with handles that are also created on demand.
    #[must_use]
    pub fn with_handles(self, find: FindHandles) -> Registry {
        Registry { find_handles: Some(find), ..self }
    }

    /// The handles of this name.
    pub fn handles(&self, name: &str) -> Option<&'static dyn Handles> {
        self.find_handles?(name).map(|handles| &*Box::leak(handles))
    }

    /// Whether a warden can host a subject of this name.
    pub fn hosts(&self, name: &str) -> bool {
        self.get(name).is_some() || self.handles(name).is_some()
    }

    /// All names, in the order in which they were added.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.subjects.iter().map(|(n, _)| n.as_str())
    }

    /// The directory the program was started in.
    pub fn start_folder(&self) -> &Path {
        &self.start_folder
    }
}
