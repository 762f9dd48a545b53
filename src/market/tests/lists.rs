//! Pages of the queue and of the catalogue.

use super::world::{World, package, viewer};
use crate::domain::filter::{self, Filter};
use crate::domain::limits::SCAN_ROWS_MAX;
use crate::market::*;
use crate::store::{Value, catalogue, queue as queue_store};

#[test]
fn every_filter_finds_what_it_names_whatever_the_page_size() {
    let world = World::new();
    for (who, name, scopes) in [
        (&world.ada, "Alpha", vec!["ban"]),
        (&world.ada, "Beta", vec!["kick", "ban"]),
        (&world.ben, "Gamma", vec![]),
        (&world.ben, "Delta", vec!["roles_manage"]),
        (&world.mia, "Epsilon", vec!["ban"]),
    ] {
        world.ready(who, name, "1.0.0", &scopes);
    }
    let gamma = world.queue(&world.mia, "slug:gamma");
    assert_eq!(gamma, ["gamma"]);
    for (text, expected) in [
        ("", vec!["beta", "alpha", "epsilon", "delta", "gamma"]),
        ("sort:slug", vec!["alpha", "beta", "delta", "epsilon", "gamma"]),
        ("sort:-slug", vec!["gamma", "epsilon", "delta", "beta", "alpha"]),
        ("sort:submitted", vec!["alpha", "beta", "gamma", "delta", "epsilon"]),
        ("sort:-risk risk:>0", vec!["beta", "epsilon", "alpha", "delta"]),
        ("scope:ban", vec!["beta", "alpha", "epsilon"]),
        ("scope:ban scope:kick", vec!["beta"]),
        ("-scope:ban", vec!["delta", "gamma"]),
        ("author:ben sort:slug", vec!["delta", "gamma"]),
        ("author:ben stage:ready -slug:delta", vec!["gamma"]),
        ("author:nobody", vec![]),
        ("author:ben author:ada", vec![]),
        ("-author:ben -author:mia", vec!["beta", "alpha"]),
        ("stage:ready kind:command runtime:wasm", vec!["beta", "alpha", "epsilon", "delta", "gamma"]),
        ("stage:ready -stage:review scope:kick", vec!["beta"]),
        ("stage:published", vec![]),
        ("-stage:ready", vec![]),
        ("overdue:yes", vec![]),
        ("older:1h", vec![]),
        ("younger:1h sort:-submitted", vec!["epsilon", "delta", "gamma", "beta", "alpha"]),
        ("lta", vec!["delta"]),
        ("-a", vec!["epsilon"]),
        ("claimed:none number:1.0.0 -delta scope:roles_manage", vec![]),
    ] {
        if text == "-a" {
            assert_eq!(world.queue(&world.mia, "-ta -mm -ph"), expected, "words left out");
            continue;
        }
        assert_eq!(world.queue(&world.mia, text), expected, "{text}");
    }
    assert_eq!(world.queue(&world.ben, "sort:slug"), ["delta", "gamma"], "authors see their own");
    assert_eq!(world.queue(&world.ben, "author:ada"), Vec::<String>::new());
    assert_eq!(world.queue(&world.ben, "stage:ready scope:roles_manage"), ["delta"]);
}

#[test]
fn a_filter_that_finds_little_looks_at_a_bounded_number_of_rows() {
    let world = World::new();
    world.ready(&world.ada, "Needle", "1.0.0", &[]);
    let count = i64::try_from(SCAN_ROWS_MAX).unwrap() + 10;
    let copy = |tx: &mut crate::store::Tx| -> Result<(), Refused> {
        let columns = "version_id, extension_id, open, stage, name, number, author_id, author_name, author_reputation, \
             runtime, kinds, scopes, risk, sha256, submitted_ms, due_ms, risk_points, reputation_points, \
             approvals_needed, findings_worst, findings_count, notes_count, revision";
        let sql = format!(
            "INSERT INTO reviews (id, slug, rank_ms, {columns}) WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL \
             SELECT n + 1 FROM c WHERE n < $1) SELECT substr(r.id, 1, 24) || substr('000000000000' || c.n, -12), \
             'hay', r.rank_ms - c.n, {columns} FROM reviews r, c WHERE r.slug = 'needle'"
        );
        tx.execute(&sql, &[Value::from(count)])?;
        Ok(())
    };
    world.scratch.tx(copy).unwrap();
    let needle = Filter::parse("slug:needle", &filter::QUEUE).unwrap();
    let mut query = queue_store::QueueQuery::of(&needle, world.now());
    let first = world.scratch.read(|tx| queue_store::page(tx, &query)).unwrap();
    assert!(first.rows.is_empty() && first.next.is_some(), "the bound was reached before the row");
    query.after = first.next;
    let second = world.scratch.read(|tx| queue_store::page(tx, &query)).unwrap();
    assert_eq!((second.rows.len(), second.next), (1, None));
}

#[test]
fn strangers_see_what_is_published_and_listed_and_owners_their_own() {
    let world = World::new();
    world.publish(&world.ada, "Open Tool");
    world.import(&world.ada, package("Secret Tool", "1.0.0", &["ban"], b"s")).unwrap();
    let hidden = world.publish(&world.ada, "Unlisted Tool");
    let unlist = Edit {
        extension: hidden.extension.into(),
        if_match: IfMatch::Any,
        name: None,
        description: None,
        tags: Some(vec!["fun".parse().unwrap()]),
        tier: None,
        listing: Some(Shown::Unlisted),
    };
    world.does(&world.ada, |tx, act| edit(tx, act, &unlist)).unwrap();
    let list = |viewer: Viewer, text: &str| -> Vec<String> {
        let filter = Filter::parse(text, &filter::EXTENSIONS).unwrap();
        let (mut slugs, mut after) = (Vec::new(), None);
        loop {
            let page = world.reads(|tx| extensions(tx, &viewer, &filter, after, 1, world.now())).unwrap();
            slugs.extend(page.rows.into_iter().map(|row| row.slug.to_string()));
            after = match page.next {
                Some(next) => Some(catalogue::parse_cursor(&next.to_string(), &filter).unwrap()),
                None => return slugs,
            };
        }
    };
    let all = ["open-tool", "secret-tool", "unlisted-tool"];
    assert_eq!(list(Viewer::Anyone, ""), ["open-tool"]);
    assert_eq!(list(viewer(&world.ben), "tool"), ["open-tool"]);
    assert_eq!(list(viewer(&world.ada), ""), all);
    assert_eq!(list(viewer(&world.mia), "sort:-name"), ["unlisted-tool", "secret-tool", "open-tool"]);
    assert_eq!(list(viewer(&world.mia), "stage:saved"), ["secret-tool"]);
    assert_eq!(list(viewer(&world.ben), "stage:saved"), Vec::<String>::new());
    assert_eq!(list(viewer(&world.ada), "tag:fun listing:unlisted tier:free kind:command"), ["unlisted-tool"]);
    assert_eq!(list(viewer(&world.ada), "-author:ada"), Vec::<String>::new());
    let by_slug: ExtensionRef = "unlisted-tool".parse().unwrap();
    assert!(world.reads(|tx| extension(tx, &Viewer::Anyone, &by_slug)).is_ok(), "unlisted is found by its slug");
}

#[test]
fn servers_are_found_by_what_is_on_them_and_by_who_serves_them() {
    use super::guild::{Guild, described};
    let guild = Guild::new();
    let world = &guild.world;
    guild.publish(package("Greeter", "1.0.0", &["kick"], b"1"));
    let other = world.does(&guild.bot, |tx, act| describe_server(tx, act, &described("900", "mia"))).unwrap();
    let names = |caller, text: &str| {
        let filter = Filter::parse(text, &filter::SERVERS).unwrap();
        let found = world.reads(|tx| {
            let viewer = world.act(caller).viewer();
            let all = servers_of(tx, &viewer, &filter, None, 10, world.now())?;
            assert_eq!(servers_total(tx, &viewer, &filter, world.now())?, all.len() as u64, "{text}");
            // Page by page gives the same.
            let mut paged = Vec::new();
            while let Some(line) =
                servers_of(tx, &viewer, &filter, paged.last().copied(), 1, world.now())?.into_iter().next()
            {
                paged.push(line.server.id);
            }
            assert_eq!(paged, all.iter().map(|line| line.server.id).collect::<Vec<_>>(), "{text}");
            Ok(all)
        });
        found.unwrap()
    };
    let ids = |caller, text: &str| names(caller, text).iter().map(|line| line.server.id).collect::<Vec<_>>();
    let (first, second) = (guild.server.id, other.id);
    let row = world.does(&world.ada, |tx, act| install(tx, act, &guild.new_installation("greeter", None))).unwrap();
    let counts =
        |text: &str| names(&world.mia, text).iter().map(|line| (line.installations, line.waiting)).collect::<Vec<_>>();
    assert_eq!(counts(""), [(1, 1), (0, 0)]);
    for (text, expected) in [
        ("", vec![first, second]),
        ("sort:-created", vec![second, first]),
        ("consent:yes", vec![first]),
        ("consent:no", vec![second]),
        ("installed:>0", vec![first]),
        ("installed:0", vec![second]),
        ("-installed:>=1", vec![second]),
        ("owner:MIA", vec![second]),
        ("-owner:mia tier:free", vec![first]),
        ("tier:pro", vec![]),
        ("presence:live", vec![first, second]),
        ("presence:silent", vec![]),
        ("-presence:unannounced", vec![first, second]),
        ("900", vec![second]),
        ("-900", vec![first]),
        ("older:1d", vec![]),
        ("younger:1d", vec![first, second]),
        ("instance:nobody", vec![]),
    ] {
        assert_eq!(ids(&world.mia, text), expected, "{text}");
    }
    assert_eq!(ids(&world.ada, ""), [first], "an owner sees its own");
    assert!(ids(&world.ben, "").is_empty(), "a stranger sees none");
    world.wait_ms(crate::domain::policy::Policy::default().installations.instance_silent_ms + 1);
    assert_eq!(ids(&world.mia, "presence:silent"), [first, second]);
    assert_eq!(guild.row(row.id).revision, row.revision);
}
