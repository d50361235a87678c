//! Where a device is reached. The machine hands over; it must not wait.

use crate::model::Shown;

/// One open socket of a device. Cheap to clone.
pub trait Sink {
    /// What is shown of an account, in the form in which it goes out: made once, handed to many.
    type Card: Clone;

    /// Makes it.
    fn card(shown: &Shown) -> Self::Card;

    /// Shows accounts, at most 100 at a time.
    fn show(&self, cards: &[Self::Card]);

    /// Asks for a beat at least this often, in ms.
    fn pace(&self, heartbeat_ms: u64);
}

/// Names an open socket of a device, so that its end can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attendance(pub(crate) u64);
