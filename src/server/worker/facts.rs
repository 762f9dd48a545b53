//! What the marketplace knows around one version, read in one transaction before anything is examined.

use std::sync::Arc;

use crate::domain::extension::Slug;
use crate::domain::id::VersionId;
use crate::domain::policy::Policy;
use crate::domain::text::skeletons;
use crate::domain::time::Timestamp;
use crate::scan::{AuthorFacts, Context, Dismissed, Neighbour, PublishedFacts};
use crate::store::extensions::{self, ExtensionRow};
use crate::store::versions::{self, VersionRow};
use crate::store::{StoreError, Tx, accounts, findings, policy};

/// One version and everything that its checks have to know.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    pub version: VersionRow,
    pub policy: Arc<Policy>,
    slug: Slug,
    published: Option<PublishedFacts>,
    author: Option<AuthorFacts>,
    neighbours: Vec<Neighbour>,
    dismissed: Dismissed,
}

impl Facts {
    /// Reads the facts of a version; none where it is gone.
    pub fn of_version(tx: &mut Tx, version: VersionId, now: Timestamp) -> Result<Option<Facts>, StoreError> {
        let Some(version) = versions::by_id(tx, version)? else { return Ok(None) };
        let Some(extension) = extensions::by_id(tx, version.extension)? else { return Ok(None) };
        Facts::of(tx, version, &extension, now).map(Some)
    }

    /// Reads the facts around a version.
    pub fn of(tx: &mut Tx, version: VersionRow, extension: &ExtensionRow, now: Timestamp) -> Result<Facts, StoreError> {
        let published = versions::last_published(tx, extension.id)?;
        let author = accounts::by_id(tx, extension.owner)?;
        Ok(Facts {
            policy: policy::for_extension(tx, extension.slug.as_str(), now)?,
            slug: extension.slug.clone(),
            published: published.map(|row| PublishedFacts { number: row.number, scopes: row.scopes }),
            author: author.map(|account| AuthorFacts {
                verified: account.verified,
                suspended: account.suspended,
                reputation: account.reputation,
            }),
            neighbours: neighbours(tx, extension)?,
            dismissed: Dismissed {
                extension: extension.id,
                fingerprints: findings::dismissed_fingerprints(tx, extension.id)?.into_iter().collect(),
            },
            version,
        })
    }

    /// The facts as the scan takes them.
    pub fn context(&self) -> Context<'_> {
        Context {
            policy: &self.policy,
            slug: Some(&self.slug),
            published: self.published.clone(),
            stored: Some(self.version.code),
            author: self.author,
            neighbours: self.neighbours.clone(),
            dismissed: Some(self.dismissed.clone()),
        }
    }
}

/// Published extensions of other owners that look alike; what is not published is nobody's to learn of.
fn neighbours(tx: &mut Tx, extension: &ExtensionRow) -> Result<Vec<Neighbour>, StoreError> {
    let mut forms = skeletons(extension.name.as_str());
    forms.extend(skeletons(extension.slug.as_str()));
    forms.sort();
    forms.dedup();
    let mut found = Vec::new();
    for alike in extensions::look_alikes(tx, &forms, extension.owner)?.into_iter().filter(|alike| alike.published) {
        if let Some(other) = extensions::by_slug(tx, &alike.slug)? {
            found.push(Neighbour { slug: other.slug.to_string(), name: other.name.to_string() });
        }
    }
    Ok(found)
}
