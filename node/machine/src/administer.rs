//! What an admin makes of an account of the node. It must not touch what the account has said.

use comity_protocol::code::Code;
use comity_protocol::id::AccountNumber;

use crate::answer::Answer;
use crate::command::AccountPower;
use crate::rows::RowKey;
use crate::state::{Effects, State};

impl State {
    /// Whether an account may do what the admin of the node does.
    pub fn is_admin(&self, account: AccountNumber) -> bool {
        self.accounts.get(&account).is_some_and(|account| account.is_admin)
    }

    /// Changes what an account may do. Whoever is shut out, or gets another password, is logged out
    /// everywhere.
    pub(crate) fn administer(
        &mut self,
        number: AccountNumber,
        change: &AccountPower,
        fx: &mut Effects,
    ) -> Result<Answer, Code> {
        let account = self.accounts.get_mut(&number).filter(|account| !account.is_deleted);
        let account = account.ok_or(Code::AccountNotFound)?;
        let logs_out = match change {
            AccountPower::Admin(is_admin) => {
                account.is_admin = *is_admin;
                false
            }
            AccountPower::Suspended(is_suspended) => {
                account.is_suspended = *is_suspended;
                *is_suspended
            }
            AccountPower::Password(hash) => {
                account.password.clone_from(hash);
                true
            }
        };
        fx.dirty(RowKey::Account(number));
        if logs_out {
            self.remove_devices(number, fx)?;
        }
        Ok(Answer::Done)
    }
}
