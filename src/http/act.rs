//! POST below `/api/v1`: what the command line's `pause`, `resume` and `cancel` do, and measuring now. All
//! of it is rows of the store; whichever daemon it is about reads them there.

use super::api::{Problem, scope};
use super::app::App;
use super::listen::Peer;
use crate::store::Scope;
use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{ConnectInfo, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The longest name of somebody.
const NAME: usize = 100;

/// What is meant, and who says so.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Asked {
    connection: String,
    schema: String,
    name: String,
    by: String,
}

/// What was done.
#[derive(Debug, Serialize)]
pub struct Done {
    /// In words.
    done: String,
}

type Answer = Result<Json<Done>, Problem>;
type Body = Result<Json<Asked>, JsonRejection>;

/// What a request means, and by whom.
struct Deed {
    scope: Scope,
    who: String,
    connections: Vec<String>,
}

impl Deed {
    fn read(app: &App, body: Body, peer: Peer) -> Result<Self, Problem> {
        let Json(asked) = body.map_err(|wrong| match wrong.status() {
            // Whatever is wrong with the document itself is one mistake to who sent it.
            StatusCode::UNPROCESSABLE_ENTITY => Problem::wrong(wrong.body_text()),
            status => Problem::new(status, wrong.body_text()),
        })?;
        let by = asked.by.trim();
        if by.len() > NAME || by.chars().any(char::is_control) {
            return Err(Problem::wrong(format!("by has to be a name of up to {NAME} bytes")));
        }
        let who = match by {
            "" => format!("somebody at {}, over http", peer.0),
            by => format!("{by} at {}, over http", peer.0),
        };
        let scope = scope(asked.connection, asked.schema, asked.name)?;
        let (config, _) = app.known();
        let mut connections: Vec<String> =
            config.connections.iter().map(|c| c.name.clone()).collect();
        if !scope.connection.is_empty() {
            connections.retain(|name| *name == scope.connection);
        }
        if connections.is_empty() {
            let message = format!("there is no connection {}", scope.connection);
            return Err(Problem::not_found(message));
        }
        Ok(Self { scope, who, connections })
    }

    /// What is meant on each of the connections.
    fn scopes(&self) -> impl Iterator<Item = Scope> {
        let one =
            |connection: &String| Scope { connection: connection.clone(), ..self.scope.clone() };
        self.connections.iter().map(one)
    }

    async fn said(&self, app: &App, done: String) -> Answer {
        tracing::info!(who = %self.who, "{done}");
        app.forget().await;
        Ok(Json(Done { done }))
    }
}

/// Has daemons leave what is meant alone.
pub async fn pause(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    body: Body,
) -> Answer {
    let deed = Deed::read(&app, body, peer)?;
    app.ask(async |store| store.pause(&deed.scope, &deed.who).await).await?;
    let done = format!(
        "{} is paused: a run at work stops at the next chunk and keeps what it has",
        deed.scope
    );
    deed.said(&app, done).await
}

/// Ends pauses; a table that is named is put back into the queue if it was set aside.
pub async fn resume(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    body: Body,
) -> Answer {
    let deed = Deed::read(&app, body, peer)?;
    let (pauses, back) = app
        .ask(async |store| {
            let pauses = store.unpause(&deed.scope).await?;
            let mut back = 0;
            // Only what is named: what was set aside had its reasons.
            if !deed.scope.table.is_empty() {
                for scope in deed.scopes() {
                    back += store.bring_back(&scope).await?;
                }
            }
            Ok((pauses, back))
        })
        .await?;
    let done = match (pauses, back) {
        (0, 0) => format!("{} was neither paused nor set aside", deed.scope),
        (_, 0) => format!("{} is not paused any more", deed.scope),
        _ => format!("{} is back in the queue", deed.scope),
    };
    deed.said(&app, done).await
}

/// Has daemons give up what is meant.
pub async fn cancel(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    body: Body,
) -> Answer {
    let deed = Deed::read(&app, body, peer)?;
    let (asked, aside) = app
        .ask(async |store| {
            let (mut asked, mut aside) = (0, 0);
            for scope in deed.scopes() {
                let (more, set) = store.cancel(&scope, &deed.who).await?;
                (asked, aside) = (asked + more, aside + set);
            }
            Ok((asked, aside))
        })
        .await?;
    let done = match (asked, aside) {
        (0, 0) => format!("{}: nothing of it is queued", deed.scope),
        _ => format!(
            "{}: {asked} given up by whichever daemon has or claims them, {aside} set aside",
            deed.scope
        ),
    };
    deed.said(&app, done).await
}

/// Has connections measured now.
pub async fn evaluate(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    body: Body,
) -> Answer {
    let deed = Deed::read(&app, body, peer)?;
    if !deed.scope.table.is_empty() {
        return Err(Problem::wrong("whole connections are measured, not tables"));
    }
    app.ask(async |store| {
        for connection in &deed.connections {
            store.ask_evaluation(connection).await?;
        }
        Ok(())
    })
    .await?;
    let done = format!("{} will be measured in a moment", deed.scope);
    deed.said(&app, done).await
}
