//! A client's session: one statement, sent in each of the ways in which clients send statements.

use super::random::Random;
use std::collections::HashMap;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, SimpleQueryMessage, Statement, types::ToSql, types::Type};

/// Why a transaction did not go through.
#[derive(Debug)]
pub enum Failure {
    /// To be tried again: a serialization failure or a deadlock.
    Again,
    /// A statement touched another number of rows than it should.
    Count(String),
    /// Something that no writer may ever meet.
    Error(String),
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.code() {
            Some(c)
                if *c == SqlState::T_R_SERIALIZATION_FAILURE
                    || *c == SqlState::T_R_DEADLOCK_DETECTED =>
            {
                Self::Again
            }
            _ => Self::Error(format!("{error:?}")),
        }
    }
}

/// A value of a statement, as text.
pub type Value = Option<String>;

/// A connection and what is prepared on it.
pub struct Session {
    /// The connection.
    pub client: Client,
    protocol: HashMap<String, Statement>,
    sql: HashMap<String, usize>,
    next: usize,
}

impl Session {
    /// A session in which nothing is prepared.
    pub fn new(client: Client) -> Self {
        Self { client, protocol: HashMap::new(), sql: HashMap::new(), next: 0 }
    }

    /// Runs a statement whose parameters are written `$n::text`, in a way that chance picks.
    pub async fn execute(
        &mut self,
        random: &mut Random,
        statement: &str,
        values: &[Value],
    ) -> Result<u64, Failure> {
        match random.range(0, 4) {
            0 => self.simple(&filled(statement, values)).await,
            1 => Ok(self.client.execute(&filled(statement, values), &[]).await?),
            2 => {
                if !self.protocol.contains_key(statement) {
                    let types = vec![Type::TEXT; values.len()];
                    let prepared = self.client.prepare_typed(statement, &types).await?;
                    self.protocol.insert(statement.to_owned(), prepared);
                }
                let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|v| v as _).collect();
                Ok(self.client.execute(&self.protocol[statement], &values).await?)
            }
            _ => {
                let next = self.next;
                let number = match self.sql.get(statement) {
                    Some(number) => *number,
                    None => {
                        // Outlives a ROLLBACK of the transaction it is made in, even if that
                        // fails before the reply.
                        self.next += 1;
                        self.client
                            .batch_execute(&format!("PREPARE own{next} AS {statement}"))
                            .await?;
                        self.sql.insert(statement.to_owned(), next);
                        next
                    }
                };
                let list: Vec<String> = values.iter().map(literal).collect();
                let list =
                    if list.is_empty() { String::new() } else { format!("({})", list.join(", ")) };
                self.simple(&format!("EXECUTE own{number}{list}")).await
            }
        }
    }

    /// Runs a statement in the simple protocol.
    pub async fn simple(&self, statement: &str) -> Result<u64, Failure> {
        let messages = self.client.simple_query(statement).await?;
        let count = |m: &SimpleQueryMessage| match m {
            SimpleQueryMessage::CommandComplete(n) => Some(*n),
            _ => None,
        };
        Ok(messages.iter().rev().find_map(count).unwrap_or(0))
    }
}

fn literal(value: &Value) -> String {
    match value {
        Some(text) => format!("'{}'", text.replace('\'', "''")),
        None => "NULL".to_owned(),
    }
}

/// A statement with its values in their places.
fn filled(statement: &str, values: &[Value]) -> String {
    let fill = |text: String, (i, value): (usize, &Value)| {
        text.replace(&format!("${}::", i + 1), &format!("{}::", literal(value)))
    };
    values.iter().enumerate().fold(statement.to_owned(), fill)
}
