# The commands of everyday work; `just` lists them. CI runs `.ci/run`.

default:
    @just --list

# Formatting and lints, with and without the features.
check:
    cargo fmt --check
    cargo clippy --all-targets --locked -- -D warnings
    cargo clippy --lib --no-default-features --locked -- -D warnings
    cargo clippy --lib --bins --no-default-features --features cli --locked -- -D warnings
    cargo clippy --lib --no-default-features --features testing --locked -- -D warnings

# All tests, or those that match.
test *FILTER:
    cargo test --locked -- {{ FILTER }}

# The same with nextest, a process for each test.
nextest *FILTER:
    cargo nextest run --locked {{ FILTER }}

# Everything that CI does.
ci:
    .ci/run

# The suite on this machine.
run *ARGS:
    cargo run --release --locked -- run {{ ARGS }}

# Regenerates the committed listings and snapshots: look at the diff.
bless:
    WAITSPEC_BLESS=1 cargo test --locked --test catalogue --test public_api
    INSTA_UPDATE=always cargo test --locked --test snapshots

# Regenerates the kill matrix; takes an hour.
kill-matrix:
    cargo run --release --locked -- selftest --save fixtures/kill-matrix.json

# One static binary for a target, small rather than quickly built.
dist target="x86_64-unknown-linux-musl":
    cargo build --profile dist --no-default-features --features cli --locked --target {{ target }}

# Licences, advisories and sources of the dependencies; spelling.
audit:
    cargo deny check
    typos
