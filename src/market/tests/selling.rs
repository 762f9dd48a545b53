//! Premium extensions: bought once at the price that was shown, taken back once and in time, and run by those entitled.

use serde_json::json;

use super::guild::{Guild, on};
use super::world::{World, code};
use crate::domain::account::Caller;
use crate::domain::extension::Tier;
use crate::domain::installation::StageName;
use crate::domain::ledger::LedgerAccount;
use crate::domain::limits::{GRANT_POINTS_MAX, REASON_CHARS_MAX, SALES_DAYS_MAX};
use crate::domain::time::Timestamp;
use crate::market::*;
use crate::store::purchases::PurchaseRow;
use crate::store::{ledger, versions};

const DAY_MS: i64 = 86_400_000;

/// What a story of sales is told with.
pub trait Selling {
    fn price(&self, who: &Caller, slug: &str, price_points: u64);
    fn grant(&self, to: &Caller, points: u64) -> Result<Granted, Refused>;
    fn buy(&self, who: &Caller, slug: &str, price_points: u64) -> Result<PurchaseRow, Refused>;
    fn refund(&self, who: &Caller, purchase: &PurchaseRow) -> Result<PurchaseRow, Refused>;
    fn balance(&self, account: LedgerAccount) -> i64;
    fn wallet(&self, who: &Caller) -> i64 {
        self.balance(LedgerAccount::Wallet(who.account.id))
    }
}

impl Selling for World {
    fn price(&self, who: &Caller, slug: &str, price_points: u64) {
        let tier = if price_points == 0 { Tier::Free } else { Tier::Premium { price_points } };
        let input = Edit {
            extension: slug.parse().unwrap(),
            if_match: IfMatch::Any,
            name: None,
            description: None,
            tags: None,
            tier: Some(tier),
            listing: None,
        };
        self.does(who, |tx, act| edit(tx, act, &input)).unwrap();
    }

    fn grant(&self, to: &Caller, points: u64) -> Result<Granted, Refused> {
        let input = GrantPoints { to: to.account.id, points, reason: "a prize".to_owned() };
        self.does(&self.root, |tx, act| grant_points(tx, act, &input))
    }

    fn buy(&self, who: &Caller, slug: &str, price_points: u64) -> Result<PurchaseRow, Refused> {
        let input = Buy { extension: slug.parse().unwrap(), price_points, key: None };
        match self.does(who, |tx, act| purchase(tx, act, &input))? {
            Bought::Now(row) => Ok(row),
            Bought::Before(row) => panic!("bought before without a key: {row:?}"),
        }
    }

    fn refund(&self, who: &Caller, purchase: &PurchaseRow) -> Result<PurchaseRow, Refused> {
        self.does(who, |tx, act| refund(tx, act, purchase.id, "not what I wanted"))
    }

    fn balance(&self, account: LedgerAccount) -> i64 {
        self.scratch.read(|tx| ledger::standing(tx, account)).unwrap().balance
    }
}

/// A world in which Ada sells `gold` for 101 points and Ben has 500.
fn shop() -> World {
    let world = World::new();
    world.publish(&world.ada, "Gold");
    world.price(&world.ada, "gold", 101);
    world.grant(&world.ben, 500).unwrap();
    world
}

#[test]
fn the_price_is_shared_and_comes_back_whole() {
    let world = shop();
    let bought = world.buy(&world.ben, "gold", 101).unwrap();
    assert_eq!((bought.sale.author_points, bought.share_percent), (70, 70));
    assert_eq!([world.wallet(&world.ben), world.wallet(&world.ada)], [399, 70]);
    assert_eq!([LedgerAccount::Market, LedgerAccount::Issued].map(|account| world.balance(account)), [31, -500]);
    // What was promised when it was bought stays, whatever the policy says later.
    world.set_policy(|policy| {
        policy.premium.share_percent = 10;
        policy.premium.refund_ms = 0;
    });
    world.wait_ms(6 * DAY_MS);
    let back = world.refund(&world.ben, &bought).unwrap();
    assert!(back.refunded_at.is_some());
    assert_eq!([world.wallet(&world.ben), world.wallet(&world.ada)], [500, 0]);
    assert_eq!(world.balance(LedgerAccount::Market), 0);
    let again = world.buy(&world.ben, "gold", 101).unwrap();
    assert_eq!(again.sale.author_points, 10, "what is bought now is shared as the policy has it now");
    assert_eq!(code(world.refund(&world.ben, &again)), "refund_too_late");
    world.verify();
}

#[test]
fn what_cannot_be_bought_is_refused_and_costs_nothing() {
    let world = shop();
    world.publish(&world.ada, "Nothing");
    world.import(&world.ada, super::world::package("Unseen", "1.0.0", &[], b"u")).unwrap();
    for (who, slug, price, expected) in [
        (&world.ada, "gold", 101, "own_extension"),
        (&world.ben, "gold", 100, "price_changed"),
        (&world.ben, "gold", 0, "invalid"),
        (&world.ben, "gold", 1_000_000_001, "invalid"),
        (&world.ben, "gold", u64::MAX, "invalid"),
        (&world.ben, "nothing", 1, "free"),
        (&world.ben, "unseen", 1, "not_found"),
        (&world.ben, "never", 1, "not_found"),
        (&world.mia, "gold", 101, "points_missing"),
    ] {
        assert_eq!(code(world.buy(who, slug, price)), expected, "{slug} for {price}");
    }
    world.price(&world.ada, "gold", 102);
    assert_eq!(code(world.buy(&world.ben, "gold", 101)), "price_changed", "the price that was shown is old");
    world.buy(&world.ben, "gold", 102).unwrap();
    assert_eq!(code(world.buy(&world.ben, "gold", 102)), "already_bought");
    assert_eq!(world.wallet(&world.ben), 398);
    let yanked = Yank {
        version: VersionRef { extension: "gold".parse().unwrap(), number: super::world::number("1.0.0") },
        if_match: IfMatch::Any,
        reason: "broken".to_owned(),
    };
    world.grant(&world.mia, 500).unwrap();
    world.does(&world.ada, |tx, act| yank(tx, act, &yanked)).unwrap();
    assert_eq!(code(world.buy(&world.mia, "gold", 102)), "yanked");
    assert_eq!(world.wallet(&world.mia), 500);
}

#[test]
fn a_key_buys_once_and_nothing_else() {
    let world = shop();
    world.publish(&world.ada, "Silver");
    world.price(&world.ada, "silver", 101);
    let with_key = |slug: &str, price_points: u64| Buy {
        extension: slug.parse().unwrap(),
        price_points,
        key: Some("k-1".to_owned()),
    };
    let try_it = |input: &Buy| {
        let act = world.act(&world.ben);
        world.scratch.tx(|tx| purchase(tx, &act, input))
    };
    let Ok(Bought::Now(first)) = try_it(&with_key("gold", 101)) else { panic!("the first is bought") };
    assert_eq!(try_it(&with_key("gold", 101)).unwrap(), Bought::Before(first.clone()));
    for other in [with_key("gold", 100), with_key("silver", 101)] {
        assert_eq!(code(try_it(&other)), "purchase_key_reused", "{other:?}");
    }
    assert_eq!(world.wallet(&world.ben), 399);
    world.refund(&world.ben, &first).unwrap();
    let Ok(Bought::Before(late)) = try_it(&with_key("gold", 101)) else { panic!("a late repeat buys nothing") };
    assert!(late.refunded_at.is_some());
    assert_eq!(world.wallet(&world.ben), 500);
    // Somebody else's key is another one.
    world.grant(&world.mia, 101).unwrap();
    world.does(&world.mia, |tx, act| purchase(tx, act, &with_key("gold", 101))).unwrap();
}

#[test]
fn a_purchase_is_taken_back_once_in_time_and_by_whom_it_concerns() {
    let world = shop();
    let bought = world.buy(&world.ben, "gold", 101).unwrap();
    for stranger in [&world.ada, &world.mia] {
        assert_eq!(code(world.refund(stranger, &bought)), "not_found");
    }
    let no_reason = |reason: &str| code(world.does(&world.ben, |tx, act| refund(tx, act, bought.id, reason)));
    assert_eq!([no_reason(" "), no_reason(&"x".repeat(REASON_CHARS_MAX + 1))], ["invalid", "invalid"]);
    world.refund(&world.root, &bought).unwrap();
    assert_eq!(code(world.refund(&world.ben, &bought)), "refunded_already");
    let second = world.buy(&world.ben, "gold", 101).unwrap();
    world.wait_ms(second.refundable_until.since_ms(world.now()) - 1_000);
    assert!(
        world
            .does(&world.ben, |tx, act| {
                assert_eq!(act.now, second.refundable_until, "the last moment");
                refund(tx, act, second.id, "just in time")
            })
            .is_ok()
    );
    let third = world.buy(&world.ben, "gold", 101).unwrap();
    world.wait_ms(third.refundable_until.since_ms(world.now()));
    for who in [&world.ben, &world.root] {
        assert_eq!(code(world.refund(who, &third)), "refund_too_late");
    }
}

#[test]
fn an_author_who_spent_his_share_owes_it_and_buys_nothing_until_it_is_made_up() {
    let world = shop();
    world.publish(&world.max, "Lamp");
    world.price(&world.max, "lamp", 60);
    let bought = world.buy(&world.ben, "gold", 101).unwrap();
    world.buy(&world.ada, "lamp", 60).unwrap();
    world.refund(&world.ben, &bought).unwrap();
    assert_eq!([world.wallet(&world.ben), world.wallet(&world.ada)], [500, -60], "the buyer has all of it");
    world.publish(&world.max, "Wick");
    world.price(&world.max, "wick", 1);
    assert_eq!(code(world.buy(&world.ada, "wick", 1)), "points_missing");
    world.buy(&world.ben, "gold", 101).unwrap();
    assert_eq!(world.wallet(&world.ada), 10, "what he earns makes it up");
    world.buy(&world.ada, "wick", 1).unwrap();
}

#[test]
fn points_are_granted_by_administrators_within_bounds() {
    let world = World::new();
    let input = GrantPoints { to: world.ada.account.id, points: 5, reason: "a prize".to_owned() };
    for who in [&world.ada, &world.mia] {
        assert_eq!(code(world.does(who, |tx, act| grant_points(tx, act, &input))), "right_missing");
    }
    for points in [0, GRANT_POINTS_MAX + 1, u64::MAX] {
        assert_eq!(code(world.grant(&world.ada, points)), "invalid", "{points}");
    }
    assert_eq!(world.grant(&world.ada, GRANT_POINTS_MAX).unwrap().balance, i64::try_from(GRANT_POINTS_MAX).unwrap());
    let unsaid = GrantPoints { reason: " ".to_owned(), ..input };
    assert_eq!(code(world.does(&world.root, |tx, act| grant_points(tx, act, &unsaid))), "invalid");
}

#[test]
fn statements_and_sales_are_for_whom_they_concern() {
    let world = shop();
    world.buy(&world.ben, "gold", 101).unwrap();
    world.wait_ms(DAY_MS);
    let wallet = |who: &Caller| LedgerAccount::Wallet(who.account.id);
    let read = |who: &Caller, account| world.reads(|tx| statement(tx, &super::world::viewer(who), account, None, 10));
    let lines = read(&world.ben, wallet(&world.ben)).unwrap();
    let shown: Vec<_> = lines.iter().map(|line| (line.n, line.points, line.balance, line.slug.as_deref())).collect();
    assert_eq!(shown, [(2, -101, 399, Some("gold")), (1, 500, 500, None)]);
    assert_eq!(lines[1].entry.reason, "a prize");
    let paged = world.reads(|tx| statement(tx, &super::world::viewer(&world.ben), wallet(&world.ben), Some(2), 10));
    assert_eq!(paged.unwrap().len(), 1);
    for (who, account) in
        [(&world.ada, wallet(&world.ben)), (&world.mia, wallet(&world.ben)), (&world.mia, LedgerAccount::Market)]
    {
        assert_eq!(code(read(who, account)), "not_found");
    }
    assert_eq!(read(&world.root, LedgerAccount::Market).unwrap()[0].points, 31);
    let range = Range::new(None, None, world.now()).unwrap();
    let sold = |who: &Caller, seller| world.reads(|tx| sales(tx, &super::world::viewer(who), seller, range));
    let ada = sold(&world.ada, Seller::Account(world.ada.account.id)).unwrap();
    assert_eq!((ada.sum.sold, ada.sum.sold_points, ada.sum.earned_points), (1, 101, 70));
    assert_eq!((ada.by_extension.len(), ada.by_day.len()), (1, 1));
    assert_eq!(sold(&world.root, Seller::All).unwrap().sum, ada.sum);
    for (who, seller) in [(&world.ben, Seller::Account(world.ada.account.id)), (&world.mia, Seller::All)] {
        assert_eq!(code(sold(who, seller)), "not_found");
    }
    let of = |who: &Caller| world.reads(|tx| sales_of(tx, &super::world::viewer(who), &"gold".parse().unwrap(), range));
    assert_eq!(of(&world.ada).unwrap().1.sum, ada.sum);
    assert_eq!(code(of(&world.ben)), "not_found");
}

#[test]
fn a_range_of_days_is_bounded_and_goes_forward() {
    let at = |day: i64| Some(Timestamp::from_ms(day * DAY_MS));
    let now = Timestamp::from_ms(20_000 * DAY_MS + 5);
    assert!(Range::new(at(1), at(1 + SALES_DAYS_MAX), now).is_ok());
    for (from, to) in [(at(2), at(1)), (at(1), at(1)), (at(1), at(2 + SALES_DAYS_MAX)), (at(0), None)] {
        assert!(Range::new(from, to, now).is_err(), "{from:?} {to:?}");
    }
    let usual = Range::new(None, None, now).unwrap();
    assert_eq!((usual.from(), usual.to()), (at(19_971).unwrap(), at(20_001).unwrap()));
}

#[test]
fn a_server_runs_what_its_owner_bought_and_gets_no_code_once_that_was_taken_back() {
    let guild = Guild::new();
    let world = &guild.world;
    guild.publish_with("Gold", "1.0.0", json!({}));
    world.price(&world.ben, "gold", 40);
    let refused = guild.install("gold", &[]).unwrap_err();
    assert!(refused.to_string().contains("has not bought it"), "{refused}");
    world.grant(&world.ada, 100).unwrap();
    let bought = world.buy(&world.ada, "gold", 40).unwrap();
    let row = guild.installed("gold", &[]);
    let version = row.stands.state.now().unwrap().version_id;
    let may_have = || {
        world.reads(|tx| {
            let version = versions::by_id(tx, version)?.unwrap();
            instance_may_have(tx, guild.instance, &version)
        })
    };
    assert!(may_have().unwrap());
    let key = crate::domain::entitlement::GrantKey::from_bytes([7; 32]);
    let granted = |who: &Caller| {
        let key = (key.fingerprint(), world.now());
        world.reads(|tx| grant_of(tx, &super::world::viewer(who), &on(&row), key))
    };
    let grant = granted(&guild.bot).unwrap();
    assert_eq!((grant.account_id, grant.server_id), (world.ada.account.id, guild.server.id));
    let days = grant.expires_at.since_ms(grant.issued_at) / DAY_MS;
    assert_eq!(days, 3, "as long as the policy lets it go on");
    let text = key.sign(&grant).unwrap();
    let offline = key.public().judge(&text, (grant.extension_id, grant.server_id), world.now());
    assert_eq!(offline, Ok(grant));
    assert_eq!([code(granted(&world.ben)), code(granted(&world.mia))], ["not_found", "not_instance"]);
    world.refund(&world.ada, &bought).unwrap();
    assert!(!may_have().unwrap(), "no code after a refund");
    assert_eq!(code(granted(&guild.bot)), "not_entitled");
    guild.publish_with("Gold", "1.1.0", json!({}));
    let refused = world.does(&world.ada, |tx, act| update(tx, act, &on(&row), None)).unwrap_err();
    assert!(refused.to_string().contains("has not bought it"), "{refused}");
    world.buy(&world.ada, "gold", 40).unwrap();
    assert!(may_have().unwrap());
}

#[test]
fn who_had_it_free_keeps_what_he_has_and_pays_for_what_is_new() {
    let guild = Guild::new();
    let world = &guild.world;
    guild.publish_with("Gold", "1.0.0", json!({}));
    let row = guild.installed("gold", &[]);
    guild.publish_with("Gold", "1.1.0", json!({}));
    world.does(&world.ada, |tx, act| update(tx, act, &on(&row), None)).unwrap();
    guild.carry_out(row.id);
    world.price(&world.ben, "gold", 40);
    let version = guild.row(row.id).stands.state.now().unwrap().version_id;
    let may_have = world.reads(|tx| {
        let version = versions::by_id(tx, version)?.unwrap();
        instance_may_have(tx, guild.instance, &version)
    });
    assert!(may_have.unwrap(), "it was there before it cost anything");
    world.does(&world.ada, |tx, act| roll_back(tx, act, &on(&row), "worse")).unwrap();
    guild.acknowledge(row.id, StageName::SandboxPrep, None).unwrap();
    guild.acknowledge(row.id, StageName::StateInit, None).unwrap();
    guild.publish_with("Gold", "1.2.0", json!({}));
    assert_eq!(code(world.does(&world.ada, |tx, act| update(tx, act, &on(&row), None))), "not_installable");
}

/// Something of everything that is kept about sales.
pub fn story(world: &World) {
    world.price(&world.ben, "keeper", 101);
    world.grant(&world.ada, 250).unwrap();
    let first = world.buy(&world.ada, "keeper", 101).unwrap();
    world.refund(&world.ada, &first).unwrap();
    world.buy(&world.ada, "keeper", 101).unwrap();
}
