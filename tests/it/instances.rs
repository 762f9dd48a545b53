//! An instance played over HTTP and server-sent events: what it is ordered, what it acknowledges, what it is told at once.

use serde_json::{Value, json};
use skydeck::api::events::LiveEvent;
use skydeck::api::installations::{
    Acknowledgement, Consent, FlagOverrides, Installation, InstallationPatch, InstallationUpdate, NewInstallation,
    NewSecret, Revocation, RolloutPatch,
};
use skydeck::api::instances::{Announcement, Confirmation, NewInstance, UsageBatch, UsageRecord, UsageReport};
use skydeck::api::servers::{ServerDescription, ServerPatch};
use skydeck::client::{Client, EventStream, EventsQuery, PageQuery, Seen, Total};
use skydeck::market;

use crate::harness::{Package, Person, Server};

/// An instance that serves servers of one owner.
pub struct Bot {
    pub id: String,
    secret: skydeck::client::Secret,
    pub client: Client,
}

impl Bot {
    pub async fn start(server: &Server, name: &str, guilds: &[&str], owner: &str) -> Bot {
        let new = NewInstance { name: name.to_owned() };
        let made = server.administrator().client.create_instance(&new).await.unwrap();
        let secret: skydeck::client::Secret = made.secret.parse().unwrap();
        let client = Client::new(server.url().parse().unwrap(), Some(secret.clone())).unwrap();
        let bot = Bot { id: made.instance.id, secret, client };
        for guild in guilds {
            bot.describe(guild, owner).await;
        }
        let announced = bot.client.announce(&bot.id, &announcement(guilds)).await.unwrap();
        assert_eq!((announced.instance.presence.as_str(), announced.unknown_servers.len()), ("live", 0));
        bot
    }

    async fn describe(&self, guild: &str, owner: &str) {
        let description = ServerDescription { name: format!("Server {guild}"), owner: owner.to_owned(), tier: None };
        self.client.describe_server(guild, &description).await.unwrap();
    }

    async fn listen(&self) -> EventStream {
        self.client.events(&EventsQuery { topics: Vec::new(), after: None }).await.unwrap()
    }

    async fn done(&self, id: &str, attempt: u64, stage: &str) -> Installation {
        let done = Acknowledgement { attempt, stage: stage.to_owned(), ok: true, reason: None };
        self.client.acknowledge(id, &done).await.unwrap()
    }

    /// Fetches the code of an order, verifies it, and does both orders.
    pub async fn carry_out(&self, id: &str) -> Installation {
        let found = self.client.installation(id).await.unwrap().value.installation;
        let attempt = found.attempt.unwrap();
        assert_eq!(attempt.order.as_deref(), Some("prepare"));
        let code = self.client.blob(attempt.sha256.as_ref().unwrap()).await.unwrap();
        let sha256 = skydeck::domain::digest::Sha256Digest::of(&code).to_string();
        assert_eq!(Some(&sha256), attempt.sha256.as_ref());
        self.done(id, attempt.number, "sandbox_prep").await;
        self.done(id, attempt.number, "state_init").await
    }
}

fn announcement(guilds: &[&str]) -> Announcement {
    Announcement {
        host_api: "1.0.0".to_owned(),
        scopes: vec!["ban".to_owned(), "kick".to_owned(), "storage".to_owned()],
        wasm_features: Vec::new(),
        memory_mib: 256,
        servers: guilds.iter().map(|guild| (*guild).to_owned()).collect(),
    }
}

fn new_installation(slug: &str) -> NewInstallation {
    NewInstallation { extension: slug.to_owned(), grant: Some(Vec::new()), ..NewInstallation::default() }
}

/// The next event of a topic.
async fn next(stream: &mut EventStream, topic: &str) -> LiveEvent {
    let waited = tokio::time::timeout(std::time::Duration::from_secs(20), async {
        loop {
            let event = stream.next().await.unwrap().unwrap();
            if event.topic == topic {
                return event;
            }
        }
    });
    waited.await.unwrap_or_else(|_| panic!("no event of {topic} came"))
}

/// Publishes a further version of an extension.
async fn published_again(server: &Server, author: &Person, reviewer: &Person, slug: &str, package: &Package) {
    author.client.put_draft(slug, Seen::Nothing, package.bytes()).await.unwrap();
    let saved = author.client.save_draft(slug, Seen::Nothing).await.unwrap().value;
    let submitted = author.submit(slug, &saved.number).await;
    let review = server.checked(&submitted.review_id).await;
    assert_eq!(review.checks.state, "passed", "{:#?}", review.checks.findings);
    reviewer.client.claim(&review.id, Seen::Nothing).await.unwrap();
    reviewer.approve(&review.id).await.unwrap();
}

/// Takes every step that is due, as the server does by itself every few seconds.
async fn roll(server: &Server) -> usize {
    let (mut begun, now) = (0, server.clock.now());
    while let Some(rolled) = server.store.write(move |tx| market::roll(tx, now)).await.unwrap() {
        begun += rolled.begun;
    }
    begun
}

async fn to_all(author: &Person, slug: &str) {
    let patch = RolloutPatch { ring: Some("all".to_owned()), paused: None };
    author.client.set_rollout(slug, Seen::Nothing, &patch).await.unwrap();
}

#[tokio::test]
async fn an_instance_is_ordered_acknowledges_and_is_told_of_a_rollback() {
    let server = Server::start().await;
    let (ada, owner, mo) = (server.account("ada").await, server.account("olga").await, server.maintainer("mo").await);
    server.published(&ada, &mo, &Package::greeter("Greeter")).await;
    let bot = Bot::start(&server, "shard-1", &["100"], "olga").await;
    let mut stream = bot.listen().await;
    let row = owner.client.install("100", &new_installation("greeter")).await.unwrap();
    let order = next(&mut stream, "installation").await.body;
    assert_eq!(order["attempt"]["order"], "prepare", "{order}");
    assert_eq!(order["installation_id"], Value::from(row.id.clone()));
    let row = bot.carry_out(&row.id).await;
    assert_eq!((row.state.as_str(), row.version.as_deref()), ("active", Some("1.0.0")));
    let steps = owner.client.installation(&row.id).await.unwrap().value.steps;
    assert_eq!(steps.len(), 6, "{steps:?}");

    published_again(&server, &ada, &mo, "greeter", &Package::greeter("Greeter").numbered("1.1.0")).await;
    to_all(&ada, "greeter").await;
    assert_eq!(roll(&server).await, 1);
    bot.carry_out(&row.id).await;
    let back = ada.request(reqwest::Method::POST, "/extensions/greeter/rollback").header("If-Match", "*");
    let back = back.json(&json!({"number": "1.0.0", "reason": "it crashes"}));
    assert_eq!(crate::harness::answer(back).await.status, 200);
    let notice = next(&mut stream, "notice").await;
    assert_eq!((notice.body["action"].as_str(), notice.body["head"].as_str()), (Some("rolled_back"), Some("1.0.0")));
    let notices = || async { ada.client.notices("greeter").await.unwrap().items.remove(0) };
    assert_eq!((notices().await.confirmed, notices().await.instances), (Some(0), Some(1)));
    assert_eq!(bot.client.heartbeat(&bot.id).await.unwrap().notices.len(), 1);
    let note = Confirmation { event_id: Some(notice.number), notice_id: None };
    let mut watched = mo.client.events(&EventsQuery::default()).await.unwrap();
    bot.client.confirm(&bot.id, &note).await.unwrap();
    assert_eq!(notices().await.confirmed, Some(1));
    let told = next(&mut watched, "confirmation").await.body;
    assert_eq!((&told["confirmed"], &told["instances"], &told["instance"]), (&json!(1), &json!(1), &json!("shard-1")));
    assert!(mo.client.confirm(&bot.id, &note).await.is_err(), "nobody confirms in another's place");
    assert_eq!(roll(&server).await, 1, "no ring holds a recall up");
    let row = bot.carry_out(&row.id).await;
    assert_eq!(row.version.as_deref(), Some("1.0.0"));

    let channel = ada.client.channel("greeter").await.unwrap().items;
    let history: Vec<(u64, &str, &str)> =
        channel.iter().map(|one| (one.revision, one.number.as_str(), one.by.as_str())).collect();
    assert_eq!(history, [(3, "1.0.0", "ada"), (2, "1.1.0", "mo"), (1, "1.0.0", "mo")]);
    assert_eq!(channel[0].reason, "it crashes");

    let held = json!({"reason": "it steals"});
    let blocked = server.administrator().request(reqwest::Method::POST, "/extensions/greeter/block");
    assert_eq!(crate::harness::answer(blocked.header("If-Match", "*").json(&held)).await.status, 200);
    assert_eq!(next(&mut stream, "notice").await.body["action"], "blocked");
    assert!(bot.client.installation(&row.id).await.unwrap().value.installation.blocked);
}

#[tokio::test]
async fn an_update_that_asks_for_ban_waits_on_every_server_while_the_old_version_stays() {
    let server = Server::start().await;
    let (ada, owner, mo) = (server.account("ada").await, server.account("olga").await, server.maintainer("mo").await);
    server.published(&ada, &mo, &Package::greeter("Guard")).await;
    let guilds: Vec<String> = (100..120).map(|n| n.to_string()).collect();
    let names: Vec<&str> = guilds.iter().map(String::as_str).collect();
    let bot = Bot::start(&server, "shard-1", &names, "olga").await;
    let mut rows = Vec::new();
    for guild in &guilds {
        let row = owner.client.install(guild, &new_installation("guard")).await.unwrap();
        rows.push(bot.carry_out(&row.id).await);
    }
    published_again(&server, &ada, &mo, "guard", &Package::banner("Guard").numbered("1.1.0")).await;
    to_all(&ada, "guard").await;
    assert_eq!(roll(&server).await, guilds.len());
    for guild in &guilds {
        let asked = owner.client.consents(guild).await.unwrap().items;
        assert_eq!((asked[0].running.as_deref(), asked[0].version.as_str()), (Some("1.0.0"), "1.1.0"));
        assert_eq!((asked[0].scopes[0].scope.as_str(), asked[0].scopes[0].risk), ("ban", 10));
    }
    let id = rows[0].id.clone();
    let grant = |scopes: &[&str]| Consent {
        grant: Some(scopes.iter().map(|scope| (*scope).to_owned()).collect()),
        decline: None,
    };
    let never = owner.client.consent(&id, Seen::Nothing, &grant(&["ban", "webhooks"])).await.unwrap_err();
    assert_eq!(never.status(), Some(422), "{never}");
    let stranger = ada.client.consent(&id, Seen::Nothing, &grant(&["ban"])).await.unwrap_err();
    assert_eq!(stranger.status(), Some(404), "{stranger}");
    owner.client.consent(&id, Seen::Nothing, &grant(&["ban"])).await.unwrap();
    let row = bot.carry_out(&id).await;
    assert_eq!((row.version.as_deref(), row.granted), (Some("1.1.0"), vec!["ban".to_owned()]));
    let revoked = owner.client.revoke_scopes(&id, &Revocation { scopes: vec!["ban".to_owned()] }).await.unwrap();
    assert_eq!(revoked.state, "disabled");
    let declined = Consent { grant: None, decline: Some("it may not ban".to_owned()) };
    let stays = owner.client.consent(&rows[1].id, Seen::Nothing, &declined).await.unwrap();
    assert_eq!((stays.state.as_str(), stays.version.as_deref(), stays.attempt), ("active", Some("1.0.0"), None));
}

#[tokio::test]
async fn bad_input_of_instances_is_refused_whole() {
    let server = Server::start().await;
    let (ada, owner, mo) = (server.account("ada").await, server.account("olga").await, server.maintainer("mo").await);
    let package = Package::greeter("Greeter")
        .with("/extension/version/config_schema", json!({"type": "object", "required": ["channel"]}))
        .with("/extension/version/flags", json!({"fast": false}));
    server.published(&ada, &mo, &package).await;
    let bot = Bot::start(&server, "shard-1", &["100"], "olga").await;
    let nonsense = Announcement { host_api: "x".to_owned(), memory_mib: 0, ..announcement(&["100", "100"]) };
    let refused = bot.client.announce(&bot.id, &nonsense).await.unwrap_err();
    let pointers: Vec<&str> = refused.problem().unwrap().errors.iter().map(|error| error.pointer.as_str()).collect();
    assert_eq!(pointers, ["/host_api", "/memory_mib", "/servers/1"]);
    let person = owner.client.announce(&bot.id, &announcement(&[])).await.unwrap_err();
    assert_eq!((person.status(), person.code()), (Some(403), "right_missing"));
    let other = Bot::start(&server, "shard-2", &["200"], "olga").await;
    let taken = other.client.announce(&other.id, &announcement(&["100"])).await.unwrap_err();
    assert_eq!((taken.status(), taken.code()), (Some(409), "served_by_another"));

    let row = owner.client.install("100", &new_installation("greeter")).await.unwrap();
    let foreign = Acknowledgement { attempt: 1, stage: "sandbox_prep".to_owned(), ok: true, reason: None };
    assert_eq!(other.client.acknowledge(&row.id, &foreign).await.unwrap_err().status(), Some(404));
    let wrong = Acknowledgement { attempt: 7, ..foreign.clone() };
    assert_eq!(bot.client.acknowledge(&row.id, &wrong).await.unwrap_err().code(), "other_attempt");
    bot.carry_out(&row.id).await;

    let bad = owner.client.configure(&row.id, Seen::Nothing, &json!({"room": 1})).await.unwrap_err();
    assert_eq!(bad.status(), Some(422), "{bad}");
    let good = owner.client.configure(&row.id, Seen::Nothing, &json!({"channel": 1})).await.unwrap();
    assert_eq!(good.value.revision, 1);
    assert_eq!(bot.client.config(&row.id).await.unwrap().value.document, json!({"channel": 1}));
    assert_eq!(other.client.config(&row.id).await.unwrap_err().status(), Some(404));
    let share = |percent: i64| json!({"flags": {"fast": percent}});
    for (percent, status) in [(100, 204), (101, 422), (-1, 422), (0, 204)] {
        let request = ada.request(reqwest::Method::PUT, "/extensions/greeter/versions/1.0.0/flags");
        let answer = crate::harness::answer(request.json(&share(percent))).await;
        assert_eq!(answer.status, status, "{percent} %: {}", answer.text);
    }
    let flags = FlagOverrides { flags: [("fast".to_owned(), true)].into() };
    owner.client.set_flags(&row.id, &flags).await.unwrap();
    assert!(bot.client.flags(&row.id).await.unwrap().items[0].on);

    let secret = NewSecret { value: "hunter2".to_owned(), origins: vec!["https://api.example.com".to_owned()] };
    for origin in ["http://api.example.com", "https://*.example.com", "https://10.0.0.1"] {
        let bad = NewSecret { origins: vec![origin.to_owned()], ..secret.clone() };
        assert_eq!(owner.client.set_secret(&row.id, "API_KEY", &bad).await.unwrap_err().status(), Some(422));
    }
    owner.client.set_secret(&row.id, "API_KEY", &secret).await.unwrap();
    let shown = owner.get(&format!("/installations/{}/secrets", row.id)).await;
    assert!(shown.text.contains("API_KEY") && !shown.text.contains("hunter2"), "{}", shown.text);
    assert_eq!(owner.client.take_secret(&row.id, "API_KEY").await.unwrap_err().status(), Some(403));
    assert_eq!(other.client.take_secret(&row.id, "API_KEY").await.unwrap_err().status(), Some(404));
    assert_eq!(bot.client.take_secret(&row.id, "API_KEY").await.unwrap().value, "hunter2");
    let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(server.folder().join("secret.key")).unwrap());
    assert_eq!(mode & 0o777, 0o600);

    let record = |at: String| UsageRecord { installation_id: row.id.clone(), at, calls: 2, ..UsageRecord::default() };
    let report =
        |number, record| UsageReport { batches: vec![UsageBatch { number, records: vec![record] }], lost: vec![] };
    let now = server.clock.now();
    for _ in 0..3 {
        bot.client.report_usage(&bot.id, &report(2, record(now.to_string()))).await.unwrap();
    }
    let counted = bot.client.report_usage(&bot.id, &report(1, record(now.to_string()))).await.unwrap();
    assert_eq!((counted.next, counted.missing.len()), (3, 0));
    for (bot, bad) in [(&bot, record(now.plus_ms(1 << 40).to_string())), (&other, record(now.to_string()))] {
        assert_eq!(bot.client.report_usage(&bot.id, &report(3, bad)).await.unwrap_err().status(), Some(422));
    }
    assert_eq!(owner.client.usage_of(&row.id).await.unwrap().calls, 4);
}

#[tokio::test]
async fn owners_and_administrators_manage_servers_and_what_is_on_them() {
    let server = Server::start().await;
    let (ada, owner, mo) = (server.account("ada").await, server.account("olga").await, server.maintainer("mo").await);
    server.published(&ada, &mo, &Package::greeter("Greeter")).await;
    let bot = Bot::start(&server, "shard-1", &["100"], "olga").await;
    let tier = ServerPatch { tier: Some("plus".to_owned()), ..ServerPatch::default() };
    assert_eq!(owner.client.edit_server("100", Seen::Nothing, &tier).await.unwrap_err().status(), Some(403));
    server.administrator().client.edit_server("100", Seen::Nothing, &tier).await.unwrap();
    assert_eq!(owner.client.chat_server("100").await.unwrap().value.tier, "plus");
    assert_eq!(ada.client.chat_server("100").await.unwrap_err().status(), Some(404));
    let found = |q: &str| PageQuery { q: Some(q.to_owned()), total: Total::Counted, ..PageQuery::default() };
    let admin = server.administrator();
    let page = admin.client.servers(&found("tier:plus presence:live consent:no")).await.unwrap();
    let only = &page.items[0];
    assert_eq!((page.total, only.instance.as_str(), only.installations, only.consents), (Some(1), "shard-1", 0, 0));
    assert_eq!(admin.client.servers(&found("tier:free")).await.unwrap().total, Some(0));
    assert_eq!(admin.client.servers(&found("teir:plus")).await.unwrap_err().status(), Some(400));
    assert_eq!(admin.client.instance(&bot.id).await.unwrap().value.servers, 1);
    let fields = owner.client.server_policy("100").await.unwrap().value.fields;
    assert!(fields.iter().any(|field| field.field == "scopes.webhooks" && field.layer == "defaults" && !field.locked));
    let managers = ServerPatch { managers: Some(vec!["ada".to_owned()]), ..ServerPatch::default() };
    owner.client.edit_server("100", Seen::Nothing, &managers).await.unwrap();
    let row = ada.client.install("100", &new_installation("greeter")).await.unwrap();
    assert_eq!(ada.client.servers(&PageQuery::default()).await.unwrap().items.len(), 1);
    // The instance missed the event, and reads what it has to do.
    let orders = bot.client.run_by(&bot.id, &PageQuery::default()).await.unwrap().items;
    assert_eq!(orders[0].attempt.as_ref().unwrap().order.as_deref(), Some("prepare"));
    bot.carry_out(&row.id).await;
    let pinned = InstallationPatch { follow: "pinned".to_owned() };
    owner.client.follow("100", "greeter", Seen::Nothing, &pinned).await.unwrap();
    let current = owner.client.update_installation(&row.id, &InstallationUpdate::default()).await.unwrap_err();
    assert_eq!(current.code(), "current_already");
    owner.client.disable(&row.id, "too loud").await.unwrap();
    assert_eq!(owner.client.enable(&row.id).await.unwrap().state, "active");
    let removed = owner.client.uninstall("100", "greeter", Seen::Nothing).await.unwrap();
    assert!(removed.freed_at.is_some() && removed.steps > 0, "{removed:?}");
    assert_eq!(owner.client.installation(&row.id).await.unwrap().value.installation.state, "removing");
}

#[tokio::test]
async fn everything_that_the_console_reads_of_servers_is_answered() {
    use skydeck::console::screens::servers::ask::{Ask, Purpose, Told};
    use skydeck::console::screens::servers::fetch;
    let server = Server::start().await;
    let (ada, owner, mo) = (server.account("ada").await, server.account("olga").await, server.maintainer("mo").await);
    server.published(&ada, &mo, &Package::greeter("Greeter")).await;
    let bot = Bot::start(&server, "shard-1", &["100"], "olga").await;
    let row = owner.client.install("100", &new_installation("greeter")).await.unwrap();
    bot.carry_out(&row.id).await;
    let id = row.server_id.clone();
    let client = server.administrator().client.clone();
    let told = |ask: Ask| fetch::answer(&client, ask);
    let query = "presence:live".to_owned();
    let Told::Servers { answer, .. } = told(Ask::Servers { generation: 1, query, cursor: None }).await else {
        panic!()
    };
    assert_eq!(answer.unwrap().total, Some(1));
    let Told::Instances { answer, .. } = told(Ask::Instances { generation: 1, cursor: None }).await else { panic!() };
    assert_eq!(answer.unwrap().items[0].name, "shard-1");
    let Told::One { answer, .. } = told(Ask::One { id: id.clone() }).await else { panic!() };
    let whole = answer.unwrap();
    assert_eq!((whole.installations.len(), whole.instance.is_some()), (1, true));
    let Told::Policy { answer, .. } = told(Ask::Policy { id: id.clone(), purpose: Purpose::Show }).await else {
        panic!()
    };
    assert!(!answer.unwrap().fields.is_empty());
    let Told::Steps { answer, .. } = told(Ask::Steps { id: row.id.clone() }).await else { panic!() };
    assert_eq!(answer.unwrap().len(), 6);
    let Told::Config { answer, .. } = told(Ask::Config { id: row.id }).await else { panic!() };
    assert_eq!(answer.unwrap().revision, 0);
    let Told::Row(answer) = told(Ask::Row { id }).await else { panic!() };
    assert_eq!(answer.unwrap().installations, 1);
}

#[tokio::test]
async fn a_server_that_is_restarted_in_the_middle_finishes_or_undoes_what_was_begun() {
    let mut server = Server::start().await;
    let (ada, owner, mo) = (server.account("ada").await, server.account("olga").await, server.maintainer("mo").await);
    server.published(&ada, &mo, &Package::greeter("Greeter")).await;
    let bot = Bot::start(&server, "shard-1", &["100", "200"], "olga").await;
    let first = owner.client.install("100", &new_installation("greeter")).await.unwrap();
    let second = owner.client.install("200", &new_installation("greeter")).await.unwrap();
    bot.done(&first.id, 1, "sandbox_prep").await;
    server.stop().await;
    server.store.close();

    let again = server.another(|_| {}).await;
    let (bot, owner) = (
        Bot { client: Client::new(again.url().parse().unwrap(), Some(bot.secret.clone())).unwrap(), ..bot },
        owner.at(&again).await,
    );
    let orders = bot.client.run_by(&bot.id, &PageQuery::default()).await.unwrap().items;
    let order = |id: &str| {
        let one = orders.iter().find(|one| one.id == id).unwrap();
        one.attempt.as_ref().unwrap().order.clone().unwrap()
    };
    assert_eq!((order(&first.id).as_str(), order(&second.id).as_str()), ("initialise", "prepare"));
    assert_eq!(bot.done(&first.id, 1, "state_init").await.state, "active");
    again.clock.advance_ms(skydeck::domain::policy::InstallationPolicy::default().order_ms);
    let now = again.clock.now();
    again.store.write(move |tx| market::lapse_installations(tx, now)).await.unwrap();
    let undone = owner.client.installation(&second.id).await.unwrap().value.installation;
    assert_eq!((undone.state.as_str(), undone.reason_code.as_deref()), ("failed", Some("instance_timed_out")));
    let late = Acknowledgement { attempt: 1, stage: "sandbox_prep".to_owned(), ok: true, reason: None };
    assert_eq!(bot.client.acknowledge(&second.id, &late).await.unwrap_err().code(), "nothing_under_way");
}
