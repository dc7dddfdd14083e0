//! Alarms: one for each table that fails, ended when the table is done. Pure.

use crate::report::{Account, Occasion, Table};

/// How many are raised by one report, connections first; the log and other notifiers have the rest.
const MOST: usize = 20;

/// What to raise and what to end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Alarms {
    /// To be raised.
    pub raised: Vec<Alarm>,
    /// To be ended.
    pub ended: Vec<Alarm>,
}

/// An alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    /// What it is known by, however often it is raised.
    pub key: String,
    /// The connection.
    pub connection: String,
    /// The table; `None`: the connection as a whole, which could not be measured.
    pub table: Option<String>,
    /// What happened, in one line.
    pub summary: String,
    /// Why.
    pub reason: String,
}

/// The alarms of an account. `open`: those that were raised before, by key; `None` if nobody knows, and
/// whatever may be open is ended.
pub fn of(account: &Account, open: Option<&[String]>) -> Alarms {
    if account.occasion == Occasion::Test {
        let alarm = Alarm {
            key: "repackd/test".into(),
            connection: "test".into(),
            table: None,
            summary: "This is a test of repackd's: nothing has happened".into(),
            reason: "somebody said `repackd notify --test`".into(),
        };
        return Alarms { raised: vec![alarm.clone()], ended: vec![alarm] };
    }
    let is_open = |alarm: &Alarm| open.is_none_or(|open| open.contains(&alarm.key));
    let connection = |name: &String, summary: String| Alarm {
        key: key(name, None),
        connection: name.clone(),
        table: None,
        summary,
        reason: "the log says why".into(),
    };
    let table = |table: &Table, summary| Alarm {
        key: key(&table.connection, Some(&table.table)),
        connection: table.connection.clone(),
        table: Some(table.table.clone()),
        summary,
        reason: table.reason.clone().unwrap_or_default(),
    };
    let failed = account
        .failed()
        .map(|t| table(t, format!("repackd could not repack {} of {}", t.table, t.connection)));
    let unmeasured = account
        .unmeasured
        .iter()
        .map(|name| connection(name, format!("repackd could not measure the tables of {name}")));
    let done = account
        .done()
        .map(|t| table(t, format!("repackd has repacked {} of {}", t.table, t.connection)));
    let measured = account
        .measured
        .iter()
        .map(|name| connection(name, format!("repackd can measure the tables of {name} again")));
    Alarms {
        raised: unmeasured.chain(failed).take(MOST).collect(),
        ended: done.chain(measured).filter(is_open).take(5 * MOST).collect(),
    }
}

fn key(connection: &str, table: Option<&str>) -> String {
    match table {
        Some(table) => format!("repackd/{connection}/{table}"),
        None => format!("repackd/{connection}"),
    }
}

impl Alarms {
    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.raised.is_empty() && self.ended.is_empty()
    }

    /// Their keys: raised, and ended.
    pub fn keys(&self) -> (Vec<String>, Vec<String>) {
        let keys = |all: &[Alarm]| all.iter().map(|a| a.key.clone()).collect();
        (keys(&self.raised), keys(&self.ended))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::example;
    use chrono::Utc;

    #[test]
    fn only_what_is_open_is_ended() {
        let mut account = example::account("db1", Utc::now());
        account.occasion = Occasion::Digest;
        let none = of(&account, Some(&[]));
        assert_eq!(none.keys(), (vec!["repackd/example/shop.items".to_owned()], vec![]));
        let one = of(&account, Some(&["repackd/example/shop.orders".to_owned()]));
        assert_eq!(one.keys().1, ["repackd/example/shop.orders"]);
        assert_eq!(of(&account, None).ended.len(), 3);
    }

    #[test]
    fn a_connection_is_not_lost_behind_its_tables() {
        let mut account = example::account("db1", Utc::now());
        account.occasion = Occasion::Digest;
        let failed = account.tables.iter().find(|t| t.failed).unwrap().clone();
        account.tables =
            (0..MOST).map(|i| Table { table: format!("shop.t{i}"), ..failed.clone() }).collect();
        account.unmeasured = vec!["other".into()];
        let (raised, _) = of(&account, Some(&[])).keys();
        assert_eq!((raised.len(), raised[0].as_str()), (MOST, "repackd/other"));
    }
}
