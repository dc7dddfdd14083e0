//! The command line as a whole.

use super::args::{Cli, Command};
use super::target::targets;
use crate::config::{Environment, OldSnapshots};
use crate::error::Error;
use clap::{CommandFactory, Parser};
use std::time::Duration;

fn parse(line: &str) -> Cli {
    Cli::try_parse_from(line.split(' ')).unwrap_or_else(|e| panic!("{line}: {e}"))
}

#[test]
fn clap_finds_nothing_wrong() {
    Cli::command().debug_assert();
}

#[test]
fn the_command_names_of_repcloud_work() {
    for (old, new) in [
        ("repack_tables", "RunNow"),
        ("repack-tables", "RunNow"),
        ("prepare_repack", "Prepare"),
        ("abort_repack", "Abort"),
        ("show_connections", "Connections"),
        ("create_schema", "Init"),
        ("drop_schema", "Cleanup"),
    ] {
        let cli = parse(&format!("repackd --debug --config default --connection c {old}"));
        assert!(format!("{:?}", cli.command).starts_with(new), "{old}");
        assert!(cli.common.debug);
    }
}

#[test]
fn options_of_every_command_stand_before_it_or_after_it() {
    let before = parse("repackd --url host=a --json -v run-now t").common;
    let after = parse("repackd run-now t --url host=a --json -v").common;
    assert_eq!(format!("{before:?}"), format!("{after:?}"));
    let both = parse("repackd status --connection a --connection b").common;
    assert_eq!(both.connections, ["a", "b"]);
}

#[test]
fn settings_are_checked_like_those_of_the_file() {
    let error = Cli::try_parse_from(["repackd", "run-now", "t", "--copy-jobs", "0"]).unwrap_err();
    assert_eq!(error.exit_code(), 2);
    assert!(error.to_string().contains("whole number from 1 to 64"), "{error}");
    let line = "repackd run-now Shop.T --no-verify --cutover-budget 50ms --old-snapshots proceed";
    let Command::RunNow(args) = parse(line).command else { panic!("{line}") };
    assert_eq!(args.tables.tables[0].to_string(), "shop.t");
    let mut settings = Default::default();
    args.overrides.apply(&mut settings).unwrap();
    assert!(!settings.verify && settings.analyze_tables);
    assert_eq!(settings.cutover_budget, Duration::from_millis(50));
    assert_eq!(settings.old_snapshots, OldSnapshots::Proceed);
}

#[test]
fn contradictions_are_usage_errors() {
    for line in ["repackd run-now --all t", "repackd", "repackd run", "repackd plan a.b.c"] {
        let error = Cli::try_parse_from(line.split(' ')).unwrap_err();
        assert_eq!(error.exit_code(), 2, "{line}");
    }
    let environment = Environment::of([("USER", "me")]);
    for line in ["repackd --url host=a status --config b", "repackd status --url host=a --config b"]
    {
        match Cli::try_parse_from(line.split(' ')) {
            Err(error) => assert_eq!(error.exit_code(), 2),
            Ok(cli) => {
                let error = targets(&cli.common, None, &environment).unwrap_err();
                assert!(matches!(error, Error::Usage(_)), "{line}: {error}");
            }
        }
    }
}

#[test]
fn an_unknown_connection_names_the_nearest() {
    let folder = std::env::temp_dir().join(format!("repackd-cli-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("two.toml");
    std::fs::write(&file, "[connections.shop]\nhost = \"a\"\n[connections.crm]\nhost = \"b\"\n")
        .unwrap();
    let environment = Environment::of([("USER", "me")]);
    let of = |rest: &str| {
        let cli = parse(&format!("repackd --config {}{rest} status", file.display()));
        targets(&cli.common, None, &environment)
            .map(|t| t.all.iter().map(|t| t.job.connection.clone()).collect::<Vec<_>>())
            .map_err(|e| (e.exit_status(), e.to_string()))
    };
    assert_eq!(of("").unwrap(), ["shop", "crm"]);
    assert_eq!(of(" --connection all").unwrap(), ["shop", "crm"]);
    assert_eq!(of(" --connection shop --connection shop").unwrap(), ["shop"]);
    let hint = "there is no connection `shp`; did you mean `shop`?".to_owned();
    assert_eq!(of(" --connection shp"), Err((2, hint)));
    let others = "there is no connection `warehouse`; there is shop, crm".to_owned();
    assert_eq!(of(" --connection warehouse"), Err((2, others)));
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_url_has_no_connections_to_choose_from() {
    let environment = Environment::of([("USER", "me")]);
    let cli = parse("repackd --url host=a --connection shop status");
    assert!(matches!(targets(&cli.common, None, &environment), Err(Error::Usage(_))));
    let cli = parse("repackd --url postgres://app:secret@db/shop status");
    let targets = targets(&cli.common, None, &environment).unwrap();
    assert_eq!(targets.all[0].job.server.describe(), "db:5432/shop as app");
    assert!(!targets.from_file && !format!("{targets:?}").contains("secret"));
}
