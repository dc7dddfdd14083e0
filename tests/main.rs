//! The integration tests, in one program. Run them with `make test`, which starts the servers.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a panic is how a test fails"
)]

mod applications;
mod bad_input;
mod bloat;
mod cli;
mod config;
mod connect;
#[cfg(feature = "failpoints")]
mod crash;
mod cutovers;
mod daemon;
mod deploy;
mod family;
mod generated;
mod http;
mod interrupted;
mod labels;
mod manners;
mod matrix;
mod matviews;
mod neighbours;
mod promises;
mod races;
mod reader;
mod refusals;
mod replication;
mod reports;
mod schedule;
mod security;
mod shapes;
mod snapshots;
mod store;
mod support;
mod telemetry;
mod upgrades;
mod writers;

use libtest_mimic::{Arguments, Failed, Trial};

fn main() {
    let arguments = Arguments::from_args();
    let plain = config::tests().into_iter().chain(connect::tests()).chain(schedule::tests());
    let plain = plain.chain(deploy::plain());
    let mut trials: Vec<Trial> =
        plain.map(|(name, test)| Trial::test(name, move || test().map_err(Failed::from))).collect();
    trials.extend(shapes::tests());
    trials.extend(refusals::tests());
    trials.extend(bad_input::tests());
    trials.extend(interrupted::tests());
    trials.extend(labels::tests());
    trials.extend(cli::tests());
    trials.extend(bloat::tests());
    trials.extend(promises::tests());
    trials.extend(writers::tests());
    trials.extend(cutovers::tests());
    trials.extend(upgrades::tests());
    trials.extend(manners::tests());
    trials.extend(neighbours::tests());
    trials.extend(family::tests());
    trials.extend(matviews::tests());
    trials.extend(replication::tests());
    trials.extend(security::tests());
    trials.extend(reader::tests());
    trials.extend(snapshots::tests());
    trials.extend(store::tests());
    trials.extend(daemon::tests());
    trials.extend(races::tests());
    trials.extend(applications::tests());
    trials.extend(generated::tests());
    trials.extend(telemetry::tests());
    trials.extend(http::tests());
    trials.extend(reports::tests());
    trials.extend(matrix::tests());
    trials.extend(deploy::tests());
    #[cfg(feature = "failpoints")]
    trials.extend(crash::tests());
    let conclusion = libtest_mimic::run(&arguments, trials);
    #[cfg(feature = "failpoints")]
    crash::print();
    conclusion.exit();
}
