//! Looking at extensions and their versions, as far as the viewer may.

use super::refused::Refused;
use super::sight::{ExtensionRef, Viewer, find};
use crate::domain::extension::ChannelRevision;
use crate::domain::filter::Filter;
use crate::domain::limits::PAGE_ITEMS_MAX;
use crate::domain::stage::StageName;
use crate::domain::time::Timestamp;
use crate::domain::version::VersionNumber;
use crate::store::catalogue::{self, CataloguePage, CatalogueQuery, Reach};
use crate::store::extensions::ExtensionRow;
use crate::store::reviews::{self, ReviewRow};
use crate::store::versions::{self, VersionRow};
use crate::store::{Cursor, Tx, channels};

/// Channel revisions shown at most.
const REVISIONS_MAX: usize = 50;

/// One extension with its versions.
#[derive(Clone, Debug)]
pub struct ExtensionDetail {
    /// The extension.
    pub row: ExtensionRow,
    /// The versions that the viewer may see, greatest number first.
    pub versions: Vec<VersionRow>,
    /// The newest revisions of the channel, newest first.
    pub channel: Vec<ChannelRevision>,
}

/// One version with its newest review, where the viewer may see it.
#[derive(Clone, Debug)]
pub struct VersionDetail {
    /// The extension.
    pub extension: ExtensionRow,
    /// The version.
    pub version: VersionRow,
    /// Its newest review, for owner and maintainers.
    pub review: Option<ReviewRow>,
}

/// Reads a page of the catalogue: what is published and listed, and what is the viewer's own; all of it for maintainers.
pub fn extensions(
    tx: &mut Tx,
    viewer: &Viewer,
    filter: &Filter,
    after: Option<Cursor>,
    limit: usize,
    now: Timestamp,
) -> Result<CataloguePage, Refused> {
    let reach = match viewer {
        viewer if viewer.is_maintainer() => Reach::Everything,
        viewer => viewer.account().map_or(Reach::Public, Reach::PublicAndOwn),
    };
    let limit = limit.clamp(1, PAGE_ITEMS_MAX);
    Ok(catalogue::page(tx, &CatalogueQuery { filter, reach, after, limit, now })?)
}

/// Reads one extension with the versions that the viewer may see.
pub fn extension(tx: &mut Tx, viewer: &Viewer, wanted: &ExtensionRef) -> Result<ExtensionDetail, Refused> {
    let row = find(tx, viewer, wanted)?;
    let versions = versions::list(tx, row.id)?.into_iter().filter(|version| may_see(viewer, &row, version)).collect();
    let channel = channels::newest(tx, row.id, REVISIONS_MAX)?;
    Ok(ExtensionDetail { row, versions, channel })
}

/// Reads one version.
pub fn version(
    tx: &mut Tx,
    viewer: &Viewer,
    wanted: &ExtensionRef,
    number: &VersionNumber,
) -> Result<VersionDetail, Refused> {
    let extension = find(tx, viewer, wanted)?;
    let version = super::writing::version(tx, &extension, number)?;
    if !may_see(viewer, &extension, &version) {
        return Err(Refused::NotFound("version"));
    }
    let all = viewer.sees_all_of(&extension);
    let review = if all { reviews::newest_of_version(tx, version.id)? } else { None };
    Ok(VersionDetail { extension, version, review })
}

/// Reads the draft, for owner and maintainers.
pub fn current_draft(tx: &mut Tx, viewer: &Viewer, wanted: &ExtensionRef) -> Result<VersionDetail, Refused> {
    let extension = find(tx, viewer, wanted)?;
    let draft = versions::draft(tx, extension.id)?.filter(|_| viewer.sees_all_of(&extension));
    let version = draft.ok_or(Refused::NotFound("draft"))?;
    Ok(VersionDetail { extension, version, review: None })
}

/// Whether the viewer may know of a version: published ones, and all for owner and maintainers.
fn may_see(viewer: &Viewer, extension: &ExtensionRow, version: &VersionRow) -> bool {
    viewer.sees_all_of(extension) || version.stage.name() == StageName::Published
}
