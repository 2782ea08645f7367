//! The worker as a program of its own, for this crate's tests; users run the same code as `ostler render-worker`.

fn main() -> std::process::ExitCode {
    ostler_render::worker::main()
}
