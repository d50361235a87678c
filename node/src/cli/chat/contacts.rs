//! Who the user's contacts are.

use super::input::Input;
use super::text::clean;
use crate::cli::Failure;

impl Input {
    /// Lists contacts, and who waits for whom.
    pub(super) async fn contacts(&self) -> Result<(), Failure> {
        let contacts = self.shared.http.contacts().await?;
        let mut listing = String::new();
        for contact in &contacts {
            let account = clean(&contact.account);
            let what = match contact.standing.as_str() {
                "asked" => "you have asked".to_owned(),
                "asking" => format!("asks you: /contact {account} or /uncontact {account}"),
                "declined" => "you have declined".to_owned(),
                other => clean(other),
            };
            listing.push_str(&format!("  {account}  ({what})\n"));
        }
        if contacts.is_empty() {
            listing.push_str("no contacts yet: /contact name@domain\n");
        }
        Ok(self.shared.screen.arrival(&listing)?)
    }

    /// Asks somebody, or agrees.
    pub(super) async fn contact(&self, account: &str) -> Result<(), Failure> {
        let account = self.whom(account)?;
        let done = self.shared.http.add_contact(&account).await?;
        let how = if done.requested { "asked" } else { "a contact:" };
        Ok(self.shared.screen.notice(&format!("{how} {}", clean(&account)))?)
    }

    /// Declines, takes back or ends it.
    pub(super) async fn uncontact(&self, account: &str) -> Result<(), Failure> {
        let account = self.whom(account)?;
        self.shared.http.remove_contact(&account).await?;
        Ok(self.shared.screen.notice(&format!("no contact: {}", clean(&account)))?)
    }

    fn whom(&self, typed: &str) -> Result<String, Failure> {
        if typed.is_empty() {
            return Err("whom? name@domain".into());
        }
        Ok(self.shared.book().account(typed))
    }
}
