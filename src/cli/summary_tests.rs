//! What the summary looks like.

use super::leftover::runs;
use super::summary::render;
use crate::engine::{RunStatus, Runner};
use crate::job::Sizes;
use crate::job::{Ending, Figures, Phase, Report};
use crate::names::QualifiedName;

fn report(table: &str, ending: Ending, figures: Figures) -> Report {
    let error = (ending != Ending::Done).then(|| "said on standard error".to_owned());
    let (state, next, exit_status) = (None, None, 0);
    let (connection, table, phase) = ("default".into(), table.into(), Phase::Copy);
    Report {
        connection,
        table,
        ending,
        phase,
        error,
        kind: None,
        told: None,
        state,
        next,
        figures,
        exit_status,
    }
}

fn figures() -> Figures {
    Figures {
        before: Sizes { heap: 3_400_000_000, indexes: 1_200_000_000, toast: 8192 },
        after: Some(Sizes { heap: 1_100_000_000, indexes: 400_000_000, toast: 8192 }),
        rows_copied: 3_000_000,
        rows_replayed: 12_345,
        rows_verified: Some(3_000_120),
        attempts: 2,
        longest_wait_ms: 41.27,
        held: [("max_wal_rate".to_owned(), 3.0)].into(),
        seconds: [(Phase::Copy, 63.0), (Phase::Cutover, 0.24)].into(),
        notes: vec!["session 4711 was waited for".into()],
    }
}

#[test]
fn one_table() {
    let expected = "\
public.orders repacked in 63.2 s
        |    heap |   indexes |   TOAST |   total
--------+---------+-----------+---------+---------
 before | 3.2 GiB |   1.1 GiB | 8.0 KiB | 4.3 GiB
 after  | 1.0 GiB | 381.5 MiB | 8.0 KiB | 1.4 GiB
 saved  |     68% |       67% |      0% |     67%
  time     copy 63.0 s, cutover 0.2 s
  held     max_wal_rate 3.0 s
  rows     3,000,000 copied, 12,345 replayed, 3,000,120
           verified
  cutover  2 attempts; nobody can have waited longer than
           41.3 ms
  note     session 4711 was waited for
";
    let text = render(&[report("public.orders", Ending::Done, figures())], false, 60);
    assert_eq!(text, expected);
}

#[test]
fn several_tables_end_in_an_overview() {
    let reports = [
        report("public.a", Ending::Refused, Figures::default()),
        report("public.b", Ending::Failed, Figures { after: None, ..figures() }),
    ];
    let text = render(&reports, true, 100);
    let overview = text.split("\n\n").last().unwrap();
    let expected = " table            |                |  before | after | saved |   time
------------------+----------------+---------+-------+-------+--------
 default public.a | refused        |         |       |       |
 default public.b | failed in copy | 4.3 GiB |       |       | 63.2 s
";
    assert_eq!(overview, expected);
}

#[test]
fn a_refused_table_alone_has_no_figures() {
    let refused = report("public.a", Ending::Refused, Figures::default());
    assert_eq!(render(&[refused], false, 80), "");
    assert_eq!(render(&[], false, 80), "");
}

#[test]
fn runs_say_what_goes_on_with_them() {
    assert_eq!(runs(&[], false, 80), "nothing left behind\n");
    let run = RunStatus {
        oid: 16384,
        table: Some(QualifiedName::new("public", "orders")),
        phase: Some(Phase::Copy),
        owner: "app".into(),
        problem: None,
        running: false,
        log_rows: Some(1234),
        log_bytes: Some(65536),
        shadow_bytes: Some(2048),
        pages: Some(200),
        pages_copied: Some(50),
        started: None,
        updated: Some("2026-07-01 12:03:11+00".into()),
        age: Some(7200.0),
        idle: Some(30.0),
        runner: Some(Runner {
            login: "dba".into(),
            host: "night\u{1b}shift".into(),
            pid: 4711,
            repackd: "0.1.0".into(),
        }),
        held: None,
        cleanup_only: false,
        given_up: false,
        mismatch: false,
    };
    let text = runs(&[("default".into(), run)], false, 100);
    let expected =
        " table         | phase | copied | log rows | shadow  | last written           | owner
---------------+-------+--------+----------+---------+------------------------+-------
 public.orders | copy  | 25%    | 1,234    | 2.0 KiB | 2026-07-01 12:03:11+00 | app
  public.orders: `repackd resume public.orders` goes on, `repackd abort public.orders` gives it up
    left by dba, repackd 0.1.0, process 4711 on night?shift; begun 2 h 00 min ago, at work 30.0 s
    ago; its key log has 1,234 rows in 64.0 KiB and grows with every write
";
    assert_eq!(text, expected);
}
