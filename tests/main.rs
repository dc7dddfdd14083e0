//! The integration tests, in one program.

mod config;
mod connect;

fn main() {
    let arguments = libtest_mimic::Arguments::from_args();
    let tests = config::tests().into_iter().chain(connect::tests());
    let trials = tests.map(|(name, test)| {
        libtest_mimic::Trial::test(name, move || test().map_err(libtest_mimic::Failed::from))
    });
    libtest_mimic::run(&arguments, trials.collect()).exit();
}
