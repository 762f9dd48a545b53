//! Does what the screen asks of the outside, against one marketplace.

use serde_json::Value;

use super::ask::{Ask, Told};
use super::deed::{Deed, Order};
use super::{PAGE_ROWS, Whole};
use crate::api::installations::{
    Consent, InstallationPatch, InstallationUpdate, NewInstallation, Removed, Revocation, RolloutPatch,
};
use crate::api::policy::{NewServerPolicy, Plan};
use crate::api::servers::ServerPatch;
use crate::client::{Client, ClientError, PageQuery, Seen, Total};
use crate::console::perform::failure;

/// Does one thing.
pub async fn answer(client: &Client, ask: Ask) -> Told {
    match ask {
        Ask::Servers { generation, query, cursor } => {
            let q = (!query.is_empty()).then_some(query);
            let total = if cursor.is_none() { Total::Counted } else { Total::Uncounted };
            let answer = client.servers(&page(q, cursor.as_ref(), total)).await.map_err(failure);
            Told::Servers { generation, cursor, answer }
        }
        Ask::Instances { generation, cursor } => {
            let answer = client.instances(&page(None, cursor.as_ref(), Total::Uncounted)).await.map_err(failure);
            Told::Instances { generation, cursor, answer }
        }
        Ask::Row { id } => {
            Told::Row(client.chat_server(&id).await.map(|fetched| Box::new(fetched.value)).map_err(failure))
        }
        Ask::One { id } => {
            let answer = whole(client, &id).await.map(Box::new).map_err(failure);
            Told::One { id, answer }
        }
        Ask::Policy { id, purpose } => {
            let answer = client.server_policy(&id).await.map(|fetched| Box::new(fetched.value)).map_err(failure);
            Told::Policy { id, purpose, answer }
        }
        Ask::Steps { id } => {
            let answer = client.installation(&id).await.map(|fetched| fetched.value.steps).map_err(failure);
            Told::Steps { id, answer }
        }
        Ask::Config { id } => {
            let answer = client.config(&id).await.map(|fetched| Box::new(fetched.value)).map_err(failure);
            Told::Config { id, answer }
        }
        Ask::Offer { server_id, slug } => {
            let answer = client.installation_offer(&server_id, &slug, None).await.map(Box::new).map_err(failure);
            Told::Offer { server_id, answer }
        }
        Ask::Weigh(order) => {
            let answer = weigh(client, &order).await.map_err(failure);
            Told::Weighed { order, answer }
        }
        Ask::PlanOverride(order) => {
            let answer = plan_override(client, &order).await.map(Box::new).map_err(failure);
            Told::OverridePlanned { order, answer }
        }
        Ask::Do(order) => {
            let answer = carry_out(client, &order).await.map_err(failure);
            Told::Done { order, answer }
        }
    }
}

fn page(q: Option<String>, cursor: Option<&String>, total: Total) -> PageQuery {
    PageQuery { q, cursor: cursor.cloned(), limit: Some(PAGE_ROWS), total }
}

async fn whole(client: &Client, id: &str) -> Result<Whole, ClientError> {
    let (server, installations, consents) =
        tokio::try_join!(client.chat_server(id), client.installed_on(id), client.consents(id))?;
    let server = server.value;
    // Whoever only owns or manages the server may not see all of the instance.
    let instance = client.instance(&server.instance_id).await.ok().map(|fetched| fetched.value);
    Ok(Whole { server, installations: installations.items, consents: consents.items, instance })
}

/// What a removal would free: the server judges it and keeps everything.
async fn weigh(client: &Client, order: &Order) -> Result<Removed, ClientError> {
    let (extension, seen) = match &order.deed {
        Deed::Remove { extension_id, revision } => (extension_id.as_str(), Seen::Revision(*revision)),
        _ => ("", Seen::Nothing),
    };
    client.rehearsing().uninstall(&order.server_id, extension, seen).await
}

async fn plan_override(client: &Client, order: &Order) -> Result<Plan, ClientError> {
    let (document, reason) = match &order.deed {
        Deed::Override { document, reason, .. } => (document.clone(), reason.clone()),
        _ => (Value::Null, String::new()),
    };
    client.plan_server_policy(&order.server_id, &NewServerPolicy { document, reason }).await
}

async fn carry_out(client: &Client, order: &Order) -> Result<String, ClientError> {
    let (server, title) = (order.server_id.as_str(), order.title.as_str());
    Ok(match &order.deed {
        Deed::Install { slug, number, grant, along } => {
            let new = NewInstallation {
                extension: slug.clone(),
                number: Some(number.clone()),
                grant: Some(grant.clone()),
                follow: None,
                along: along.clone(),
            };
            client.install(server, &new).await?;
            format!("{title} is being installed")
        }
        Deed::Remove { extension_id, revision } => {
            let removed = client.uninstall(server, extension_id, Seen::Revision(*revision)).await?;
            removed.freed_at.map_or_else(|| format!("{title} is removed"), |_| format!("{title} is being removed"))
        }
        Deed::Tier { revision, tier } => {
            let patch = ServerPatch { tier: Some(tier.clone()), ..ServerPatch::default() };
            client.edit_server(server, Seen::Revision(*revision), &patch).await?;
            format!("{title} has the tier {tier}")
        }
        Deed::Override { number, document, reason, plan } => {
            let set = if let Some((plan, base)) = plan {
                client.apply_server_policy(server, plan, *base).await?.policy
            } else {
                let policy = NewServerPolicy { document: document.clone(), reason: reason.clone() };
                client.put_server_policy(server, &policy, *number).await?.value
            };
            format!("{title}: revision {} of its override is in force", set.number)
        }
        Deed::Follow { extension_id, revision, follow } => {
            let patch = InstallationPatch { follow: (*follow).to_owned() };
            client.follow(server, extension_id, Seen::Revision(*revision), &patch).await?;
            format!("{title}: updates are {follow}")
        }
        deed => on_installation(client, title, deed).await?,
    })
}

async fn on_installation(client: &Client, title: &str, deed: &Deed) -> Result<String, ClientError> {
    Ok(match deed {
        Deed::Grant { id, revision, scopes } => {
            let consent = Consent { grant: Some(scopes.clone()), decline: None };
            client.consent(id, Seen::Revision(*revision), &consent).await?;
            format!("{title}: {} scopes are granted", scopes.len())
        }
        Deed::Refuse { id, revision, reason } => {
            let consent = Consent { grant: None, decline: Some(reason.clone()) };
            client.consent(id, Seen::Revision(*revision), &consent).await?;
            format!("{title} is refused")
        }
        Deed::Revoke { id, scopes } => {
            let now = client.revoke_scopes(id, &Revocation { scopes: scopes.clone() }).await?;
            format!("{title}: {} taken back; it is {}", scopes.join(", "), now.state)
        }
        Deed::Update { id } => {
            client.update_installation(id, &InstallationUpdate::default()).await?;
            format!("{title} is being updated")
        }
        Deed::RollBack { id, reason } => {
            client.roll_installation_back(id, reason).await?;
            format!("{title} goes back to the version before")
        }
        Deed::Disable { id, reason } => {
            client.disable(id, reason).await?;
            format!("{title} is stopped")
        }
        Deed::Enable { id } => format!("{title} is {}", client.enable(id).await?.state),
        Deed::Configure { id, revision, document } => {
            let set = client.configure(id, Seen::Revision(*revision), document).await?.value;
            format!("{title}: revision {} of its configuration is set", set.revision)
        }
        Deed::Pause { extension_id, reason } => {
            let patch = RolloutPatch { ring: None, paused: Some(reason.clone()) };
            client.set_rollout(extension_id, Seen::Nothing, &patch).await?;
            let goes_on = reason.is_empty();
            format!("{title}: its updates {}", if goes_on { "go on" } else { "are paused on every server" })
        }
        Deed::Install { .. }
        | Deed::Remove { .. }
        | Deed::Tier { .. }
        | Deed::Override { .. }
        | Deed::Follow { .. } => String::new(),
    })
}
