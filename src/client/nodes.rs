//! The servers of a marketplace.

use super::{Client, ClientError};
use crate::api::nodes::Node;
use crate::api::page::Page;

impl Client {
    /// Every server that shares the marketplace's database (administrators).
    pub async fn nodes(&self) -> Result<Page<Node>, ClientError> {
        self.get("/nodes", &[]).value().await
    }
}
