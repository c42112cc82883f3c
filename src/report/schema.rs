//! The JSON Schemas of what `run` and `diff` write, from the types that write it.
//!
//! `docs/schema/` holds them as files; a test compares these with what is generated here.

use super::record::Record;
use super::runs::Comparison;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};

/// The schema of one line of a report.
pub fn report() -> Schema {
    of::<Record>("One line of a JSON report of waitspec run")
}

/// The schema of what `diff --format json` writes.
pub fn diff() -> Schema {
    of::<Comparison>("The output of waitspec diff --format json")
}

/// What is written is promised; readers may take less.
fn of<T: JsonSchema>(title: &str) -> Schema {
    let mut schema = SchemaSettings::default().for_serialize().into_generator().into_root_schema_for::<T>();
    schema.insert("title".to_owned(), title.into());
    schema
}
