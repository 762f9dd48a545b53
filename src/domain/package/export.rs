//! Writes packages: what is known in its place, what is unknown as it came.

use super::Package;
use super::read::leave_code_out;
use crate::domain::extension::{Description, ExtensionName, Tag, Tier};
use crate::domain::id::{AccountId, ExtensionId};
use crate::domain::json::Json;
use crate::domain::limits::PACKAGE_BYTES_MAX;
use crate::domain::manifest::PackageVersion;
use crate::domain::time::Timestamp;
use crate::domain::version::VersionNumber;

/// What an export says about itself; apart from it, exporting what was imported gives the same bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// When.
    pub exported_at: Timestamp,
    /// The number of the version.
    pub number: VersionNumber,
    /// The extension it was exported from.
    pub original_id: ExtensionId,
    /// Its owner.
    pub original_owner: AccountId,
}

impl Package {
    /// The package as a `.skypkg` document, indented where that fits. One kind is written as a string with package version 1.0,
    /// several as an array with 1.1; both digests are written.
    pub fn export(&self, exported: &Exported) -> Vec<u8> {
        let mut document = self.document.clone();
        let names: Vec<Json> = self.manifest.kinds.iter().map(|kind| Json::text(kind.name())).collect();
        let (package_version, kinds) = match names.as_slice() {
            [only] => (PackageVersion::V1_0, only.clone()),
            _ => (PackageVersion::V1_1, Json::Array(names)),
        };
        document.set("package_version", Json::text(package_version.name()));
        document.set("exported_at", Json::text(exported.exported_at.to_string()));
        set_in(&mut document, "extension", |extension| {
            set_in(extension, "version", |version| {
                version.set("number", Json::text(exported.number.to_string()));
                version.set("type", kinds);
                version.set("md5", Json::text(self.digests.md5.to_string()));
                version.set("sha256", Json::text(self.digests.sha256.to_string()));
            });
            extension.set("code", Json::text(self.code.to_text()));
        });
        set_in(&mut document, "source", |source| {
            source.set("original_id", Json::text(exported.original_id.to_string()));
            source.set("original_owner", Json::text(exported.original_owner.to_string()));
        });
        let pretty = document.to_pretty();
        // Deep nesting can make indentation the larger part; what was exported must be small enough to be imported.
        if pretty.len() > PACKAGE_BYTES_MAX { document.to_compact().into_bytes() } else { pretty.into_bytes() }
    }

    /// The package with another version number, in the manifest and in the document.
    #[must_use]
    pub fn with_number(&self, number: &VersionNumber) -> Package {
        let mut changed = self.clone();
        changed.manifest.number = number.clone();
        changed.notes.clear();
        set_in(&mut changed.document, "extension", |extension| {
            set_in(extension, "version", |version| version.set("number", Json::text(number.to_string())));
        });
        changed
    }

    /// The package with what the extension is called now; fields that say nothing and were never there stay away.
    #[must_use]
    pub fn with_details(&self, name: &ExtensionName, description: &Description, tags: &[Tag], tier: Tier) -> Package {
        let mut changed = self.clone();
        changed.name = name.clone();
        changed.description = description.clone();
        changed.tags = tags.to_vec();
        changed.tier = Some(tier);
        let tier_json = match tier {
            Tier::Free => Json::text("free"),
            Tier::Premium { price_points } => {
                let price = Json::Object(vec![("price_points".to_owned(), Json::Number(price_points.to_string()))]);
                Json::Object(vec![("premium".to_owned(), price)])
            }
        };
        set_in(&mut changed.document, "extension", |extension| {
            extension.set("name", Json::text(name.as_str()));
            if extension.get("description").is_some() || !description.as_str().is_empty() {
                extension.set("description", Json::text(description.as_str()));
            }
            if extension.get("tags").is_some() || !tags.is_empty() {
                extension.set("tags", Json::Array(tags.iter().map(|tag| Json::text(tag.as_str())).collect()));
            }
            if extension.get("tier").is_some() || tier != Tier::Free {
                extension.set("tier", tier_json);
            }
        });
        leave_code_out(&mut changed.document);
        changed
    }
}

/// Changes the object at `key`; where there is none, an empty one is put there first.
pub(super) fn set_in(json: &mut Json, key: &str, change: impl FnOnce(&mut Json)) {
    if json.get(key).is_none_or(|value| value.as_object().is_none()) {
        json.set(key, Json::Object(Vec::new()));
    }
    if let Some(value) = json.get_mut(key) {
        change(value);
    }
}
