//! The store: the queue and its leases, what people say to it, its schema and its memory, on a file of
//! SQLite and on PostgreSQL.

mod fleet;
mod memory;
mod queue;
mod reports;
mod samples;
mod schema;

use crate::bad_input::newest;
use crate::support::{Database, Outcome, Server, block_on, words};
use libtest_mimic::{Failed, Trial};
use repackd::names::QualifiedName;
use repackd::store::{Place, Queued, Store, Wish};
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// A store of a test's own.
pub struct Own {
    /// Where it is.
    pub place: Place,
    database: Option<Database>,
    directory: Option<std::path::PathBuf>,
}

impl Own {
    /// In a directory that is made with it.
    pub fn sqlite() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("repackd store #{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        let place = Place::File(directory.join("deep/st?re.sqlite"));
        Self { place, database: None, directory: Some(directory) }
    }

    /// In a database of its own.
    pub async fn postgres(server: &Server) -> Result<Self, String> {
        let database = Database::create(server).await?;
        let place = Place::Postgres(database.url("postgres").into());
        Ok(Self { place, database: Some(database), directory: None })
    }

    /// Opens it.
    pub async fn open(&self) -> Result<Store, String> {
        Store::open(&self.place).await.map_err(|e| e.to_string())
    }

    /// Ends it.
    pub async fn drop(self) -> Outcome {
        if let Some(directory) = self.directory.filter(|d| d.exists()) {
            std::fs::remove_dir_all(directory).map_err(words)?;
        }
        match self.database {
            Some(database) => database.drop().await,
            None => Ok(()),
        }
    }
}

type Test = for<'a> fn(&'a Own) -> Pin<Box<dyn Future<Output = Outcome> + 'a>>;

macro_rules! cases {
    ($($group:ident: $($case:ident)+;)+) => {
        vec![$($((
            concat!(stringify!($group), "::", stringify!($case)),
            (|own| Box::pin($group::$case(own))) as Test,
        ),)+)+]
    };
}

/// The trials of this module.
pub fn tests() -> Vec<Trial> {
    let cases: Vec<(&str, Test)> = cases! {
        queue: order one_at_a_time conclusions progress takeover pauses cancelled set_aside;
        schema: opened_by_many newer_is_refused unreachable brought_forward;
        memory: retention evaluations history daemons reports;
        reports: clocks ahead left_behind alarms;
        samples: only_what_changed ten_thousand thinned asked;
        fleet: killed_at_random;
    };
    let mut all = Vec::new();
    for (name, test) in cases {
        all.push(Trial::test(format!("store::{name}::sqlite"), move || {
            block_on(async {
                let own = Own::sqlite();
                test(&own).await?;
                own.drop().await
            })
            .map_err(Failed::from)
        }));
        for server in newest() {
            all.push(Trial::test(format!("store::{name}::pg{}", server.version), move || {
                block_on(async {
                    let own = Own::postgres(&server).await?;
                    test(&own).await?;
                    own.drop().await
                })
                .map_err(Failed::from)
            }));
        }
    }
    all
}

/// A lease that no test outlives, and one that ends soon.
pub const LONG: Duration = Duration::from_secs(600);
pub const SHORT: Duration = Duration::from_secs(1);

/// Any table.
pub fn wish(connection: &str, table: &str, turn: i64) -> Wish {
    Wish {
        connection: connection.into(),
        table: QualifiedName::new("public", table),
        oid: 4711,
        begun: false,
        rule: "all".into(),
        priority: 0,
        turn,
        stamp: None,
    }
}

/// Queues it.
pub async fn queue(store: &Store, connection: &str, table: &str, turn: i64) -> Outcome {
    let queued = store.enqueue(&wish(connection, table, turn)).await.map_err(words)?;
    if queued == Queued::New { Ok(()) } else { Err(format!("{connection} {table}: {queued:?}")) }
}

/// Fails unless both are the same.
pub fn equal<T: PartialEq + std::fmt::Debug>(what: &str, found: T, expected: T) -> Outcome {
    match found == expected {
        true => Ok(()),
        false => Err(format!("{what}: {expected:?} was expected, it is {found:?}")),
    }
}
