//! `kill -9` in the middle of installations: what was acknowledged goes on where it was, and the rest is undone in time.

use std::path::Path;

use skydeck::api::installations::{Acknowledgement, Installation, NewInstallation};
use skydeck::api::instances::{Announcement, NewInstance};
use skydeck::api::servers::ServerDescription;
use skydeck::client::{Client, PageQuery, Seen};
use skydeck::domain::installation::StateName;
use skydeck::domain::policy::InstallationPolicy;
use skydeck::server::clock::Clock;
use skydeck::server::first_start;
use skydeck::store::{Store, StoreConfig, installations};

use super::{Approve, Served, market, package};
use crate::harness::one_reviewer_is_enough;
use crate::schema::is_left_out;

const GUILDS: [&str; 3] = ["100", "200", "300"];

/// A marketplace with one published extension; gives the administrator's token, and the author's, who owns the servers.
async fn prepared(folder: &Path) -> String {
    let store = Store::open(StoreConfig::in_folder(folder)).expect("the store opens");
    one_reviewer_is_enough(&store).await;
    let secret = first_start(&store, &Clock::default()).await.expect("a first start").expect("it is the first").secret;
    store.close();
    secret.reveal().to_owned()
}

async fn published(root: &Client, author: &Client) {
    let imported = author.import(package("greeter"), Some("greeter")).await.expect("an import");
    let submitted = author.submit("greeter", &imported.version.number, Seen::Nothing).await.expect("submitted");
    assert!(super::checks_end(root).await, "the checks end");
    root.claim(&submitted.review_id, Seen::Nothing).await.expect("a claim");
    let review = root.review(&submitted.review_id).await.expect("a review").value;
    let approve = Approve { sha256: review.version.sha256, note: None };
    root.approve(&review.item.review_id, review.revision, &approve).await.expect("an approval");
}

async fn done(bot: &Client, row: &Installation, stage: &str) -> Installation {
    let attempt = row.attempt.as_ref().expect("an attempt").number;
    let done = Acknowledgement { attempt, stage: stage.to_owned(), ok: true, reason: None };
    bot.acknowledge(&row.id, &done).await.expect("an acknowledgement")
}

async fn order(bot: &Client, instance: &str, id: &str) -> Option<String> {
    let orders = bot.run_by(instance, &PageQuery::default()).await.expect("the instance's orders").items;
    orders.into_iter().find(|one| one.id == id)?.attempt?.order
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_in_the_middle_of_an_installation_finishes_or_undoes_it() {
    if is_left_out("the servers that are killed have an embedded database") {
        return;
    }
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().expect("a folder");
    let token = prepared(folder.path()).await;
    let served = Served::start(folder.path(), "late");
    let root = served.client(&token);
    let account = skydeck::api::accounts::NewAccount { name: "ada".to_owned(), role: None, verified: true };
    let account = root.create_account(&account).await.expect("an account").value;
    let made = root.create_account_token(&account.id, &skydeck::api::accounts::NewToken::default()).await;
    let ada = made.expect("a token").secret;
    let author = served.client(&ada);
    published(&root, &author).await;
    let instance = root.create_instance(&NewInstance { name: "shard-1".to_owned() }).await.expect("an instance");
    let (secret, instance) = (instance.secret, instance.instance.id);
    let bot = served.client(&secret);
    for guild in GUILDS {
        let here = ServerDescription { name: "Here".to_owned(), owner: "ada".to_owned(), tier: None };
        bot.describe_server(guild, &here).await.expect("a server");
    }
    let said = Announcement { host_api: "1.0.0".to_owned(), memory_mib: 1, ..Announcement::default() };
    bot.announce(&instance, &said).await.expect("an announcement");
    let mut rows = Vec::new();
    for guild in GUILDS {
        let new = NewInstallation { extension: "greeter".to_owned(), ..NewInstallation::default() };
        rows.push(author.install(guild, &new).await.expect("it begins"));
    }
    done(&bot, &rows[0], "sandbox_prep").await;
    done(&bot, &rows[1], "sandbox_prep").await;
    served.kill();

    let served = Served::start(folder.path(), "late");
    let (bot, author) = (served.client(&secret), served.client(&ada));
    let wanted = [Some("initialise"), Some("initialise"), Some("prepare")];
    for (row, wanted) in rows.iter().zip(wanted) {
        assert_eq!(order(&bot, &instance, &row.id).await.as_deref(), wanted, "it goes on where it was");
    }
    assert_eq!(done(&bot, &rows[0], "state_init").await.state, "active");
    // The acknowledgement was sent, and whether it was taken is not known: it is sent again.
    assert_eq!(done(&bot, &rows[0], "state_init").await.state, "active");
    assert!(author.verify_audit(None).await.is_err(), "that is for maintainers");
    served.kill();

    // Nobody answers for the others any more, until their time is over.
    let store = Store::open(StoreConfig::in_folder(folder.path())).expect("the store opens again");
    let later = Clock::default().now().plus_ms(InstallationPolicy::default().order_ms);
    let lapsed = store.write(move |tx| market::lapse_installations(tx, later)).await.expect("they lapse");
    assert_eq!(lapsed, 2);
    for (row, state) in rows.iter().zip([StateName::Active, StateName::Failed, StateName::Failed]) {
        let id = row.id.parse().expect("an id");
        let (found, kept) = store
            .read(move |tx| {
                Ok::<_, skydeck::store::StoreError>((installations::by_id(tx, id)?, installations::kept(tx, id)?))
            })
            .await
            .expect("it can be read");
        assert_eq!(found.expect("it is there").stands.state.name(), state);
        assert_eq!((kept.configs, kept.secrets, kept.flags), (0, 0, 0), "nothing is left behind");
    }
    let verified = store.read(|tx| skydeck::store::audit::verify(tx, None)).await.expect("the log can be read");
    assert!(verified.is_ok(), "{verified:?}");
    store.close();
}
