//! What an admin makes of an account of the node. It must not touch what the account has said.

use comity_protocol::code::Code;
use comity_protocol::id::AccountNumber;

use crate::answer::Answer;
use crate::command::AccountPower;
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
        match change {
            AccountPower::Admin(is_admin) => self.living(number, fx)?.is_admin = *is_admin,
            AccountPower::Password(hash) => self.living(number, fx)?.password.clone_from(hash),
            AccountPower::Suspended(is_suspended) => {
                self.living(number, fx)?.is_suspended = *is_suspended;
            }
        }
        if matches!(change, AccountPower::Password(_) | AccountPower::Suspended(true)) {
            self.remove_devices(number, fx)?;
        }
        Ok(Answer::Done)
    }
}
