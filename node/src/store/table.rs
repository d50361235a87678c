//! The tables: a fixed list. What their keys and values mean is the machine's to say.

/// One table of the store. To add one, add a row at the end, with a number never used before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Table {
    /// What there is once: whose node this is, and its runs.
    Meta = 1,
    /// Accounts by their number.
    Account = 2,
    /// Devices by their number.
    Device = 3,
    /// Invitations to sign up, by the hash of their token.
    InviteToken = 4,
    /// Channels without their logs, by this node's number.
    Channel = 5,
    /// The end of each log, by channel and name.
    Log = 6,
    /// Blocks of records by channel, in the order in which they were applied.
    Event = 7,
    /// In which block a log goes on, by the first record in it.
    LogIndex = 8,
    /// Where the records are that were applied after later ones, in the channel's order.
    Timeline = 9,
    /// What an account's devices get besides events of their channels.
    Inbox = 10,
    /// Answers to a device's newest requests, by nonce.
    Nonce = 11,
    /// Other organisations, by lineage.
    Peer = 12,
    /// In which block a channel's order goes on, by the first record of the block that is in it.
    Run = 13,
    /// Messages that a control record took back, by the record.
    Withdrawn = 14,
    /// What records come to that came to something else when they were laid down, by channel and
    /// pos.
    Rejudged = 15,
    /// Events from before our admission, by log and seq.
    Backfill = 16,
    /// What others are to accounts, by account.
    Contact = 17,
    /// Records whose bodies were erased and that are not written anew yet, by channel and pos.
    Erased = 18,
    /// Up to when texts of channels are gone by a rule.
    Expiry = 19,
    /// How far logs were gone through for what is gone by a rule, by this node's number.
    Swept = 20,
    /// Who says that it has erased what we wrote, by log, seq and lineage.
    Receipt = 21,
    /// What events say of messages, by channel and message.
    Annotation = 22,
    /// Messages that mention an account, by account and pos.
    Mention = 23,
    /// How far accounts have read channels.
    Read = 24,
    /// Events that pin messages, or no longer, by channel and event.
    Pin = 25,
    /// Whom accounts have blocked, by account.
    Block = 26,
    /// Avatars of accounts, by account.
    Avatar = 27,
    /// Up to where devices were told of channels, by device.
    Told = 28,
    /// How keys of organisations have changed, by lineage.
    Keys = 29,
    /// What was reported as abuse, by number.
    Report = 30,
}

impl Table {
    /// All tables, in the order of their numbers.
    pub const ALL: [Table; 30] = [
        Table::Meta,
        Table::Account,
        Table::Device,
        Table::InviteToken,
        Table::Channel,
        Table::Log,
        Table::Event,
        Table::LogIndex,
        Table::Timeline,
        Table::Inbox,
        Table::Nonce,
        Table::Peer,
        Table::Run,
        Table::Withdrawn,
        Table::Rejudged,
        Table::Backfill,
        Table::Contact,
        Table::Erased,
        Table::Expiry,
        Table::Swept,
        Table::Receipt,
        Table::Annotation,
        Table::Mention,
        Table::Read,
        Table::Pin,
        Table::Block,
        Table::Avatar,
        Table::Told,
        Table::Keys,
        Table::Report,
    ];

    /// Its name on disk.
    pub const fn name(self) -> &'static str {
        match self {
            Table::Meta => "meta",
            Table::Account => "account",
            Table::Device => "device",
            Table::InviteToken => "invite_token",
            Table::Channel => "channel",
            Table::Log => "log",
            Table::Event => "event",
            Table::LogIndex => "log_index",
            Table::Timeline => "timeline",
            Table::Inbox => "inbox",
            Table::Nonce => "nonce",
            Table::Peer => "peer",
            Table::Run => "run",
            Table::Withdrawn => "withdrawn",
            Table::Rejudged => "rejudged",
            Table::Backfill => "backfill",
            Table::Contact => "contact",
            Table::Erased => "erased",
            Table::Expiry => "expiry",
            Table::Swept => "swept",
            Table::Receipt => "receipt",
            Table::Annotation => "annotation",
            Table::Mention => "mention",
            Table::Read => "read",
            Table::Pin => "pin",
            Table::Block => "block",
            Table::Avatar => "avatar",
            Table::Told => "told",
            Table::Keys => "keys",
            Table::Report => "report",
        }
    }

    /// Its number, which goes into every checksum and so must never change.
    pub(super) const fn number(self) -> u8 {
        self as u8
    }

    pub(super) const fn index(self) -> usize {
        self as usize - 1
    }
}

const _: () = {
    let mut index = 0;
    while index < Table::ALL.len() {
        assert!(Table::ALL[index].index() == index);
        index += 1;
    }
};
