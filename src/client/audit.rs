//! The audit log.

use std::time::Duration;

use super::{Client, ClientError, PageQuery};
use crate::api::audit::{AuditHead, AuditRow, AuditVerdict};
use crate::api::page::Page;

/// A verification reads the whole log.
const VERIFY_TIMEOUT: Duration = Duration::from_mins(5);

/// Which rows of the log; a field left out admits all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// An action, such as `review.approve`.
    pub action: Option<String>,
    /// Who acted, by name or id.
    pub actor: Option<String>,
    /// What it was done to, as `KIND:ID`.
    pub subject: Option<String>,
}

impl Client {
    /// A page of the log, newest first (maintainers).
    pub async fn audit(&self, rows: &AuditQuery, page: &PageQuery) -> Result<Page<AuditRow>, ClientError> {
        let call = self.get("/audit", &[]).query_maybe("action", rows.action.as_deref());
        let call = call.query_maybe("actor", rows.actor.as_deref());
        call.query_maybe("subject", rows.subject.as_deref()).page(page).value().await
    }

    /// The newest row's number and MAC.
    pub async fn audit_head(&self) -> Result<AuditHead, ClientError> {
        self.get("/audit/head", &[]).value().await
    }

    /// Computes the whole chain anew; `head` is one noted down earlier (`NUMBER:MAC`), to find a cut.
    pub async fn verify_audit(&self, head: Option<&str>) -> Result<AuditVerdict, ClientError> {
        self.get("/audit/verify", &[]).query_maybe("head", head).patient(VERIFY_TIMEOUT).value().await
    }
}
