//! Installing along what an extension needs, over HTTP: offered, consented to one by one, and all or nothing.

use std::collections::BTreeMap;

use serde_json::json;
use skydeck::api::installations::{Acknowledgement, ConsentAlong, NewInstallation};

use crate::harness::{Package, Server};
use crate::instances::Bot;

/// An extension that comes along: its slug, its version and the scopes granted to it.
type Given<'a> = (&'a str, &'a str, &'a [&'a str]);

#[tokio::test]
async fn what_an_extension_needs_is_offered_and_comes_along_all_or_nothing() {
    let server = Server::start().await;
    let (ada, owner, mo) = (server.account("ada").await, server.account("olga").await, server.maintainer("mo").await);
    server.published(&ada, &mo, &Package::banner("Library")).await;
    let needs = json!({"extensions": {"library": "^1"}});
    let player = Package::greeter("Player").with("/extension/version/requires", needs);
    server.published(&ada, &mo, &player).await;
    let bot = Bot::start(&server, "shard-1", &["100"], "olga").await;
    let offer = owner.client.installation_offer("100", "player", None).await.unwrap().items;
    let told: Vec<_> = offer.iter().map(|one| (one.slug.as_str(), one.version.as_str(), one.needed_by.len())).collect();
    assert_eq!(told, [("library", "1.0.0", 1), ("player", "1.0.0", 0)]);
    assert_eq!((offer[0].scopes[0].scope.as_str(), offer[0].scopes[0].risk), ("ban", 10));
    assert_eq!(ada.client.installation_offer("100", "player", None).await.unwrap_err().status(), Some(404));

    let new = |along: &[(&str, &str, &[&str])]| NewInstallation {
        extension: "player".to_owned(),
        grant: Some(Vec::new()),
        along: along
            .iter()
            .map(|(slug, number, grant)| {
                let grant = Some(grant.iter().map(|scope| (*scope).to_owned()).collect());
                ((*slug).to_owned(), ConsentAlong { number: (*number).to_owned(), grant })
            })
            .collect::<BTreeMap<_, _>>(),
        ..NewInstallation::default()
    };
    let cases: &[(&[Given], u16, &str)] = &[
        (&[], 409, "dependencies"),
        (&[("library", "2.0.0", &["ban"])], 409, "offer_moved"),
        (&[("library", "1.0.0", &[])], 422, "invalid"),
        (&[("library", "1.0.0", &["ban", "webhooks"])], 422, "invalid"),
        (&[("Not A Slug", "1.0.0", &[])], 422, "invalid"),
        (&[("library", "one", &[])], 422, "invalid"),
    ];
    for (along, status, code) in cases {
        let refused = owner.client.install("100", &new(along)).await.unwrap_err();
        assert_eq!((refused.status(), refused.code()), (Some(*status), *code), "{refused}");
        assert!(owner.client.installed_on("100").await.unwrap().items.is_empty(), "{refused}");
    }

    let row = owner.client.install("100", &new(&[("library", "1.0.0", &["ban"])])).await.unwrap();
    let installed = owner.client.installed_on("100").await.unwrap().items;
    assert!(installed.iter().all(|one| one.request_id.as_ref() == Some(&row.id)), "{installed:?}");
    let library = installed.iter().find(|one| one.slug == "library").unwrap();
    bot.carry_out(&library.id).await;
    let cannot =
        Acknowledgement { attempt: 1, stage: "sandbox_prep".to_owned(), ok: false, reason: Some("no room".to_owned()) };
    bot.client.acknowledge(&row.id, &cannot).await.unwrap();
    let after = owner.client.installation(&library.id).await.unwrap().value;
    assert_eq!((after.installation.state.as_str(), after.installation.version), ("failed", None));
    assert_eq!(after.installation.reason_code.as_deref(), Some("cancelled"));
    assert!(after.installation.reason.unwrap().contains("came along with player"));
    assert_eq!((after.steps[0].stage.as_str(), after.steps[0].attempt), ("refused", 1));

    let row = owner.client.install("100", &new(&[("library", "1.0.0", &["ban"])])).await.unwrap();
    for one in owner.client.installed_on("100").await.unwrap().items {
        bot.carry_out(&one.id).await;
    }
    let row = owner.client.installation(&row.id).await.unwrap().value.installation;
    assert_eq!((row.state.as_str(), row.version.as_deref()), ("active", Some("1.0.0")));
    assert!(server.administrator().client.verify_audit(None).await.unwrap().intact);
}
