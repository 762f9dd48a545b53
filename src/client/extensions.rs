//! Extensions: details, packages, transfer, channel, restrictions. An extension is named by its id or its slug.

use super::{Client, ClientError, Fetched, PageQuery, Seen};
use crate::api::extensions::{
    Channel, Extension, ExtensionPatch, Imported, NewExtension, Reason, Restriction, Rollback, Spread, TransferOffer,
};
use crate::api::installations::InstalledOn;
use crate::api::page::Page;
use crate::domain::limits::PACKAGE_BYTES_MAX;

/// An exported package may be larger than the imported one: times and ids are added.
const EXPORT_BYTES_MAX: usize = 2 * PACKAGE_BYTES_MAX;

impl Client {
    /// The extensions that the caller may see.
    pub async fn extensions(&self, page: &PageQuery) -> Result<Page<Extension>, ClientError> {
        self.get("/extensions", &[]).page(page).value().await
    }

    /// One extension.
    pub async fn extension(&self, extension: &str) -> Result<Fetched<Extension>, ClientError> {
        self.get("/extensions/{extid}", &[extension]).fetch().await
    }

    /// Makes an extension without a version.
    pub async fn create_extension(&self, extension: &NewExtension) -> Result<Fetched<Extension>, ClientError> {
        self.post("/extensions", &[]).json(extension).fetch().await
    }

    /// Changes details, or lists and unlists.
    pub async fn edit_extension(
        &self,
        extension: &str,
        seen: Seen,
        patch: &ExtensionPatch,
    ) -> Result<Fetched<Extension>, ClientError> {
        self.patch("/extensions/{extid}", &[extension]).if_match(seen).json(patch).fetch().await
    }

    /// Deletes what was never published.
    pub async fn delete_extension(&self, extension: &str, seen: Seen) -> Result<(), ClientError> {
        self.delete("/extensions/{extid}", &[extension]).if_match(seen).done().await
    }

    /// The package (`.skypkg`): that number, or the newest that the caller may have.
    pub async fn export(&self, extension: &str, number: Option<&str>) -> Result<Vec<u8>, ClientError> {
        let call = self.get("/extensions/{extid}/export", &[extension]).query_maybe("number", number);
        Ok(call.at_most(EXPORT_BYTES_MAX).bytes().await?.value)
    }

    /// Imports a package (`.skypkg`) as a new extension of the caller's.
    pub async fn import(&self, package: Vec<u8>, slug: Option<&str>) -> Result<Imported, ClientError> {
        self.post("/extensions/import", &[]).query_maybe("slug", slug).document(package).value().await
    }

    /// Offers the extension to another account.
    pub async fn transfer(&self, extension: &str, to: &str, seen: Seen) -> Result<Fetched<Extension>, ClientError> {
        let offer = TransferOffer { to: to.to_owned() };
        self.post("/extensions/{extid}/transfer", &[extension]).if_match(seen).json(&offer).fetch().await
    }

    /// Takes an offered extension.
    pub async fn accept_transfer(&self, extension: &str) -> Result<Fetched<Extension>, ClientError> {
        self.post("/extensions/{extid}/transfer/accept", &[extension]).if_match(Seen::Nothing).fetch().await
    }

    /// Declines an offered extension.
    pub async fn decline_transfer(&self, extension: &str) -> Result<Fetched<Extension>, ClientError> {
        self.post("/extensions/{extid}/transfer/decline", &[extension]).if_match(Seen::Nothing).fetch().await
    }

    /// What the channel pointed at, newest first.
    pub async fn channel(&self, extension: &str) -> Result<Channel, ClientError> {
        self.get("/extensions/{extid}/channel", &[extension]).value().await
    }

    /// How far an extension has spread: what a rollback, a quarantine or a block of it reaches.
    pub async fn spread(&self, extension: &str) -> Result<Spread, ClientError> {
        self.get("/extensions/{extid}/spread", &[extension]).value().await
    }

    /// A page of the servers that have an extension (maintainers).
    pub async fn installed_with(&self, extension: &str, page: &PageQuery) -> Result<Page<InstalledOn>, ClientError> {
        self.get("/extensions/{extid}/installations", &[extension]).page(page).value().await
    }

    /// Points the stable channel back at an older published version.
    pub async fn roll_back(
        &self,
        extension: &str,
        seen: Seen,
        rollback: &Rollback,
    ) -> Result<Fetched<Extension>, ClientError> {
        self.post("/extensions/{extid}/rollback", &[extension]).if_match(seen).json(rollback).fetch().await
    }

    /// Keeps everybody new from getting it until it is looked into.
    pub async fn quarantine(
        &self,
        extension: &str,
        seen: Seen,
        restriction: &Restriction,
    ) -> Result<Fetched<Extension>, ClientError> {
        self.post("/extensions/{extid}/quarantine", &[extension]).if_match(seen).json(restriction).fetch().await
    }

    /// Lifts a quarantine or a block.
    pub async fn release_extension(
        &self,
        extension: &str,
        seen: Seen,
        reason: &Reason,
    ) -> Result<Fetched<Extension>, ClientError> {
        self.post("/extensions/{extid}/release", &[extension]).if_match(seen).json(reason).fetch().await
    }

    /// Stops it everywhere.
    pub async fn block(
        &self,
        extension: &str,
        seen: Seen,
        restriction: &Restriction,
    ) -> Result<Fetched<Extension>, ClientError> {
        self.post("/extensions/{extid}/block", &[extension]).if_match(seen).json(restriction).fetch().await
    }
}
