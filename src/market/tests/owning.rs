//! What owners, receivers and administrators do.

use super::world::{World, caller, code, forged, number, package, version_of, viewer};
use crate::domain::account::{Right, Rights, Role};
use crate::domain::digest::CodeDigests;
use crate::domain::package::Package;
use crate::domain::policy::Switches;
use crate::market::*;
use crate::store::{StoreError, tokens};

#[test]
fn names_may_repeat_and_slugs_get_a_number() {
    let world = World::new();
    let slug = |who, name: &str, tail: &[u8]| {
        world.import(who, package(name, "1.0.0", &[], tail)).unwrap().extension.slug.to_string()
    };
    assert_eq!(slug(&world.ada, "Music Bot", b"1"), "music-bot");
    assert_eq!(slug(&world.ben, "Music Bot", b"2"), "music-bot-2");
    assert_eq!(slug(&world.ada, "music bot", b"3"), "music-bot-3");
    let asked = Import {
        package: package("Else", "1.0.0", &[], b"4"),
        blob: world.scratch.blob_of(package("Else", "1.0.0", &[], b"4").digests),
        slug: Some("music-bot".parse().unwrap()),
    };
    assert_eq!(code(world.does(&world.ada, |tx, act| import(tx, act, &asked))), "slug_taken");
}

#[test]
fn a_name_like_another_owners_published_one_cannot_be_submitted() {
    let world = World::new();
    world.publish(&world.ada, "PayPal Helper");
    let own = world.import(&world.ada, package("PayPal Helper", "1.0.0", &[], b"own")).unwrap();
    assert!(world.submit(&world.ada, &version_of(&own)).is_ok(), "one's own name is no imitation");
    let imitation = world.import(&world.ben, package("PayPaI He1per", "1.0.0", &[], b"im")).unwrap();
    assert_eq!(code(world.submit(&world.ben, &version_of(&imitation))), "name_confusable");
    let honest = world.import(&world.ben, package("Other Tool", "1.0.0", &[], b"ho")).unwrap();
    world.submit(&world.ben, &version_of(&honest)).unwrap();
    let rename = |name: &str| Edit {
        extension: honest.extension.id.into(),
        if_match: IfMatch::Any,
        name: Some(name.parse().unwrap()),
        description: None,
        tags: None,
        tier: None,
        listing: None,
    };
    assert_eq!(code(world.does(&world.ben, |tx, act| edit(tx, act, &rename("PayPal-Helper")))), "name_confusable");
    world.does(&world.ben, |tx, act| edit(tx, act, &rename("Third Tool"))).unwrap();
    assert_eq!(world.queue(&world.mia, "third"), ["other-tool"], "the queue shows the new name");
}

#[test]
fn a_number_is_never_used_twice_not_even_after_a_deletion() {
    let world = World::new();
    let imported = world.import(&world.ada, package("Greeter", "1.0.0", &[], b"1")).unwrap();
    let version = version_of(&imported);
    let submitted = world.submit(&world.ada, &version).unwrap();
    let extension: ExtensionRef = imported.extension.id.into();
    assert_eq!(code(world.does(&world.ada, |tx, act| delete(tx, act, &extension, IfMatch::Any))), "in_review");
    world.does(&world.ada, |tx, act| withdraw(tx, act, &version, IfMatch::Any)).unwrap();
    assert!(matches!(world.check(&submitted.review, Vec::new()), Recorded::Moot));
    world.submit(&world.ada, &version).unwrap();
    world.does(&world.ada, |tx, act| withdraw(tx, act, &version, IfMatch::Any)).unwrap();
    let taken = world.draft(&world.ada, &imported, package("Greeter", "1.0.0+other", &[], b"2"));
    assert_eq!(code(taken), "number_taken");
    world.does(&world.ada, |tx, act| delete(tx, act, &extension, IfMatch::Any)).unwrap();
    let again = world.import(&world.ada, package("Greeter", "1.0.0", &[], b"3"));
    assert_eq!(code(again), "number_spent");
    let other = world.import(&world.ada, package("Greeter", "1.0.1", &[], b"3")).unwrap();
    let spent = world.draft(&world.ada, &other, package("Greeter", "1.0.0", &[], b"3"));
    assert_eq!(code(spent), "number_spent");
    world.verify();
}

#[test]
fn one_draft_at_a_time_and_a_saved_version_can_be_edited_until_it_is_submitted() {
    let world = World::new();
    let imported = world.import(&world.ada, package("Greeter", "1.0.0", &[], b"1")).unwrap();
    let edited = world.draft(&world.ada, &imported, package("Greeter", "1.0.0", &["ban"], b"2")).unwrap();
    assert_eq!((edited.id, edited.stage.name().name()), (imported.version.id, "draft"));
    let moved = world.draft(&world.ada, &imported, package("Greeter", "2.0.0", &[], b"3")).unwrap();
    assert_eq!(moved.id, edited.id, "the draft itself changed its number");
    let extension: ExtensionRef = imported.extension.id.into();
    let stale = world.does(&world.ada, |tx, act| save(tx, act, &extension, IfMatch::Revision(edited.revision)));
    let Err(Refused::Precondition { changed, revision }) = stale else { panic!("the draft changed") };
    assert_eq!((changed[0].by.as_str(), changed[0].at, revision), ("ada", moved.updated_at, moved.revision));
    assert_eq!(code(world.does(&world.ben, |tx, act| save(tx, act, &extension, IfMatch::Any))), "not_found");
    assert_eq!(code(world.does(&world.mia, |tx, act| save(tx, act, &extension, IfMatch::Any))), "not_owner");
    world.does(&world.ada, |tx, act| save(tx, act, &extension, IfMatch::Any)).unwrap();
    assert_eq!(code(world.does(&world.ada, |tx, act| save(tx, act, &extension, IfMatch::Any))), "no_draft");
}

#[test]
fn two_codes_with_one_md5_are_refused_as_a_collision() {
    let world = World::new();
    let first = package("First", "1.0.0", &[], b"first");
    world.import(&world.ada, first.clone()).unwrap();
    let twin = CodeDigests { md5: first.digests.md5, ..CodeDigests::of(b"second") };
    let refused = world.import(&world.ben, forged("Second", twin)).unwrap_err();
    assert_eq!(refused.code(), "collision");
    assert!(refused.to_string().contains("attack"), "{refused}");
    assert!(
        world.import(&world.ben, package("Same Code", "1.0.0", &[], b"first")).is_ok(),
        "the same code is no collision"
    );
    let mismatched = Import { package: forged("Third", twin), blob: world.scratch.blob(b"third"), slug: None };
    let outcome = world.does(&world.ben, |tx, act| import(tx, act, &mismatched));
    assert!(matches!(outcome, Err(Refused::Store(StoreError::Internal(_)))));
}

#[test]
fn submissions_follow_the_policys_switches() {
    let world = World::new();
    let imported = world.import(&world.ada, package("Greeter", "1.0.0", &[], b"1")).unwrap();
    let submit_now = || code(world.submit(&world.ada, &version_of(&imported)));
    world.set_policy(|policy| policy.switches.submissions_open = false);
    assert_eq!(submit_now(), "submissions_closed");
    world.set_policy(|policy| policy.switches = Switches { verified_authors_only: true, ..Switches::default() });
    assert_eq!(submit_now(), "author_not_verified");
    world.set_policy(|policy| {
        policy.switches = Switches::default();
        policy.review.open_submissions_max = 0;
    });
    assert_eq!(submit_now(), "too_many_open");
    world.set_policy(|policy| policy.switches.read_only = true);
    assert_eq!(submit_now(), "read_only");
    let script = br#"{"package_version": "1.0", "extension": {"name": "Old One", "code": "exports.run = 1",
        "version": {"type": "command", "key": "o"}}}"#;
    world.set_policy(|policy| policy.switches = Switches::default());
    let old = world.import(&world.ada, Package::parse(script).unwrap()).unwrap();
    assert_eq!(code(world.submit(&world.ada, &version_of(&old))), "runtime_not_runnable");
}

#[test]
fn what_is_yanked_or_held_back_is_not_given_to_strangers() {
    let world = World::new();
    let published = world.publish(&world.ada, "Greeter");
    let extension: ExtensionRef = published.extension.into();
    let version = VersionRef { extension: extension.clone(), number: number("1.0.0") };
    let strangers_export = || world.reads(|tx| export(tx, &viewer(&world.ben), &extension, None));
    let reason = "breaks servers".to_owned();
    let input = Yank { version: version.clone(), if_match: IfMatch::Any, reason: reason.clone() };
    assert_eq!(code(world.does(&world.ben, |tx, act| yank(tx, act, &input))), "role_too_low");
    world.does(&world.ada, |tx, act| yank(tx, act, &input)).unwrap();
    assert_eq!(code(strangers_export()), "yanked");
    world.does(&world.mia, |tx, act| unyank(tx, act, &version, IfMatch::Any)).unwrap();
    assert!(strangers_export().is_ok());

    let hold = HoldBack { extension: extension.clone(), if_match: IfMatch::Any, range: None, reason };
    world.does(&world.mia, |tx, act| quarantine(tx, act, &hold)).unwrap();
    assert_eq!(code(strangers_export()), "not_found");
    let list = Edit {
        extension: extension.clone(),
        if_match: IfMatch::Any,
        name: None,
        description: None,
        tags: None,
        tier: None,
        listing: Some(Shown::Listed),
    };
    assert_eq!(code(world.does(&world.ada, |tx, act| edit(tx, act, &list))), "held");
    assert_eq!(code(world.does(&world.mia, |tx, act| block(tx, act, &hold))), "right_missing");
    world.does(&world.root, |tx, act| block(tx, act, &hold)).unwrap();
    let mut released = LetGo { extension: extension.clone(), if_match: IfMatch::Any, reason: " ".to_owned() };
    assert_eq!(code(world.does(&world.mia, |tx, act| let_go(tx, act, &released))), "role_too_low");
    assert_eq!(code(world.does(&world.root, |tx, act| let_go(tx, act, &released))), "invalid", "a reason is needed");
    "was mended".clone_into(&mut released.reason);
    world.does(&world.root, |tx, act| let_go(tx, act, &released)).unwrap();
    assert!(strangers_export().is_ok());
    assert_eq!(code(world.does(&world.ada, |tx, act| delete(tx, act, &extension, IfMatch::Any))), "published");
    world.verify();
}

#[test]
fn an_offered_extension_is_seen_by_its_receiver_and_becomes_theirs_when_accepted() {
    let world = World::new();
    let imported = world.import(&world.ada, package("Greeter", "1.0.0", &[], b"1")).unwrap();
    let extension: ExtensionRef = imported.extension.id.into();
    assert_eq!(code(world.does(&world.ben, |tx, act| accept(tx, act, &extension))), "not_found");
    let to = |name: &str| Offer { extension: extension.clone(), to: name.parse().unwrap(), if_match: IfMatch::Any };
    assert_eq!(code(world.does(&world.ada, |tx, act| offer(tx, act, &to("nobody")))), "invalid");
    world.does(&world.ada, |tx, act| offer(tx, act, &to("ben"))).unwrap();
    world.does(&world.ben, |tx, act| decline(tx, act, &extension)).unwrap();
    assert_eq!(code(world.does(&world.ben, |tx, act| accept(tx, act, &extension))), "not_found");
    world.does(&world.ada, |tx, act| offer(tx, act, &to("ben"))).unwrap();
    let theirs = world.does(&world.ben, |tx, act| accept(tx, act, &extension)).unwrap();
    assert_eq!((theirs.owner_name.as_str(), theirs.offered_to), ("ben", None));
    assert_eq!(code(world.submit(&world.ada, &version_of(&imported))), "not_found");
}

#[test]
fn rights_and_roles_are_those_of_now_not_of_when_the_caller_came() {
    let world = World::new();
    let ready = world.ready(&world.ada, "Greeter", "1.0.0", &[]);
    let edit_of = |who: &crate::domain::account::Caller, role, suspended| EditAccount {
        account: who.account.id,
        if_match: IfMatch::Any,
        role,
        verified: None,
        suspended,
    };
    world.does(&world.root, |tx, act| edit_account(tx, act, &edit_of(&world.mia, Some(Role::User), None))).unwrap();
    assert_eq!(code(world.claim(&world.mia, ready.id)), "not_found");
    world.does(&world.root, |tx, act| edit_account(tx, act, &edit_of(&world.max, None, Some(true)))).unwrap();
    assert_eq!(code(world.claim(&world.max, ready.id)), "account_suspended");
    let last = world.does(&world.root, |tx, act| edit_account(tx, act, &edit_of(&world.root, Some(Role::User), None)));
    assert_eq!(code(last), "last_administrator");
}

#[test]
fn a_token_gives_no_more_than_what_it_was_made_with() {
    let world = World::new();
    let reader =
        crate::domain::account::Caller { rights: Rights::new([Right::Read]), ..caller(world.mia.account.clone()) };
    let wanted = |rights: Option<Rights>| CreateToken { name: "laptop".to_owned(), rights, expires_at: None };
    let review = Some(Rights::new([Right::Review]));
    let more = world.does(&reader, |tx, act| create_token(tx, act, &wanted(review.clone()), "sky_x"));
    assert_eq!(code(more), "invalid");
    let token = world.does(&reader, |tx, act| create_token(tx, act, &wanted(None), "sky_x")).unwrap();
    assert_eq!(token.rights, Rights::new([Right::Read]));
    let holder =
        world.scratch.read(|tx| tokens::holder(tx, crate::domain::digest::Sha256Digest::of(b"sky_x"))).unwrap();
    assert_eq!(holder.map(|holder| holder.account.id), Some(world.mia.account.id));

    let ada = world.ada.account.id;
    let beyond = world.does(&world.root, |tx, act| create_token_for(tx, act, ada, &wanted(review), "sky_y"));
    assert_eq!(code(beyond), "invalid");
    let hers = world.does(&world.root, |tx, act| create_token_for(tx, act, ada, &wanted(None), "sky_y")).unwrap();
    assert_eq!(code(world.does(&world.ben, |tx, act| revoke_token(tx, act, hers.id))), "not_found");
    world.does(&world.ada, |tx, act| revoke_token(tx, act, hers.id)).unwrap();
    assert_eq!(code(world.does(&world.ada, |tx, act| revoke_token(tx, act, hers.id))), "already_revoked");
    world.does(&world.root, |tx, act| revoke_token(tx, act, token.id)).unwrap();
    world.verify();
}

#[test]
fn the_channel_goes_back_to_an_older_version_and_says_why() {
    let world = World::new();
    let published = world.publish(&world.ada, "Greeter");
    let extension: ExtensionRef = published.extension.into();
    let next = package("Greeter", "1.1.0", &[], b"next");
    let blob = world.scratch.blob_of(next.digests);
    let input = Draft { extension: extension.clone(), package: next, blob, if_match: IfMatch::Any };
    world.does(&world.ada, |tx, act| draft(tx, act, &input)).unwrap();
    world.does(&world.ada, |tx, act| save(tx, act, &extension, IfMatch::Any)).unwrap();
    let newer = VersionRef { extension: extension.clone(), number: number("1.1.0") };
    let submitted = world.submit(&world.ada, &newer).unwrap();
    world.check(&submitted.review, Vec::new());
    let claimed = world.claim(&world.max, submitted.review.id).unwrap();
    world.approve(&world.max, &claimed).unwrap();
    let back = |text: &str, reason: &str| Rollback {
        version: VersionRef { extension: extension.clone(), number: number(text) },
        if_match: IfMatch::Any,
        reason: reason.to_owned(),
    };
    assert_eq!(code(world.does(&world.ada, |tx, act| rollback(tx, act, &back("1.0.0", "")))), "invalid");
    assert_eq!(code(world.does(&world.ada, |tx, act| rollback(tx, act, &back("1.1.0", "x")))), "not_older");
    let row = world.does(&world.mia, |tx, act| rollback(tx, act, &back("1.0.0", "1.1.0 leaks"))).unwrap();
    assert_eq!(row.head.map(|head| (head.number, head.revision)), Some((number("1.0.0"), 3)));
    let detail = world.reads(|tx| super::super::extension(tx, &viewer(&world.ben), &extension)).unwrap();
    let reasons: Vec<&str> = detail.channel.iter().map(|revision| revision.reason.as_str()).collect();
    assert_eq!(reasons, ["1.1.0 leaks", "published", "published"]);
}
