//! The `repackd` command.

fn main() -> std::process::ExitCode {
    repackd::cli::main()
}
