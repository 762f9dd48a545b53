//! Servers, instances and installations.

use super::{Client, ClientError, Fetched, PageQuery, Seen};
use crate::api::extensions::Reason;
use crate::api::installations::{
    Acknowledgement, Config, Consent, Consents, FlagOverrides, FlagSettings, Flags, Installation, InstallationDetail,
    InstallationOffer, InstallationPatch, InstallationUpdate, Installations, NewInstallation, NewSecret, Removed,
    Revocation, Rollout, RolloutPatch, Secret, SecretTaken, Secrets, Usage, VersionFlags,
};
use crate::api::instances::{
    Announced, Announcement, Confirmation, Heard, Instance, InstanceCreated, NewInstance, Notices, UsageCounted,
    UsageReport,
};
use crate::api::page::Page;
use crate::api::servers::{Server, ServerDescription, ServerPatch};

impl Client {
    /// The servers that the caller owns, manages or serves; all of them for maintainers.
    pub async fn servers(&self, page: &PageQuery) -> Result<Page<Server>, ClientError> {
        self.get("/servers", &[]).page(page).value().await
    }

    /// One server, by its id here or on the chat platform.
    pub async fn chat_server(&self, id: &str) -> Result<Fetched<Server>, ClientError> {
        self.get("/servers/{id}", &[id]).fetch().await
    }

    /// Makes a server known, or describes it anew (instances).
    pub async fn describe_server(&self, guild: &str, server: &ServerDescription) -> Result<Server, ClientError> {
        self.put("/servers/{id}", &[guild]).json(server).value().await
    }

    /// Changes managers, tier or instance of a server.
    pub async fn edit_server(&self, id: &str, seen: Seen, patch: &ServerPatch) -> Result<Fetched<Server>, ClientError> {
        self.patch("/servers/{id}", &[id]).if_match(seen).json(patch).fetch().await
    }

    /// What waits for the consent of a server's owner.
    pub async fn consents(&self, server: &str) -> Result<Consents, ClientError> {
        self.get("/servers/{id}/consents", &[server]).value().await
    }

    /// Everything on a server.
    pub async fn installed_on(&self, server: &str) -> Result<Installations, ClientError> {
        self.get("/servers/{id}/installations", &[server]).value().await
    }

    /// What installing an extension would bring to a server.
    pub async fn installation_offer(
        &self,
        server: &str,
        extension: &str,
        number: Option<&str>,
    ) -> Result<InstallationOffer, ClientError> {
        self.get("/servers/{id}/offers/{extid}", &[server, extension]).query_maybe("number", number).value().await
    }

    /// Installs an extension.
    pub async fn install(&self, server: &str, new: &NewInstallation) -> Result<Installation, ClientError> {
        self.post("/servers/{id}/installations", &[server]).json(new).value().await
    }

    /// An extension on a server, with what happened to it.
    pub async fn installation_on(
        &self,
        server: &str,
        extension: &str,
    ) -> Result<Fetched<InstallationDetail>, ClientError> {
        self.get("/servers/{id}/installations/{extid}", &[server, extension]).fetch().await
    }

    /// An installation, with what happened to it.
    pub async fn installation(&self, id: &str) -> Result<Fetched<InstallationDetail>, ClientError> {
        self.get("/installations/{id}", &[id]).fetch().await
    }

    /// Says whether updates come by themselves.
    pub async fn follow(
        &self,
        server: &str,
        extension: &str,
        seen: Seen,
        patch: &InstallationPatch,
    ) -> Result<Installation, ClientError> {
        self.patch("/servers/{id}/installations/{extid}", &[server, extension]).if_match(seen).json(patch).value().await
    }

    /// Removes an extension from a server.
    pub async fn uninstall(&self, server: &str, extension: &str, seen: Seen) -> Result<Removed, ClientError> {
        self.delete("/servers/{id}/installations/{extid}", &[server, extension]).if_match(seen).value().await
    }

    /// Grants a version what it asks for, or declines it.
    pub async fn consent(&self, id: &str, seen: Seen, answer: &Consent) -> Result<Installation, ClientError> {
        self.post("/installations/{id}/consent", &[id]).if_match(seen).json(answer).value().await
    }

    /// Takes scopes back.
    pub async fn revoke_scopes(&self, id: &str, revoked: &Revocation) -> Result<Installation, ClientError> {
        self.post("/installations/{id}/revoke", &[id]).json(revoked).value().await
    }

    /// Brings another version to a server.
    pub async fn update_installation(&self, id: &str, to: &InstallationUpdate) -> Result<Installation, ClientError> {
        self.post("/installations/{id}/update", &[id]).json(to).value().await
    }

    /// Brings back the version that a server had before.
    pub async fn roll_installation_back(&self, id: &str, reason: &str) -> Result<Installation, ClientError> {
        let reason = Reason { reason: reason.to_owned() };
        self.post("/installations/{id}/rollback", &[id]).json(&reason).value().await
    }

    /// Lets run what was stopped, or keeps what was to be removed.
    pub async fn enable(&self, id: &str) -> Result<Installation, ClientError> {
        self.post("/installations/{id}/enable", &[id]).value().await
    }

    /// Stops an installation.
    pub async fn disable(&self, id: &str, reason: &str) -> Result<Installation, ClientError> {
        let reason = Reason { reason: reason.to_owned() };
        self.post("/installations/{id}/disable", &[id]).json(&reason).value().await
    }

    /// Says what an instance did for an attempt.
    pub async fn acknowledge(&self, id: &str, done: &Acknowledgement) -> Result<Installation, ClientError> {
        self.post("/installations/{id}/acknowledge", &[id]).json(done).value().await
    }

    /// The configuration of an installation.
    pub async fn config(&self, id: &str) -> Result<Fetched<Config>, ClientError> {
        self.get("/installations/{id}/config", &[id]).fetch().await
    }

    /// Sets the configuration of an installation.
    pub async fn configure(
        &self,
        id: &str,
        seen: Seen,
        document: &serde_json::Value,
    ) -> Result<Fetched<Config>, ClientError> {
        self.put("/installations/{id}/config", &[id]).if_match(seen).json(document).fetch().await
    }

    /// The feature flags of an installation.
    pub async fn flags(&self, id: &str) -> Result<Flags, ClientError> {
        self.get("/installations/{id}/flags", &[id]).value().await
    }

    /// Sets feature flags for one server.
    pub async fn set_flags(&self, id: &str, flags: &FlagOverrides) -> Result<Installation, ClientError> {
        self.put("/installations/{id}/flags", &[id]).json(flags).value().await
    }

    /// The feature flags of a version, before any server is asked.
    pub async fn version_flags(&self, extension: &str, number: &str) -> Result<FlagSettings, ClientError> {
        self.get("/extensions/{extid}/versions/{number}/flags", &[extension, number]).value().await
    }

    /// Sets the feature flags of a version.
    pub async fn set_version_flags(
        &self,
        extension: &str,
        number: &str,
        flags: &VersionFlags,
    ) -> Result<(), ClientError> {
        self.put("/extensions/{extid}/versions/{number}/flags", &[extension, number]).json(flags).done().await
    }

    /// What an installation used.
    pub async fn usage_of(&self, id: &str) -> Result<Usage, ClientError> {
        self.get("/installations/{id}/usage", &[id]).value().await
    }

    /// How an update is being brought to the servers.
    pub async fn rollout(&self, extension: &str) -> Result<Fetched<Rollout>, ClientError> {
        self.get("/extensions/{extid}/rollout", &[extension]).fetch().await
    }

    /// Sets the ring of a rollout, holds it up, or lets it go on.
    pub async fn set_rollout(
        &self,
        extension: &str,
        seen: Seen,
        patch: &RolloutPatch,
    ) -> Result<Fetched<Rollout>, ClientError> {
        self.patch("/extensions/{extid}/rollout", &[extension]).if_match(seen).json(patch).fetch().await
    }

    /// What every instance with an extension was told, and how many confirmed it.
    pub async fn notices(&self, extension: &str) -> Result<Notices, ClientError> {
        self.get("/extensions/{extid}/notices", &[extension]).value().await
    }

    /// Every instance (maintainers).
    pub async fn instances(&self, page: &PageQuery) -> Result<Page<Instance>, ClientError> {
        self.get("/instances", &[]).page(page).value().await
    }

    /// Makes an instance; its token is shown this once (administrators).
    pub async fn create_instance(&self, new: &NewInstance) -> Result<InstanceCreated, ClientError> {
        self.post("/instances", &[]).json(new).value().await
    }

    /// One instance.
    pub async fn instance(&self, id: &str) -> Result<Fetched<Instance>, ClientError> {
        self.get("/instances/{id}", &[id]).fetch().await
    }

    /// Says what an instance can run.
    pub async fn announce(&self, id: &str, said: &Announcement) -> Result<Announced, ClientError> {
        self.put("/instances/{id}", &[id]).json(said).value().await
    }

    /// Says that an instance is there.
    pub async fn heartbeat(&self, id: &str) -> Result<Heard, ClientError> {
        self.post("/instances/{id}/heartbeat", &[id]).value().await
    }

    /// Takes note of a rollback, a quarantine or a block.
    pub async fn confirm(&self, id: &str, note: &Confirmation) -> Result<(), ClientError> {
        self.post("/instances/{id}/acknowledge", &[id]).json(note).done().await
    }

    /// Reports what installations used.
    pub async fn report_usage(&self, id: &str, report: &UsageReport) -> Result<UsageCounted, ClientError> {
        self.post("/instances/{id}/usage", &[id]).json(report).value().await
    }

    /// A page of everything that an instance has to run or to bring about.
    pub async fn run_by(&self, id: &str, page: &PageQuery) -> Result<Page<Installation>, ClientError> {
        self.get("/instances/{id}/installations", &[id]).page(page).value().await
    }

    /// The secrets of an installation, without what they are.
    pub async fn secrets(&self, id: &str) -> Result<Secrets, ClientError> {
        self.get("/installations/{id}/secrets", &[id]).value().await
    }

    /// Sets a secret.
    pub async fn set_secret(&self, id: &str, name: &str, secret: &NewSecret) -> Result<Secret, ClientError> {
        self.put("/installations/{id}/secrets/{name}", &[id, name]).json(secret).value().await
    }

    /// Removes a secret.
    pub async fn remove_secret(&self, id: &str, name: &str) -> Result<(), ClientError> {
        self.delete("/installations/{id}/secrets/{name}", &[id, name]).done().await
    }

    /// Takes a secret out (the instance that serves the server).
    pub async fn take_secret(&self, id: &str, name: &str) -> Result<SecretTaken, ClientError> {
        self.post("/installations/{id}/secrets/{name}/take", &[id, name]).value().await
    }
}
