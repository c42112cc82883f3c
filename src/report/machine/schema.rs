//! The JSON Schemas of the output of `run` and `diff`, generated from the serialized types.
//!
//! They are committed in `docs/schema/`; a test compares those files with what is generated here.

use super::record::Record;
use crate::report::runs::Comparison;
use crate::runner::event::Verdict;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde_json::{Value, json};

/// The schema of one line of a report.
pub fn report() -> Schema {
    let mut schema = of::<Record>("One line of a JSON report of waitspec run");
    // The counts are a flattened map, which would allow any property to be an integer, even `type`.
    let summary = schema.pointer_mut("/$defs/SummaryRecord").and_then(Value::as_object_mut);
    if let Some(summary) = summary {
        summary.remove("additionalProperties");
        for name in Verdict::NAMES {
            summary["properties"][name] = json!({ "type": "integer", "minimum": 0 });
            summary["required"].as_array_mut().into_iter().for_each(|list| list.push(name.into()));
        }
    }
    schema
}

/// The schema of what `diff --format json` writes.
pub fn diff() -> Schema {
    of::<Comparison>("The output of waitspec diff --format json")
}

/// The schema describes what is written; readers may rely on less.
fn of<T: JsonSchema>(title: &str) -> Schema {
    let mut schema = SchemaSettings::default().for_serialize().into_generator().into_root_schema_for::<T>();
    schema.insert("title".to_owned(), title.into());
    schema
}
