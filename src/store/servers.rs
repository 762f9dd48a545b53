//! Rows of chat servers: who owns and manages them, which tier they have, which instance serves them.

use super::columns::{Words, words};
use super::{FromRow, Row, StoreError, Tx, Value};
use crate::domain::id::{AccountId, InstanceId, ServerId};
use crate::domain::server::{Guild, Server};

const COLUMNS: &str = "id, guild, name, owner_id, managers, tier, instance_id, created_ms, revision";

/// Which servers of a list are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// All of them.
    Everyones,
    /// Those an account owns or manages.
    Account(AccountId),
    /// Those an instance serves.
    Instance(InstanceId),
}

impl FromRow for Server {
    fn from_row(row: &Row) -> Result<Server, StoreError> {
        Ok(Server {
            id: row.parsed(0)?,
            guild: row.parsed(1)?,
            name: row.parsed(2)?,
            owner: row.parsed(3)?,
            managers: row.parsed::<Words<AccountId>>(4)?.0,
            tier: row.parsed(5)?,
            instance: row.parsed(6)?,
            created_at: row.timestamp(7)?,
            revision: row.integer(8)?,
        })
    }
}

/// The server with this id.
pub fn by_id(tx: &mut Tx, id: ServerId) -> Result<Option<Server>, StoreError> {
    let lock = tx.row_lock();
    tx.query_one(&format!("SELECT {COLUMNS} FROM servers WHERE id = $1{lock}"), &[id.into()])
}

/// The server with this id on the chat platform.
pub fn by_guild(tx: &mut Tx, guild: &Guild) -> Result<Option<Server>, StoreError> {
    let lock = tx.row_lock();
    tx.query_one(&format!("SELECT {COLUMNS} FROM servers WHERE guild = $1{lock}"), &[guild.as_str().into()])
}

/// How many servers an instance serves.
pub fn count_of_instance(tx: &mut Tx, instance: InstanceId) -> Result<i64, StoreError> {
    let sql = "SELECT count(*) FROM servers WHERE instance_id = $1";
    Ok(tx.query_one(sql, &[instance.into()])?.unwrap_or(0))
}

/// Adds a server.
pub fn insert(tx: &mut Tx, server: &Server) -> Result<(), StoreError> {
    let sql = "INSERT INTO servers (id, guild, name, owner_id, managers, tier, instance_id, created_ms, revision) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let params = [
        server.id.into(),
        server.guild.as_str().into(),
        server.name.as_str().into(),
        server.owner.into(),
        managers(server),
        server.tier.as_str().into(),
        server.instance.into(),
        server.created_at.into(),
        server.revision.into(),
    ];
    tx.execute(sql, &params).map(drop)
}

/// Writes everything that can change, as the next revision.
pub fn update(tx: &mut Tx, server: &mut Server) -> Result<(), StoreError> {
    server.revision += 1;
    let sql = "UPDATE servers SET name = $2, owner_id = $3, managers = $4, tier = $5, instance_id = $6, revision = $7 \
               WHERE id = $1";
    let params = [
        server.id.into(),
        server.name.as_str().into(),
        server.owner.into(),
        managers(server),
        server.tier.as_str().into(),
        server.instance.into(),
        server.revision.into(),
    ];
    tx.execute(sql, &params).map(drop)
}

fn managers(server: &Server) -> Value {
    let names: Vec<String> = server.managers.iter().map(ToString::to_string).collect();
    words(names.iter().map(String::as_str)).into()
}

/// Finds an account in the text of a server's managers.
pub(super) fn like(account: AccountId) -> String {
    format!("% {account} %")
}
