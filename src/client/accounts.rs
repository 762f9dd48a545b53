//! The caller, accounts, tokens and authors.

use super::{Client, ClientError, Fetched, PageQuery, Seen};
use crate::api::accounts::{Account, AccountPatch, Author, Me, NewAccount, NewToken, Token, TokenCreated};
use crate::api::page::Page;

impl Client {
    /// Who the token speaks for.
    pub async fn me(&self) -> Result<Me, ClientError> {
        self.get("/me", &[]).value().await
    }

    /// The caller's tokens, without their secrets.
    pub async fn tokens(&self, page: &PageQuery) -> Result<Page<Token>, ClientError> {
        self.get("/tokens", &[]).page(page).value().await
    }

    /// Makes a token for the caller; its secret is shown this once.
    pub async fn create_token(&self, token: &NewToken) -> Result<TokenCreated, ClientError> {
        self.post("/tokens", &[]).json(token).value().await
    }

    /// Revokes one of the caller's tokens, at once.
    pub async fn revoke_token(&self, id: &str) -> Result<(), ClientError> {
        self.delete("/tokens/{id}", &[id]).done().await
    }

    /// Every account (administrators).
    pub async fn accounts(&self, page: &PageQuery) -> Result<Page<Account>, ClientError> {
        self.get("/accounts", &[]).page(page).value().await
    }

    /// Makes an account (administrators).
    pub async fn create_account(&self, account: &NewAccount) -> Result<Fetched<Account>, ClientError> {
        self.post("/accounts", &[]).json(account).fetch().await
    }

    /// One account, by id or name: the caller's own, or any for maintainers.
    pub async fn account(&self, id: &str) -> Result<Fetched<Account>, ClientError> {
        self.get("/accounts/{id}", &[id]).fetch().await
    }

    /// Changes role, verification or suspension (administrators).
    pub async fn edit_account(
        &self,
        id: &str,
        seen: Seen,
        patch: &AccountPatch,
    ) -> Result<Fetched<Account>, ClientError> {
        self.patch("/accounts/{id}", &[id]).if_match(seen).json(patch).fetch().await
    }

    /// Makes a token for another account (administrators); its secret is shown this once.
    pub async fn create_account_token(&self, id: &str, token: &NewToken) -> Result<TokenCreated, ClientError> {
        self.post("/accounts/{id}/tokens", &[id]).json(token).value().await
    }

    /// A page of those who own an extension, the best reputation first (maintainers).
    pub async fn authors(&self, page: &PageQuery) -> Result<Page<Author>, ClientError> {
        self.get("/authors", &[]).page(page).value().await
    }

    /// An author's reputation with its parts, at a moment (RFC 3339) or now; by id or name.
    pub async fn author(&self, id: &str, at: Option<&str>) -> Result<Author, ClientError> {
        self.get("/authors/{id}", &[id]).query_maybe("at", at).value().await
    }
}
