//! `skydeck demo`: a marketplace in this process, filled with believable data, and the console on it as an administrator.

mod catalogue;
mod dice;
mod entries;
mod grown;
mod guilds;
mod life_of_servers;
mod live;
mod packages;
mod pictures;
mod policy;
mod sales;
mod servers;
mod shelf;
mod story;
mod teller;
mod usage;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;

use super::console::{Appearance, open_console};
use super::context::{client, full_runtime};
use super::{Exit, Failure, Global, output};
use crate::client::Client;
use crate::config::{Folders, Settings, write_private};
use crate::domain::digest::Sha256Digest;
use crate::domain::id::{AccountId, PlanId};
use crate::market::{self, Act, By, CreateToken, Refused};
use crate::server::{RunningServer, ServerConfig, serve};
use crate::store::{Store, StoreConfig, accounts};

/// How the demo is opened.
#[derive(Debug, Args)]
pub struct Demo {
    /// Keep the marketplace in this folder; without it everything is forgotten at the end
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Where the marketplace listens; port 0 picks one
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Run the marketplace without the console, and print its address and where the token is
    #[arg(long)]
    no_console: bool,
    /// Write pictures of the console (SVG, from real frames) into this folder, and end
    #[arg(long, value_name = "DIR", conflicts_with = "no_console")]
    pictures: Option<PathBuf>,
    #[command(flatten)]
    appearance: Appearance,
}

/// A marketplace that runs in this process.
struct Marketplace {
    server: RunningServer,
    client: Client,
    token: String,
    /// The plan that waits to be applied, where the marketplace is new.
    plan: Option<PlanId>,
    instances: tokio::task::JoinHandle<()>,
}

/// A folder that goes when the demo ends.
struct Folder {
    path: PathBuf,
    forgotten: bool,
}

/// Opens the demo.
///
/// # Errors
/// Where the folder cannot be used, or standard output is no terminal.
pub fn run(global: &Global, command: Demo) -> Result<Exit, Failure> {
    if command.pictures.is_none() && !command.no_console {
        super::console::check_terminal()?;
    }
    let folders = super::context::folders(global)?;
    let settings = Settings::load(&folders.config)?;
    super::console::check_looks(&settings, &folders, &command.appearance)?;
    let folder = Folder::make(command.data.clone())?;
    let runtime = full_runtime()?;
    runtime.block_on(async {
        let market = open_marketplace(&folder.path, command.listen).await?;
        let exit = if let Some(pictures) = &command.pictures {
            pictures::write(&market.client, pictures).await
        } else if command.no_console {
            announce(&market, &folder.path).await
        } else {
            // What is typed in a demo belongs to its marketplace, and goes with it.
            let own = Folders { data: folder.path.clone(), ..folders.clone() };
            open_console(market.client.clone(), &settings, &own, &command.appearance).await
        };
        market.instances.abort();
        market.server.shut_down().await;
        exit
    })
}

async fn open_marketplace(folder: &Path, listen: SocketAddr) -> Result<Marketplace, Failure> {
    super::context::use_ring();
    let store = Store::open(StoreConfig::in_folder(folder))?;
    let config = ServerConfig { listen, ..ServerConfig::default() };
    let now = config.clock.now();
    let is_new = store.read(|tx| accounts::count(tx).map(|count| count == 0)).await?;
    let mut plan = None;
    if is_new {
        let prepared = story::prepare(&store, now, random()?).await?;
        plan = Some(store.write(move |tx| story::tell(tx, &prepared)).await?);
    }
    let secret = crate::server::caller::Secret::from_bytes(random()?);
    let (shown, seed) = (secret.reveal().to_owned(), random()?);
    store
        .write(move |tx| {
            let account = captain(tx)?;
            let act = Act { by: By::LocalOperator, now, seed };
            let token = CreateToken { name: "demo".to_owned(), rights: None, expires_at: None };
            market::create_token_for(tx, &act, account, &token, secret.reveal()).map(drop)
        })
        .await?;
    let clock = config.clock.clone();
    let server = serve(config, store.clone()).await?;
    let instances = tokio::spawn(live::play(store, clock));
    let client = client(server.url().parse()?, Some(shown.parse()?), None)?;
    Ok(Marketplace { server, client, token: shown, plan, instances })
}

/// The account the demo is used as.
fn captain(tx: &mut crate::store::Tx) -> Result<AccountId, Refused> {
    let name = catalogue::PEOPLE[0].name.parse().map_err(|_| Refused::NotFound("account"))?;
    accounts::by_name(tx, &name)?.map(|account| account.id).ok_or(Refused::NotFound("account"))
}

/// Prints where the marketplace is, and waits for the signal to end.
async fn announce(market: &Marketplace, folder: &Path) -> Result<Exit, Failure> {
    let path = folder.join("administrator.token");
    write_private(&path, format!("{}\n", market.token).as_bytes())
        .map_err(|error| Failure::new(Exit::Environment, format!("{}: {error}", path.display())))?;
    output::line(&format!("listening on {}", market.server.url()))?;
    output::line(&format!("administrator token in {}", path.display()))?;
    if let Some(plan) = market.plan {
        output::line(&format!(
            "plan {plan} waits to be applied: it denies webhooks and halves the free tier's memory"
        ))?;
    }
    super::serve::wait_for_signal().await?;
    Ok(Exit::Done)
}

fn random() -> Result<[u8; 32], Failure> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes)
        .map_err(|error| Failure::new(Exit::Environment, format!("the system gives no random bytes: {error}")))?;
    Ok(bytes)
}

impl Folder {
    fn make(kept: Option<PathBuf>) -> Result<Folder, Failure> {
        let mut builder = std::fs::DirBuilder::new();
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        let forgotten = kept.is_none();
        let path = if let Some(path) = kept {
            builder.recursive(true);
            path
        } else {
            // A name that nobody can guess, made anew: among folders that all share, another's could wait for us.
            let name = Sha256Digest::of(&random()?).to_string();
            std::env::temp_dir().join(format!("skydeck-demo-{}", &name[..16]))
        };
        let refused = |error| Failure::new(Exit::Environment, format!("{}: {error}", path.display()));
        builder.create(&path).map_err(refused)?;
        Ok(Folder { path, forgotten })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // The log of a panic is in it, and its path was just printed.
        if self.forgotten && !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}
