//! Failpoints: where the tests make a run die, lose a connection or never hear a reply.
//!
//! The engine marks its steps with [`At::at`], put after the future that does the step. Around each
//! there are places: `before`, `during`, `commit` (just before the COMMIT of a step that is one
//! transaction) and `after`. A test names one with what is to happen there, in the environment
//! of a repackd that it starts:
//!
//! ```text
//! REPACKD_FAILPOINT=exchange-commit-after=lose-reply      at the first hit
//! REPACKD_FAILPOINT=drain-commit=kill:3                   at the third
//! REPACKD_FAILPOINT=index-build-during=kill:1:20          20 ms into it
//! ```
//!
//! All this is behind the feature `failpoints`, which `make tests` turns on. Without it [`At::at`]
//! returns the future as it was given, and nothing of this is in the program: `make build` looks.

#[cfg(feature = "failpoints")]
mod armed;

#[cfg(feature = "failpoints")]
pub use armed::{Action, At, Handle, arm, commit, register};

/// A session of a run, by what it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Holds the locks.
    Holder,
    /// Works under them.
    Worker,
    /// Watches both.
    Observer,
}

/// A step of the engine that can be interrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Its name.
    pub name: &'static str,
    /// The session whose reply it waits for.
    pub session: Role,
    /// Whether it is a transaction, and so has the place `commit`.
    pub commits: bool,
}

const fn step(name: &'static str, session: Role) -> Step {
    Step { name, session, commits: false }
}

const fn transaction(name: &'static str) -> Step {
    Step { name, session: Role::Worker, commits: true }
}

macro_rules! steps {
    ($($(#[$doc:meta])* $constant:ident = $step:expr;)+) => {
        $($(#[$doc])* pub const $constant: Step = $step;)+

        /// All of them, in the order in which a run comes by.
        pub const STEPS: &[Step] = &[$($constant),+];
    };
}

steps! {
    /// Taking the advisory lock.
    LOCK = step("lock", Role::Holder);
    /// Creating the run's schemas, shadow, key log and journal.
    PREPARE = transaction("prepare");
    /// Attaching capture.
    CAPTURE_ATTACH = transaction("capture-attach");
    /// Writing into the journal which phase comes next.
    ENTER = transaction("enter");
    /// Writing into the journal how many pages there are to copy.
    COPY_PAGES = step("copy-pages", Role::Worker);
    /// Copying a chunk.
    COPY_CHUNK = transaction("copy-chunk");
    /// Purging a range of the shadow.
    PURGE_RANGE = transaction("purge-range");
    /// VACUUM of the shadow.
    VACUUM = step("vacuum", Role::Worker);
    /// Building an index.
    INDEX_BUILD = transaction("index-build");
    /// Putting the rest on the shadow.
    INDEX_FINISH = transaction("index-finish");
    /// A drain.
    DRAIN = transaction("drain");
    /// Comparing both tables.
    VERIFY = step("verify", Role::Worker);
    /// Taking a sequence from the table ahead of the cutover.
    SEQUENCE_RELEASE = transaction("sequence-release");
    /// The cutover: SHARE ROW EXCLUSIVE.
    EXCLUDE_WRITERS = step("exclude-writers", Role::Holder);
    /// The cutover: the last drain.
    LAST_DRAIN = transaction("last-drain");
    /// The cutover: ACCESS EXCLUSIVE.
    EXCLUDE_ALL = step("exclude-all", Role::Holder);
    /// The cutover: comparing the table with its fingerprint.
    CHECK = step("check", Role::Holder);
    /// The cutover: the exchange.
    EXCHANGE = step("exchange", Role::Holder);
    /// The cutover: the journal, in the same transaction.
    EXCHANGE_JOURNAL = step("exchange-journal", Role::Holder);
    /// The cutover: COMMIT.
    EXCHANGE_COMMIT = step("exchange-commit", Role::Holder);
    /// Validating a foreign key.
    VALIDATE = transaction("validate");
    /// Giving a sequence back.
    SEQUENCE_RESTORE = transaction("sequence-restore");
    /// Dropping the old table and what else is left.
    CLEANUP_DROP = transaction("cleanup-drop");
    /// An abort taking capture off.
    ABORT_DETACH = transaction("abort-detach");
    /// An abort dropping the shadow and what else is left.
    ABORT_DROP = transaction("abort-drop");
}

/// Marks a step of the engine.
#[cfg(not(feature = "failpoints"))]
pub trait At: Future + Sized {
    /// The step as it is.
    fn at(self, _step: Step) -> Self {
        self
    }
}

#[cfg(not(feature = "failpoints"))]
impl<F: Future> At for F {}

/// Where a transaction is about to commit.
#[cfg(not(feature = "failpoints"))]
pub async fn commit() -> crate::error::Result<()> {
    Ok(())
}
