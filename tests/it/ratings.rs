//! Ratings, reports, threads and reputations over HTTP: who may say what, and that counts follow rows.

use serde_json::{Value, json};
use skydeck::api::installations::NewInstallation;
use skydeck::api::ratings::{NewRating, NewReport};
use skydeck::api::reviews::Reject;
use skydeck::api::threads::NewMessage;
use skydeck::client::{PageQuery, RatingFilter, Seen};

use crate::harness::{Package, Person, Server};
use crate::instances::Bot;

struct World {
    server: Server,
    ada: Person,
    olga: Person,
    mo: Person,
}

/// An extension of ada's that olga has on her server.
async fn world() -> World {
    let server = Server::start().await;
    let (ada, olga, mo) = (server.account("ada").await, server.account("olga").await, server.maintainer("mo").await);
    server.published(&ada, &mo, &Package::greeter("Greeter")).await;
    let bot = Bot::start(&server, "shard-1", &["100"], "olga").await;
    let new = NewInstallation { extension: "greeter".to_owned(), ..NewInstallation::default() };
    let row = olga.client.install("100", &new).await.unwrap();
    bot.carry_out(&row.id).await;
    World { server, ada, olga, mo }
}

fn rating(stars: i64, text: &str) -> NewRating {
    NewRating { stars, text: text.to_owned(), number: None }
}

const MINE: &str = "/extensions/greeter/ratings/mine";

#[tokio::test]
async fn only_whole_stars_and_clean_words_of_those_who_have_it_are_ratings() {
    let world = world().await;
    let refused = world.ada.client.rate("greeter", Seen::Nothing, &rating(5, "mine")).await.unwrap_err();
    assert_eq!(refused.code(), "own_extension", "{refused}");
    let stranger = world.server.account("bea").await;
    let refused = stranger.client.rate("greeter", Seen::Nothing, &rating(1, "never had it")).await.unwrap_err();
    assert_eq!(refused.code(), "not_installed", "{refused}");
    let cases: [(Value, u16); 8] = [
        (json!({"stars": 0}), 422),
        (json!({"stars": 6}), 422),
        (json!({"stars": 4.5}), 422),
        (json!({"stars": "5"}), 422),
        (json!({}), 422),
        (json!({"stars": 5, "text": "x".repeat(2_001)}), 422),
        (json!({"stars": 5, "text": "x".repeat(1 << 20)}), 422),
        (json!({"stars": 5, "number": "one"}), 422),
    ];
    for (body, status) in cases {
        let said = body.to_string();
        let answer = crate::harness::answer(world.olga.request(reqwest::Method::PUT, MINE).json(&body)).await;
        let status = if said.len() > 1 << 20 { [413, status] } else { [status, status] };
        assert!(
            status.contains(&answer.status),
            "{} to {}: {}",
            answer.status,
            &said[..said.len().min(60)],
            answer.text
        );
    }
    let sum = world.olga.client.rating_summary("greeter").await.unwrap();
    assert_eq!((sum.all.count, sum.all.histogram), (0, vec![0; 5]));
    for words in ["a\u{7}bell", "a \u{202e}trick", "nul \0"] {
        match world.olga.client.rate("greeter", Seen::Nothing, &rating(3, words)).await {
            Err(refused) => assert!(matches!(refused.status(), Some(400 | 422)), "{refused}"),
            Ok(kept) => assert!(!kept.value.text.contains(['\u{7}', '\0']), "{:?}", kept.value.text),
        }
    }
}

#[tokio::test]
async fn many_ratings_of_one_account_at_once_are_one_rating() {
    let world = world().await;
    let mut asked = tokio::task::JoinSet::new();
    for number in 0..100_i64 {
        let request = world.olga.request(reqwest::Method::PUT, MINE);
        let body = json!({"stars": number % 5 + 1, "text": format!("number {number}")});
        asked.spawn(async move { request.json(&body).send().await.unwrap().status().as_u16() });
    }
    let statuses = asked.join_all().await;
    assert!(statuses.iter().all(|status| [200, 429].contains(status)), "{statuses:?}");
    assert!(statuses.contains(&200));
    let sum = world.olga.client.rating_summary("greeter").await.unwrap();
    assert_eq!((sum.all.count, sum.all.histogram.iter().sum::<u64>()), (1, 1));
    let page = world.ada.client.ratings("greeter", &RatingFilter::default(), &PageQuery::default()).await.unwrap();
    assert_eq!(page.items.len(), 1);
    assert!(world.mo.client.verify_audit(None).await.unwrap().intact);
}

#[tokio::test]
async fn a_rating_is_edited_answered_reported_hidden_and_taken_back() {
    let world = world().await;
    let first = world.olga.client.rate("greeter", Seen::Nothing, &rating(2, "meh")).await.unwrap().value;
    let better =
        world.olga.client.rate("greeter", Seen::Revision(first.revision), &rating(5, "oh")).await.unwrap().value;
    assert_eq!((better.id.as_str(), better.stars), (first.id.as_str(), 5));
    let stale = world.olga.client.rate("greeter", Seen::Revision(first.revision), &rating(1, "no")).await.unwrap_err();
    assert_eq!(stale.status(), Some(412));
    assert_eq!(world.mo.client.rating(&better.id).await.unwrap().value.history.len(), 2);
    assert!(world.ada.client.rating(&better.id).await.unwrap().value.history.is_empty(), "not for everybody");

    let answered = world.ada.client.reply_to_rating(&better.id, Seen::Nothing, "thank you").await.unwrap().value;
    assert_eq!(answered.reply.unwrap().text, "thank you");
    let twice = world.olga.client.reply_to_rating(&better.id, Seen::Nothing, "me too").await.unwrap_err();
    assert_eq!(twice.status(), Some(403), "only the owner answers");

    let report = NewReport { reason: "manipulation".to_owned(), text: "bought".to_owned() };
    let reported = world.ada.client.report_rating(&better.id, &report).await.unwrap();
    let waiting = world.mo.client.rating_reports(None, &PageQuery::default()).await.unwrap().items;
    assert_eq!((waiting.len(), waiting[0].by.as_str(), waiting[0].open_reports), (1, "ada", 1));
    let upheld = world.mo.client.uphold_report(&reported.id, reported.revision, "it was").await.unwrap();
    assert_eq!(upheld.state, "upheld");
    assert_eq!(world.olga.client.rating_summary("greeter").await.unwrap().all.count, 0, "hidden ratings do not count");
    let again = world.mo.client.dismiss_report(&reported.id, reported.revision, "no").await.unwrap_err();
    assert!(matches!(again.status(), Some(409 | 412)), "{again}");

    world.olga.client.delete_rating("greeter", Seen::Nothing).await.unwrap();
    assert_eq!(world.olga.client.my_rating("greeter").await.unwrap_err().status(), Some(404));
    assert!(world.mo.client.verify_audit(None).await.unwrap().intact);
}

#[tokio::test]
async fn a_rejection_opens_a_thread_whose_turn_goes_to_and_fro() {
    let world = world().await;
    let review = world.server.submitted(&world.ada, &Package::greeter("Second Thing")).await;
    let claimed = world.mo.client.claim(&review.id, Seen::Nothing).await.unwrap().value;
    let reject = Reject { reason: "quality".to_owned(), feedback: "say **what** it does".to_owned() };
    world.mo.client.reject(&review.id, claimed.revision, &reject).await.unwrap();
    let mine = world.ada.client.threads(Some("owner"), &PageQuery::default()).await.unwrap().items;
    assert_eq!((mine.len(), mine[0].unread, mine[0].turn.as_str()), (1, 1, "owner"));
    let thread = world.ada.client.thread(&review.id).await.unwrap().value;
    assert_eq!(
        (thread.messages[0].side.as_str(), thread.messages[0].text.as_str()),
        ("reviewer", "say **what** it does")
    );
    world.ada.client.mark_read(&review.id, 1).await.unwrap();
    assert_eq!(world.ada.client.thread(&review.id).await.unwrap().value.unread, 0);
    let message = NewMessage { text: "it greets".to_owned(), turn: None };
    assert_eq!(world.ada.client.say(&review.id, &message).await.unwrap().turn, "reviewers");
    let theirs = world.mo.client.threads(Some("reviewers"), &PageQuery::default()).await.unwrap().items;
    assert_eq!((theirs.len(), theirs[0].unread), (1, 1));
    assert_eq!(world.olga.client.thread(&review.id).await.unwrap_err().status(), Some(404), "not for strangers");
    for (text, status) in [("", 422), ("x".repeat(10_001).as_str(), 422)] {
        let message = NewMessage { text: text.to_owned(), turn: None };
        assert_eq!(world.ada.client.say(&review.id, &message).await.unwrap_err().status(), Some(status));
    }
    let templates = world.mo.client.feedback_templates().await.unwrap().items;
    assert!(templates.iter().all(|template| template.changed_by.is_none()));
    let root = world.server.administrator();
    root.client.set_feedback_template("quality", Seen::Nothing, "Say what it does.").await.unwrap();
    let templates = world.mo.client.feedback_templates().await.unwrap().items;
    let changed: Vec<_> = templates.iter().filter(|template| template.changed_by.is_some()).collect();
    assert_eq!((changed.len(), changed[0].text.as_str()), (1, "Say what it does."));
}

#[tokio::test]
async fn a_reputation_is_explained_for_any_moment() {
    let world = world().await;
    let before = world.mo.client.author("ada", None).await.unwrap();
    assert_eq!((before.published, before.rejected), (1, 0));
    let kinds: Vec<&str> = before.events.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["published", "verified"], "newest first");
    let sum: i64 = before.reputation_parts.iter().map(|part| part.points).sum();
    assert_eq!(sum, i64::from(before.account.reputation), "the parts are the sum");
    world.server.clock.advance_ms(60_000);
    let review = world.server.submitted(&world.ada, &Package::greeter("Second Thing")).await;
    let claimed = world.mo.client.claim(&review.id, Seen::Nothing).await.unwrap().value;
    let reject = Reject { reason: "spam".to_owned(), feedback: "no".to_owned() };
    world.mo.client.reject(&review.id, claimed.revision, &reject).await.unwrap();
    let after = world.mo.client.author("ada", None).await.unwrap();
    assert_eq!((after.rejected, after.events[0].kind.as_str()), (1, "rejected"));
    assert!(after.account.reputation < before.account.reputation);
    let then = world.mo.client.author("ada", Some(&before.at)).await.unwrap();
    assert_eq!((then.account.reputation, then.rejected), (before.account.reputation, 0), "as it stood then");
    assert_eq!(world.mo.client.author("ada", Some("yesterday")).await.unwrap_err().status(), Some(400));
    assert_eq!(world.ada.client.author("ada", None).await.unwrap().account.name, "ada");
    assert_eq!(world.olga.client.author("ada", None).await.unwrap_err().status(), Some(404));
    let listed = world.mo.client.authors(&PageQuery::default()).await.unwrap().items;
    assert_eq!(listed.iter().map(|author| author.account.name.as_str()).collect::<Vec<_>>(), ["ada"]);
}
