//! The committed JSON Schemas match the types. `BLESS=1` regenerates them.

use schemars::Schema;
use std::path::Path;
use waitspec::report::machine::schema;

fn is_committed(name: &str, schema: Schema) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schema").join(name);
    let text = serde_json::to_string_pretty(&schema).expect("a schema is JSON") + "\n";
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &text).expect("written");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == text, "{}: does not match the types; BLESS=1 regenerates it", path.display());
}

#[test]
fn of_reports() {
    is_committed("report-1.json", schema::report());
}

#[test]
fn of_comparisons() {
    is_committed("diff-1.json", schema::diff());
}
