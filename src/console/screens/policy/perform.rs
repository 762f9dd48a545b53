//! Asks the server what the screen of the policy wants to know.

use super::effect::{Effect, Reply};
use crate::api::policy::{NewPlan, PolicyRevision};
use crate::client::{Client, ClientError, PageQuery};
use crate::console::perform::failure;

/// Rows of one page.
const PAGE_ROWS: usize = 50;

/// Does one effect.
pub async fn answer(client: &Client, effect: Effect) -> Reply {
    match effect {
        Effect::InForce { generation } => {
            let answer = client.policy().await.map(|fetched| Box::new(fetched.value)).map_err(failure);
            Reply::InForce { generation, answer }
        }
        Effect::Revisions { generation, cursor } => {
            let further = cursor.is_some();
            let page = PageQuery { cursor, limit: Some(PAGE_ROWS), ..PageQuery::default() };
            Reply::Revisions { generation, further, answer: client.policy_revisions(&page).await.map_err(failure) }
        }
        Effect::Explain { field } => {
            Reply::Explained(client.explain_policy(&field, None, None).await.map(Box::new).map_err(failure))
        }
        Effect::Plan { asked, document, revision, reason } => {
            let new = NewPlan { document, revision, reason };
            Reply::Planned { asked, answer: client.plan_policy(&new).await.map(Box::new).map_err(failure) }
        }
        Effect::Apply { plan, base } => {
            Reply::Applied(client.apply_policy(&plan, base).await.map(Box::new).map_err(failure))
        }
        Effect::Revision { number, against } => {
            Reply::Revisioned(both(client, number, against).await.map(Box::new).map_err(failure))
        }
    }
}

async fn both(client: &Client, one: i64, other: i64) -> Result<(PolicyRevision, PolicyRevision), ClientError> {
    let one = client.policy_revision(one).await?.value;
    Ok((one, client.policy_revision(other).await?.value))
}
