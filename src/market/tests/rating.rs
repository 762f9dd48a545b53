//! Ratings, reports of them, and what they do to whom they are about.

use super::guild::Guild;
use super::world::{World, caller, code, viewer};
use crate::domain::account::{Caller, Role};
use crate::domain::extension::ReasonCode;
use crate::domain::limits::{RATING_CHANGES_PER_HOUR_MAX, RATING_REPORTS_PER_DAY_MAX, RATING_TEXT_CHARS_MAX};
use crate::domain::rating::{Histogram, RatingState, ReportReason, ReportState, Stars};
use crate::domain::scope::Scope;
use crate::market::*;
use crate::store::ratings::RatingRow;
use crate::store::{rating_reports, ratings as rows, reputation};

pub fn opinion(slug: &str, stars: i64, text: &str) -> Rate {
    Rate {
        extension: slug.parse().unwrap(),
        if_match: IfMatch::Any,
        stars: Stars::try_from(stars).unwrap(),
        text: text.to_owned(),
        number: None,
    }
}

fn rates(world: &World, who: &Caller, stars: i64, text: &str) -> Result<RatingRow, Refused> {
    let input = opinion("keeper", stars, text);
    world.does(who, |tx, act| rate(tx, act, &input))
}

fn complains(
    world: &World,
    who: &Caller,
    rating: &RatingRow,
) -> Result<crate::store::rating_reports::ReportRow, Refused> {
    let input = Complaint { rating: rating.id, reason: ReportReason::Abuse, text: "rude".to_owned() };
    world.does(who, |tx, act| report(tx, act, &input))
}

fn decides(
    world: &World,
    who: &Caller,
    seen: &crate::store::rating_reports::ReportRow,
    verdict: Verdict,
) -> Result<crate::store::rating_reports::ReportRow, Refused> {
    let if_match = IfMatch::Revision(seen.revision);
    let input = ReportVerdict { report: seen.id, if_match, verdict, reason: "as it stands".to_owned() };
    world.does(who, |tx, act| decide_report(tx, act, &input))
}

fn histogram(world: &World) -> Histogram {
    let of = "keeper".parse().unwrap();
    world.reads(|tx| ratings_summary(tx, &viewer(&world.ada), &of, world.now())).unwrap().1.histogram
}

/// Ada has Ben's extension on her server.
fn installed() -> Guild {
    let guild = Guild::new();
    guild.publish_with("Keeper", "1.0.0", serde_json::json!({"scopes": ["kick"]}));
    guild.installed("keeper", &[Scope::Kick]);
    guild
}

fn somebody(world: &World, name: &str) -> Caller {
    let input = CreateAccount { name: name.parse().unwrap(), role: Role::User, verified: false };
    caller(world.does(&world.root, |tx, act| create_account(tx, act, &input)).unwrap())
}

/// Something of everything that is kept about ratings and threads.
pub fn story(guild: &Guild) {
    let world = &guild.world;
    let rated = rates(world, &world.ada, 2, "läuft \u{1f600} 'nicht' $1").unwrap();
    let answer = RatingAnswer { rating: rated.id, if_match: IfMatch::Any, text: "mended".to_owned() };
    world.does(&world.ben, |tx, act| reply(tx, act, &answer)).unwrap();
    rates(world, &world.ada, 4, "it runs now").unwrap();
    let reported = complains(world, &world.ben, &rated).unwrap();
    decides(world, &world.max, &reported, Verdict::Dismiss).unwrap();
    let flawed = world.ready(&world.ben, "Noisy", "1.0.0", &[]);
    let claimed = world.claim(&world.mia, flawed.id).unwrap();
    world.reject(&world.mia, &claimed, "too *loud*").unwrap();
    let said = Said { review: flawed.id, text: "how loud may it be?".to_owned(), turn: None };
    world.does(&world.ben, |tx, act| say(tx, act, &said)).unwrap();
    let quality = ReasonCode::Quality;
    world.does(&world.root, |tx, act| set_template(tx, act, quality, IfMatch::Any, "Please:\n\n- ")).unwrap();
}

#[test]
fn only_who_has_it_rates_it_once_and_the_owner_never() {
    let guild = installed();
    let world = &guild.world;
    assert_eq!(code(rates(world, &world.ben, 5, "")), "own_extension");
    assert_eq!(code(rates(world, &world.mia, 5, "")), "not_installed");
    let first = rates(world, &world.ada, 5, "good").unwrap();
    assert_eq!((first.revision, first.number.to_string().as_str()), (1, "1.0.0"));
    let second = rates(world, &world.ada, 3, "less good").unwrap();
    assert_eq!((second.id, second.revision), (first.id, 2));
    assert_eq!(histogram(world), Histogram([0, 0, 1, 0, 0]));
    let again = world.scratch.tx(|tx| rate(tx, &world.act(&world.ada), &opinion("keeper", 3, " less good ")));
    assert_eq!(again.unwrap().revision, 2, "what was said already is not said again");
    let stale = Rate { if_match: IfMatch::Revision(1), ..opinion("keeper", 1, "") };
    assert_eq!(code(world.does(&world.ada, |tx, act| rate(tx, act, &stale))), "changed_meanwhile");
    let other = Rate { number: Some("9.9.9".parse().unwrap()), ..opinion("keeper", 1, "") };
    assert_eq!(code(world.does(&world.ada, |tx, act| rate(tx, act, &other))), "version_not_installed");
    let history = world.reads(|tx| rating(tx, &viewer(&world.mia), first.id)).unwrap().history;
    let told: Vec<_> = history.iter().map(|change| (change.what.as_str(), change.stars.number())).collect();
    assert_eq!(told, [("rated", 5), ("edited", 3)]);
    assert!(world.reads(|tx| rating(tx, &viewer(&world.ben), first.id)).unwrap().history.is_empty());
}

#[test]
fn what_is_taken_back_is_gone_with_its_words_and_can_be_given_again() {
    let guild = installed();
    let world = &guild.world;
    let given = rates(world, &world.ada, 1, "my secret").unwrap();
    complains(world, &world.ben, &given).unwrap();
    let of: ExtensionRef = "keeper".parse().unwrap();
    world.does(&world.ada, |tx, act| delete_rating(tx, act, &of, IfMatch::Revision(1))).unwrap();
    assert_eq!(histogram(world), Histogram::default());
    let kept = world.scratch.read(|tx| rows::history(tx, given.id)).unwrap();
    assert!(kept.iter().all(|change| change.text.is_empty()), "{kept:?}");
    let reports = world.scratch.read(|tx| rating_reports::of_rating(tx, given.id)).unwrap();
    assert_eq!(reports[0].state, ReportState::Moot);
    assert_eq!(code(world.does(&world.ada, |tx, act| delete_rating(tx, act, &of, IfMatch::Any))), "not_found");
    let again = rates(world, &world.ada, 4, "").unwrap();
    assert_eq!((again.id, again.state, again.revision), (given.id, RatingState::Shown, 3));
    assert_eq!(histogram(world), Histogram([0, 0, 0, 1, 0]));
    let owner = world.scratch.read(|tx| reputation::record(tx, &world.ben.account, world.now())).unwrap();
    assert_eq!((owner.ratings, owner.stars), (1, 4));
}

#[test]
fn the_owner_replies_once() {
    let guild = installed();
    let world = &guild.world;
    let given = rates(world, &world.ada, 2, "slow").unwrap();
    let answer = RatingAnswer { rating: given.id, if_match: IfMatch::Any, text: "mended".to_owned() };
    assert_eq!(code(world.does(&world.max, |tx, act| reply(tx, act, &answer))), "not_owner");
    world.does(&world.ben, |tx, act| reply(tx, act, &answer)).unwrap();
    assert_eq!(code(world.does(&world.ben, |tx, act| reply(tx, act, &answer))), "already_replied");
    world.does(&world.ben, |tx, act| delete_reply(tx, act, given.id, IfMatch::Any)).unwrap();
    assert_eq!(code(world.does(&world.ben, |tx, act| delete_reply(tx, act, given.id, IfMatch::Any))), "not_found");
    let row = world.does(&world.ben, |tx, act| reply(tx, act, &answer)).unwrap();
    assert_eq!(row.reply.map(|reply| (reply.text, reply.by_name)), Some(("mended".to_owned(), "ben".to_owned())));
}

#[test]
fn an_upheld_report_hides_a_rating_until_the_decision_is_turned_round() {
    let guild = installed();
    let world = &guild.world;
    let given = rates(world, &world.ada, 1, "you are all stupid").unwrap();
    assert_eq!(code(complains(world, &world.ada, &given)), "own_rating");
    let seen = complains(world, &world.ben, &given).unwrap();
    assert_eq!(code(complains(world, &world.ben, &given)), "already_reported");
    let second = complains(world, &world.mia, &given).unwrap();
    assert_eq!(code(decides(world, &world.ada, &seen, Verdict::Uphold)), "right_missing");
    assert_eq!(code(decides(world, &world.mia, &second, Verdict::Uphold)), "own_matter");
    let before = world.scratch.read(|tx| crate::store::accounts::by_id(tx, world.ada.account.id)).unwrap().unwrap();
    let upheld = decides(world, &world.max, &seen, Verdict::Uphold).unwrap();
    assert_eq!(upheld.state, ReportState::Upheld);
    assert_eq!(histogram(world), Histogram::default());
    let all = world.scratch.read(|tx| rating_reports::of_rating(tx, given.id)).unwrap();
    assert!(all.iter().all(|report| report.state == ReportState::Upheld), "one decision about all of them");
    assert_eq!(code(world.reads(|tx| rating(tx, &viewer(&world.ben), given.id)).map(|_| ())), "not_found");
    assert_eq!(world.reads(|tx| rating(tx, &viewer(&world.ada), given.id)).unwrap().row.state, RatingState::Hidden);
    assert_eq!(code(rates(world, &world.ada, 2, "milder")), "rating_hidden");
    let after = world.scratch.read(|tx| crate::store::accounts::by_id(tx, world.ada.account.id)).unwrap().unwrap();
    assert_eq!(before.reputation - after.reputation, 10, "it counts against who wrote it");

    assert_eq!(code(decides(world, &world.max, &upheld, Verdict::Uphold)), "already_decided");
    assert_eq!(code(decides(world, &world.max, &seen, Verdict::Dismiss)), "changed_meanwhile");
    decides(world, &world.max, &upheld, Verdict::Dismiss).unwrap();
    assert_eq!(histogram(world), Histogram([1, 0, 0, 0, 0]));
    let back = world.scratch.read(|tx| crate::store::accounts::by_id(tx, world.ada.account.id)).unwrap().unwrap();
    assert_eq!(back.reputation, before.reputation);
    world.verify();
}

#[test]
fn ratings_and_reports_are_bounded_in_number_and_length() {
    let guild = installed();
    let world = &guild.world;
    let long = "x".repeat(RATING_TEXT_CHARS_MAX);
    rates(world, &world.ada, 1, &long).unwrap();
    assert_eq!(code(rates(world, &world.ada, 1, &format!("{long}y"))), "invalid");
    assert_eq!(code(rates(world, &world.ada, 1, "a\u{202e}b")), "invalid");
    for change in 1..RATING_CHANGES_PER_HOUR_MAX {
        rates(world, &world.ada, 1 + change % 5, "again").unwrap();
    }
    assert_eq!(code(rates(world, &world.ada, 1, "once more")), "too_often");
    assert_eq!(histogram(world).count(), 1);
    world.wait_ms(3_600_000);
    rates(world, &world.ada, 1, "an hour later").unwrap();

    let zoe = somebody(world, "zoe");
    let given = rates(world, &world.ada, 5, "to report").unwrap();
    for _ in 0..RATING_REPORTS_PER_DAY_MAX {
        complains(world, &zoe, &given).unwrap();
        let answer = RatingAnswer { rating: given.id, if_match: IfMatch::Any, text: "a new revision".to_owned() };
        world.does(&world.ben, |tx, act| reply(tx, act, &answer)).unwrap();
        world.does(&world.ben, |tx, act| delete_reply(tx, act, given.id, IfMatch::Any)).unwrap();
    }
    assert_eq!(code(complains(world, &zoe, &given)), "too_often");
}

#[test]
fn ratings_go_with_the_extension_and_their_credit_to_who_owned_it() {
    let guild = installed();
    let world = &guild.world;
    rates(world, &world.ada, 5, "").unwrap();
    let of: ExtensionRef = "keeper".parse().unwrap();
    let offering = Offer { extension: of.clone(), to: world.max.account.name.clone(), if_match: IfMatch::Any };
    world.does(&world.ben, |tx, act| offer(tx, act, &offering)).unwrap();
    world.does(&world.max, |tx, act| accept(tx, act, &of)).unwrap();
    let credit = |who: &Caller| {
        let record = world.scratch.read(|tx| reputation::record(tx, &who.account, world.now())).unwrap();
        (record.ratings, record.stars)
    };
    assert_eq!((credit(&world.ben), credit(&world.max)), ((1, 5), (0, 0)));
    rates(world, &world.ada, 2, "the new owner broke it").unwrap();
    assert_eq!((credit(&world.ben), credit(&world.max)), ((0, 0), (1, 2)));
}
