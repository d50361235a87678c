// Made from client-api/asyncapi.json by `npm run generate`. Do not edit.

export type paths = Record<string, never>;
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description Names a channel; opaque. */
        ChannelId: string;
        /** @description Names an event; sorts by the channel's order, as text. */
        MessageId: string;
        /** @description Names a device. */
        DeviceId: string;
        /** @description A place in the feed of one node; opaque. A poll's is longer: it also says which deliveries were told. */
        Cursor: string;
        /** @description A counter of the device in decimal digits, at most 2^64 - 1: the same request under the same nonce is done once. */
        Nonce: string;
        /** @description An account, `name@domain`. */
        Label: string;
        /** @description An organisation's domain. */
        Domain: string;
        /**
         * Format: date-time
         * @description RFC 3339 in UTC with milliseconds.
         */
        Time: string;
        /** @description Milliseconds in decimal digits. */
        Milliseconds: string;
        /**
         * @description What a member may do.
         * @enum {string}
         */
        Role: "member" | "moderator" | "owner";
        /** @description Another organisation in a channel, as this node sees it. */
        ChannelOrganisation: {
            domain: components["schemas"]["Domain"];
            /** @description Whether its node is linked with this one. */
            linked: boolean;
            behind_since_time?: components["schemas"]["Time"];
            /** @description Whether this node does not let its node in; absent where it does. */
            refused?: boolean;
        };
        /**
         * @description How the account stands to the channel.
         * @enum {string}
         */
        Standing: "joined" | "invited" | "joining" | "kept";
        /**
         * @description `requested` where the group's home is another organisation: the feed tells how it ended.
         * @enum {string}
         */
        Status: "done" | "requested";
        /** @description Who may come in without an invitation: nobody, anyone, or accounts of these domains. */
        JoinRule: ("invited" | "anyone") | components["schemas"]["Domain"][];
        /** @description A refusal. */
        Error: {
            /** @description Decide by `code`, show `message`. */
            error: {
                /** @description Stable; the whole list stands in the reference. */
                code: string;
                /** @description A sentence for people. */
                message: string;
                retry_after_ms?: components["schemas"]["Milliseconds"];
            };
        };
        /** @description Where an account's domain takes clients, and other nodes. */
        WellKnown: {
            /** @description The version of the API. */
            version: number;
            domain: components["schemas"]["Domain"];
            endpoints: {
                /**
                 * Format: uri
                 * @description Its address.
                 */
                url: string;
                /** @description The lowest first. */
                priority: number;
                /** @description The chance among equals. */
                weight: number;
            }[];
            /** @description For other nodes; clients pass over it. */
            node?: {
                lineage: string;
                /** @description The node's key. */
                key: {
                    type: string;
                    id: string;
                    public: string;
                };
                recovery: string;
                hosts: {
                    host: string;
                    /** @description UDP. */
                    port: number;
                    /** @description The lowest first. */
                    priority: number;
                    /** @description The chance among equals. */
                    weight: number;
                }[];
            };
        };
        /** @description The node answers. */
        Health: {
            /** @enum {string} */
            status: "ok";
        };
        /** @description A new account. */
        SignUp: {
            /** @description The account's name. */
            name: string;
            /** @description 8 to 1,024 characters. */
            password: string;
            /** @description An invite token, where the node asks for one. */
            invite?: string;
            /** @description What the list of devices shows. */
            device_name?: string;
        };
        /** @description A new device of an account. */
        LogIn: {
            /** @description `alice` or `alice@acme.example`. */
            name: string;
            password: string;
            /** @description What the list of devices shows. */
            device_name?: string;
        };
        /** @description The device and its token, which is shown this once. */
        LoggedIn: {
            account: components["schemas"]["Label"];
            /** @description The device. */
            device: {
                id: components["schemas"]["DeviceId"];
                name: string;
            };
            /** @description Goes into the header `Authorization: Bearer …`. */
            token: string;
        };
        /** @description A device of the account. */
        Device: {
            id: components["schemas"]["DeviceId"];
            name: string;
            created_time: components["schemas"]["Time"];
            /** @description Whether it is the one that asks. */
            current: boolean;
        };
        /** @description Who asks. */
        Me: {
            account: components["schemas"]["Label"];
            device: components["schemas"]["Device"];
            /** @description Whether others see how far the account has read. */
            shows_reads: boolean;
            /** @description Whether the account may do what the admin of the node does, in the console at /admin. */
            admin: boolean;
        };
        /** @description The account's devices. */
        Devices: {
            devices: components["schemas"]["Device"][];
        };
        /** @description A change of the password; all devices stay logged in. */
        NewPassword: {
            old: string;
            /** @description 8 to 1,024 characters. */
            new: string;
        };
        /** @description A direct channel is found if it exists. */
        NewChannel: {
            /** @enum {string} */
            kind: "direct";
            with: components["schemas"]["Label"];
            nonce?: components["schemas"]["Nonce"];
        } | {
            /** @enum {string} */
            kind: "group";
            name: string;
            topic?: string;
            /** @description 100 by default. */
            member_limit?: number;
            nonce?: components["schemas"]["Nonce"];
        };
        /** @description The channel. */
        Created: {
            /** @description It. */
            channel: {
                id: components["schemas"]["ChannelId"];
            };
        };
        /** @description A member, or somebody who is invited. */
        Member: {
            account: components["schemas"]["Label"];
            role: components["schemas"]["Role"];
            /** @description Whether it has not accepted yet. */
            invited: boolean;
            /** @description How it wants to be called; of accounts of this node. */
            display_name?: string;
            read?: components["schemas"]["MessageId"];
        };
        /** @description The rules of a group. */
        Rules: {
            /** @description Whether nobody may post. */
            archived: boolean;
            /**
             * @description Whether newcomers read what was before they came.
             * @enum {string}
             */
            history: "all" | "since_joining";
            join: components["schemas"]["JoinRule"];
            posting: components["schemas"]["Role"];
            retention: components["schemas"]["Retention"];
            /**
             * @description Whether former texts of edited messages are kept for members to read.
             * @enum {string}
             */
            edits: "kept" | "replaced";
            mentioning: components["schemas"]["Role"];
        };
        /** @description For how many seconds texts are kept, at least 3600, or `forever`. */
        Retention: string;
        /** @description A channel of the account: `with` in a direct one, `name`, `topic`, `home` and `member_limit` in a group. */
        Channel: {
            id: components["schemas"]["ChannelId"];
            /** @enum {string} */
            kind: "direct" | "group";
            standing: components["schemas"]["Standing"];
            /** @description Who invites to a group that the node does not hold yet. */
            inviter?: components["schemas"]["Label"];
            with?: components["schemas"]["Label"];
            /** @description Of a group; absent where a stranger invites to it. */
            name?: string;
            /** @description Of a group. */
            topic?: string;
            home?: components["schemas"]["Domain"];
            /** @description Of a group. */
            member_limit?: number;
            role?: components["schemas"]["Role"];
            last_message_time?: components["schemas"]["Time"];
            /** @description Messages of others that the account has not read, once in. */
            unread?: number;
            /** @description Those of them that mention it. */
            mentions?: number;
            read?: components["schemas"]["MessageId"];
            /** @description Whether the account's devices are to be quiet about it; absent where not. */
            muted?: boolean;
            /** @description Of which messages the account is told, where it says so of this channel. */
            notifications?: components["schemas"]["Level"];
        };
        /** @description A channel with its members. */
        ChannelDetail: {
            id: components["schemas"]["ChannelId"];
            /** @enum {string} */
            kind: "direct" | "group";
            standing: components["schemas"]["Standing"];
            /** @description Who invites to a group that the node does not hold yet. */
            inviter?: components["schemas"]["Label"];
            members: components["schemas"]["Member"][];
            with?: components["schemas"]["Label"];
            /** @description Of a group; absent where a stranger invites to it. */
            name?: string;
            /** @description Of a group. */
            topic?: string;
            home?: components["schemas"]["Domain"];
            /** @description Of a group. */
            member_limit?: number;
            role?: components["schemas"]["Role"];
            last_message_time?: components["schemas"]["Time"];
            rules?: components["schemas"]["Rules"];
            /** @description For how many seconds this node keeps texts; absent where for ever. */
            kept_seconds?: string;
            /** @description Names that this node has given the group. */
            aliases?: components["schemas"]["Alias"][];
            /** @description Other organisations that are in it. */
            organisations?: components["schemas"]["ChannelOrganisation"][];
            /** @description Messages of others that the account has not read, once in. */
            unread?: number;
            /** @description Those of them that mention it. */
            mentions?: number;
            read?: components["schemas"]["MessageId"];
            /** @description Whether the account's devices are to be quiet about it; absent where not. */
            muted?: boolean;
            /** @description Of which messages the account is told, where it says so of this channel. */
            notifications?: components["schemas"]["Level"];
        };
        /** @description The account's channels. */
        Channels: {
            channels: components["schemas"]["Channel"][];
        };
        /** @description One change: exactly one field besides the nonce. */
        ChannelChange: {
            name?: string;
            topic?: string;
            join?: components["schemas"]["JoinRule"];
            posting?: components["schemas"]["Role"];
            /** @description Whether nobody may post. */
            archived?: boolean;
            /**
             * @description Whether newcomers read what was before they came.
             * @enum {string}
             */
            history?: "all" | "since_joining";
            retention?: components["schemas"]["Retention"];
            /**
             * @description Whether former texts of edited messages are kept for members to read.
             * @enum {string}
             */
            edits?: "kept" | "replaced";
            mentioning?: components["schemas"]["Role"];
            home?: components["schemas"]["Domain"];
            nonce?: components["schemas"]["Nonce"];
        };
        /** @description Nothing but a nonce, which may be left out. */
        Numbered: {
            nonce?: components["schemas"]["Nonce"];
        };
        /** @description An account. */
        Named: {
            account: components["schemas"]["Label"];
            nonce?: components["schemas"]["Nonce"];
        };
        /** @description Where the group's home is. */
        Joining: {
            home: components["schemas"]["Domain"];
            nonce?: components["schemas"]["Nonce"];
        };
        /** @description A member's role. */
        NewRole: {
            role: components["schemas"]["Role"];
            nonce?: components["schemas"]["Nonce"];
        };
        /** @description How it ended, as far as is known. */
        Answer: {
            status: components["schemas"]["Status"];
        };
        /** @description A text; here the nonce is required. */
        NewMessage: {
            /** @description 1 to 100,000 characters. */
            text: string;
            /**
             * @description What the text is written in; plain if left out.
             * @enum {string}
             */
            format?: "plain" | "markdown";
            reply_to?: components["schemas"]["MessageId"];
            thread?: components["schemas"]["MessageId"];
            /** @description Whom it mentions; whoever is no member is left out. */
            mentions?: components["schemas"]["Label"][];
            /** @description Whether it mentions all members. */
            mention_all?: boolean;
            nonce: components["schemas"]["Nonce"];
        };
        /** @description The message is on the node's disk. */
        StoredMessage: {
            id: components["schemas"]["MessageId"];
            cursor: components["schemas"]["Cursor"];
        };
        /** @description Something that happened in a channel. Later versions add kinds: pass over those that you do not know. */
        Event: {
            id: components["schemas"]["MessageId"];
            time: components["schemas"]["Time"];
            sender: components["schemas"]["Label"];
            /** @enum {string} */
            kind: "message";
            /** @description `null`: the node does not hold it. */
            text: string | null;
            /** @description Whether the text was erased. */
            erased?: boolean;
            /**
             * @description It was erased because it is older than what is kept; absent where somebody erased it.
             * @enum {string}
             */
            by?: "retention";
            /**
             * @description What the text is written in; plain where absent.
             * @enum {string}
             */
            format?: "markdown";
            reply_to?: components["schemas"]["MessageId"];
            thread?: components["schemas"]["MessageId"];
            /** @description Members that it mentions. */
            mentions?: components["schemas"]["Label"][];
            /** @description Whether it mentions all members. */
            mention_all?: boolean;
            /** @description Its text went with an edit: an event `edited` brings another. */
            edited?: boolean;
            edited_time?: components["schemas"]["Time"];
            reactions?: components["schemas"]["Reaction"][];
            replies?: components["schemas"]["Replies"];
            pinned?: boolean;
            /** @description Whether it came to the node more than ten minutes after its time. */
            late?: boolean;
            /** @description Messages that this takes back: they count as never sent. */
            withdrawn?: components["schemas"]["MessageId"][];
        } | {
            id: components["schemas"]["MessageId"];
            time: components["schemas"]["Time"];
            sender: components["schemas"]["Label"];
            /** @enum {string} */
            kind: "created";
            name: string;
            /** @description Messages that this takes back: they count as never sent. */
            withdrawn?: components["schemas"]["MessageId"][];
        } | {
            id: components["schemas"]["MessageId"];
            time: components["schemas"]["Time"];
            sender: components["schemas"]["Label"];
            /** @enum {string} */
            kind: "invited";
            account: components["schemas"]["Label"];
            /** @description Of the group; absent where a stranger invites. */
            name?: string;
            /** @description Messages that this takes back: they count as never sent. */
            withdrawn?: components["schemas"]["MessageId"][];
        } | {
            id: components["schemas"]["MessageId"];
            time: components["schemas"]["Time"];
            sender: components["schemas"]["Label"];
            /** @enum {string} */
            kind: "joined";
            account: components["schemas"]["Label"];
            /** @description Messages that this takes back: they count as never sent. */
            withdrawn?: components["schemas"]["MessageId"][];
        } | {
            id: components["schemas"]["MessageId"];
            time: components["schemas"]["Time"];
            sender: components["schemas"]["Label"];
            /** @enum {string} */
            kind: "left";
            account: components["schemas"]["Label"];
            /** @description Messages that this takes back: they count as never sent. */
            withdrawn?: components["schemas"]["MessageId"][];
        } | {
            id: components["schemas"]["MessageId"];
            time: components["schemas"]["Time"];
            sender: components["schemas"]["Label"];
            /** @enum {string} */
            kind: "removed";
            account: components["schemas"]["Label"];
            /** @description Messages that this takes back: they count as never sent. */
            withdrawn?: components["schemas"]["MessageId"][];
        } | {
            id: components["schemas"]["MessageId"];
            time: components["schemas"]["Time"];
            sender: components["schemas"]["Label"];
            /** @enum {string} */
            kind: "banned";
            account: components["schemas"]["Label"];
            /** @description Messages that this takes back: they count as never sent. */
            withdrawn?: components["schemas"]["MessageId"][];
        } | {
            id: components["schemas"]["MessageId"];
            time: components["schemas"]["Time"];
            sender: components["schemas"]["Label"];
            /** @enum {string} */
            kind: "unbanned";
            account: components["schemas"]["Label"];
            /** @description Messages that this takes back: they count as never sent. */
            withdrawn?: components["schemas"]["MessageId"][];
        } | {
            id: components["schemas"]["MessageId"];
            time: components["schemas"]["Time"];
            sender: components["schemas"]["Label"];
            /** @enum {string} */
            kind: "renamed";
            name: string;
            /** @description Messages that this takes back: they count as never sent. */
            withdrawn?: components["schemas"]["MessageId"][];
        } | {
            id: components["schemas"]["MessageId"];
            time: components["schemas"]["Time"];
            sender: components["schemas"]["Label"];
            /** @enum {string} */
            kind: "topic_changed";
            topic: string;
            /** @description Messages that this takes back: they count as never sent. */
            withdrawn?: components["schemas"]["MessageId"][];
        } | {
            id: components["schemas"]["MessageId"];
            time: components["schemas"]["Time"];
            sender: components["schemas"]["Label"];
            /** @enum {string} */
            kind: "role_changed";
            account: components["schemas"]["Label"];
            role: components["schemas"]["Role"];
            /** @description Messages that this takes back: they count as never sent. */
            withdrawn?: components["schemas"]["MessageId"][];
        } | {
            id: components["schemas"]["MessageId"];
            time: components["schemas"]["Time"];
            sender: components["schemas"]["Label"];
            /** @enum {string} */
            kind: "rule_changed";
            join?: components["schemas"]["JoinRule"];
            posting?: components["schemas"]["Role"];
            archived?: boolean;
            /** @enum {string} */
            history?: "all" | "since_joining";
            retention?: components["schemas"]["Retention"];
            /** @enum {string} */
            edits?: "kept" | "replaced";
            mentioning?: components["schemas"]["Role"];
            /** @description Messages that this takes back: they count as never sent. */
            withdrawn?: components["schemas"]["MessageId"][];
        } | {
            id: components["schemas"]["MessageId"];
            time: components["schemas"]["Time"];
            sender: components["schemas"]["Label"];
            /** @enum {string} */
            kind: "handed_over";
            home: components["schemas"]["Domain"];
            /** @description Messages that this takes back: they count as never sent. */
            withdrawn?: components["schemas"]["MessageId"][];
        } | {
            id: components["schemas"]["MessageId"];
            time: components["schemas"]["Time"];
            sender: components["schemas"]["Label"];
            /** @enum {string} */
            kind: "request_refused";
            /** @description As in a refusal. */
            code: string;
            /** @description Messages that this takes back: they count as never sent. */
            withdrawn?: components["schemas"]["MessageId"][];
        } | {
            id: components["schemas"]["MessageId"];
            time: components["schemas"]["Time"];
            sender: components["schemas"]["Label"];
            /** @enum {string} */
            kind: "contact";
            account: components["schemas"]["Label"];
            /** @enum {string} */
            step: "asked" | "accepted" | "ended";
            /** @description Messages that this takes back: they count as never sent. */
            withdrawn?: components["schemas"]["MessageId"][];
        } | {
            id: components["schemas"]["MessageId"];
            time: components["schemas"]["Time"];
            sender: components["schemas"]["Label"];
            /** @enum {string} */
            kind: "erased";
            message: components["schemas"]["MessageId"];
            /** @description Messages that this takes back: they count as never sent. */
            withdrawn?: components["schemas"]["MessageId"][];
        } | {
            id: components["schemas"]["MessageId"];
            time: components["schemas"]["Time"];
            sender: components["schemas"]["Label"];
            /** @enum {string} */
            kind: "edited";
            message: components["schemas"]["MessageId"];
            /** @description `null`: the node does not hold it. */
            text: string | null;
            /**
             * @description What the text is written in; plain where absent.
             * @enum {string}
             */
            format?: "markdown";
            /** @description Messages that this takes back: they count as never sent. */
            withdrawn?: components["schemas"]["MessageId"][];
        } | {
            id: components["schemas"]["MessageId"];
            time: components["schemas"]["Time"];
            sender: components["schemas"]["Label"];
            /** @enum {string} */
            kind: "reacted";
            message: components["schemas"]["MessageId"];
            reaction: components["schemas"]["ReactionText"];
            /** @description Whether it is there from now on. */
            on: boolean;
            /** @description Messages that this takes back: they count as never sent. */
            withdrawn?: components["schemas"]["MessageId"][];
        } | {
            id: components["schemas"]["MessageId"];
            time: components["schemas"]["Time"];
            sender: components["schemas"]["Label"];
            /** @enum {string} */
            kind: "pinned";
            message: components["schemas"]["MessageId"];
            /** @description Whether it is pinned from now on. */
            on: boolean;
            /** @description Messages that this takes back: they count as never sent. */
            withdrawn?: components["schemas"]["MessageId"][];
        };
        /** @description An event of the feed. Keep its cursor when you have finished with it. */
        EventFrame: {
            /** @enum {string} */
            type: "event";
            cursor: components["schemas"]["Cursor"];
            channel: components["schemas"]["ChannelId"];
            event: components["schemas"]["Event"];
        };
        /** @description How far a message of yours has come, and whether it is final. */
        DeliveredFrame: {
            /** @enum {string} */
            type: "delivered";
            channel: components["schemas"]["ChannelId"];
            id: components["schemas"]["MessageId"];
            /** @description Those that have it on disk, your own included. */
            organisations: number;
            /** @description All that are in the channel. */
            of: number;
            /** @description Whether it can no longer be taken back. */
            final?: boolean;
        };
        /** @description Older history of a channel came to the node. */
        HistoryGrewFrame: {
            /** @enum {string} */
            type: "history_grew";
            channel: components["schemas"]["ChannelId"];
        };
        /** @description A page of history, the oldest first. */
        Page: {
            events: components["schemas"]["Event"][];
            delivered: components["schemas"]["DeliveredFrame"][];
            /** @description Whether there are older events. */
            more_before: boolean;
            /** @description Whether there are newer events. */
            more_after: boolean;
            /** @description Whether some are on their way from other nodes. */
            history_pending: boolean;
            /**
             * @description The group's rule hides what was before the account came, if there was anything.
             * @enum {boolean}
             */
            history_limited?: true;
        };
        /** @description A message by its id. */
        Message: {
            event: components["schemas"]["Event"];
            /** @description To its author, where it was erased: who has said that it is erased there. */
            erasure?: {
                /** @description Organisations that have said so. */
                confirmed: components["schemas"]["Domain"][];
                /** @description Members of the channel that have not. */
                unconfirmed: components["schemas"]["Domain"][];
            };
        };
        /** @description What came since a cursor. */
        Sync: {
            events: components["schemas"]["EventFrame"][];
            delivered: components["schemas"]["DeliveredFrame"][];
            history_grew: components["schemas"]["HistoryGrewFrame"][];
            cursor: components["schemas"]["Cursor"];
            /** @description Whether to list channels and history anew. */
            resync: boolean;
        };
        /** @description A name that a domain has given a group, `#name@domain`. */
        Alias: string;
        /** @description Which group. */
        NewAlias: {
            channel: components["schemas"]["ChannelId"];
            nonce?: components["schemas"]["Nonce"];
        };
        /** @description A group that the account may join, or is in. */
        FoundGroup: {
            id: components["schemas"]["ChannelId"];
            name: string;
            topic: string;
            home: components["schemas"]["Domain"];
            /** @description How many there are. */
            members: number;
            alias?: components["schemas"]["Alias"];
        };
        /** @description Groups in the order of their ids. */
        FoundGroups: {
            groups: components["schemas"]["FoundGroup"][];
            /** @description Whether there are more above the last id. */
            more: boolean;
        };
        /** @description How it ended, as far as is known, and which group it is. */
        JoinedGroup: {
            status: components["schemas"]["Status"];
            /** @description It. */
            channel?: {
                id: components["schemas"]["ChannelId"];
            };
        };
        /** @description Somebody whom the account knows. */
        Contact: {
            account: components["schemas"]["Label"];
            /** @enum {string} */
            standing: "contact" | "asked" | "asking" | "declined";
            since_time: components["schemas"]["Time"];
        };
        /** @description Whom the account knows. */
        Contacts: {
            contacts: components["schemas"]["Contact"][];
        };
        /** @description A reaction with those who show it. */
        Reaction: {
            reaction: components["schemas"]["ReactionText"];
            count: number;
            /** @description The first of them. */
            accounts: components["schemas"]["Label"][];
        };
        /** @description An emoji or a short word: 1 to 64 bytes of UTF-8 without spaces. */
        ReactionText: string;
        /** @description A thread in short. */
        Replies: {
            count: number;
            last_time: components["schemas"]["Time"];
        };
        /** @description Another text for a message. */
        MessageEdit: {
            /** @description 1 to 100,000 characters. */
            text: string;
            /**
             * @description What the text is written in; plain if left out.
             * @enum {string}
             */
            format?: "plain" | "markdown";
            nonce?: components["schemas"]["Nonce"];
        };
        /** @description Up to where a channel was read. */
        ReadMark: {
            message: components["schemas"]["MessageId"];
            /** @description Whether the mark may go back. */
            back?: boolean;
            nonce?: components["schemas"]["Nonce"];
        };
        /** @description The texts that a message has had, the oldest first. */
        Versions: {
            versions: {
                time: components["schemas"]["Time"];
                /** @description `null`: it is not kept. */
                text: string | null;
                /**
                 * @description What the text is written in; plain where absent.
                 * @enum {string}
                 */
                format?: "markdown";
            }[];
        };
        /** @description Events of one channel. */
        Events: {
            events: components["schemas"]["Event"][];
            more: boolean;
        };
        /** @description Events of any channel, each in its frame. */
        EventFrames: {
            events: components["schemas"]["EventFrame"][];
            more: boolean;
        };
        /** @description Another member has read up to a message. */
        ReadFrame: {
            /** @enum {string} */
            type: "read";
            channel: components["schemas"]["ChannelId"];
            account: components["schemas"]["Label"];
            message: components["schemas"]["MessageId"];
        };
        /** @description The account's own mark has moved. */
        UnreadFrame: {
            /** @enum {string} */
            type: "unread";
            channel: components["schemas"]["ChannelId"];
            unread: number;
            mentions: number;
            read?: components["schemas"]["MessageId"];
        };
        Presence: {
            account: string;
            /** @enum {string} */
            state: "online" | "away" | "busy" | "offline" | "unknown";
            /** @description What the user says of himself, in one line. */
            status?: string;
            /**
             * Format: date-time
             * @description When it was there last; of who is offline, where that is known.
             */
            last_active_time?: string;
        };
        Presences: {
            presences: components["schemas"]["Presence"][];
        };
        PresenceChange: {
            /**
             * @description How this device is; as before where absent.
             * @enum {string}
             */
            state?: "online" | "away" | "busy";
            /** @description What the user says of himself; nothing where empty, as before where absent. */
            status?: string;
        };
        /** @description Whether something is to be so. */
        Switch: {
            on: boolean;
            nonce?: components["schemas"]["Nonce"];
        };
        /** @description Proof that it is meant. */
        Delete: {
            password: string;
        };
        /** @description Somebody whom the account blocks. */
        Block: {
            account: components["schemas"]["Label"];
            since_time: components["schemas"]["Time"];
        };
        /** @description Whom the account blocks. */
        Blocks: {
            blocks: components["schemas"]["Block"][];
        };
        /** @description The account has changed whom it blocks. */
        BlocksChangedFrame: {
            /** @enum {string} */
            type: "blocks_changed";
        };
        /** @description The account has muted a channel, or no longer. */
        MutedFrame: {
            /** @enum {string} */
            type: "muted";
            channel: components["schemas"]["ChannelId"];
            muted: boolean;
        };
        /** @description How one wants to be called; by the account's name where it is empty. */
        NewDisplayName: {
            /** @description Up to 64 characters, spaces at the ends not counted. */
            name: string;
            nonce?: components["schemas"]["Nonce"];
        };
        /** @description What an account shows of itself. */
        Profile: {
            account: components["schemas"]["Label"];
            /** @description How it wants to be called. */
            display_name?: string;
            /** @description What its avatar is known by. */
            avatar?: string;
            /** @description What the user says of himself, where one may see that. */
            status?: string;
            /** @description Why nothing is known of it. Decide by `code`, show `message`. */
            error?: {
                /** @description Stable; the whole list stands in the reference. */
                code: string;
                /** @description A sentence for people. */
                message: string;
                retry_after_ms?: components["schemas"]["Milliseconds"];
            };
        };
        Profiles: {
            profiles: components["schemas"]["Profile"][];
        };
        /** @description The account has another display name or avatar, or none. */
        ProfileChangedFrame: {
            /** @enum {string} */
            type: "profile_changed";
        };
        SearchResults: {
            results: {
                channel: components["schemas"]["ChannelId"];
                event: components["schemas"]["Event"];
                /** @description A piece of the text in parts. */
                snippet: {
                    text: string;
                    /** @description Whether it is what was looked for. */
                    found?: boolean;
                }[];
                /** @description Whether something stands before the snippet. */
                cut_before?: boolean;
                /** @description Whether something stands after it. */
                cut_after?: boolean;
            }[];
            /** @description Where to go on, if there may be more. */
            cursor?: string;
            /** @description How much of what is there can be found so far, where that is not all. */
            indexed_percent?: number;
        };
        /**
         * @description Of all messages; of those that mention the account, and of direct ones; of none.
         * @enum {string}
         */
        Level: "all" | "mentions" | "nothing";
        NewLevel: {
            level: components["schemas"]["Level"];
        };
        Notifications: {
            level: components["schemas"]["Level"];
            /** @description When nothing is told. */
            quiet?: {
                from: string;
                until: string;
                /** @description A name of the IANA time zone database. */
                zone: string;
            };
            /** @description For how long after the account was active on a device that is there the others stay silent. */
            idle_seconds?: number;
        };
        Gateway: {
            /** @description An https URL whose path is /_matrix/push/v1/notify. */
            url: string;
            app_id: string;
            pushkey: string;
        };
        /** @description What a browser's subscription is as JSON, or a gateway. */
        NewPush: {
            endpoint?: string;
            keys?: {
                /** @description The device's public key, an uncompressed point of P-256 in base64url. */
                p256dh: string;
                /** @description Its secret, sixteen bytes in base64url. */
                auth: string;
            };
            gateway?: components["schemas"]["Gateway"];
            /** @description Whether texts and names go along; true for Web Push, false for gateways where absent. */
            content?: boolean;
            /** @description What browsers add; it counts for nothing. */
            expirationTime?: number | null;
        } & (unknown | unknown);
        Push: {
            /** @description The node's key, for `applicationServerKey`. */
            vapid_key: string;
            subscription?: {
                endpoint?: string;
                gateway?: components["schemas"]["Gateway"];
                content: boolean;
                failing?: {
                    /** Format: date-time */
                    since: string;
                    why: string;
                };
            };
        };
        /** @description The account wants to be told of something else. */
        NotificationsChangedFrame: {
            /** @enum {string} */
            type: "notifications_changed";
        };
        /** @description What is reported, and why. */
        NewReport: {
            channel: components["schemas"]["ChannelId"];
            message: components["schemas"]["MessageId"];
            /**
             * @description Why.
             * @enum {string}
             */
            reason: "spam" | "harassment" | "illegal" | "other";
            /** @description What the admins should know besides: up to 1,000 characters. */
            comment?: string;
            /** @description Whether the author's organisation is told who reports; it is not if left out. */
            name_me?: boolean;
            nonce?: components["schemas"]["Nonce"];
        };
        /** @description Who has the report. */
        Reported: {
            kept_by: components["schemas"]["Domain"];
            sent_to?: components["schemas"]["Domain"];
        };
        /** @description How the node does among others, in this run of it. */
        AdminStatus: {
            /** @description Whether the machine's clock seems to be behind that of most organisations. */
            is_clock_doubted: boolean;
            /** @description The node's own domain. */
            domain: string;
            /** @description Organisations that are linked, share a channel with the node, or did something wrong; the worst first. */
            peers: components["schemas"]["AdminPeerCounts"][];
            /** @description Logs that are proven to have two histories. */
            forks: number;
            /** @description Groups in which nothing can be said or changed. */
            read_only: number;
            /** @description Groups that wait, since the start, for other members' nodes. */
            comparing: number;
            /** @description Reports of abuse that are open. */
            reports: number;
            /** @description Peers that dialled and of which it was never known who they are, by kind. */
            strangers: components["schemas"]["AdminStranger"][];
        };
        /** @description What an organisation did wrong, in this run of the node. */
        AdminPeerCounts: {
            /** @description Its domain. */
            domain: string;
            /** @description Whether a link with it is up. */
            is_linked: boolean;
            /** @description How often it broke the peer protocol, which ended a link each time. */
            faults: number;
            /** @description How often records that it showed were not taken. */
            refused: number;
            /** @description Records that it showed and that have no effect, because they are against the rules. */
            void: number;
            /** @description How often it asked for what is not here, or not for it to see. */
            denied: number;
            /** @description Logs of which records wait. */
            waiting: number;
        };
        /** @description Peers of one kind that nobody knows. */
        AdminStranger: {
            /** @enum {string} */
            kind: "crowded" | "handshake" | "hello" | "identity" | "silent";
            /** @description How often. */
            times: number;
            /** @description When last, in Unix milliseconds. */
            last_unix_ms: number;
            /** @description From where then; of a failed handshake it may be made up. */
            from: string | null;
            /** @description As whom, where it said so. */
            domain: string | null;
            /** @description The code that it was told. */
            code: string | null;
        };
        /** @description How much the node does, in this run of it. */
        AdminFigures: {
            /** @description The release that runs. */
            version: string;
            /** @description Since when it runs, in Unix milliseconds. */
            started_unix_ms: number;
            /** @description Connections of clients that are open, sockets and requests together. */
            connections: number;
            /** @description Messages that the node took, of its users and of other organisations, per second of the last ten. */
            messages_in_per_second: number;
            /** @description Messages that went out, counted for each device and each organisation, per second of the last ten. */
            messages_out_per_second: number;
            /** @description From when a message of a user has come until it is on disk and acknowledged, in milliseconds: of the newest 1,024, none older than a minute. Absent where there are none. */
            latency_ms?: {
                /** @description Half of them took no longer. */
                p50: number;
                /** @description All but one in a hundred took no longer. */
                p99: number;
            };
            /** @description Bytes of the database; absent, as the next two, where they cannot be looked at. */
            store_bytes?: number;
            /** @description Bytes of the journal's files, with those that are kept to be written over. */
            journal_bytes?: number;
            /** @description Bytes of the search index. */
            search_bytes?: number;
            /** @description What waits in the node. */
            queues: components["schemas"]["AdminQueue"][];
        };
        /** @description What waits for one part of the node. */
        AdminQueue: {
            /** @description For what: `writer`, `devices`, `organisations`, `notifications`, `indexing`, `searches` or `passwords`; later versions have others. */
            name: string;
            /** @description How much waits. */
            length: number;
            /** @description How much may, where one bound holds for all. */
            max?: number;
        };
        /** @description The settings in force, in the order of their reference. */
        AdminSettings: {
            settings: components["schemas"]["AdminSetting"][];
        };
        /** @description A setting in force, or a number of one that is a table. None is a secret: what is secret lies in files, of which a setting names the path. */
        AdminSetting: {
            /** @description Its name, `section.key`. */
            key: string;
            /** @description Its value; null where nothing is set and nothing is the default. */
            value: unknown;
            /** @description Where it came from: `default`, the settings file, or the environment variable. */
            from: string;
            /** @description What holds where nobody sets it; null where that is nothing. */
            default: unknown;
            /** @description What it does, in Markdown. */
            meaning: string;
        };
        /** @description Accounts of the node, by name. */
        AdminUsers: {
            /** @description 500 at most. */
            users: components["schemas"]["AdminUser"][];
            /** @description Whether there are more after the last of them. */
            more: boolean;
            /** @description Accounts that are not deleted. */
            total: number;
        };
        /** @description An account of the node. */
        AdminUser: {
            /** @description Its name, without the domain. */
            name: string;
            /** @description How it wants to be called. */
            display_name: string | null;
            /** @description When it was made, in Unix milliseconds. */
            created_unix_ms: number;
            /** @description When it was there last, as far as that was written, in Unix milliseconds. */
            last_active_unix_ms: number | null;
            /** @description On how many devices it is logged in. */
            devices: number;
            /** @description Whether it is an admin of the node. */
            is_admin: boolean;
            /** @description Whether an admin has shut it out. */
            is_suspended: boolean;
            /** @description Whether it was deleted; its name is never given out again. */
            is_deleted: boolean;
        };
        /** @description An account to be made, whatever the sign-up mode. */
        AdminNewUser: {
            name: string;
            password: string;
        };
        /** @description The account that was made. */
        AdminNewAccount: {
            account: components["schemas"]["Label"];
        };
        /** @description One change of an account. Nobody changes his own rights. */
        AdminUserChange: {
            admin: boolean;
        } | {
            suspended: boolean;
        } | {
            password: string;
        };
        /** @description Invites that still make accounts, those first that expire first; 1,000 at most. */
        AdminInvites: {
            invites: components["schemas"]["AdminInvite"][];
        };
        /** @description An invite; its token is not kept. */
        AdminInvite: {
            /** @description Names it. */
            id: string;
            /** @description How many accounts it still makes. */
            uses: number;
            /** @description When it expires, in Unix milliseconds. */
            expires_unix_ms: number;
        };
        /** @description An invite to be made. */
        AdminNewInvite: {
            /** @description For how many accounts. */
            uses: number;
            /** @description For how long it is good: 366 days at most. */
            expires_in_seconds: number;
        };
        /** @description The invite that was made. */
        AdminMadeInvite: {
            /** @description What makes accounts; told this once. */
            token: string;
            /** @description When it expires, in Unix milliseconds. */
            expires_unix_ms: number;
        };
        /** @description Groups that the node holds or that users of it are invited to, those first that wait for something; 1,000 at most. */
        AdminGroups: {
            groups: components["schemas"]["AdminGroup"][];
        };
        /** @description A group. */
        AdminGroup: {
            channel: components["schemas"]["ChannelId"];
            name: string;
            /** @description The domain of its home. */
            home: string;
            /**
             * @description Why nothing can be said or changed in it: its home uses rules that the node does not know, or its control log has two histories.
             * @enum {string|null}
             */
            read_only: "newer" | "split" | null;
            /** @description Of the node's own: the organisations that are asked, since the start, before anything changes in it. */
            waits_for: string[];
            /** @description Of others': users of this node who are invited to it. */
            invited: number;
            /** @description Whether they can accept only once an admin lets the group be shared with its home. */
            is_ungranted: boolean;
        };
        /** @description From which record a group is to go on. */
        AdminReopen: {
            /** @description The term and the number of the record; the newest that nothing contradicts if left out. */
            at?: number[] | null;
            /**
             * @description Without it nothing is done, and the answer says what would be.
             * @default false
             */
            sure: boolean;
        };
        /** @description From which record a group goes on, and what has no effect any more. */
        AdminReopening: {
            /** @description The record, `term.number`. */
            base: string;
            voided: components["schemas"]["AdminVoidRecord"][];
            /** @description Organisations that have not said since the start what they hold; what they hold more is void too. */
            unheard: string[];
        };
        /** @description Records of a group's control log that a later opening made void; 1,000 at most. */
        AdminVoided: {
            voided: components["schemas"]["AdminVoidRecord"][];
        };
        /** @description A record that has no effect any more. */
        AdminVoidRecord: {
            /** @description `term.number`. */
            record: string;
            /** @description What its writer says of the time, in Unix milliseconds. */
            unix_ms: number;
            /** @description What it was to do. */
            what: string;
            /** @description Who did it, where not the home by itself. */
            by: string | null;
        };
        /** @description Reports of abuse, the newest first; 1,000 at most. */
        AdminReports: {
            reports: components["schemas"]["AdminReport"][];
        };
        /** @description A report of abuse. */
        AdminReport: {
            /** @description Names it. */
            number: number;
            /** @description When it came, in Unix milliseconds. */
            unix_ms: number;
            /** @description The domain of the organisation whose account reports. */
            from: string;
            /** @description The account, where it is of this node, or is named. */
            reporter: string | null;
            /** @description Who wrote what is reported. */
            about: string;
            channel: components["schemas"]["ChannelId"];
            message: components["schemas"]["MessageId"];
            /** @description When it was written, as its writer's node says, in Unix milliseconds. */
            said_unix_ms: number;
            /** @enum {string} */
            reason: "spam" | "harassment" | "illegal" | "other";
            /** @description Whether it came from elsewhere with the proof that this node has signed what is reported. */
            is_proven: boolean;
            /** @description The author's organisation, where that is another one and is told. */
            sent_to: string | null;
            /** @description When it was closed, in Unix milliseconds. */
            closed_unix_ms: number | null;
        };
        /** @description A report of abuse, with what is reported. */
        AdminReportDetail: {
            /** @description Names it. */
            number: number;
            /** @description When it came, in Unix milliseconds. */
            unix_ms: number;
            /** @description The domain of the organisation whose account reports. */
            from: string;
            /** @description The account, where it is of this node, or is named. */
            reporter: string | null;
            /** @description Who wrote what is reported. */
            about: string;
            channel: components["schemas"]["ChannelId"];
            message: components["schemas"]["MessageId"];
            /** @description When it was written, as its writer's node says, in Unix milliseconds. */
            said_unix_ms: number;
            /** @enum {string} */
            reason: "spam" | "harassment" | "illegal" | "other";
            /** @description Whether it came from elsewhere with the proof that this node has signed what is reported. */
            is_proven: boolean;
            /** @description The author's organisation, where that is another one and is told. */
            sent_to: string | null;
            /** @description When it was closed, in Unix milliseconds. */
            closed_unix_ms: number | null;
            /** @description What who reports says about it. */
            comment: string | null;
            /** @description The text that is reported. */
            text: string | null;
        };
        /** @description Logs that are proven to have two histories; 1,000 at most. */
        AdminForks: {
            forks: components["schemas"]["AdminFork"][];
        };
        /** @description A log with two histories. */
        AdminFork: {
            /** @description Names it. */
            id: string;
            /** @description The organisation that wrote it. */
            domain: string;
            channel: components["schemas"]["ChannelId"];
            /** @description The first record that has two hashes. */
            record: number;
        };
        /** @description The proof of a fork, as `comity proof verify` takes it. */
        AdminProof: {
            /** @description In base64url. */
            proof: string;
        };
        /** @description Other organisations, those first that are not linked; 1,000 at most. */
        AdminPeers: {
            peers: components["schemas"]["AdminPeer"][];
        };
        /** @description How it is between the node and another organisation, in this run of it. */
        AdminPeer: {
            /** @description Its domain. */
            domain: string;
            /** @description How the link is. */
            link: ("dialling" | "down") | {
                /** @description Since when, and by whom. */
                up: {
                    /** @description Since when, in Unix milliseconds. */
                    since_unix_ms: number;
                    /** @description Whether this node dialled. */
                    is_dialled: boolean;
                };
            };
            /** @description Since when there is no link, where there was one, in Unix milliseconds. */
            down_since_unix_ms: number | null;
            /** @description When a frame came from it last, in Unix milliseconds. */
            heard_unix_ms: number | null;
            backlog: {
                /** @description Records; 1,000 stands for as many or more. */
                records: number;
                /** @description For how long the oldest of them waits. */
                oldest_ms: number;
            } | null;
            trouble: {
                code: string;
                why: string;
                /** @description When, in Unix milliseconds. */
                unix_ms: number;
            } | null;
            /** @description In how many milliseconds it is dialled again. */
            next_try_ms: number | null;
            /** @description Bytes of frames to it, and from it. */
            bytes_per_minute: number[];
            /** @description Records to it, and from it. */
            records_per_minute: number[];
            /** @description Its public key, in base64. */
            key: string | null;
            /**
             * @description What proved that this is its key.
             * @enum {string|null}
             */
            proof: "dnssec" | "pin" | "web" | null;
            /** @description The key of another organisation that its records name now, in base64; nothing is taken under it until the admin says so. */
            refused_key?: string;
            /** @description Reports of abuse of it that were dropped. */
            reports_dropped: number;
            /** @description Signs that two nodes run under one key. */
            copies?: {
                /** @description Under its key. */
                theirs: number;
                /** @description Under this node's. */
                ours: number;
                /** @description When last, in Unix milliseconds. */
                last_unix_ms: number;
            };
        };
        /** @description Whether the organisation is dialled now. */
        AdminRetried: {
            /** @description False where it is linked already. */
            is_dialled: boolean;
        };
        /** @description The key that an organisation is to have from now on. */
        AdminKey: {
            /** @description As the admin was told it, in base64. */
            key: string;
        };
        /** @description What is said of other organisations. */
        AdminPolicy: {
            /**
             * @description What holds where nothing is said: the setting `federation.mode`.
             * @enum {string}
             */
            mode: "allowlist" | "ask" | "open";
            /** @description By domain. */
            rules: components["schemas"]["AdminRuleOfDomain"][];
            /** @description Who waits to be let in, by domain. */
            asking: components["schemas"]["AdminAsking"][];
        };
        /** @description What is said of a domain. */
        AdminRuleOfDomain: {
            domain: string;
            rule: components["schemas"]["AdminRule"];
            /** @description When that was said, in Unix milliseconds. */
            since_unix_ms: number;
            /** @description Groups that may be shared with it, where only those may. */
            groups: components["schemas"]["ChannelId"][];
        };
        /** @description Whether the node federates with a domain, and how much it hears of it. */
        AdminRule: {
            /**
             * @description `allow_named` shares only those groups that are named.
             * @enum {string}
             */
            stance: "allow" | "allow_named" | "block";
            /** @description Invitations, contact requests and reports that are heard in an hour; the node's own limit if left out. */
            asks_per_hour?: number | null;
            /** @description Records that are taken in a minute; not limited if left out. */
            records_per_minute?: number | null;
        };
        /** @description An organisation that waits to be let in. */
        AdminAsking: {
            domain: string;
            /** @description Since when, in this run of the node, in Unix milliseconds. */
            since_unix_ms: number;
            /** @description Whether its node asks, its key proven. */
            by_itself: boolean;
            /** @description Whether users of this node do, or a group that they are in. */
            by_ours: boolean;
        };
        /** @description What the doctor finds. */
        AdminFindings: {
            findings: components["schemas"]["AdminFinding"][];
        };
        /** @description Something that was looked at. */
        AdminFinding: {
            /** @enum {string} */
            grade: "ok" | "look" | "bad";
            /** @description What, in a word or two. */
            about: string;
            /** @description What was found, in a sentence. */
            found: string;
            /** @description What to do about it. */
            todo: string | null;
            /** @description Lines of a zone file to publish. */
            records: string[];
        };
        /** @description The first frame, within 10 seconds. Without `cursor` the feed begins now. */
        frame_hello: {
            /** @enum {string} */
            type: "hello";
            /** @description The device's token. */
            token: string;
            cursor?: components["schemas"]["Cursor"];
        };
        /** @description Any frame counts as a heartbeat; this one is answered. */
        frame_ping: {
            /** @enum {string} */
            type: "ping";
            data?: string;
        };
        /** @description A text. */
        frame_send: {
            /** @enum {string} */
            type: "send";
            nonce: components["schemas"]["Nonce"];
            channel: components["schemas"]["ChannelId"];
            /** @description 1 to 100,000 characters. */
            text: string;
            /**
             * @description What the text is written in; plain if left out.
             * @enum {string}
             */
            format?: "plain" | "markdown";
            reply_to?: components["schemas"]["MessageId"];
            thread?: components["schemas"]["MessageId"];
            /** @description Whom it mentions; whoever is no member is left out. */
            mentions?: components["schemas"]["Label"][];
            /** @description Whether it mentions all members. */
            mention_all?: boolean;
        };
        /** @description Whatever changes a channel. */
        frame_command: {
            /** @enum {string} */
            type: "command";
            nonce: components["schemas"]["Nonce"];
            /** @enum {string} */
            do: "create_group";
            name: string;
            topic?: string;
            /** @description 100 by default. */
            member_limit?: number;
        } | {
            /** @enum {string} */
            type: "command";
            nonce: components["schemas"]["Nonce"];
            /** @enum {string} */
            do: "open_direct";
            with: components["schemas"]["Label"];
        } | {
            /** @enum {string} */
            type: "command";
            nonce: components["schemas"]["Nonce"];
            /** @enum {string} */
            do: "invite";
            channel: components["schemas"]["ChannelId"];
            account: components["schemas"]["Label"];
        } | {
            /** @enum {string} */
            type: "command";
            nonce: components["schemas"]["Nonce"];
            /** @enum {string} */
            do: "accept";
            channel: components["schemas"]["ChannelId"];
        } | {
            /** @enum {string} */
            type: "command";
            nonce: components["schemas"]["Nonce"];
            /** @enum {string} */
            do: "decline";
            channel: components["schemas"]["ChannelId"];
        } | {
            /** @enum {string} */
            type: "command";
            nonce: components["schemas"]["Nonce"];
            /** @enum {string} */
            do: "leave";
            channel: components["schemas"]["ChannelId"];
        } | {
            /** @enum {string} */
            type: "command";
            nonce: components["schemas"]["Nonce"];
            /** @enum {string} */
            do: "join";
            channel: components["schemas"]["ChannelId"];
            home: components["schemas"]["Domain"];
        } | {
            /** @enum {string} */
            type: "command";
            nonce: components["schemas"]["Nonce"];
            /** @enum {string} */
            do: "remove";
            channel: components["schemas"]["ChannelId"];
            account: components["schemas"]["Label"];
        } | {
            /** @enum {string} */
            type: "command";
            nonce: components["schemas"]["Nonce"];
            /** @enum {string} */
            do: "ban";
            channel: components["schemas"]["ChannelId"];
            account: components["schemas"]["Label"];
        } | {
            /** @enum {string} */
            type: "command";
            nonce: components["schemas"]["Nonce"];
            /** @enum {string} */
            do: "unban";
            channel: components["schemas"]["ChannelId"];
            account: components["schemas"]["Label"];
        } | {
            /** @enum {string} */
            type: "command";
            nonce: components["schemas"]["Nonce"];
            /** @enum {string} */
            do: "rename";
            channel: components["schemas"]["ChannelId"];
            name: string;
        } | {
            /** @enum {string} */
            type: "command";
            nonce: components["schemas"]["Nonce"];
            /** @enum {string} */
            do: "set_topic";
            channel: components["schemas"]["ChannelId"];
            topic: string;
        } | {
            /** @enum {string} */
            type: "command";
            nonce: components["schemas"]["Nonce"];
            /** @enum {string} */
            do: "set_role";
            channel: components["schemas"]["ChannelId"];
            account: components["schemas"]["Label"];
            role: components["schemas"]["Role"];
        } | {
            /** @enum {string} */
            type: "command";
            nonce: components["schemas"]["Nonce"];
            /** @enum {string} */
            do: "set_rule";
            channel: components["schemas"]["ChannelId"];
            join: components["schemas"]["JoinRule"];
        } | {
            /** @enum {string} */
            type: "command";
            nonce: components["schemas"]["Nonce"];
            /** @enum {string} */
            do: "set_rule";
            channel: components["schemas"]["ChannelId"];
            posting: components["schemas"]["Role"];
        } | {
            /** @enum {string} */
            type: "command";
            nonce: components["schemas"]["Nonce"];
            /** @enum {string} */
            do: "set_rule";
            channel: components["schemas"]["ChannelId"];
            /** @description Whether nobody may post. */
            archived: boolean;
        } | {
            /** @enum {string} */
            type: "command";
            nonce: components["schemas"]["Nonce"];
            /** @enum {string} */
            do: "set_rule";
            channel: components["schemas"]["ChannelId"];
            /**
             * @description Whether newcomers read what was before they came.
             * @enum {string}
             */
            history: "all" | "since_joining";
        } | {
            /** @enum {string} */
            type: "command";
            nonce: components["schemas"]["Nonce"];
            /** @enum {string} */
            do: "set_rule";
            channel: components["schemas"]["ChannelId"];
            retention: components["schemas"]["Retention"];
        } | {
            /** @enum {string} */
            type: "command";
            nonce: components["schemas"]["Nonce"];
            /** @enum {string} */
            do: "hand_over";
            channel: components["schemas"]["ChannelId"];
            home: components["schemas"]["Domain"];
        } | {
            /** @enum {string} */
            type: "command";
            nonce: components["schemas"]["Nonce"];
            /** @enum {string} */
            do: "join";
            alias: components["schemas"]["Alias"];
        } | {
            /** @enum {string} */
            type: "command";
            nonce: components["schemas"]["Nonce"];
            /** @enum {string} */
            do: "set_alias";
            channel: components["schemas"]["ChannelId"];
            alias: components["schemas"]["Alias"];
        } | {
            /** @enum {string} */
            type: "command";
            nonce: components["schemas"]["Nonce"];
            /** @enum {string} */
            do: "remove_alias";
            alias: components["schemas"]["Alias"];
        } | {
            /** @enum {string} */
            type: "command";
            nonce: components["schemas"]["Nonce"];
            /** @enum {string} */
            do: "add_contact";
            account: components["schemas"]["Label"];
        } | {
            /** @enum {string} */
            type: "command";
            nonce: components["schemas"]["Nonce"];
            /** @enum {string} */
            do: "remove_contact";
            account: components["schemas"]["Label"];
        } | {
            /** @enum {string} */
            type: "command";
            nonce: components["schemas"]["Nonce"];
            /** @enum {string} */
            do: "erase";
            channel: components["schemas"]["ChannelId"];
            message: components["schemas"]["MessageId"];
        } | {
            /** @enum {string} */
            type: "command";
            nonce: components["schemas"]["Nonce"];
            /** @enum {string} */
            do: "edit";
            channel: components["schemas"]["ChannelId"];
            message: components["schemas"]["MessageId"];
            /** @description 1 to 100,000 characters. */
            text: string;
            /**
             * @description What the text is written in; plain if left out.
             * @enum {string}
             */
            format?: "plain" | "markdown";
        } | {
            /** @enum {string} */
            type: "command";
            nonce: components["schemas"]["Nonce"];
            /** @enum {string} */
            do: "react";
            channel: components["schemas"]["ChannelId"];
            message: components["schemas"]["MessageId"];
            reaction: components["schemas"]["ReactionText"];
            /** @description Whether it is to be there; true if left out. */
            on?: boolean;
        } | {
            /** @enum {string} */
            type: "command";
            nonce: components["schemas"]["Nonce"];
            /** @enum {string} */
            do: "pin";
            channel: components["schemas"]["ChannelId"];
            message: components["schemas"]["MessageId"];
            /** @description Whether it is to be pinned; true if left out. */
            on?: boolean;
        } | {
            /** @enum {string} */
            type: "command";
            nonce: components["schemas"]["Nonce"];
            /** @enum {string} */
            do: "mark_read";
            channel: components["schemas"]["ChannelId"];
            message: components["schemas"]["MessageId"];
            /** @description Whether the mark may go back. */
            back?: boolean;
        } | {
            /** @enum {string} */
            type: "command";
            nonce: components["schemas"]["Nonce"];
            /** @enum {string} */
            do: "set_rule";
            channel: components["schemas"]["ChannelId"];
            /**
             * @description Whether former texts of edited messages are kept for members to read.
             * @enum {string}
             */
            edits: "kept" | "replaced";
        } | {
            /** @enum {string} */
            type: "command";
            nonce: components["schemas"]["Nonce"];
            /** @enum {string} */
            do: "set_rule";
            channel: components["schemas"]["ChannelId"];
            mentioning: components["schemas"]["Role"];
        } | {
            /** @enum {string} */
            type: "command";
            nonce: components["schemas"]["Nonce"];
            /** @enum {string} */
            do: "show_reads";
            /** @description Whether others see how far one has read. */
            on: boolean;
        } | {
            /** @enum {string} */
            type: "command";
            nonce: components["schemas"]["Nonce"];
            /** @enum {string} */
            do: "block";
            account: components["schemas"]["Label"];
        } | {
            /** @enum {string} */
            type: "command";
            nonce: components["schemas"]["Nonce"];
            /** @enum {string} */
            do: "unblock";
            account: components["schemas"]["Label"];
        } | {
            /** @enum {string} */
            type: "command";
            nonce: components["schemas"]["Nonce"];
            /** @enum {string} */
            do: "mute";
            channel: components["schemas"]["ChannelId"];
            /** @description Whether the devices are to be quiet; true where absent. */
            on?: boolean;
        } | {
            /** @enum {string} */
            type: "command";
            nonce: components["schemas"]["Nonce"];
            /** @enum {string} */
            do: "set_display_name";
            /** @description Up to 64 characters, spaces at the ends not counted; by the account's name where it is empty. */
            name: string;
        };
        /** @description The answer to hello. */
        frame_welcome: {
            /** @enum {string} */
            type: "welcome";
            account: components["schemas"]["Label"];
            device: components["schemas"]["DeviceId"];
            cursor: components["schemas"]["Cursor"];
            /** @description Whether to list channels and history anew. */
            resync: boolean;
            heartbeat_ms: components["schemas"]["Milliseconds"];
        };
        /** @description The answer to a ping. */
        frame_pong: {
            /** @enum {string} */
            type: "pong";
            data?: string;
        };
        /** @description The text is on the node's disk. */
        frame_stored: {
            /** @enum {string} */
            type: "stored";
            nonce: components["schemas"]["Nonce"];
            channel: components["schemas"]["ChannelId"];
            id: components["schemas"]["MessageId"];
            cursor: components["schemas"]["Cursor"];
        };
        /** @description The answer to a command. */
        frame_done: {
            /** @enum {string} */
            type: "done";
            nonce: components["schemas"]["Nonce"];
            status: components["schemas"]["Status"];
            channel?: components["schemas"]["ChannelId"];
        };
        /** @description What was asked is refused; the socket goes on. */
        frame_refused: {
            /** @enum {string} */
            type: "refused";
            /** @description Stable. */
            code: string;
            /** @description A sentence for people. */
            message: string;
            nonce?: components["schemas"]["Nonce"];
            retry_after_ms?: components["schemas"]["Milliseconds"];
        };
        /** @description The node's last frame. */
        frame_goodbye: {
            /** @enum {string} */
            type: "goodbye";
            /** @description Stable. */
            code: string;
            /** @description A sentence for people. */
            message: string;
            /** @description Where to connect next. */
            endpoint?: string;
        };
        frame_event: components["schemas"]["EventFrame"];
        frame_delivered: components["schemas"]["DeliveredFrame"];
        frame_history_grew: components["schemas"]["HistoryGrewFrame"];
        frame_read: components["schemas"]["ReadFrame"];
        frame_unread: components["schemas"]["UnreadFrame"];
        /** @description The client is to give a sign of life at least this often from now on. */
        frame_heartbeat: {
            /** @enum {string} */
            type: "heartbeat";
            heartbeat_ms: string;
        };
        frame_presence: {
            /** @enum {string} */
            type: "presence";
            /** @enum {string} */
            state?: "online" | "away" | "busy";
            status?: string;
        } | {
            /** @enum {string} */
            type: "presence";
            presences: components["schemas"]["Presence"][];
        };
        /** @description Somebody types. A client leaves `account` out, which is its own; `typing` is true where it is left out. Not answered. */
        frame_typing: {
            /** @enum {string} */
            type: "typing";
            channel: components["schemas"]["ChannelId"];
            account?: string;
            typing?: boolean;
        };
        frame_blocks_changed: components["schemas"]["BlocksChangedFrame"];
        frame_muted: components["schemas"]["MutedFrame"];
        frame_profile_changed: components["schemas"]["ProfileChangedFrame"];
        frame_notifications_changed: components["schemas"]["NotificationsChangedFrame"];
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
