//! The demo's premium extensions: what they cost, and how servers' owners came to the points that they pay with.

use super::guilds::GuildDeed;
use super::servers::Server;
use super::story::{DAY_MS, HOUR_MS};
use super::teller::{Teller, extension};
use crate::domain::extension::Tier;
use crate::domain::time::Timestamp;
use crate::market::{self, IfMatch, Refused};
use crate::store::{Tx, purchases};

/// What one extension costs.
pub struct Price {
    /// The extension.
    pub slug: &'static str,
    /// How many hours ago it began to cost that.
    pub hours: i64,
    /// The price.
    pub points: u64,
}

/// What costs anything; each before anybody had it.
pub const PRICES: &[Price] = &[
    Price { slug: "sea-chart", hours: 24 * 87 + 12, points: 180 },
    Price { slug: "digest", hours: 24 * 49, points: 120 },
    Price { slug: "bookshelf", hours: 24 * 34, points: 45 },
];

/// Points that the owner of a server gets with its coming, and again when they run out.
const POINTS: u64 = 400;

/// The purchase that was taken back: the first of this extension that was made less than this long ago.
const TAKEN_BACK: (&str, i64) = ("bookshelf", 20 * DAY_MS);

/// The steps that set prices, each with how long ago it was.
pub fn steps() -> impl Iterator<Item = (i64, GuildDeed)> {
    PRICES.iter().map(|price| (price.hours * HOUR_MS, GuildDeed::Price(price)))
}

impl Teller {
    /// An author asks a price from now on.
    ///
    /// # Errors
    /// [`Refused`], naming what the marketplace did not accept.
    pub fn price(&mut self, tx: &mut Tx, price: &Price, now: Timestamp) -> Result<(), Refused> {
        let owner = super::catalogue::entry(price.slug).map_or("", |entry| entry.owner);
        let act = self.act(tx, owner, now)?;
        let edit = market::Edit {
            extension: extension(price.slug)?,
            if_match: IfMatch::Any,
            name: None,
            description: None,
            tags: None,
            tier: Some(Tier::Premium { price_points: price.points }),
            listing: None,
        };
        market::edit(tx, &act, &edit)?;
        Ok(())
    }

    /// The owner of a server buys what costs something, unless it is bought or its own.
    ///
    /// # Errors
    /// [`Refused`], naming what the marketplace did not accept.
    pub fn buy(&mut self, tx: &mut Tx, server: &Server, slug: &str, now: Timestamp) -> Result<(), Refused> {
        let Some(price) = PRICES.iter().find(|price| price.slug == slug) else { return Ok(()) };
        let buyer = self.people.get(server.owner).copied().ok_or(Refused::NotFound("account"))?;
        let extension = market::find(tx, &market::Viewer::Operator, &extension(slug)?)?;
        if extension.owner == buyer || purchases::live(tx, buyer, extension.id)?.is_some() {
            return Ok(());
        }
        let act = self.act(tx, super::catalogue::PEOPLE[0].name, now)?;
        let reason = format!("For running {}.", server.name);
        market::grant_points(tx, &act, &market::GrantPoints { to: buyer, points: POINTS, reason })?;
        let act = self.act(tx, server.owner, now)?;
        let key = Some(format!("{slug}-{}", server.guild));
        let buy = market::Buy { extension: extension.id.into(), price_points: price.points, key };
        let market::Bought::Now(bought) = market::purchase(tx, &act, &buy)? else { return Ok(()) };
        if slug == TAKEN_BACK.0 && !self.world.took_back && now > self.told_at().plus_ms(-TAKEN_BACK.1) {
            // A second thought, and a third one: it was bought again a moment later.
            self.world.took_back = true;
            let act = self.act(tx, server.owner, now)?;
            market::refund(tx, &act, bought.id, "Bought for the wrong server.")?;
            let act = self.act(tx, server.owner, now)?;
            market::purchase(tx, &act, &market::Buy { key: Some(format!("{slug}-{}-again", server.guild)), ..buy })?;
        }
        Ok(())
    }
}
