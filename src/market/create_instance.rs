//! Making an instance, with an account that it speaks as and a token that is good for nothing else.

use serde_json::json;

use super::act::{Act, leave};
use super::record::{Subject, record};
use super::refused::Refused;
use crate::domain::account::{Account, AccountName, Right, Rights, Role};
use crate::domain::digest::Sha256Digest;
use crate::domain::id::{AccountId, InstanceId, TokenId};
use crate::domain::instance::Instance;
use crate::domain::permit::CreateInstance;
use crate::store::tokens::{self, Token};
use crate::store::{Tx, accounts, instances};

/// Makes an instance; `secret` is the whole text of its token.
///
/// # Errors
/// The conflict `name_taken` where an account or an instance has the name.
pub fn create_instance(tx: &mut Tx, act: &Act, name: &AccountName, secret: &str) -> Result<Instance, Refused> {
    let leave = leave::<CreateInstance>(tx, act)?;
    if accounts::by_name(tx, name)?.is_some() || instances::by_name(tx, name)?.is_some() {
        let detail = format!("there is an account or an instance named {name} already");
        return Err(Refused::conflict("name_taken", detail));
    }
    let mut entropy = act.entropy();
    let account = Account {
        id: AccountId::mint(act.now, &mut entropy),
        name: name.clone(),
        role: Role::User,
        verified: false,
        suspended: false,
        reputation: 0,
        created_at: act.now,
        revision: 1,
    };
    accounts::insert(tx, &account)?;
    let instance = Instance {
        id: InstanceId::mint(act.now, &mut entropy),
        name: name.clone(),
        account: account.id,
        announced: None,
        heard_at: None,
        created_at: act.now,
        revision: 1,
    };
    instances::insert(tx, &instance)?;
    let token = Token {
        id: TokenId::mint(act.now, &mut entropy),
        account_id: account.id,
        name: "instance".to_owned(),
        rights: Rights::new([Right::Read, Right::Instance]),
        created_at: act.now,
        expires_at: None,
        revoked_at: None,
    };
    tokens::insert(tx, &token, Sha256Digest::of(secret.as_bytes()))?;
    let detail = json!({ "name": name.as_str(), "account_id": account.id.to_string() });
    record(tx, &leave, &Subject::Instance(instance.id), &detail, act.now);
    Ok(instance)
}
