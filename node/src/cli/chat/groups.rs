//! Finding groups and joining them without an invitation, and letting others do so.

use std::fmt::Write;

use comity_client::{FoundGroup, JoinRule};

use super::input::Input;
use super::text::clean;
use crate::cli::Failure;

impl Input {
    /// Lists the groups of an organisation that the user may join.
    pub(super) async fn groups(&mut self, domain: &str) -> Result<(), Failure> {
        let domain = Some(domain.to_lowercase()).filter(|domain| !domain.is_empty());
        let (mut found, mut more) = (Vec::<FoundGroup>::new(), true);
        while more && found.len() < LISTED_MAX {
            let after = found.last().map(|group| group.id.clone());
            let http = &self.shared.http;
            let page = http.groups(domain.as_deref(), after.as_deref(), PAGE).await?;
            more = page.more;
            found.extend(page.groups);
        }
        found.sort_by_cached_key(|group| group.name.to_lowercase());
        self.shared.screen.arrival(&listing(&found, more))?;
        self.listed = found;
        Ok(())
    }

    /// Joins a group by its alias, or by its number in the list.
    pub(super) async fn join(&self, what: &str) -> Result<(), Failure> {
        if what.is_empty() {
            return Err("which one? /join #name@domain, or a number of /groups".into());
        }
        let number = what.parse::<usize>().ok();
        let group = number.map(|number| self.listed.get(number.wrapping_sub(1)));
        let done = match group {
            Some(None) => return Err("there is no such number: /groups lists groups".into()),
            Some(Some(FoundGroup { alias: Some(alias), .. })) => {
                self.shared.http.join_alias(alias).await?
            }
            Some(Some(group)) => self.shared.http.join(&group.id, &group.home).await?,
            None => self.shared.http.join_alias(&self.alias_of(what)).await?,
        };
        let Some(id) = done.channel else { return Ok(()) };
        self.shared.refresh().await?;
        if done.requested {
            self.await_group(&id, "asked").await
        } else {
            self.shared.enter(&id).await
        }
    }

    /// Gives the open group an alias.
    pub(super) async fn alias(&self, name: &str) -> Result<(), Failure> {
        if name.is_empty() {
            return Err("which name? /alias NAME".into());
        }
        let (channel, alias) = (self.open_channel()?, self.alias_of(name));
        self.shared.http.set_alias(&channel, &alias).await?;
        let alias = clean(&alias);
        Ok(self.shared.screen.notice(&format!("whom you /admit joins by /join {alias}"))?)
    }

    /// Says who may join the open group.
    pub(super) async fn admit(&self, who: &str) -> Result<(), Failure> {
        let rule = match who {
            "" => return Err("whom? /admit anyone, /admit invited, or domains".into()),
            "anyone" => JoinRule::Anyone,
            "invited" => JoinRule::Invited,
            domains => {
                JoinRule::Organisations(domains.split_whitespace().map(str::to_lowercase).collect())
            }
        };
        let channel = self.open_channel()?;
        let done = self.shared.http.set_join_rule(&channel, &rule).await?;
        if done.requested {
            self.shared.screen.notice("asked of the group's organisation")?;
        }
        Ok(())
    }

    /// An alias as typed, at the user's own domain where none was.
    fn alias_of(&self, typed: &str) -> String {
        let name = typed.trim_start_matches('#');
        format!("#{}", self.shared.book().account(name))
    }
}

/// Groups as the user sees them.
fn listing(groups: &[FoundGroup], more: bool) -> String {
    if groups.is_empty() {
        return "no groups that you may join\n".to_owned();
    }
    let mut text = String::new();
    for (place, group) in groups.iter().enumerate() {
        let members = if group.members == 1 { "member" } else { "members" };
        let (number, name) = (place + 1, clean(&group.name));
        // Writing to a string cannot fail.
        let _ = write!(text, "{number:>4}  {name}  ({} {members}", group.members);
        if let Some(alias) = &group.alias {
            let _ = write!(text, ", {}", clean(alias));
        }
        text.push(')');
        if !group.topic.is_empty() {
            let _ = write!(text, "  {}", clean(&group.topic.replace('\n', " ")));
        }
        text.push('\n');
    }
    text.push_str(if more { "      and more\n" } else { "" });
    text + "      /join N or /join #name@domain\n"
}

/// Groups asked for at a time.
const PAGE: usize = 50;
/// Groups in one list; a terminal is no place for more.
const LISTED_MAX: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_says_how_to_join_and_shows_nothing_raw() {
        let group = |name: &str, alias: Option<&str>, members| FoundGroup {
            id: "g".to_owned(),
            name: name.to_owned(),
            topic: "at\nfive".to_owned(),
            home: "acme.test".to_owned(),
            members,
            alias: alias.map(str::to_owned),
        };
        let groups = [group("Te\x1b[2Ja", Some("#tea@acme.test"), 1), group("Chess", None, 12)];
        let text = listing(&groups, false);
        assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text}");
        assert_eq!(text.lines().count(), 3, "{text}");
        assert!(text.contains("(1 member, #tea@acme.test)"), "{text}");
        assert!(text.contains("  2  Chess  (12 members)"), "{text}");
        assert!(listing(&groups, true).contains("and more"));
        assert_eq!(listing(&[], false), "no groups that you may join\n");
    }
}
