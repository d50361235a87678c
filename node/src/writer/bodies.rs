//! The writer's part in what loses its body: erased texts, former ones, those of records that are
//! not of their logs any more, and what has come of age. Each is hidden at once, and goes from its
//! block with the next batch for the store. So goes an avatar that another replaces. It must not
//! judge; the machine says what goes.

use comity_machine::{Applied, Effects, ErasedBy};

use super::dropped::Dropping;
use super::edit;
use super::erase::Erased;
use super::keys::avatar_key;
use super::scrub::Scrub;
use super::step::Writer;
use super::sweep::Gone;
use super::view::RecordsError;
use crate::store::{Batch, Table};

impl Writer {
    /// Hides what was erased, and tells it with the records that did so.
    pub(super) fn erase(&mut self, effects: &mut Effects) -> Result<(), RecordsError> {
        for erasing in std::mem::take(&mut effects.erased) {
            let Some(found) = Erased::find(&self.shared.view()?, erasing)? else { continue };
            let by = effects.applied.iter_mut().find(|applied| applied.pos == erasing.by);
            if let Some(by) = by {
                by.withdrawn = by.withdrawn.iter().copied().chain([found.id()]).collect();
            }
            // Not published yet itself.
            let own = |applied: &&mut Applied| {
                (applied.log_no, applied.seq) == (erasing.log, erasing.seq)
            };
            if let Some(own) = effects.applied.iter_mut().find(own) {
                own.erase(ErasedBy::Record);
            }
            let edits = match found.author() {
                Some(author) => {
                    edit::of_erased(&self.shared.view()?, erasing.channel, found.id(), author)?
                }
                None => Vec::new(),
            };
            for gone in [found].into_iter().chain(edits) {
                self.lose_bodies(effects.command, |rows| gone.put(rows));
            }
        }
        Ok(())
    }

    /// Hides texts that edits among the new records leave behind.
    pub(super) fn drop_former(&mut self, effects: &mut Effects) -> Result<(), RecordsError> {
        let mut former = Vec::new();
        for applied in effects.applied.iter().chain(&effects.backfilled) {
            if applied.annotation.is_some() {
                let view = self.shared.view()?;
                former.extend(edit::former(&view, &self.shared.state(), applied)?);
            }
        }
        for gone in former {
            // What was not published yet is not shown with the text.
            let is_it = |applied: &&mut Applied| gone.is(applied.log_no, applied.seq);
            if let Some(applied) = effects.applied.iter_mut().find(is_it) {
                applied.erase(gone.by());
            }
            self.lose_bodies(effects.command, |rows| gone.put(rows));
        }
        Ok(())
    }

    /// Hides what `put` hides, whose bodies go with the next batch for the store.
    fn lose_bodies<I: IntoIterator<Item = Gone>>(
        &mut self,
        command: u64,
        put: impl FnOnce(&mut Batch) -> I,
    ) {
        let Self { shared, erased, scrub, .. } = self;
        scrub.erased(self.settings.scrub_after, self.now_ms);
        shared.write(command, |recent| {
            erased.extend(put(recent.rows_mut()));
            Scrub::note(recent.rows_mut());
        });
    }

    /// Lays avatars down. Those that were there before are cleaned from the disk as texts are.
    pub(super) fn put_avatars(&mut self, effects: &Effects) {
        if effects.avatars.is_empty() {
            return;
        }
        self.lose_bodies(effects.command, |rows| {
            for (account, image) in &effects.avatars {
                match image {
                    Some(image) => rows.put(Table::Avatar, &avatar_key(*account), image),
                    None => rows.delete(Table::Avatar, &avatar_key(*account)),
                }
            }
            None
        });
    }

    /// Hides records that are not of their logs any more.
    pub(super) fn drop_replaced(&mut self, effects: &Effects) -> Result<(), RecordsError> {
        for dropped in &effects.dropped {
            let found = Dropping::find(&self.shared.view()?, *dropped)?;
            self.lose_bodies(effects.command, |rows| found.put(rows));
        }
        Ok(())
    }

    /// Takes some of what has come of age from the rows, once what was found before is written.
    pub(super) fn sweep(&mut self, now_ms: u64) -> Result<(), RecordsError> {
        if self.sweeping.is_empty() || !self.erased.is_empty() {
            return Ok(());
        }
        if let Some(found) = self.sweeping.next(&self.shared)? {
            self.scrub.erased(self.settings.scrub_after, now_ms);
            self.shared.write(self.applied, |recent| {
                found.put(recent.rows_mut());
                Scrub::note(recent.rows_mut());
            });
            self.erased.extend(found.gone);
        }
        self.unsealed_since_ms.get_or_insert(now_ms);
        Ok(())
    }
}
