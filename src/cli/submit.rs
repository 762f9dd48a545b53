//! `skydeck submit`: a package on its way to review, each step shown.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::context::Context;
use super::output::{self, Form};
use super::{Exit, Failure, Global, check, checks_text, subject};
use crate::api::reviews::Checks;
use crate::api::versions::{Submitted, Version};
use crate::client::{Client, ClientError, Seen};
use crate::domain::extension::Slug;
use crate::domain::package::Package;
use crate::domain::policy::Policy;
use crate::domain::scope::Scope;
use crate::scan::{self, PublishedFacts};

/// The first wait between two looks at the checks; it doubles.
const LOOK_FIRST: Duration = Duration::from_millis(50);
/// The longest wait between two looks.
const LOOK_LAST: Duration = Duration::from_secs(1);

/// What to submit, and as what.
#[derive(Debug, Args)]
pub struct Submit {
    /// A package (.skypkg)
    file: PathBuf,
    /// Submit it as a new version of this extension; as a new extension where left out
    #[arg(long, value_name = "SLUG")]
    extension: Option<String>,
    /// The new extension's short name; derived from its name where left out
    #[arg(long, conflicts_with = "extension")]
    slug: Option<String>,
    /// Overwrite a draft of another number that the extension has
    #[arg(long, requires = "extension")]
    replace_draft: bool,
    /// Wait for the checks, and print what they find
    #[arg(long)]
    wait: bool,
    /// How long to wait
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    timeout: u64,
    /// Judge everything and keep nothing: the marketplace judges the package, the checks run here by its policy
    #[arg(long, conflicts_with = "wait")]
    dry_run: bool,
}

/// Tells each step as it is done; silent where programs read.
#[derive(Clone, Copy)]
struct Steps {
    form: Form,
}

impl Steps {
    fn done(self, step: &str) -> Result<(), Failure> {
        match self.form {
            Form::Json => Ok(()),
            Form::Plain => output::text(&format!("done: {step}")),
            Form::Table => output::text(&format!("✓ {step}")),
        }
    }
}

/// Submits; [`Exit::Rejected`] where the checks reject and were waited for.
///
/// # Errors
/// A faulty package, before anything is sent; what the server refuses, with what was done before.
pub fn run(global: &Global, command: Submit) -> Result<Exit, Failure> {
    let steps = Steps { form: Form::of(global) };
    let subject = subject::read(&command.file)?;
    let package = subject.package()?;
    let bytes = subject::read_bytes(&command.file)?;
    steps.done(&format!("read {} {}", package.name.as_str(), package.manifest.number))?;
    let context = Context::open(global)?;
    if command.dry_run {
        return rehearse(&context, steps, &command, package, bytes);
    }
    let submitted = context.block_on(send(&context.client, steps, &command, package, bytes))?;
    if command.wait {
        let within = Duration::from_secs(command.timeout);
        return context.block_on(wait(&context.client, steps, &submitted, within));
    }
    match steps.form {
        Form::Json => output::json(&submitted)?,
        _ => output::line(&format!("review {}, due {}", submitted.review_id, output::moment(&submitted.due_at)))?,
    }
    Ok(Exit::Done)
}

async fn send(
    client: &Client,
    steps: Steps,
    command: &Submit,
    package: &Package,
    bytes: Vec<u8>,
) -> Result<Submitted, Failure> {
    let version = if let Some(extension) = &command.extension {
        let seen = seen_draft(client, command, extension, package).await?;
        let draft = client.put_draft(extension, seen, bytes).await?.value;
        steps.done(&format!("wrote the draft {} of {}", draft.number, draft.slug))?;
        let saved = client.save_draft(extension, Seen::Revision(draft.revision)).await?.value;
        steps.done(&format!("saved {}", saved.number))?;
        saved
    } else {
        let imported = client.import(bytes, command.slug.as_deref()).await?;
        for note in &imported.notes {
            steps.done(note)?;
        }
        steps.done(&format!("imported as {}", imported.extension.slug))?;
        imported.version
    };
    let submitted = client.submit(&version.slug, &version.number, Seen::Revision(version.revision)).await;
    let submitted = submitted.map_err(|error| {
        let failure = Failure::from(error);
        let again = format!("skydeck submit {} --extension {}", command.file.display(), version.slug);
        Failure::new(
            failure.exit,
            format!("{failure}\nthe version is saved and nothing is lost; when that is mended: {again}"),
        )
    })?;
    steps.done(&format!("submitted {} {} for review", version.slug, version.number))?;
    Ok(submitted)
}

/// What the new draft replaces: an unfinished one of the same number, a saved one of the same number, or nothing.
async fn seen_draft(client: &Client, command: &Submit, extension: &str, package: &Package) -> Result<Seen, Failure> {
    let number = package.manifest.number.to_string();
    let revision = |etag: Option<String>| etag.and_then(|etag| etag.parse().ok()).map_or(Seen::Nothing, Seen::Revision);
    match found(client.draft(extension).await)? {
        Some(draft) => {
            let other =
                Package::parse(&draft.value).ok().filter(|draft| draft.manifest.number != package.manifest.number);
            if let Some(other) = other.filter(|_| !command.replace_draft) {
                let text = format!(
                    "{extension} has a draft of {}; finish it first, or give --replace-draft to overwrite it",
                    other.manifest.number
                );
                return Err(Failure::new(Exit::Conflict, text));
            }
            Ok(revision(draft.etag))
        }
        None => match found(client.version(extension, &number).await)? {
            Some(version) if version.value.stage == "saved" => Ok(Seen::Revision(version.value.revision)),
            _ => Ok(Seen::Nothing),
        },
    }
}

/// Nothing where the server says that there is no such thing.
fn found<T>(answer: Result<T, ClientError>) -> Result<Option<T>, Failure> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.status() == Some(404) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

async fn wait(client: &Client, steps: Steps, submitted: &Submitted, within: Duration) -> Result<Exit, Failure> {
    let (slug, number) = (&submitted.version.slug, &submitted.version.number);
    let checked = tokio::time::timeout(within, checked(client, slug, number)).await.map_err(|_| {
        let text = format!(
            "the checks of {slug} {number} still run after {} s; nothing is lost: look again with `skydeck review show {}`",
            within.as_secs(),
            submitted.review_id
        );
        Failure::new(Exit::Unavailable, text)
    })?;
    let (version, checks) = checked?;
    let rejected = version.stage == "rejected";
    if steps.form == Form::Json {
        output::json(&json!({
            "review_id": submitted.review_id, "due_at": submitted.due_at, "version": version, "checks": checks,
        }))?;
    } else {
        steps.done(&format!("checked: {} findings", checks.findings.len()))?;
        checks_text::print(steps.form, &checks)?;
        output::text(&match &version.rejection {
            Some(rejection) => format!("rejected ({}):\n{}", rejection.reason, rejection.feedback),
            None => format!(
                "review {} is {}, due {}",
                submitted.review_id,
                version.stage,
                output::moment(&submitted.due_at)
            ),
        })?;
    }
    Ok(if rejected { Exit::Rejected } else { Exit::Done })
}

/// Looks again and again until the version's checks are done.
async fn checked(client: &Client, slug: &str, number: &str) -> Result<(Version, Checks), Failure> {
    let mut pause = LOOK_FIRST;
    loop {
        let version = client.version(slug, number).await?.value;
        if version.stage != "checking" {
            return Ok((version, client.checks(slug, number).await?));
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LOOK_LAST);
    }
}

fn rehearse(
    context: &Context,
    steps: Steps,
    command: &Submit,
    package: &Package,
    bytes: Vec<u8>,
) -> Result<Exit, Failure> {
    let client = &context.client;
    let (policy, published) = context.block_on(async {
        let rehearsing = client.rehearsing();
        let (slug, published) = match &command.extension {
            Some(extension) => {
                let seen = seen_draft(client, command, extension, package).await?;
                let draft = rehearsing.put_draft(extension, seen, bytes).await?.value;
                (draft.slug, published(client, extension).await?)
            }
            None => (rehearsing.import(bytes, command.slug.as_deref()).await?.extension.slug, None),
        };
        steps.done(&format!("the marketplace would take it as {slug}"))?;
        let document = client.policy().await?.value.document;
        let policy: Policy = serde_json::from_value(document)
            .map_err(|error| Failure::new(Exit::Failed, format!("the server's policy is not understood: {error}")))?;
        Ok::<_, Failure>((policy, published))
    })?;
    let slug = command.extension.as_deref().or(command.slug.as_deref()).and_then(|slug| slug.parse::<Slug>().ok());
    let judged =
        check::judge(package, &scan::Context { slug: slug.as_ref(), published, ..scan::Context::local(&policy) });
    check::print(steps.form, package, &judged)?;
    Ok(check::exit(&judged.verdict))
}

/// The version that the extension's users have now.
async fn published(client: &Client, extension: &str) -> Result<Option<PublishedFacts>, Failure> {
    let Some(head) = client.extension(extension).await?.value.head else { return Ok(None) };
    let version = client.version(extension, &head).await?.value;
    let scopes = version.scopes.iter().filter_map(|name| name.parse::<Scope>().ok()).collect();
    Ok(version.number.parse().ok().map(|number| PublishedFacts { number, scopes }))
}
