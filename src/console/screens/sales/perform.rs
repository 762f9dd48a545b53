//! Asks the server what the screen of sales wants to know.

use super::effect::{Effect, Reply};
use crate::client::{Client, PageQuery, SalesQuery};
use crate::console::perform::failure;

/// Rows of one page.
const PAGE_ROWS: usize = 100;

/// Does one effect.
pub async fn answer(client: &Client, effect: Effect) -> Reply {
    let page = |cursor: Option<String>| PageQuery { cursor, limit: Some(PAGE_ROWS), ..PageQuery::default() };
    match effect {
        Effect::Points { generation } => {
            Reply::Points { generation, answer: client.points(None).await.map_err(failure) }
        }
        Effect::Sales { generation, author, from } => {
            let query = SalesQuery { author: author.map(str::to_owned), from: Some(from), to: None };
            Reply::Sales { generation, answer: client.sales(&query).await.map(Box::new).map_err(failure) }
        }
        Effect::Statement { generation, account, cursor } => {
            let further = cursor.is_some();
            let answer = client.statement(account, &page(cursor)).await.map_err(failure);
            Reply::Statement { generation, further, answer }
        }
        Effect::Purchases { generation, cursor } => {
            let further = cursor.is_some();
            let answer = client.purchases(None, &page(cursor)).await.map_err(failure);
            Reply::Purchases { generation, further, answer }
        }
        Effect::Refund { purchase, reason } => {
            Reply::Refunded(client.refund(&purchase, &reason).await.map(Box::new).map_err(failure))
        }
    }
}
