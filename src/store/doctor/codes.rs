//! Whether every code that a version is made of is stored, whole, and what else is stored beside them.

use std::collections::HashSet;

use futures_util::{StreamExt as _, stream};

use super::Examination;
use super::looks::{Finding, Findings, LISTED_MAX};
use crate::domain::digest::Sha256Digest;
use crate::domain::limits::ORPHAN_BLOB_KEPT_MS;
use crate::domain::time::Timestamp;
use crate::store::blobs::Blobs;
use crate::store::error::StoreError;
use crate::store::open::StoreConfig;
use crate::store::row::{FromRow, Row};
use crate::store::tx::Tx;

/// Codes that are read at once.
const AT_ONCE: usize = 8;

/// A code that a version is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedCode {
    /// Its digest.
    pub sha256: Sha256Digest,
    /// Its length.
    pub bytes: u64,
    /// One version that is made of it: the extension's slug and the number.
    pub version: String,
}

/// Every code that some version is made of.
pub(super) fn named(tx: &mut Tx) -> Result<Vec<NamedCode>, StoreError> {
    let sql = "SELECT v.sha256, min(v.bytes), min(e.slug || ' ' || v.number) FROM versions v \
               JOIN extensions e ON e.id = v.extension_id GROUP BY v.sha256 ORDER BY v.sha256";
    tx.query(sql, &[])
}

/// Reads every code, compares it with its digest and its length, and looks what else is kept.
pub async fn examine_codes(config: &StoreConfig, rows: &Examination, now: Timestamp) -> Vec<Finding> {
    let (mut findings, codes) = (Findings::default(), &rows.codes);
    if config.blob_place.is_none() && codes.is_empty() && !config.blobs().exists() {
        return Vec::new();
    }
    let place = config.place();
    match Blobs::open(&place) {
        Ok(blobs) => {
            look_whose_it_is(&blobs, rows.place_id.as_deref(), &mut findings).await;
            read_all(&blobs, codes, &mut findings).await;
            look_for_others(&blobs, codes, now, &mut findings).await;
        }
        Err(error) => {
            let cure = "name the place where the marketplace keeps its codes";
            findings.damage("codes.place", &place.to_string(), &error.to_string(), cure);
        }
    }
    findings.into_all()
}

/// Whether the place is marked as this marketplace's; one that is not marked is taken for it where the codes are there.
async fn look_whose_it_is(blobs: &Blobs, wanted: Option<&str>, findings: &mut Findings) {
    let cure = "name the place where this marketplace keeps its codes (--blobs, SKYDECK_BLOBS)";
    match blobs.id().await {
        Ok(Some(found)) if wanted.is_some_and(|wanted| wanted != found) => {
            let what = "it is the place of another marketplace's codes, by its object store-id";
            findings.warn("codes.place", &blobs.place(), what, cure);
        }
        Ok(_) => {}
        Err(error) => findings.warn("codes.place", &blobs.place(), &error.to_string(), cure),
    }
}

async fn read_all(blobs: &Blobs, codes: &[NamedCode], findings: &mut Findings) {
    let read = stream::iter(codes).map(|code| async move { (code, fault(blobs, code).await) });
    let mut read = read.buffered(AT_ONCE);
    let mut found = 0_u64;
    while let Some((code, fault)) = read.next().await {
        let Some(what) = fault else { continue };
        found += 1;
        if found <= LISTED_MAX {
            let place = format!("code {} of {}", code.sha256, code.version);
            findings.damage("codes", &place, &what, CURE);
        }
    }
    if found > LISTED_MAX {
        let what = format!("{} more codes are missing or damaged", found - LISTED_MAX);
        findings.damage("codes", "the codes", &what, CURE);
    }
}

/// What no version is made of and a running server would have removed by now.
async fn look_for_others(blobs: &Blobs, codes: &[NamedCode], now: Timestamp, findings: &mut Findings) {
    let listed = match blobs.list().await {
        Ok(listed) => listed,
        Err(error) => {
            let cure = "see that this machine may list the place";
            return findings.warn("codes.place", &blobs.place(), &error.to_string(), cure);
        }
    };
    let named: HashSet<Sha256Digest> = codes.iter().map(|code| code.sha256).collect();
    let cutoff = now.plus_ms(-ORPHAN_BLOB_KEPT_MS);
    let others = listed.iter().filter(|other| other.put_at < cutoff && !named.contains(&other.sha256));
    let (count, bytes) = others.fold((0_u64, 0_u64), |(count, bytes), other| (count + 1, bytes + other.bytes));
    if count > 0 {
        let what = format!("{count} codes of {bytes} bytes are kept and no version is made of them");
        findings.note("codes.unnamed", &blobs.place(), &what, "nothing; a running server removes them");
    }
}

const CURE: &str = "put the file back from a backup; where there is none, have the author submit the same package again, \
                    which stores its code anew";

async fn fault(blobs: &Blobs, code: &NamedCode) -> Option<String> {
    match blobs.get(code.sha256).await {
        Ok(bytes) if bytes.len() as u64 == code.bytes => None,
        Ok(bytes) => Some(format!("it has {} bytes, and its version says {}", bytes.len(), code.bytes)),
        Err(error) => Some(error.to_string()),
    }
}

impl FromRow for NamedCode {
    fn from_row(row: &Row) -> Result<NamedCode, StoreError> {
        Ok(NamedCode { sha256: row.parsed(0)?, bytes: row.number(1)?, version: row.text(2)? })
    }
}
