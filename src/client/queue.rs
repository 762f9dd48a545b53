//! The review queue.

use super::{Client, ClientError, PageQuery};
use crate::api::page::Page;
use crate::api::queue::{ClaimNext, QueueItem};

impl Client {
    /// A page of the queue, sorted by priority unless the filter says otherwise.
    pub async fn queue(&self, page: &PageQuery) -> Result<Page<QueueItem>, ClientError> {
        self.get("/queue", &[]).page(page).value().await
    }

    /// Claims the most urgent submission that the caller may review; none where nothing waits.
    pub async fn claim_next(&self, q: Option<&str>) -> Result<Option<QueueItem>, ClientError> {
        let body = ClaimNext { q: q.map(str::to_owned) };
        self.post("/queue/claim-next", &[]).json(&body).maybe().await
    }
}
