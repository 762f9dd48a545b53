//! Points, purchases, sales, and the grants of instances.

use super::{Client, ClientError, PageQuery};
use crate::api::extensions::Reason;
use crate::api::page::Page;
use crate::api::purchases::{
    Grant, GrantPublicKey, NewPurchase, Points, PointsGrant, PointsGranted, Purchase, Sales, StatementLine,
};

/// Whose sales are asked for, and when.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SalesQuery {
    /// An account's name or id, or `all` (administrators); one's own where absent.
    pub author: Option<String>,
    /// The first day or moment.
    pub from: Option<String>,
    /// The day or moment that does not count any more.
    pub to: Option<String>,
}

impl Client {
    /// Buys an extension at the price that was shown; the same key buys once.
    pub async fn purchase(&self, extension: &str, price_points: u64, key: &str) -> Result<Purchase, ClientError> {
        let new = NewPurchase { price_points };
        self.post("/extensions/{extid}/purchase", &[extension]).keyed(key).json(&new).value().await
    }

    /// What an account bought, newest first; one's own where none is named.
    pub async fn purchases(&self, account: Option<&str>, page: &PageQuery) -> Result<Page<Purchase>, ClientError> {
        self.get("/purchases", &[]).query_maybe("account", account).page(page).value().await
    }

    /// One purchase.
    pub async fn find_purchase(&self, id: &str) -> Result<Purchase, ClientError> {
        self.get("/purchases/{id}", &[id]).value().await
    }

    /// Takes a purchase back.
    pub async fn refund(&self, id: &str, reason: &str) -> Result<Purchase, ClientError> {
        let reason = Reason { reason: reason.to_owned() };
        self.post("/purchases/{id}/refund", &[id]).json(&reason).value().await
    }

    /// How many points an account has; one's own where none is named.
    pub async fn points(&self, account: Option<&str>) -> Result<Points, ClientError> {
        self.get("/points", &[]).query_maybe("account", account).value().await
    }

    /// Grants points to an account (administrators).
    pub async fn grant_points(&self, grant: &PointsGrant) -> Result<PointsGranted, ClientError> {
        self.post("/points/grants", &[]).json(grant).value().await
    }

    /// The statement of an account, of `issued` or of `market`, newest first; one's own where none is named.
    pub async fn statement(&self, account: Option<&str>, page: &PageQuery) -> Result<Page<StatementLine>, ClientError> {
        self.get("/ledger", &[]).query_maybe("account", account).page(page).value().await
    }

    /// What an account sold, by extension and by day.
    pub async fn sales(&self, query: &SalesQuery) -> Result<Sales, ClientError> {
        self.get("/sales", &[])
            .query_maybe("author", query.author.as_deref())
            .query_maybe("from", query.from.as_deref())
            .query_maybe("to", query.to.as_deref())
            .value()
            .await
    }

    /// What an extension sold, by day.
    pub async fn sales_of(&self, extension: &str, from: Option<&str>, to: Option<&str>) -> Result<Sales, ClientError> {
        self.get("/extensions/{extid}/sales", &[extension])
            .query_maybe("from", from)
            .query_maybe("to", to)
            .value()
            .await
    }

    /// What lets an instance run a premium extension without asking again.
    pub async fn grant(&self, installation: &str) -> Result<Grant, ClientError> {
        self.get("/installations/{id}/grant", &[installation]).value().await
    }

    /// What grants are verified with.
    pub async fn grant_key(&self) -> Result<GrantPublicKey, ClientError> {
        self.get("/grants/key", &[]).value().await
    }
}
