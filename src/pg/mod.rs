//! Connections to PostgreSQL, and the manners repackd keeps on them.

mod attempt;
mod connect;
mod explain;
pub mod lock;
mod passfile;
mod password;
pub mod pooler;
mod session;
pub mod settings;
mod tls;
mod transaction;
mod verifier;

pub use crate::config::Server;
pub use connect::connect;
pub(crate) use password::printed;
pub use session::Session;
pub use settings::open;
pub use transaction::{
    DURABLE, READ_COMMITTED, READ_ONLY, REPEATABLE_READ, rollback, run_all, transaction,
};
