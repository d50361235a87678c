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
        /**
         * @description `requested` where the group's home is another organisation: the feed tells how it ended.
         * @enum {string}
         */
        Status: "done" | "requested";
        /** @description Who may come in without an invitation: nobody, anyone, or accounts of these domains. */
        JoinRule: ("invited" | "anyone") | components["schemas"]["Domain"][];
        /** @description For how many seconds texts are kept, at least 3600, or `forever`. */
        Retention: string;
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
        /** @description A name that a domain has given a group, `#name@domain`. */
        Alias: string;
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
        /** @description The account has another display name or avatar, or none. */
        ProfileChangedFrame: {
            /** @enum {string} */
            type: "profile_changed";
        };
        /** @description The account wants to be told of something else. */
        NotificationsChangedFrame: {
            /** @enum {string} */
            type: "notifications_changed";
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
