//! The policy: read, planned, applied, taken back, explained; and what servers override.

use super::{Client, ClientError, Fetched, PageQuery, Seen};
use crate::api::page::Page;
use crate::api::policy::{
    ApplyPlan, Explanation, NewPlan, NewServerPolicy, Plan, PolicyApplied, PolicyRevision, RevertPolicy, ServerPolicy,
    ServerPolicyApplied,
};

impl Client {
    /// The policy in force.
    pub async fn policy(&self) -> Result<Fetched<PolicyRevision>, ClientError> {
        self.get("/policy", &[]).fetch().await
    }

    /// Every revision of the policy, newest first (maintainers).
    pub async fn policy_revisions(&self, page: &PageQuery) -> Result<Page<PolicyRevision>, ClientError> {
        self.get("/policy/revisions", &[]).page(page).value().await
    }

    /// One revision of the policy (maintainers).
    pub async fn policy_revision(&self, number: i64) -> Result<Fetched<PolicyRevision>, ClientError> {
        self.get("/policy/revisions/{n}", &[&number.to_string()]).fetch().await
    }

    /// Reckons what a draft would change (administrators).
    pub async fn plan_policy(&self, plan: &NewPlan) -> Result<Plan, ClientError> {
        self.post("/policy/plan", &[]).json(plan).value().await
    }

    /// One plan (administrators).
    pub async fn policy_plan(&self, id: &str) -> Result<Plan, ClientError> {
        self.get("/policy/plans/{id}", &[id]).value().await
    }

    /// Puts a plan in force; `base` is the revision that was seen (administrators).
    pub async fn apply_policy(&self, plan: &str, base: i64) -> Result<PolicyApplied, ClientError> {
        let body = ApplyPlan { plan: plan.to_owned() };
        self.post("/policy/apply", &[]).if_match(Seen::Revision(base)).json(&body).value().await
    }

    /// Goes back to an earlier revision; `base` is the revision that was seen (administrators).
    pub async fn revert_policy(&self, to: i64, reason: &str, base: i64) -> Result<PolicyApplied, ClientError> {
        let body = RevertPolicy { revision: to, reason: reason.to_owned() };
        self.post("/policy/revert", &[]).if_match(Seen::Revision(base)).json(&body).value().await
    }

    /// What one field is, for a server and an extension where they are named.
    pub async fn explain_policy(
        &self,
        field: &str,
        server: Option<&str>,
        extension: Option<&str>,
    ) -> Result<Explanation, ClientError> {
        let call = self.get("/policy/explain", &[]).query("field", field);
        call.query_maybe("server", server).query_maybe("extension", extension).value().await
    }

    /// What a server overrides, and what is in force there.
    pub async fn server_policy(&self, server: &str) -> Result<Fetched<ServerPolicy>, ClientError> {
        self.get("/servers/{id}/policy", &[server]).fetch().await
    }

    /// Sets what a server overrides; `seen` is the revision that was read, 0 where there was none.
    pub async fn put_server_policy(
        &self,
        server: &str,
        policy: &NewServerPolicy,
        seen: i64,
    ) -> Result<Fetched<ServerPolicy>, ClientError> {
        self.put("/servers/{id}/policy", &[server]).if_match(Seen::Revision(seen)).json(policy).fetch().await
    }

    /// Reckons what a draft of a server's override would change there.
    pub async fn plan_server_policy(&self, server: &str, draft: &NewServerPolicy) -> Result<Plan, ClientError> {
        self.post("/servers/{id}/policy/plan", &[server]).json(draft).value().await
    }

    /// One plan of what a server overrides.
    pub async fn server_policy_plan(&self, server: &str, plan: &str) -> Result<Plan, ClientError> {
        self.get("/servers/{id}/policy/plans/{plan}", &[server, plan]).value().await
    }

    /// Puts a planned override in force; `base` is the revision that was seen, 0 where there was none.
    pub async fn apply_server_policy(
        &self,
        server: &str,
        plan: &str,
        base: i64,
    ) -> Result<ServerPolicyApplied, ClientError> {
        let body = ApplyPlan { plan: plan.to_owned() };
        self.post("/servers/{id}/policy/apply", &[server]).if_match(Seen::Revision(base)).json(&body).value().await
    }
}
