//! `comity group`: what an admin does about a group's control log after a start or a loss, through
//! the admin's socket of the running node.

use clap::Subcommand;

use super::{Failure, say};
use crate::admin::{AdminClient, GroupLine, ReadOnlyGroup, Reopening, VoidLine};
use crate::config::Settings;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Answer for the members' nodes that a group waits for since this node started
    ///
    /// For the group's home, where too many of the other members' nodes cannot be reached. You say
    /// by it that this node has not lost the end of the group's control log: that it was not
    /// restored from a backup, or that nothing was decided since. If it was, the group's control
    /// log may part in two.
    Confirm {
        /// The group's id, as `comity group list` shows it
        #[arg(allow_hyphen_values = true)]
        channel: String,
    },
    /// Let a group go on from an earlier record of its control log
    ///
    /// For the group's home, after its control log was lost in part or shown in two versions. What
    /// members, roles and rules were just after that record is so again at every member; everything
    /// decided later is void. Without --yes nothing is done: it is only said what would be void.
    Reopen {
        /// The group's id, as `comity group list` shows it
        #[arg(allow_hyphen_values = true)]
        channel: String,
        /// The record, as term and number: 1.42 [default: the newest one that no proof contradicts]
        #[arg(long, value_parser = place, value_name = "TERM.SEQ")]
        at: Option<(u64, u64)>,
        /// Do it
        #[arg(long)]
        yes: bool,
    },
    /// List what was decided in a group and is void since its home went back
    Voided {
        /// The group's id, as `comity group list` shows it
        #[arg(allow_hyphen_values = true)]
        channel: String,
    },
    /// List the groups on this node, with their ids, those first that wait for something
    ///
    /// Groups of other organisations to which users of this node are invited are listed too.
    List,
}

/// Runs `comity group`.
pub(super) async fn run(settings: &Settings, command: Command) -> Result<(), Failure> {
    let admin = AdminClient::of(&settings.data_dir);
    match command {
        Command::Confirm { channel } => {
            admin.confirm(&channel).await?;
            say(format_args!("Done: the group waits for nobody now.\n"))?;
        }
        Command::Reopen { channel, at, yes } => {
            let Reopening { base, voided, unheard } = admin.reopen(&channel, at, yes).await?;
            let (goes, is, are, end) = match yes {
                true => {
                    ("Goes", "is", "are", "Done: every member follows as soon as it hears of it.")
                }
                false => (
                    "Would go",
                    "would be",
                    "would be",
                    "Nothing was done. Add --yes to do it; it cannot be taken back.",
                ),
            };
            let records = match voided.len() {
                0 => format!("no record that is here {is} void."),
                1 => format!("1 record {is} void:"),
                count => format!("{count} records {are} void:"),
            };
            say(format_args!("{goes} on from record {base}; {records}\n"))?;
            lines(&voided)?;
            if !unheard.is_empty() {
                say(format_args!(
                    "What these members hold more, who have not said so since this node started, \
                     {are} void too: {}\n",
                    unheard.join(", ")
                ))?;
            }
            say(format_args!("{end}\n"))?;
        }
        Command::Voided { channel } => {
            let voided = admin.voided(&channel).await?;
            lines(&voided)?;
            if voided.is_empty() {
                say(format_args!("Nothing is void in this group.\n"))?;
            }
        }
        Command::List => list(&admin.groups().await?, settings.domain.as_str())?,
    }
    Ok(())
}

fn list(groups: &[GroupLine], domain: &str) -> Result<(), Failure> {
    for group in groups {
        say(line(group, domain))?;
    }
    if groups.is_empty() {
        say(format_args!("There is no group on this node.\n"))?;
    }
    Ok(())
}

/// A group, and below it what it waits for and who can help, seen from a node of `domain`.
fn line(group: &GroupLine, domain: &str) -> String {
    let GroupLine { channel, name, home, read_only, waits_for, invited, is_ungranted } = group;
    let mut text = format!("{channel}  {home}  {name:?}\n");
    match read_only {
        None => {}
        Some(ReadOnlyGroup::Newer) => text.push_str(
            "    read-only: its home uses rules that this release does not know; upgrade this \
             node\n",
        ),
        Some(ReadOnlyGroup::Split) => {
            text.push_str("    read-only: two versions of its control log are proven. ");
            text.push_str(&match home == domain {
                true => format!("To go on: comity group reopen {channel}\n"),
                false => format!("The admin of {home} can reopen it.\n"),
            });
        }
    }
    if !waits_for.is_empty() {
        let members = waits_for.join(", ");
        text.push_str(&format!(
            "    waits for {members} since this node started; \
             to answer for them: comity group confirm {channel}\n"
        ));
    }
    if *invited > 0 {
        let users = if *invited == 1 { "1 user".to_owned() } else { format!("{invited} users") };
        text.push_str(&format!("    invited: {users} of this node"));
        text.push_str(&match is_ungranted {
            true => format!("; to let them accept: comity peers share {home} {channel}\n"),
            false => "\n".to_owned(),
        });
    }
    text
}

fn lines(voided: &[VoidLine]) -> Result<(), Failure> {
    for VoidLine { record, unix_ms, what, by } in voided {
        let ms = i64::try_from(*unix_ms).unwrap_or_default();
        let time = jiff::Timestamp::from_millisecond(ms).unwrap_or_default();
        let by = by.as_ref().map_or_else(String::new, |by| format!(", by {by}"));
        say(format_args!("{record}  {time:.0}  {what}{by}\n"))?;
    }
    Ok(())
}

fn place(text: &str) -> Result<(u64, u64), String> {
    let parts = text.split_once('.').and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
    parts.ok_or_else(|| "a term and a number, as in 1.42".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_that_waits_names_the_way_out() {
        let group = |home: &str, read_only, waits_for: &[&str]| GroupLine {
            channel: "7Jk".to_owned(),
            name: "Plans".to_owned(),
            home: home.to_owned(),
            read_only,
            waits_for: waits_for.iter().map(|&domain| domain.to_owned()).collect(),
            invited: 0,
            is_ungranted: false,
        };
        let shown = |group| line(&group, "acme.test");
        assert_eq!(shown(group("b.test", None, &[])), "7Jk  b.test  \"Plans\"\n");
        assert!(
            shown(group("acme.test", Some(ReadOnlyGroup::Split), &[]))
                .contains("comity group reopen 7Jk")
        );
        let elsewhere = shown(group("b.test", Some(ReadOnlyGroup::Split), &[]));
        assert!(elsewhere.contains("admin of b.test") && !elsewhere.contains("comity group"));
        let newer = shown(group("b.test", Some(ReadOnlyGroup::Newer), &[]));
        assert!(newer.contains("upgrade this node"));
        let waiting = shown(group("acme.test", None, &["b.test", "c.test"]));
        assert!(waiting.contains("b.test, c.test") && waiting.contains("group confirm 7Jk"));
        let invited = |invited, is_ungranted| {
            shown(GroupLine { invited, is_ungranted, ..group("b.test", None, &[]) })
        };
        assert!(invited(1, false).ends_with("\n    invited: 1 user of this node\n"));
        let shared =
            "invited: 2 users of this node; to let them accept: comity peers share b.test 7Jk\n";
        assert!(invited(2, true).ends_with(shared), "{}", invited(2, true));
    }
}
