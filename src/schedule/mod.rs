//! When tables may be repacked: cron expressions, windows and blackouts. Pure: the time is always an
//! argument.

pub mod cron;
pub mod window;
pub mod zone;
