# Sourced by scripts that build the standard library from its source.

# Whether the compiler in PATH has it.
has_std_source() {
    local sysroot
    sysroot=$(rustc --print sysroot 2>/dev/null) && [ -e "$sysroot/lib/rustlib/src/rust/library/Cargo.lock" ]
}
