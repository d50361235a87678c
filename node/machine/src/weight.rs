//! Commands as whoever keeps them sees them: their weight in memory, and their bytes read back.

use crate::act::Act;
use crate::command::Command;
use crate::rewind::Rewind;

impl Command {
    /// Bytes that it holds in memory, nearly.
    pub fn weight(&self) -> usize {
        let carried = match self {
            Self::Perform { act: Act::Send { text, .. } | Act::Edit { text, .. }, .. } => {
                text.len()
            }
            Self::Perform { act: Act::SetAvatar { image: Some(image) }, .. } => image.len(),
            Self::Perform { act: Act::Report(reporting), .. } => reporting.evidence.len(),
            Self::PeerBatch { frame, rewinds, .. } => {
                frame.len() + rewinds.iter().map(Rewind::weight).sum::<usize>()
            }
            Self::PeerHistory { frame, .. } => frame.len(),
            Self::Reopen { rewind, .. } => rewind.weight(),
            Self::TakeFork { proof, .. } => proof.len(),
            Self::TakeSigned { heads, .. } => {
                heads.iter().map(|signed| signed.head.checkpoint.len() + 512).sum()
            }
            Self::TakeKeys { shown, .. } => shown.changes.iter().map(|c| c.len() + 24).sum(),
            Self::NoteActive { accounts } => accounts.len() * 16,
            Self::Notify(notify) => notify.weight(),
            _ => 0,
        };
        carried + 256
    }
}

/// Reads a command back from a journal; `None` where this release does not know it.
pub fn decode_command(bytes: &[u8]) -> Option<Command> {
    minicbor::decode(bytes).ok()
}
