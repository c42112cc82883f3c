//! The `waitspec` program: parse, dispatch, exit code.

fn main() -> std::process::ExitCode {
    waitspec::main()
}
