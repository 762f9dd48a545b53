//! One story told on both databases leaves the same rows in every table.

use super::world::{START, World, finding, number, package, version_of};
use crate::domain::digest::Sha256Digest;
use crate::domain::finding::Severity;
use crate::domain::id::{Entropy, NodeId};
use crate::domain::server::ServerRelation;
use crate::market::*;
use crate::store::idempotency::{self, KeptAnswer, RequestKey};
use crate::store::nodes::{self, Node};
use crate::store::{Dump, Scratch, StoreError, scratch_in_memory, scratch_on_postgres};

/// Something of everything that the marketplace keeps.
fn story(world: &World) {
    world.publish(&world.ada, "Greeter");
    let waiting = world.ready(&world.ada, "Ünïcode Böt", "1.0.0-rc.1", &["ban", "kick"]);
    world.does(&world.max, |tx, act| note(tx, act, waiting.id, "look at the loop\n\u{1f600} 'quoted' \\ $1")).unwrap();
    let claimed = world.claim(&world.mia, waiting.id).unwrap();
    world.does(&world.mia, |tx, act| renew(tx, act, claimed.id)).unwrap();

    let flawed = world.import(&world.ben, package("Flawed", "1.0.0", &[], b"x")).unwrap();
    let submitted = world.submit(&world.ben, &version_of(&flawed)).unwrap();
    world.check(&submitted.review, vec![finding(Severity::Error, "env.system")]);
    let row = world.review(submitted.review.id);
    let found = world.scratch.read(|tx| crate::store::findings::of_review(tx, row.id)).unwrap();
    let reason = "known and harmless".to_owned();
    let dismissal = Dismiss { finding: found[0].id, if_match: IfMatch::Revision(row.revision), reason };
    world.does(&world.mia, |tx, act| dismiss(tx, act, &dismissal)).unwrap();
    let revise_as = Revise { version: version_of(&flawed), number: number("1.0.1"), if_match: IfMatch::Any };
    world.does(&world.ben, |tx, act| revise(tx, act, &revise_as)).unwrap();
    world.scratch.tx(|tx| move_due(tx, world.now())).unwrap();
    let unchecked = world.import(&world.ben, package("Unchecked", "0.1.0", &["ban"], b"y")).unwrap();
    world.submit(&world.ben, &version_of(&unchecked)).unwrap();

    let token = CreateToken { name: "laptop".to_owned(), rights: None, expires_at: Some(START.plus_ms(1 << 40)) };
    world.does(&world.ada, |tx, act| create_token(tx, act, &token, "sky_x")).unwrap();
    let key = RequestKey {
        account: world.ada.account.id,
        method: "POST".to_owned(),
        path: "/v1/x".to_owned(),
        key: "k".to_owned(),
    };
    let body_sha256 = Sha256Digest::of(b"body");
    let kept = KeptAnswer { body_sha256, status: 201, headers: "{}".to_owned(), answer: "done".to_owned(), at: START };
    world.scratch.tx(|tx| idempotency::insert(tx, &key, &kept)).unwrap();
    let node = Node {
        id: NodeId::mint(START, &mut Entropy::from_seed([9; 32])),
        host: "here".to_owned(),
        address: "http://127.0.0.1:7373".to_owned(),
        version: "0.1.0".to_owned(),
        key_fingerprint: Sha256Digest::of(b"key"),
        started_at: START,
        clock: START,
        beat_at: START,
    };
    world.scratch.tx(|tx| nodes::beat(tx, &node)).unwrap();
    world.enact("locked = [\"scopes.webhooks\"]\n[scopes]\nwebhooks = \"deny\"\nkick = \"two-person\"\n[review]\nsla_ms = 86400000");
    world.overrides(ServerRelation::Owner, "[scopes]\nkick = \"deny\"", 0).unwrap();
    let refused = world.scratch.tx(|tx| {
        let act = world.act(&world.max);
        claim(tx, &act, waiting.id, IfMatch::Any)
    });
    assert!(refused.is_err(), "mia has it");
    world.scratch.rehearse(|tx| -> Result<(), StoreError> { crate::store::settings::set(tx, "a", "b") }).unwrap();
    world.verify();
}

/// A marketplace in which all of that happened, and everything that is in its tables.
pub fn told(scratch: Scratch) -> (World, Dump) {
    let world = World::on(scratch);
    story(&world);
    let world = super::guild::story(world);
    super::selling::story(&world);
    let dump = world.scratch.dump();
    for (table, rows) in &dump {
        assert!(!rows.is_empty(), "the story leaves the table {table} empty; add what fills it");
    }
    assert_eq!(dump.keys().cloned().collect::<Vec<_>>(), world.scratch.tables(), "the tables of the migrations");
    (world, dump)
}

#[test]
fn a_story_leaves_the_same_rows_on_both_databases() {
    let (_here, embedded) = told(scratch_in_memory());
    let Some(scratch) = scratch_on_postgres() else { return };
    let (_there, beyond) = told(scratch);
    for (table, rows) in &embedded {
        assert_eq!(Some(rows), beyond.get(table), "the table {table}");
    }
    assert_eq!(embedded.len(), beyond.len());
}
