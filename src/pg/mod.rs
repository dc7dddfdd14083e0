//! Connections to PostgreSQL.

mod attempt;
mod connect;
mod explain;
mod passfile;
mod password;
mod session;
mod tls;
mod verifier;

pub use crate::config::Server;
pub use connect::connect;
pub use session::Session;
