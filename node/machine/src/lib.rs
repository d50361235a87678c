//! The deterministic heart of a node: commands, state and `apply` (`docs/protocol/` section 11).
//!
//! Pure: the same commands in the same order give the same state to the byte. Clock readings,
//! random bytes and settings travel inside commands. Reads no clock, no file and no socket; waits
//! for nothing.

mod account;
mod act;
mod administer;
mod annotation;
mod answer;
mod append;
mod applied;
mod backfill;
mod block;
mod channel;
mod command;
mod compare;
mod contact;
mod cover;
mod digest;
mod directory;
mod erase;
mod farewell;
mod floor;
mod fork;
mod form;
mod group;
mod history;
mod invitation;
mod keys;
mod notify;
mod peer;
mod perform;
mod place;
mod policy;
mod presence;
mod profile;
mod proven;
mod range;
mod reading;
mod relay;
mod reopen;
mod report;
mod request;
mod retain;
mod rewind;
mod rows;
mod settle;
mod since;
mod state;
mod tend;
mod term;
mod trial;
mod verdict;
mod weight;
mod withdraw;
mod writer;

pub use account::{
    Account, Device, INVITES_MAX, InviteToken, KeptAnswer, OpenInvitation, RequestPlace, Standing,
    Stay, answer_rows,
};
pub use act::Act;
pub use annotation::{Annotation, Remark};
pub use answer::{Answer, RangeOutcome, RangeReport, RefusedCode};
pub use applied::{Applied, ErasedBy, EventRow, Outcome, Subscriber};
pub use backfill::{Backlog, HistoryReport, Holes};
pub use block::{Block, Mute};
pub use channel::{Audience, Channel, ChannelNo, Direct, Kind, Log, LogNo};
pub use command::{AccountPower, Command, DeviceId, SignUpRule};
pub use compare::Ahead;
pub use contact::{Contact, ContactStanding};
pub use erase::{Erasing, Receipt};
pub use floor::{FeedStart, Floor, ProvenStart, Readable};
pub use fork::{KnownFork, ReadOnly};
pub use group::{ControlState, Ended, Group, GroupAct, Member, Place, RightTo, Stated, Term};
pub use history::{HistorySource, backfill, first_ask, links, range_start};
pub use notify::{Level, Notify, PUSH_TEXT_BYTES_MAX, PushSubscription, PushTarget, Quiet, Wishes};
pub use policy::{
    ASKS_PER_HOUR, Admission, DomainRule, FederationMode, Policy, PolicyChange, Stance,
};
pub use reading::{ReadMark, Unread};
pub use relay::Lack;
pub use reopen::{Forgotten, Rejudged, Reopened};
pub use report::{
    CLOSED_KEPT_MS, OPEN_PER_ORGANISATION_MAX, REPORTS_MAX, REPORTS_PER_HOUR_MAX, Report,
    ReportPlace, Reporting,
};
pub use retain::Expiry;
pub use rewind::{CannotRewind, Change, LogSource, REWIND_CHANGES_MAX, Rewind, RewoundLog, rewind};
pub use rows::{LoadError, RowKey};
pub use settle::{Dropped, Settlement, Unsettled};
pub use since::Entrance;
pub use state::{Effects, NodeIdentity, Peer, Start, State};
pub use tend::USED_ROUGHLY_MS;
pub use weight::decode_command;
pub use withdraw::{Span, Withdrawal, right_of, right_to};
