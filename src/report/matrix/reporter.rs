//! The matrix of one run, written when it ends.

use super::source::{Lookup, Source};
use super::table::Matrix;
use super::{html, markdown};
use crate::report::Reporter;
use crate::report::machine::read::Report;
use crate::report::machine::record::{RunRecord, TrialRecord};
use crate::runner::event::RunEvent;
use std::io::{self, Write};

/// The output format.
#[derive(Debug, Copy, Clone, PartialEq, Eq)]
pub enum Form {
    /// A page.
    Html,
    /// Markdown.
    Markdown,
}

/// Collects a run, and writes it as a page or as Markdown.
#[derive(Debug)]
pub struct Page<W> {
    out: W,
    form: Form,
    options: Vec<String>,
    lookup: Lookup,
    report: Report,
}

impl<W: Write> Page<W> {
    /// Writes to `out`; `options` are the options of the run that are needed to reproduce one of its trials.
    pub fn new(out: W, form: Form, options: Vec<String>, lookup: Lookup) -> Page<W> {
        let report = Report { run: RunRecord::default(), trials: Vec::new(), summary: None };
        Page { out, form, options, lookup, report }
    }
}

impl<W: Write> Reporter for Page<W> {
    fn event(&mut self, event: &RunEvent) -> io::Result<()> {
        match event {
            RunEvent::Begin(header) => self.report.run = header.into(),
            RunEvent::Trial(trial) => {
                let mut record = TrialRecord::with_reproducer(trial, &self.options);
                // The page shows none of it, and it would be most of a large run.
                record.trace.clear();
                self.report.trials.push(record);
            }
            RunEvent::Waiting(_) => {}
            RunEvent::End(summary) => {
                self.report.summary = Some(summary.into());
                let source = Source { name: "this run".to_owned(), report: self.report.clone() };
                let matrix = Matrix::of(std::slice::from_ref(&source), self.lookup);
                let text = match self.form {
                    Form::Html => html::page(&matrix),
                    Form::Markdown => markdown::text(&matrix),
                };
                self.out.write_all(text.as_bytes())?;
                self.out.flush()?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn a_run_is_a_page_of_its_own() {
        let page = |form| {
            let new = |out| Page::new(out, form, vec!["--strict".to_owned()], |_| None);
            sample::written(&sample::run(), new, |page| page.out)
        };
        let html = page(Form::Html);
        assert!(html.starts_with("<!DOCTYPE html>"), "{html}");
        assert!(html.contains("<title>waitspec: mywait 0.3</title>"));
        assert!(html.contains("--subject agent:./mywait --strict --trace</code>"));
        let markdown = page(Form::Markdown);
        assert!(markdown.starts_with("## waitspec: mywait 0.3\n"), "{markdown}");
    }
}
