//! Points, purchases, sales and grants on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What is to be bought, at which price.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NewPurchase {
    /// The price that was shown; another one than the extension has is refused.
    pub price_points: u64,
}

/// One purchase.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Purchase {
    /// Its id.
    pub id: String,
    /// What was bought.
    pub extension_id: String,
    /// Its slug.
    pub slug: String,
    /// The buyer's account.
    pub buyer_id: String,
    /// The buyer's name.
    pub buyer: String,
    /// The account that sold it.
    pub author_id: String,
    /// The author's name.
    pub author: String,
    /// What was paid.
    pub price_points: u64,
    /// The author's part of it.
    pub author_points: u64,
    /// The author's share in percent, as it was then.
    pub share_percent: u8,
    /// When it was bought.
    pub at: String,
    /// Until when it can be taken back.
    pub refundable_until: String,
    /// When it was taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refunded_at: Option<String>,
}

/// How many points there are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Points {
    /// The account.
    pub account_id: String,
    /// Its name.
    pub account: String,
    /// What it has; below zero where it owes what a refund took back.
    pub balance: i64,
    /// Points that were ever granted, for administrators.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued: Option<i64>,
    /// What the marketplace has of its share, for administrators.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub market: Option<i64>,
}

/// Points for an account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PointsGrant {
    /// Who gets them, by name or id.
    pub account: String,
    /// How many: 1 to 1,000,000,000,000.
    pub points: u64,
    /// What for, at most 500 characters.
    pub reason: String,
}

/// An account after it was granted points.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PointsGranted {
    /// The account.
    pub account_id: String,
    /// Its name.
    pub account: String,
    /// What it has now.
    pub balance: i64,
    /// The entry of the ledger.
    pub entry_id: String,
}

/// One line of an account's statement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StatementLine {
    /// Counts the account's lines from 1.
    pub n: i64,
    /// When.
    pub at: String,
    /// `grant`, `purchase` or `refund`.
    pub kind: String,
    /// How many points came; negative where they went.
    pub points: i64,
    /// What the account had then.
    pub balance: i64,
    /// What was bought or taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// The purchase, for its buyer and administrators.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purchase_id: Option<String>,
    /// Why, where somebody said so.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Who did it, for those whom that concerns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The entry of the ledger.
    pub entry_id: String,
}

/// What was sold and taken back, added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Takings {
    /// Purchases.
    pub sold: i64,
    /// Their prices together.
    pub sold_points: i64,
    /// Refunds.
    pub refunded: i64,
    /// Their prices together.
    pub refunded_points: i64,
    /// What the author has of it: his parts of what was sold, less those of what was taken back.
    pub author_points: i64,
    /// What the marketplace has of it.
    pub market_points: i64,
}

/// What one extension sold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ExtensionSales {
    /// The extension.
    pub extension_id: String,
    /// Its slug.
    pub slug: String,
    /// What it sold.
    pub takings: Takings,
}

/// What was sold on one day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DaySales {
    /// The day in UTC, such as `2026-01-31`.
    pub day: String,
    /// What was sold.
    pub takings: Takings,
}

/// What was sold in a range of time: purchases count when they were made, refunds when they were.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Sales {
    /// The first moment.
    pub from: String,
    /// The first moment that does not count any more.
    pub to: String,
    /// All of it together.
    pub sum: Takings,
    /// By extension, the best first; at most 100.
    pub extensions: Vec<ExtensionSales>,
    /// By day, oldest first; days without any are left out.
    pub days: Vec<DaySales>,
}

/// What lets an instance run a premium extension on a server without asking again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Grant {
    /// `skygrant1.….…`: signed, to be kept and verified with the marketplace's public key.
    pub grant: String,
    /// The extension.
    pub extension_id: String,
    /// The server.
    pub server_id: String,
    /// When it was signed.
    pub issued_at: String,
    /// From when on it is good for nothing.
    pub expires_at: String,
}

/// What grants are verified with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct GrantPublicKey {
    /// `Ed25519`.
    pub algorithm: String,
    /// The key's 32 bytes in base64.
    pub public_key: String,
    /// The fingerprint that grants name it by.
    pub fingerprint: String,
}
