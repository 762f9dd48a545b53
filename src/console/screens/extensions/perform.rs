//! Does what this screen asks against the server.

use super::ask::{Ask, Told};
use super::order::{Order, Verb};
use super::{Facts, FlagsOf, PAGE_ROWS, VersionRow};
use crate::api::extensions::{Reason, Restriction, Rollback};
use crate::api::installations::RolloutPatch;
use crate::api::versions::Version;
use crate::client::{Client, ClientError, PageQuery, Seen};
use crate::console::perform::failure;
use crate::domain::time::Timestamp;

/// Pages of versions that are read; what is older is not shown.
const VERSION_PAGES_MAX: usize = 10;

/// Does it.
pub async fn answer(client: &Client, ask: Ask) -> Told {
    match ask {
        Ask::Catalogue { generation, query, cursor } => {
            let q = (!query.is_empty()).then_some(query);
            let page = PageQuery { q, ..page_at(cursor.clone()) };
            Told::Catalogue { generation, cursor, answer: client.extensions(&page).await.map_err(failure) }
        }
        Ask::Facts { id } => {
            let answer = facts(client, &id).await.map(Box::new).map_err(failure);
            Told::Facts { id, answer }
        }
        Ask::Installed { id, cursor } => {
            let answer = client.installed_with(&id, &page_at(cursor.clone())).await.map_err(failure);
            Told::Installed { id, cursor, answer }
        }
        Ask::Flags { id, number } => {
            let answer = flags(client, &id, number).await.map_err(failure);
            Told::Flags { id, answer }
        }
        Ask::SetFlags { id, number, flags: set } => {
            let answer = match client.set_version_flags(&id, &number, &set).await {
                Ok(()) => flags(client, &id, number).await,
                Err(error) => Err(error),
            };
            Told::Flags { id, answer: answer.map_err(failure) }
        }
        Ask::Do(order) => {
            let answer = carry_out(client, &order).await.map_err(failure);
            Told::Done { order, answer }
        }
    }
}

fn page_at(cursor: Option<String>) -> PageQuery {
    PageQuery { cursor, limit: Some(PAGE_ROWS), ..PageQuery::default() }
}

async fn facts(client: &Client, id: &str) -> Result<Facts, ClientError> {
    let (extension, versions, channel, spread, rollout, notices) = tokio::join!(
        client.extension(id),
        versions(client, id),
        client.channel(id),
        client.spread(id),
        client.rollout(id),
        client.notices(id),
    );
    Ok(Facts {
        extension: extension?.value,
        versions: versions?,
        channel: channel?.items,
        spread: if_told(spread)?,
        rollout: if_told(rollout)?.map(|fetched| fetched.value),
        notices: if_told(notices)?.map(|notices| notices.items).unwrap_or_default(),
    })
}

/// What only its owner and maintainers are told is nothing for others.
fn if_told<T>(answer: Result<T, ClientError>) -> Result<Option<T>, ClientError> {
    match answer {
        Err(error) if error.status() == Some(404) => Ok(None),
        other => other.map(Some),
    }
}

async fn versions(client: &Client, id: &str) -> Result<Vec<VersionRow>, ClientError> {
    let (mut rows, mut cursor) = (Vec::new(), None);
    for _ in 0..VERSION_PAGES_MAX {
        let page = client.versions(id, &page_at(cursor)).await?;
        rows.extend(page.items.into_iter().map(version));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    Ok(rows)
}

fn version(version: Version) -> VersionRow {
    let time = |text: &str| text.parse::<Timestamp>().unwrap_or_default();
    VersionRow {
        published_at: version.published_at.as_deref().map(time),
        created_at: time(&version.created_at),
        id: version.id,
        number: version.number,
        stage: version.stage,
        yanked: version.yanked,
        scopes: version.scopes,
        kinds: version.kinds,
        runtime: version.runtime,
        md5: version.md5,
        sha256: version.sha256,
        bytes: version.bytes,
        revision: version.revision,
    }
}

async fn flags(client: &Client, id: &str, number: String) -> Result<FlagsOf, ClientError> {
    let settings = client.version_flags(id, &number).await?;
    Ok(FlagsOf { number, items: settings.items })
}

async fn carry_out(client: &Client, order: &Order) -> Result<(), ClientError> {
    let (id, seen) = (order.id.as_str(), Seen::Revision(order.revision));
    let number = order.number.clone().unwrap_or_default();
    let reason = order.reason.clone();
    let patch = |ring, paused| RolloutPatch { ring, paused };
    match order.verb {
        Verb::RollBack => client.roll_back(id, seen, &Rollback { number, reason }).await.map(drop),
        Verb::Quarantine => client.quarantine(id, seen, &restriction(order)).await.map(drop),
        Verb::Block => client.block(id, seen, &restriction(order)).await.map(drop),
        Verb::Release => client.release_extension(id, seen, &Reason { reason }).await.map(drop),
        Verb::Yank => client.yank(id, &number, seen, &Reason { reason }).await.map(drop),
        Verb::Unyank => client.unyank(id, &number, seen).await.map(drop),
        Verb::Pause => client.set_rollout(id, seen, &patch(None, Some(reason))).await.map(drop),
        Verb::Resume => client.set_rollout(id, seen, &patch(None, Some(String::new()))).await.map(drop),
        Verb::Widen => client.set_rollout(id, seen, &patch(order.ring.clone(), None)).await.map(drop),
    }
}

fn restriction(order: &Order) -> Restriction {
    Restriction { reason: order.reason.clone(), range: order.number.as_ref().map(|number| format!("={number}")) }
}
