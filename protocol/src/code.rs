//! The one table of refusals: number, name and sentence of every code that a client or a peer can
//! be answered (`docs/protocol/` section 10). Numbers are never used again; a retired one stays in
//! the table.

use std::fmt;

macro_rules! codes {
    ($($number:literal $variant:ident $name:literal $sentence:literal;)*) => {
        /// A stable refusal code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $sentence] $variant,)*
        }

        impl Code {
            /// Every code, by number.
            pub const ALL: &[Code] = &[$(Code::$variant,)*];

            /// The number on the wire between peers.
            pub const fn number(self) -> u16 {
                match self { $(Self::$variant => $number,)* }
            }

            /// The name that clients see.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// One sentence that helps.
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$variant => $sentence,)* }
            }

            /// The code of a number, if this version knows it.
            pub const fn from_number(number: u16) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

codes! {
    // What a caller got wrong.
    1 Malformed "malformed" "The request could not be understood.";
    2 TextTooLong "text_too_long" "The text is longer than 100,000 characters.";
    3 TextEmpty "text_empty" "A message needs some text.";
    4 TextNotUtf8 "text_not_utf8" "The text is not valid UTF-8.";
    5 TooLarge "too_large" "The request is larger than the node accepts.";
    6 NameInvalid "name_invalid" "The name has a form that is not allowed.";
    7 NonceReused "nonce_reused" "This nonce was used before for another request.";
    8 NonceTooOld "nonce_too_old" "This nonce is older than the answers that the node keeps.";
    9 CursorInvalid "cursor_invalid" "The cursor is not one that a node gave.";
    10 VersionUnsupported "version_unsupported" "The version asked for is not supported.";
    11 MethodNotAllowed "method_not_allowed" "The resource does not have this method.";
    12 ResourceNotFound "resource_not_found" "There is no such resource.";
    13 MentionLimit "mention_limit" "A message mentions at most 64 accounts.";
    14 ReactionInvalid "reaction_invalid"
        "A reaction is an emoji or a short word: 1 to 64 bytes without spaces.";
    15 ReactionLimit "reaction_limit"
        "The message has as many different reactions as it may have.";
    16 PinLimit "pin_limit"
        "The channel has as many pinned messages as it may have; unpin one first.";
    17 NotAuthor "not_author" "Only who wrote a message may edit it.";
    18 MessageErased "message_erased" "The message was erased.";

    // Accounts and devices.
    20 TokenInvalid "token_invalid" "The access token is missing, wrong or revoked; log in again.";
    21 CredentialsWrong "credentials_wrong" "The name or the password is wrong.";
    22 NameTaken "name_taken" "This name was already given out; names are never given out twice.";
    23 PasswordWeak "password_weak" "The password needs 8 to 1,024 characters.";
    24 SignUpClosed "sign_up_closed"
        "This node does not take sign-ups; ask its admin for an account.";
    25 InviteTokenInvalid "invite_token_invalid" "The invite token is wrong, used up or expired.";
    26 DeviceNotFound "device_not_found" "There is no such device on this account.";
    27 DeviceLimit "device_limit"
        "The account has as many devices as it may have; revoke one first.";
    28 OriginRefused "origin_refused" "Web pages of this origin may not use this node.";
    29 InviteLimit "invite_limit"
        "There are as many open invites as there may be; revoke some, or let them expire.";
    30 InviteNotFound "invite_not_found" "There is no such invite.";
    31 AccountSuspended "account_suspended"
        "The admin of the node has suspended the account; ask him why.";
    32 AdminOnly "admin_only" "This is for admins of the node.";
    34 StatusInvalid "status_invalid"
        "A status has 1 to 100 characters in one line, all of which show.";
    37 DisplayNameInvalid "display_name_invalid"
        "A display name has 1 to 64 characters in one line, all of which show.";
    38 ImageInvalid "image_invalid"
        "An avatar is a PNG, JPEG or WebP image of at most 2,048 pixels in width and in height.";
    39 AvatarNotFound "avatar_not_found" "The account has no avatar.";

    // Channels.
    40 ChannelNotFound "channel_not_found" "There is no such channel, or you are not in it.";
    41 NotAllowed "not_allowed" "Your role in the channel does not allow this.";
    42 AccountNotFound "account_not_found" "There is no such account.";
    43 AlreadyMember "already_member" "The account is already a member or invited.";
    44 NotInvited "not_invited" "There is no open invitation to this channel.";
    45 MemberLimit "member_limit" "The channel has as many members as it may have.";
    46 NotAMember "not_a_member" "The account is not a member of the channel.";
    47 LastOwner "last_owner"
        "The last owner cannot step down; make somebody else an owner first.";
    48 MessageNotFound "message_not_found" "There is no such message in the channel.";
    49 ChannelReadOnly "channel_read_only" "The channel is read-only at the moment.";
    50 NotAGroup "not_a_group" "Direct channels have no members to change, no name and no topic.";
    51 SelfDirect "self_direct" "A direct channel needs another account.";
    52 ChannelLimit "channel_limit" "The account is in as many channels as it may be.";
    53 Banned "banned" "The account is banned from the channel.";
    54 NotBanned "not_banned" "The account is not banned from the channel.";
    55 ChannelArchived "channel_archived" "The channel is archived; nobody posts in it.";
    56 PostingRestricted "posting_restricted"
        "Only moderators or owners may post in this channel.";
    57 RuleInvalid "rule_invalid" "The channel's rule has a form that is not allowed.";
    58 ChangeLimit "change_limit"
        "This was changed as often as the channel's version allows.";
    59 NoSuccessor "no_successor"
        "The organisation is not in the channel, or is its home already.";

    // Other organisations.
    60 DomainNotFound "domain_not_found" "The domain does not exist or publishes no Comity node.";
    61 DomainUnproven "domain_unproven"
        "The domain's key is not proven by signed DNS, by its web server or by a pin.";
    62 DomainBogus "domain_bogus" "The domain's DNS signatures do not verify.";
    63 DomainUnreachable "domain_unreachable" "The domain's node cannot be reached right now.";
    64 DomainKeyChanged "domain_key_changed"
        "The domain's key is not the one known before; an admin has to decide.";
    65 DomainRefused "domain_refused" "This node does not federate with the domain.";
    66 DomainWaits "domain_waits" "An admin has to allow the domain first, and was asked.";
    67 RefusedByDomain "refused_by_domain" "The domain's node does not federate with this one.";
    68 WaitsAtDomain "waits_at_domain"
        "An admin of the domain has to allow this organisation first, and was asked.";
    69 ChannelNotGranted "channel_not_granted"
        "The admin has not allowed this channel to be shared with that organisation.";

    // More of channels.
    70 AliasTaken "alias_taken" "This alias names another channel.";
    71 AliasLimit "alias_limit" "The channel or the account has as many aliases as it may have.";
    72 ContactSelf "contact_self" "Nobody is a contact of his own.";
    73 ContactLimit "contact_limit"
        "The account has as many contacts and open requests as it may have.";
    74 ContactNotFound "contact_not_found" "There is no such contact, nor a request.";
    75 HomeComparing "home_comparing"
        "The channel's home has started anew and asks the members first; try again in a moment.";
    77 BlockSelf "block_self" "Nobody can block himself.";
    78 BlockLimit "block_limit" "The account blocks as many others as it may; unblock one first.";
    79 PushRefused "push_refused" "Nothing is sent to this push endpoint.";

    // The node itself.
    80 RateLimited "rate_limited" "Too many requests; wait and try again.";
    81 Overloaded "overloaded" "The node is catching up; try again in a moment.";
    82 DiskFull "disk_full" "The node's disk is full; nothing was lost, but nothing new is taken.";
    83 StorageFailed "storage_failed" "The node could not write to its disk and is stopping.";
    84 ShuttingDown "shutting_down" "The node is shutting down; connect again.";
    85 Internal "internal" "The node failed to do this; its log says why.";

    // Reports of abuse.
    86 ReportSelf "report_self" "Nobody reports what he wrote himself.";
    87 ReportLimit "report_limit"
        "The account has reported as much within an hour as it may; try again later.";

    // Between peers.
    100 FrameMalformed "frame_malformed"
        "A frame was not in the deterministic form of the protocol.";
    101 FrameUnexpected "frame_unexpected" "A frame came where the protocol does not allow it.";
    102 PeerNameMismatch "peer_name_mismatch"
        "The peer's key does not belong to the domain that it claims.";
    103 PeerNotMember "peer_not_member" "The peer's organisation is not a member of the channel.";
    104 ChainBroken "chain_broken" "A record does not continue its log's hash chain.";
    105 HeadForged "head_forged" "A head is not included in its checkpoint.";
    106 CheckpointForged "checkpoint_forged"
        "A checkpoint's signature does not verify under the origin's key.";
    107 LogGap "log_gap" "Records before these are missing.";
    108 LogForked "log_forked" "Two different records were shown under one name.";
    109 LogUnknown "log_unknown" "There is no such log to serve.";
    110 LogHeld "log_held" "Records wait here for something that they depend on.";
    111 PeerTooSlow "peer_too_slow" "The peer did not keep up with its own limits.";
    112 LinkReplaced "link_replaced" "A newer connection replaces this one.";
    113 RecordOversize "record_oversize" "A record is larger than its channel's version allows.";
    114 RequestRefused "request_refused" "The channel's home refused the request.";
    115 ForkUnproven "fork_unproven" "What should prove two histories of a log does not.";
    116 KeyNotSecret "key_not_secret"
        "The domain's key is one of examples, whose secret half everybody knows.";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_are_unique() {
        for (i, a) in Code::ALL.iter().enumerate() {
            assert_eq!(Code::from_number(a.number()), Some(*a));
            assert!(a.sentence().ends_with('.'));
            for b in &Code::ALL[i + 1..] {
                assert!(a.number() < b.number(), "{a} before {b}");
                assert_ne!(a.name(), b.name());
            }
        }
    }
}
