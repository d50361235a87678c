//! Who the user's contacts are.

use super::input::Input;
use super::people::{Listed, People};
use super::text::clean;
use crate::cli::Failure;

impl Input {
    /// Lists contacts, and who waits for whom.
    pub(super) async fn contacts(&self) -> Result<(), Failure> {
        let contacts = self.shared.http.contacts().await?;
        if contacts.is_empty() {
            return Ok(self.shared.screen.arrival("no contacts yet: /contact name@domain\n")?);
        }
        let listed = contacts.into_iter().map(|contact| {
            let account = clean(&contact.account);
            let what = match contact.standing.as_str() {
                "asked" => "you have asked".to_owned(),
                "asking" => format!("asks you: /contact {account} or /uncontact {account}"),
                "declined" => "you have declined".to_owned(),
                other => clean(other),
            };
            Listed { account: contact.account, what }
        });
        self.show_people(listed.collect()).await
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

    /// Shows people with the names that they have given themselves.
    pub(super) async fn show_people(&self, listed: Vec<Listed>) -> Result<(), Failure> {
        if self.shared.screen.is_window() {
            self.shared.screen.people(listed);
            return Ok(());
        }
        let mut people = People::default();
        let asked = people.missing(listed.iter().map(|listed| &*listed.account), 0);
        let named: Vec<&str> = asked.iter().map(String::as_str).collect();
        // A list without names is of use, too.
        let profiles = self.shared.http.profiles(&named).await.unwrap_or_default();
        people.take(asked, profiles, 0);
        Ok(self.shared.screen.arrival(&people.listing(&listed))?)
    }

    fn whom(&self, typed: &str) -> Result<String, Failure> {
        if typed.is_empty() {
            return Err("whom? name@domain".into());
        }
        Ok(self.shared.book().account(typed))
    }
}
