//! Dry runs on the server, and the server's health.

use std::time::Duration;

use super::{Client, ClientError};
use crate::api::runs::{NewDryRun, RunReport};

/// A dry run waits for its turn and then for the wall clock of the policy.
const RUN_TIMEOUT: Duration = Duration::from_mins(1);
/// Time for a health check.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(3);

impl Client {
    /// Runs code that the server holds under the policy's caps.
    pub async fn dry_run(&self, run: &NewDryRun) -> Result<RunReport, ClientError> {
        self.post("/dry-runs", &[]).json(run).patient(RUN_TIMEOUT).value().await
    }

    /// Whether the server is alive.
    pub async fn healthz(&self) -> Result<(), ClientError> {
        self.get("/healthz", &[]).patient(HEALTH_TIMEOUT).done().await
    }

    /// Whether its database and its blobs answer.
    pub async fn readyz(&self) -> Result<(), ClientError> {
        self.get("/readyz", &[]).patient(HEALTH_TIMEOUT).done().await
    }

    /// The numbers of the server as Prometheus text.
    pub async fn metrics(&self) -> Result<String, ClientError> {
        let bytes = self.get("/metrics", &[]).bytes().await?.value;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The OpenAPI 3.1 document.
    pub async fn openapi(&self) -> Result<serde_json::Value, ClientError> {
        self.get("/openapi.json", &[]).value().await
    }
}
