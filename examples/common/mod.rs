//! What the demo and the benchmark share.

pub mod programs;
pub mod random;
pub mod session;
pub mod waits;

/// Any error, on its way to the person who started the program.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Bytes as megabytes, the unit of all sizes that are printed.
pub fn megabytes(bytes: i64) -> f64 {
    bytes as f64 / 1024.0 / 1024.0
}
