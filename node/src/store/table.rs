//! The tables: a fixed list. What their keys and values mean is the machine's to say.

/// One table of the store. To add one, add a row at the end, with a number never used before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Table {
    /// What there is once: the rules version, the ranges of starts, and the like.
    Meta = 1,
    /// Accounts by their number.
    Account = 2,
    /// Account numbers by name; a name stays for ever.
    AccountName = 3,
    /// Devices of an account.
    Device = 4,
    /// Devices by the hash of their token.
    DeviceToken = 5,
    /// Invitations to sign up, by the hash of their token.
    InviteToken = 6,
    /// Channels by their id.
    Channel = 7,
    /// Control records and control states.
    Control = 8,
    /// Message logs: what is known of each one and of its end.
    Log = 9,
    /// Events, in the order in which they were applied.
    Event = 10,
    /// Where the n-th event of a log is.
    LogIndex = 11,
    /// Where the events of a channel are, in the channel's order.
    Timeline = 12,
    /// What an account's devices get besides events of their channels.
    Inbox = 13,
    /// Answers to a device's newest requests, by nonce.
    Nonce = 14,
    /// Peer organisations.
    Peer = 15,
    /// The newest proven head of each log.
    Head = 16,
    /// Counters.
    Counter = 17,
}

impl Table {
    /// All tables, in the order of their numbers.
    pub const ALL: [Table; 17] = [
        Table::Meta,
        Table::Account,
        Table::AccountName,
        Table::Device,
        Table::DeviceToken,
        Table::InviteToken,
        Table::Channel,
        Table::Control,
        Table::Log,
        Table::Event,
        Table::LogIndex,
        Table::Timeline,
        Table::Inbox,
        Table::Nonce,
        Table::Peer,
        Table::Head,
        Table::Counter,
    ];

    /// Its name on disk.
    pub const fn name(self) -> &'static str {
        match self {
            Table::Meta => "meta",
            Table::Account => "account",
            Table::AccountName => "account_name",
            Table::Device => "device",
            Table::DeviceToken => "device_token",
            Table::InviteToken => "invite_token",
            Table::Channel => "channel",
            Table::Control => "control",
            Table::Log => "log",
            Table::Event => "event",
            Table::LogIndex => "log_index",
            Table::Timeline => "timeline",
            Table::Inbox => "inbox",
            Table::Nonce => "nonce",
            Table::Peer => "peer",
            Table::Head => "head",
            Table::Counter => "counter",
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
