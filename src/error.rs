//! What can go wrong, in words an operator can act on, and what to do about it.
//!
//! [`Error::verdict`] is the only place that reads a SQLSTATE.

use crate::names::QualifiedName;
use std::path::PathBuf;
use tokio_postgres::error::SqlState;

/// Shorthand for results of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What [`Error::kind`] says of a shadow that is not equal to its table.
pub const MISMATCH: &str = "mismatch";

/// The same of a new table that is gone.
pub const DROPPED: &str = "dropped";

/// Everything that can stop repackd.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The table cannot be repacked, and why. Nothing was begun.
    #[error("{table} cannot be repacked: {}", reasons.join("; "))]
    Refused {
        /// The table.
        table: String,
        /// One sentence per obstacle.
        reasons: Vec<String>,
    },
    /// Somebody else is at work on the table, or an earlier run has to be dealt with first.
    #[error("{table} is busy: {reason}")]
    Busy {
        /// The table.
        table: String,
        /// Who or what is in the way, and what to do.
        reason: String,
    },
    /// The server cannot be reached, or does not let us in.
    #[error("cannot connect to {target}: {reason}")]
    Unreachable {
        /// Host, port, database and user, without secrets.
        target: String,
        /// What happened.
        reason: String,
    },
    /// A mistake in the configuration.
    #[error("{}{}{message}", file.as_ref().map(|f| format!("{}:", f.display())).unwrap_or_default(),
            match (file, line) { (Some(_), Some(l)) => format!("{l}: "), (Some(_), None) => " ".into(), _ => String::new() })]
    Config {
        /// The file it is in.
        file: Option<PathBuf>,
        /// The line, from 1.
        line: Option<usize>,
        /// What is wrong and what would be right.
        message: String,
    },
    /// A mistake on the command line.
    #[error("{0}")]
    Usage(String),
    /// A statement failed.
    #[error("{action} failed: {}", describe(source))]
    Sql {
        /// What the statement was for.
        action: String,
        /// What the server said.
        source: tokio_postgres::Error,
    },
    /// Someone changed the table, or what depends on it, while it was being repacked.
    #[error("{table} was changed meanwhile: {difference}")]
    Changed {
        /// The table.
        table: QualifiedName,
        /// What differs.
        difference: String,
    },
    /// Changes arrive faster than they can be drained.
    #[error(
        "{table}: {arrived_per_second:.0} changed rows a second arrive, {drained_per_second:.0} can be drained"
    )]
    CannotCatchUp {
        /// The table.
        table: QualifiedName,
        /// Rows a second entering the key log.
        arrived_per_second: f64,
        /// Rows a second drained into the shadow.
        drained_per_second: f64,
    },
    /// The cutover found no quiet moment in the attempts it had.
    #[error(
        "no quiet moment for the cutover of {table} in {attempts} attempts over {seconds} s; the last one: {last}"
    )]
    NoCutover {
        /// The table.
        table: QualifiedName,
        /// How often it tried.
        attempts: u32,
        /// For how long.
        seconds: u64,
        /// What was in the way last.
        last: String,
    },
    /// The work was held back for as long as it may be.
    #[error("{table} was held back for {seconds} s (throttle_wait): {why}")]
    HeldBack {
        /// The table.
        table: QualifiedName,
        /// For how long.
        seconds: u64,
        /// Why, at last.
        why: String,
    },
    /// The run takes more disk space than it may.
    #[error(
        "repacking {table} takes {used} bytes more by now, of which {retained} are WAL kept by a replication slot: max_extra_space is {most}"
    )]
    TooLarge {
        /// The table.
        table: QualifiedName,
        /// Bytes taken.
        used: i64,
        /// Bytes of these that are WAL.
        retained: i64,
        /// Bytes allowed.
        most: u64,
    },
    /// A bounded wait for a lock ended without it.
    #[error("{0}")]
    LockWait(String),
    /// The shadow does not hold the rows of the table.
    #[error("the copy of {table} does not match: {difference}")]
    Mismatch {
        /// The table.
        table: QualifiedName,
        /// The two counts and hashes.
        difference: String,
    },
    /// The connection died at the COMMIT of the cutover, and the server says that it came to nothing.
    #[error("the connection was lost at the cutover of {table}; the server says it did not happen")]
    CutoverLost {
        /// The table.
        table: QualifiedName,
    },
    /// The reply to the cutover's COMMIT was lost and the server could not be asked since.
    #[error(
        "the connection was lost during the COMMIT of the cutover of {table}, and the server cannot be asked whether it happened"
    )]
    CutoverUnknown {
        /// The table.
        table: QualifiedName,
    },
    /// Whoever let the run begin does not let it cut over.
    #[error("the cutover of {table} was not begun: {reason}")]
    Withheld {
        /// The table.
        table: QualifiedName,
        /// Why.
        reason: String,
    },
    /// The store cannot be reached or used.
    #[error("the store {place}: {reason}")]
    Store {
        /// Where it is, without secrets.
        place: String,
        /// What happened.
        reason: String,
    },
    /// The store was made or brought up to date by a newer repackd.
    #[error(
        "the store {place} has schema {version} ({description}), made by a newer repackd; this one knows up to {known}"
    )]
    StoreSchema {
        /// Where it is, without secrets.
        place: String,
        /// The number of its schema.
        version: i64,
        /// What came with that.
        description: String,
        /// The last that this program knows.
        known: i64,
    },
    /// Somebody dropped the new table after the cutover.
    #[error("{table} was dropped by somebody after its cutover")]
    Dropped {
        /// The table.
        table: QualifiedName,
        /// Where the old table is.
        old: QualifiedName,
    },
    /// A signal stopped the run.
    #[error("interrupted")]
    Interrupted,
    /// Anything else, in words.
    #[error("{0}")]
    Other(String),
}

/// What the caller should do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Try the same again, a bounded number of times.
    Retry,
    /// The connection or the server is gone: connect anew, then resume.
    Resume,
    /// Stop; the state is kept, a person decides.
    Stop,
}

impl Error {
    /// Wraps a server error with what was being done.
    pub fn sql(action: impl Into<String>) -> impl FnOnce(tokio_postgres::Error) -> Self {
        let action = action.into();
        move |source| Self::Sql { action, source }
    }

    /// The SQLSTATE, if the server gave one.
    pub fn sqlstate(&self) -> Option<&SqlState> {
        match self {
            Self::Sql { source, .. } => source.code(),
            _ => None,
        }
    }

    /// What it is, in one word that does not vary: for `error.type` of traces.
    pub fn kind(&self) -> &str {
        match self {
            Self::Refused { .. } => "refused",
            Self::Busy { .. } => "busy",
            Self::Unreachable { .. } => "unreachable",
            Self::Config { .. } => "config",
            Self::Usage(_) => "usage",
            Self::Sql { source, .. } => source.code().map_or("connection_lost", SqlState::code),
            Self::Changed { .. } => "changed",
            Self::CannotCatchUp { .. } => "cannot_catch_up",
            Self::NoCutover { .. } => "no_cutover",
            Self::HeldBack { .. } => "held_back",
            Self::TooLarge { .. } => "too_large",
            Self::LockWait(_) => "lock_wait",
            Self::Mismatch { .. } => MISMATCH,
            Self::CutoverUnknown { .. } => "cutover_unknown",
            Self::CutoverLost { .. } => "cutover_lost",
            Self::Withheld { .. } => "withheld",
            Self::Store { .. } => "store",
            Self::StoreSchema { .. } => "store_schema",
            Self::Dropped { .. } => DROPPED,
            Self::Interrupted => "interrupted",
            Self::Other(_) => "other",
        }
    }

    /// What happened without the server's own words, or those of anything else outside, which may
    /// quote rows: for places that others than the operator look at.
    pub fn brief(&self) -> String {
        match self {
            Self::Sql { action, .. } => format!("{action} failed"),
            Self::Unreachable { target, .. } => format!("cannot connect to {target}"),
            other => other.kind().replace('_', " "),
        }
    }

    /// What happened, in repackd's own words and the SQLSTATE: for reports, which leave the house. What a
    /// server, a query of the operator's or a file says may quote rows, and stays in the log and in the
    /// history. Reasons of a refusal are told whole: they are about the definition of the table, of which
    /// the server may have had a word to say when it was rehearsed, without a row.
    pub fn told(&self) -> String {
        match self {
            Self::Sql { action, source } => match source.code() {
                Some(code) => format!("{action} failed (SQLSTATE {})", code.code()),
                None => format!("{action} failed: the connection was lost"),
            },
            Self::Unreachable { target, .. } => format!("cannot connect to {target}"),
            Self::NoCutover { table, attempts, seconds, .. } => format!(
                "no quiet moment for the cutover of {table} in {attempts} attempts over {seconds} s"
            ),
            Self::HeldBack { table, seconds, .. } => {
                format!("{table} was held back for {seconds} s (throttle_wait)")
            }
            Self::LockWait(_) => "a lock was not to be had in time".into(),
            Self::Withheld { table, .. } => format!("the cutover of {table} was not begun"),
            Self::Store { place, .. } => format!("the store {place} cannot be used"),
            Self::Config { .. } => "there is a mistake in the configuration".into(),
            Self::Other(_) => "the log and `repackd history` say what went wrong".into(),
            other => other.to_string(),
        }
    }

    /// Whether the server reported exactly this SQLSTATE.
    pub fn is(&self, state: &SqlState) -> bool {
        self.sqlstate() == Some(state)
    }

    /// Whether a lock was not to be had in time (`lock_timeout`, NOWAIT, or a deadlock).
    pub fn is_lock(&self) -> bool {
        matches!(self, Self::LockWait(_))
            || self.is(&SqlState::LOCK_NOT_AVAILABLE)
            || self.is(&SqlState::T_R_DEADLOCK_DETECTED)
    }

    /// Whether the server says that what was asked for cannot be, as things are: classes 42, say a
    /// missing name or right, and 55, but for a lock; or somebody's event trigger says so.
    pub fn is_impossible(&self) -> bool {
        let class = |c: &SqlState| c.code().starts_with("42") || c.code().starts_with("55");
        self.is_raised() || !self.is_lock() && self.sqlstate().is_some_and(class)
    }

    /// Whether the server is going down, or coming up.
    pub fn is_shutdown(&self) -> bool {
        self.is(&SqlState::ADMIN_SHUTDOWN)
            || self.is(&SqlState::CRASH_SHUTDOWN)
            || self.is(&SqlState::CANNOT_CONNECT_NOW)
    }

    /// Whether it was raised by somebody's function, as event triggers do that forbid something.
    pub fn is_raised(&self) -> bool {
        self.is(&SqlState::RAISE_EXCEPTION)
    }

    /// Whether the server has run out of disk space.
    pub fn is_disk_full(&self) -> bool {
        self.is(&SqlState::DISK_FULL)
    }

    /// What to do about it.
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::LockWait(_) => Verdict::Retry,
            Self::Sql { source, .. } => match source.code() {
                None => Verdict::Resume,
                Some(code) => match code.code() {
                    // lock_not_available, deadlock_detected, serialization_failure
                    "55P03" | "40P01" | "40001" => Verdict::Retry,
                    // Class 08 connection exceptions; 57P01 to 57P03 and 57P05: shutdown, crash,
                    // starting up, idle session. The server rolls back; the journal knows the rest.
                    "57P01" | "57P02" | "57P03" | "57P05" => Verdict::Resume,
                    c if c.starts_with("08") => Verdict::Resume,
                    _ => Verdict::Stop,
                },
            },
            Self::Unreachable { .. } | Self::CutoverUnknown { .. } | Self::CutoverLost { .. } => {
                Verdict::Resume
            }
            _ => Verdict::Stop,
        }
    }

    /// The process exit status for this error when it ends the command.
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::Refused { .. } | Self::Busy { .. } => 3,
            Self::Usage(_) => 2,
            Self::Unreachable { .. } | Self::Store { .. } => 75,
            Self::Config { .. } | Self::StoreSchema { .. } => 78,
            Self::Interrupted => 130,
            _ => 1,
        }
    }
}

/// A server error in one line: message, detail, hint and SQLSTATE.
fn describe(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(db) => {
            let mut text = db.message().to_owned();
            // It hints at CASCADE, which is the last thing to do here.
            let hint = db.hint().filter(|_| *db.code() != SqlState::DEPENDENT_OBJECTS_STILL_EXIST);
            for (label, part) in [("", db.detail()), ("hint: ", hint), ("in: ", db.where_())] {
                if let Some(part) = part {
                    text.push_str(&format!("; {label}{}", part.lines().next().unwrap_or("")));
                }
            }
            format!("{text} (SQLSTATE {})", db.code().code())
        }
        None => match std::error::Error::source(error) {
            Some(source) => format!("the connection was lost ({source})"),
            None => format!("the connection was lost ({error})"),
        },
    }
}

/// The known word that a mistyped one was most likely meant to be.
fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|k| (strsim::osa_distance(&word.to_lowercase(), k), k))
        .filter(|(distance, k)| *distance <= 2.min(k.len() / 2).max(word.len() / 3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, k)| k)
}

/// "; did you mean `x`?", or nothing.
pub(crate) fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, known).map(|k| format!("; did you mean `{k}`?")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_word_is_held_against_the_known_ones() {
        assert_eq!(nearest("usr", ["user", "host"]), Some("user"));
        assert_eq!(nearest("zebra", ["user", "host"]), None);
    }

    #[test]
    fn exit_statuses_are_those_documented() {
        let table = || "public.t".to_owned();
        assert_eq!(Error::Refused { table: table(), reasons: vec![] }.exit_status(), 3);
        assert_eq!(Error::Busy { table: table(), reason: String::new() }.exit_status(), 3);
        assert_eq!(Error::Usage(String::new()).exit_status(), 2);
        let gone = Error::Unreachable { target: String::new(), reason: String::new() };
        assert_eq!((gone.exit_status(), gone.verdict()), (75, Verdict::Resume));
        assert_eq!(Error::Other(String::new()).exit_status(), 1);
    }

    #[test]
    fn configuration_errors_point_at_the_line() {
        let error = Error::Config {
            file: Some("r.toml".into()),
            line: Some(3),
            message: "unknown key `usr`".into(),
        };
        assert_eq!(error.to_string(), "r.toml:3: unknown key `usr`");
    }
}
