//! The `slipway` program.

/// In a static program for Linux: with musl's own allocator, whose threads wait for each other, a large estate takes twice the
/// time.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    slipway::cli::main()
}
