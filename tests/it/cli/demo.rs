//! The demo as somebody finds it who has just started it, and that its instances do what they are ordered.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::time::Duration;

use skydeck::api::installations::{Installation, InstallationUpdate};
use skydeck::api::servers::Server;
use skydeck::client::{Client, EventsQuery, PageQuery};

use super::program::Program;

/// How long something may take that ends sooner unless the test fails.
const PATIENCE: Duration = Duration::from_mins(1);

/// A demo without its console; it ends with this.
struct Demo {
    child: Child,
    client: Client,
    plan: String,
    _program: Program,
}

impl Demo {
    fn start() -> Demo {
        let program = Program::on(None);
        let mut command = program.command(&["demo", "--no-console", "--data", "demo"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut after =
            |start: &str| lines.next().and_then(|line| line.strip_prefix(start).map(str::to_owned)).unwrap();
        let url = after("listening on ");
        let token = std::fs::read_to_string(program.path(&after("administrator token in "))).unwrap();
        let plan = after("plan ").split(' ').next().unwrap().to_owned();
        let client = Client::new(url.parse().unwrap(), Some(token.trim().parse().unwrap())).unwrap();
        Demo { child, client, plan, _program: program }
    }

    async fn servers(&self) -> Vec<Server> {
        self.client.servers(&PageQuery { limit: Some(100), ..PageQuery::default() }).await.unwrap().items
    }

    async fn installed(&self, servers: &[Server]) -> Vec<Installation> {
        let mut found = Vec::new();
        for server in servers {
            found.extend(self.client.installed_on(&server.id).await.unwrap().items);
        }
        found
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_is_full_and_its_instances_do_what_they_are_ordered() {
    let demo = Demo::start();
    let servers = demo.servers().await;
    let tiers: std::collections::BTreeSet<&str> = servers.iter().map(|server| server.tier.as_str()).collect();
    assert_eq!((servers.len(), tiers.len()), (40, 3));
    let instances = demo.client.instances(&PageQuery::default()).await.unwrap().items;
    let silent: Vec<&str> = instances.iter().filter(|one| one.presence == "silent").map(|one| &*one.name).collect();
    assert_eq!((instances.len(), silent.as_slice()), (4, ["shard-attic"].as_slice()));
    let installed = demo.installed(&servers).await;
    let asked = |row: &&Installation| row.attempt.as_ref().is_some_and(|next| next.stage == "permission_validation");
    let held = |row: &&Installation| row.update.as_ref().is_some_and(|update| update.when == "paused");
    assert_eq!(installed.len(), 300);
    assert!(installed.iter().filter(asked).count() >= 5, "some wait for consent");
    assert!(installed.iter().filter(held).count() >= 5, "a ring is paused");
    let bad = demo.client.extension("role-picker").await.unwrap().value;
    assert_eq!(bad.head.as_deref(), Some("1.1.0"), "it was rolled back");
    let rollout = demo.client.rollout("levels").await.unwrap().value;
    assert!(rollout.paused.is_some(), "{rollout:?}");

    let row = installed.iter().find(|row| {
        let serving = servers.iter().find(|server| server.id == row.server_id).map(|server| &server.instance_id);
        let silent = instances.iter().any(|one| Some(&one.id) == serving && one.presence == "silent");
        row.slug == "levels" && row.version.as_deref() == Some("3.0.0") && row.state == "active" && !silent
    });
    let row = row.expect("levels waits on many servers");
    let topics = vec!["installation".to_owned()];
    let mut events = demo.client.events(&EventsQuery { topics, after: None }).await.unwrap();
    demo.client.update_installation(&row.id, &InstallationUpdate::default()).await.unwrap();
    let done = tokio::time::timeout(PATIENCE, async {
        loop {
            let body = events.next().await.unwrap().unwrap().body;
            if body["installation_id"] == row.id.as_str() && body["version"] == "3.1.0" {
                return;
            }
        }
    });
    done.await.expect("its instance does both orders");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_s_plan_touches_something_and_can_be_applied() {
    let demo = Demo::start();
    let plan = demo.client.policy_plan(&demo.plan).await.unwrap();
    let totals = &plan.impact.totals;
    let hit = (totals.extensions_hit, totals.submissions_hit, totals.servers_hit.unwrap_or(0));
    assert!(hit.0 >= 3 && hit.1 >= 2 && hit.2 >= 10, "{totals:?}");
    let base = demo.client.policy().await.unwrap().value.number;
    demo.client.apply_policy(&demo.plan, base).await.unwrap();
}
