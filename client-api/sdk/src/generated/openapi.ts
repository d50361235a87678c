// Made from client-api/openapi.json by `npm run generate`. Do not edit.

export interface paths {
    "/.well-known/comity": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Where the domain's node takes clients */
        get: operations["find_node"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether the node answers */
        get: operations["show_health"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Make an account, with its first device */
        post: operations["sign_up"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Log in from another device */
        post: operations["log_in"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sessions/current": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Log this device out */
        delete: operations["log_out"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who asks */
        get: operations["show_me"];
        put?: never;
        post?: never;
        /** Delete one's own account */
        delete: operations["delete_account"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/me/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Change the password */
        put: operations["set_password"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/me/presence": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Say how this device is, and what the user says of himself */
        put: operations["set_presence"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/presence": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How named accounts are */
        get: operations["list_presence"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/me/shows_reads": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Say whether others see how far one has read */
        put: operations["show_reads"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/devices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The account's devices */
        get: operations["list_devices"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/devices/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The device. */
                id: components["parameters"]["Device"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Log a device out */
        delete: operations["log_device_out"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/channels": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The account's channels */
        get: operations["list_channels"];
        put?: never;
        /** Open a direct channel or found a group */
        post: operations["create_channel"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/channels/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The channel. */
                id: components["parameters"]["Channel"];
            };
            cookie?: never;
        };
        /** A channel with its members */
        get: operations["show_channel"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Change the name, the topic, a rule or the home */
        patch: operations["change_channel"];
        trace?: never;
    };
    "/v1/channels/{id}/presence": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The channel. */
                id: components["parameters"]["Channel"];
            };
            cookie?: never;
        };
        /** How the members of a channel are */
        get: operations["list_channel_presence"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/me/display_name": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Say how one wants to be called */
        put: operations["set_display_name"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/me/avatar": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Show another avatar */
        put: operations["set_avatar"];
        post?: never;
        /** Show no avatar */
        delete: operations["remove_avatar"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/profiles": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What named accounts show of themselves */
        get: operations["list_profiles"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/avatars/{account}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The account, percent-encoded. */
                account: components["parameters"]["Account"];
            };
            cookie?: never;
        };
        /** An avatar */
        get: operations["show_avatar"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/directory": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Accounts of this node by the beginning of a name, or one account of any node by its whole name */
        get: operations["search_directory"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/channels/{id}/accept": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The channel. */
                id: components["parameters"]["Channel"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Accept an invitation */
        post: operations["accept"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/channels/{id}/decline": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The channel. */
                id: components["parameters"]["Channel"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Decline an invitation */
        post: operations["decline"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/channels/{id}/leave": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The channel. */
                id: components["parameters"]["Channel"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Leave a group */
        post: operations["leave"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/channels/{id}/join": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The channel. */
                id: components["parameters"]["Channel"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Come into a group by its join rule */
        post: operations["join"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/channels/{id}/invites": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The channel. */
                id: components["parameters"]["Channel"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Invite an account */
        post: operations["invite"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/channels/{id}/bans": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The channel. */
                id: components["parameters"]["Channel"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ban an account */
        post: operations["ban"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/channels/{id}/bans/{account}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The channel. */
                id: components["parameters"]["Channel"];
                /** @description The account, percent-encoded. */
                account: components["parameters"]["Account"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** End a ban */
        delete: operations["unban"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/channels/{id}/members/{account}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The channel. */
                id: components["parameters"]["Channel"];
                /** @description The account, percent-encoded. */
                account: components["parameters"]["Account"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Remove a member or withdraw an invitation */
        delete: operations["remove"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/channels/{id}/members/{account}/role": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The channel. */
                id: components["parameters"]["Channel"];
                /** @description The account, percent-encoded. */
                account: components["parameters"]["Account"];
            };
            cookie?: never;
        };
        get?: never;
        /** Change a member's role */
        put: operations["set_role"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/channels/{id}/messages": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The channel. */
                id: components["parameters"]["Channel"];
            };
            cookie?: never;
        };
        /** A page of history: the newest, or that of one place */
        get: operations["read_history"];
        put?: never;
        /** Send a text */
        post: operations["send"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/channels/{id}/messages/{message}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The channel. */
                id: components["parameters"]["Channel"];
                /** @description The message. */
                message: components["parameters"]["Message"];
            };
            cookie?: never;
        };
        /** A message, and who has confirmed that it is erased */
        get: operations["get_message"];
        /** Give one's own message another text */
        put: operations["edit"];
        post?: never;
        /** Erase a message: one's own, or, as a moderator, anybody's */
        delete: operations["erase"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/channels/{id}/messages/{message}/versions": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The channel. */
                id: components["parameters"]["Channel"];
                /** @description The message. */
                message: components["parameters"]["Message"];
            };
            cookie?: never;
        };
        /** The texts that a message has had */
        get: operations["list_versions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/channels/{id}/messages/{message}/replies": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The channel. */
                id: components["parameters"]["Channel"];
                /** @description The message. */
                message: components["parameters"]["Message"];
            };
            cookie?: never;
        };
        /** The messages of a thread */
        get: operations["list_replies"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/channels/{id}/messages/{message}/reactions/{reaction}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The channel. */
                id: components["parameters"]["Channel"];
                /** @description The message. */
                message: components["parameters"]["Message"];
                /** @description The reaction, percent-encoded. */
                reaction: components["parameters"]["Reaction"];
            };
            cookie?: never;
        };
        get?: never;
        /** React to a message */
        put: operations["react"];
        post?: never;
        /** Take a reaction back */
        delete: operations["unreact"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/channels/{id}/pins": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The channel. */
                id: components["parameters"]["Channel"];
            };
            cookie?: never;
        };
        /** The pinned messages of a channel */
        get: operations["list_pins"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/channels/{id}/pins/{message}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The channel. */
                id: components["parameters"]["Channel"];
                /** @description The message. */
                message: components["parameters"]["Message"];
            };
            cookie?: never;
        };
        get?: never;
        /** Pin a message */
        put: operations["pin"];
        post?: never;
        /** Take a pin away */
        delete: operations["unpin"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/channels/{id}/read": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The channel. */
                id: components["parameters"]["Channel"];
            };
            cookie?: never;
        };
        get?: never;
        /** Move the mark up to which one has read */
        put: operations["mark_read"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/mentions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The messages that mention the account */
        get: operations["list_mentions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/search": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Messages by their words */
        get: operations["search_messages"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/push": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The node's key for push services, and what this device has subscribed to */
        get: operations["show_push"];
        /** Have this device told while nobody looks at it */
        put: operations["subscribe_push"];
        post?: never;
        /** Have it told no longer */
        delete: operations["unsubscribe_push"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/notifications": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Of what the account wants to be told */
        get: operations["show_notifications"];
        /** Change that */
        put: operations["set_notifications"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/contacts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whom the account knows */
        get: operations["list_contacts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/contacts/{account}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The account, percent-encoded. */
                account: components["parameters"]["Account"];
            };
            cookie?: never;
        };
        get?: never;
        /** Ask somebody to be a contact, or agree to who asks */
        put: operations["add_contact"];
        post?: never;
        /** Decline, take a request back, or end being contacts */
        delete: operations["remove_contact"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/groups": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Groups that the account may join */
        get: operations["find_groups"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/aliases/{alias}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The alias without its `#`, percent-encoded. */
                alias: components["parameters"]["Alias"];
            };
            cookie?: never;
        };
        /** The group that an alias names */
        get: operations["find_group"];
        /** Give a group an alias */
        put: operations["set_alias"];
        post?: never;
        /** Take an alias back */
        delete: operations["remove_alias"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/aliases/{alias}/join": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The alias without its `#`, percent-encoded. */
                alias: components["parameters"]["Alias"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Come into the group that an alias names, by its join rule */
        post: operations["join_alias"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sync": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What came since a cursor, waiting for it where asked to */
        get: operations["sync"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This document */
        get: operations["show_openapi"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/asyncapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The frames of the socket */
        get: operations["show_asyncapi"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/blocks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whom the account blocks */
        get: operations["list_blocks"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/blocks/{account}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The account, percent-encoded. */
                account: components["parameters"]["Account"];
            };
            cookie?: never;
        };
        get?: never;
        /** Hear somebody no more in direct channels */
        put: operations["block"];
        post?: never;
        /** Hear somebody again */
        delete: operations["unblock"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/channels/{id}/mute": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The channel. */
                id: components["parameters"]["Channel"];
            };
            cookie?: never;
        };
        get?: never;
        /** Ask the account's devices to be quiet about a channel */
        put: operations["mute"];
        post?: never;
        /** End that */
        delete: operations["unmute"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/channels/{id}/notifications": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The channel. */
                id: components["parameters"]["Channel"];
            };
            cookie?: never;
        };
        get?: never;
        /** Of which messages of a channel the account wants to be told */
        put: operations["set_channel_level"];
        post?: never;
        /** As of all other channels */
        delete: operations["unset_channel_level"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/reports": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Report a message as abuse */
        post: operations["report"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How the node does among others */
        get: operations["admin_show_status"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/figures": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How much the node does */
        get: operations["admin_show_figures"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/settings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The settings in force, and where each came from */
        get: operations["admin_list_settings"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Accounts of the node */
        get: operations["admin_list_users"];
        put?: never;
        /** Make an account */
        post: operations["admin_add_user"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/users/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The account, without the domain. */
                name: components["parameters"]["AdminName"];
            };
            cookie?: never;
        };
        get?: never;
        /** Change what an account may do, or its password */
        put: operations["admin_change_user"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/invites": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Invites that still make accounts */
        get: operations["admin_list_invites"];
        put?: never;
        /** Make an invite */
        post: operations["admin_add_invite"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/invites/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The invite's id, or its token. */
                id: components["parameters"]["AdminInvite"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Take an invite back */
        delete: operations["admin_revoke_invite"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/groups": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Groups that the node holds */
        get: operations["admin_list_groups"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/groups/{id}/confirm": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The channel. */
                id: components["parameters"]["Channel"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Answer for the members that a group waits for */
        post: operations["admin_confirm_group"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/groups/{id}/reopen": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The channel. */
                id: components["parameters"]["Channel"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Let a group of the node go on from an earlier record */
        post: operations["admin_reopen_group"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/groups/{id}/voided": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The channel. */
                id: components["parameters"]["Channel"];
            };
            cookie?: never;
        };
        /** What such openings have made void */
        get: operations["admin_list_voided"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/reports": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reports of abuse */
        get: operations["admin_list_reports"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/reports/{number}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The report's number. */
                number: components["parameters"]["AdminReport"];
            };
            cookie?: never;
        };
        /** A report, with what is reported */
        get: operations["admin_show_report"];
        put?: never;
        post?: never;
        /** Close a report; it stays in the list of all */
        delete: operations["admin_close_report"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/forks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Logs that are proven to have two histories */
        get: operations["admin_list_forks"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/forks/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The fork, as the list names it. */
                id: components["parameters"]["AdminFork"];
            };
            cookie?: never;
        };
        /** The proof of one of them */
        get: operations["admin_show_proof"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/peers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How it is between the node and other organisations */
        get: operations["admin_list_peers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/peers/{domain}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The organisation's domain. */
                domain: components["parameters"]["AdminDomain"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Have an organisation dialled now */
        post: operations["admin_retry_peer"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/peers/{domain}/key": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The organisation's domain. */
                domain: components["parameters"]["AdminDomain"];
            };
            cookie?: never;
        };
        get?: never;
        /** Give a domain to the organisation that its records name now */
        put: operations["admin_accept_key"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/policy": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What is said of other organisations, and who waits */
        get: operations["admin_show_policy"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/policy/{domain}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The organisation's domain. */
                domain: components["parameters"]["AdminDomain"];
            };
            cookie?: never;
        };
        get?: never;
        /** Say whether the node federates with a domain */
        put: operations["admin_set_rule"];
        post?: never;
        /** Say nothing of a domain any more */
        delete: operations["admin_forget_rule"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/policy/{domain}/groups/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The organisation's domain. */
                domain: components["parameters"]["AdminDomain"];
                /** @description The channel. */
                id: components["parameters"]["Channel"];
            };
            cookie?: never;
        };
        get?: never;
        /** Let a group be shared with a domain */
        put: operations["admin_share_group"];
        post?: never;
        /** Share it no longer */
        delete: operations["admin_unshare_group"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/doctor": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What is well and what is not with the node's domain, or with another one */
        get: operations["admin_examine"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
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
            /** @description Whether one of its devices is connected. */
            is_there: boolean;
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
    };
    responses: {
        /** @description Refused; the code says why. */
        Refused: {
            headers: {
                /** @description After how many seconds a repeat has a chance, where it has one. */
                "Retry-After"?: number;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
    };
    parameters: {
        /** @description The channel. */
        Channel: components["schemas"]["ChannelId"];
        /** @description The device. */
        Device: components["schemas"]["DeviceId"];
        /** @description The account, percent-encoded. */
        Account: components["schemas"]["Label"];
        /** @description The nonce, which may be left out. */
        Nonce: components["schemas"]["Nonce"];
        /** @description The alias without its `#`, percent-encoded. */
        Alias: string;
        /** @description The message. */
        Message: components["schemas"]["MessageId"];
        /** @description The reaction, percent-encoded. */
        Reaction: components["schemas"]["ReactionText"];
        /** @description What comes after this one. */
        After: components["schemas"]["MessageId"];
        /** @description 1 to 200, 50 if left out. */
        Limit: number;
        /** @description What came before this place in the feed. */
        BeforeCursor: components["schemas"]["Cursor"];
        /** @description The account, without the domain. */
        AdminName: string;
        /** @description The organisation's domain. */
        AdminDomain: components["schemas"]["Domain"];
        /** @description The invite's id, or its token. */
        AdminInvite: string;
        /** @description The fork, as the list names it. */
        AdminFork: string;
        /** @description The report's number. */
        AdminReport: number;
    };
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    find_node: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The well-known document. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WellKnown"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    show_health: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It does. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    sign_up: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SignUp"];
            };
        };
        responses: {
            /** @description The account is made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoggedIn"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    log_in: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LogIn"];
            };
        };
        responses: {
            /** @description The device is logged in. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoggedIn"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    log_out: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is logged out. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Refused"];
        };
    };
    show_me: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The account and the device. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Me"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    delete_account: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Delete"];
            };
        };
        responses: {
            /** @description It is deleted. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Refused"];
        };
    };
    set_password: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewPassword"];
            };
        };
        responses: {
            /** @description It is changed. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Refused"];
        };
    };
    set_presence: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PresenceChange"];
            };
        };
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Refused"];
        };
    };
    list_presence: {
        parameters: {
            query: {
                /** @description An account; once for each, 100 at most. */
                account: string[];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The accounts, in their order; those that may not be seen, or do not exist, are unknown. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Presences"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    show_reads: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Switch"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    list_devices: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All of them. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Devices"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    log_device_out: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The device. */
                id: components["parameters"]["Device"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is logged out. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Refused"];
        };
    };
    list_channels: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All of them. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Channels"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    create_channel: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewChannel"];
            };
        };
        responses: {
            /** @description The channel. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Created"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    show_channel: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The channel. */
                id: components["parameters"]["Channel"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The channel. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChannelDetail"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    change_channel: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The channel. */
                id: components["parameters"]["Channel"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChannelChange"];
            };
        };
        responses: {
            /** @description Done or requested. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    list_channel_presence: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The channel. */
                id: components["parameters"]["Channel"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All members, by label. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Presences"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    set_display_name: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewDisplayName"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    set_avatar: {
        parameters: {
            query?: {
                /** @description The nonce, which may be left out. */
                nonce?: components["parameters"]["Nonce"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description The bytes of a PNG, JPEG or WebP image: at most 1 MiB, 2,048 pixels wide and 2,048 high. What type they are said to be is not looked at. */
        requestBody: {
            content: {
                "application/octet-stream": string;
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    remove_avatar: {
        parameters: {
            query?: {
                /** @description The nonce, which may be left out. */
                nonce?: components["parameters"]["Nonce"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    list_profiles: {
        parameters: {
            query: {
                /** @description An account; once for each, 100 at most. */
                account: string[];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The accounts, in their order; of those that nothing is known of, why. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Profiles"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    show_avatar: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tags of avatars that are at hand. */
                "If-None-Match"?: string;
            };
            path: {
                /** @description The account, percent-encoded. */
                account: components["parameters"]["Account"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The image, 128 pixels wide and high. */
            200: {
                headers: {
                    /** @description What the avatar is known by, in quotes. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "image/jpeg": unknown;
                };
            };
            /** @description It is at hand. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Refused"];
        };
    };
    search_directory: {
        parameters: {
            query: {
                /** @description What the account's name, or a word of its display name, begins with; or a whole `name@domain`, which may be longer than 64 characters. */
                q: string;
                /** @description At most so many; 50 by default. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The accounts, by what begins so; of a whole name one or none, with the error where its node cannot be asked. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Profiles"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    accept: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The channel. */
                id: components["parameters"]["Channel"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Numbered"];
            };
        };
        responses: {
            /** @description Done or requested. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    decline: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The channel. */
                id: components["parameters"]["Channel"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Numbered"];
            };
        };
        responses: {
            /** @description Done or requested. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    leave: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The channel. */
                id: components["parameters"]["Channel"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Numbered"];
            };
        };
        responses: {
            /** @description Done or requested. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    join: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The channel. */
                id: components["parameters"]["Channel"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Joining"];
            };
        };
        responses: {
            /** @description Done or requested. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    invite: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The channel. */
                id: components["parameters"]["Channel"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Named"];
            };
        };
        responses: {
            /** @description Done or requested. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    ban: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The channel. */
                id: components["parameters"]["Channel"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Named"];
            };
        };
        responses: {
            /** @description Done or requested. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    unban: {
        parameters: {
            query?: {
                /** @description The nonce, which may be left out. */
                nonce?: components["parameters"]["Nonce"];
            };
            header?: never;
            path: {
                /** @description The channel. */
                id: components["parameters"]["Channel"];
                /** @description The account, percent-encoded. */
                account: components["parameters"]["Account"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done or requested. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    remove: {
        parameters: {
            query?: {
                /** @description The nonce, which may be left out. */
                nonce?: components["parameters"]["Nonce"];
            };
            header?: never;
            path: {
                /** @description The channel. */
                id: components["parameters"]["Channel"];
                /** @description The account, percent-encoded. */
                account: components["parameters"]["Account"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done or requested. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    set_role: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The channel. */
                id: components["parameters"]["Channel"];
                /** @description The account, percent-encoded. */
                account: components["parameters"]["Account"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewRole"];
            };
        };
        responses: {
            /** @description Done or requested. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    read_history: {
        parameters: {
            query?: {
                /** @description Events just before this one. */
                before?: components["schemas"]["MessageId"];
                /** @description Events just after this one. */
                after?: components["schemas"]["MessageId"];
                /** @description This one, with half before and half after. */
                around?: components["schemas"]["MessageId"];
                /** @description From this day or time on, in UTC. */
                date?: string;
                /** @description The most events. */
                limit?: number;
            };
            header?: never;
            path: {
                /** @description The channel. */
                id: components["parameters"]["Channel"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The page. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    send: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The channel. */
                id: components["parameters"]["Channel"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewMessage"];
            };
        };
        responses: {
            /** @description It is on the node's disk. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StoredMessage"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    get_message: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The channel. */
                id: components["parameters"]["Channel"];
                /** @description The message. */
                message: components["parameters"]["Message"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The message. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Message"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    edit: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The channel. */
                id: components["parameters"]["Channel"];
                /** @description The message. */
                message: components["parameters"]["Message"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["MessageEdit"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    erase: {
        parameters: {
            query?: {
                /** @description The nonce, which may be left out. */
                nonce?: components["parameters"]["Nonce"];
            };
            header?: never;
            path: {
                /** @description The channel. */
                id: components["parameters"]["Channel"];
                /** @description The message. */
                message: components["parameters"]["Message"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done or requested. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    list_versions: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The channel. */
                id: components["parameters"]["Channel"];
                /** @description The message. */
                message: components["parameters"]["Message"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The texts, the oldest first. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Versions"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    list_replies: {
        parameters: {
            query?: {
                /** @description What comes after this one. */
                after?: components["parameters"]["After"];
                /** @description 1 to 200, 50 if left out. */
                limit?: components["parameters"]["Limit"];
            };
            header?: never;
            path: {
                /** @description The channel. */
                id: components["parameters"]["Channel"];
                /** @description The message. */
                message: components["parameters"]["Message"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The messages, the oldest first. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Events"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    react: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The channel. */
                id: components["parameters"]["Channel"];
                /** @description The message. */
                message: components["parameters"]["Message"];
                /** @description The reaction, percent-encoded. */
                reaction: components["parameters"]["Reaction"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Numbered"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    unreact: {
        parameters: {
            query?: {
                /** @description The nonce, which may be left out. */
                nonce?: components["parameters"]["Nonce"];
            };
            header?: never;
            path: {
                /** @description The channel. */
                id: components["parameters"]["Channel"];
                /** @description The message. */
                message: components["parameters"]["Message"];
                /** @description The reaction, percent-encoded. */
                reaction: components["parameters"]["Reaction"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    list_pins: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The channel. */
                id: components["parameters"]["Channel"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The messages, the one pinned last first. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Events"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    pin: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The channel. */
                id: components["parameters"]["Channel"];
                /** @description The message. */
                message: components["parameters"]["Message"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Numbered"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    unpin: {
        parameters: {
            query?: {
                /** @description The nonce, which may be left out. */
                nonce?: components["parameters"]["Nonce"];
            };
            header?: never;
            path: {
                /** @description The channel. */
                id: components["parameters"]["Channel"];
                /** @description The message. */
                message: components["parameters"]["Message"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    mark_read: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The channel. */
                id: components["parameters"]["Channel"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReadMark"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    list_mentions: {
        parameters: {
            query?: {
                /** @description What came before this place in the feed. */
                before?: components["parameters"]["BeforeCursor"];
                /** @description 1 to 200, 50 if left out. */
                limit?: components["parameters"]["Limit"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The messages, the newest first. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventFrames"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    search_messages: {
        parameters: {
            query: {
                /** @description What is looked for: words that must all be there, neighbours in quotation marks, `*` for how a word goes on. */
                q: string;
                /** @description In this channel alone. */
                channel?: components["schemas"]["ChannelId"];
                /** @description Of this account alone. */
                author?: components["schemas"]["Label"];
                /** @description From this date on. */
                from?: string;
                /** @description Up to before this date. */
                until?: string;
                /** @description What comes first; `rank` by default. */
                order?: "rank" | "newest";
                /** @description At most so many; 20 by default. */
                limit?: number;
                /** @description As the answer before gave it. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What was found. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SearchResults"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    show_push: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The state of this device. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Push"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    subscribe_push: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewPush"];
            };
        };
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Refused"];
        };
    };
    unsubscribe_push: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Refused"];
        };
    };
    show_notifications: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What it wants. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Notifications"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    set_notifications: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Notifications"];
            };
        };
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Refused"];
        };
    };
    list_contacts: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Contacts, those asked, those who ask and those declined, by label. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Contacts"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    add_contact: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The account, percent-encoded. */
                account: components["parameters"]["Account"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Numbered"];
            };
        };
        responses: {
            /** @description Done or requested. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    remove_contact: {
        parameters: {
            query?: {
                /** @description The nonce, which may be left out. */
                nonce?: components["parameters"]["Nonce"];
            };
            header?: never;
            path: {
                /** @description The account, percent-encoded. */
                account: components["parameters"]["Account"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is ended. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    find_groups: {
        parameters: {
            query?: {
                /** @description Whose groups; this node's if absent. */
                domain?: components["schemas"]["Domain"];
                /** @description The last id that was seen. */
                after?: components["schemas"]["ChannelId"];
                /** @description The most groups. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The groups, in the order of their ids. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FoundGroups"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    find_group: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The alias without its `#`, percent-encoded. */
                alias: components["parameters"]["Alias"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The group. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FoundGroup"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    set_alias: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The alias without its `#`, percent-encoded. */
                alias: components["parameters"]["Alias"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewAlias"];
            };
        };
        responses: {
            /** @description It has the alias. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    remove_alias: {
        parameters: {
            query?: {
                /** @description The nonce, which may be left out. */
                nonce?: components["parameters"]["Nonce"];
            };
            header?: never;
            path: {
                /** @description The alias without its `#`, percent-encoded. */
                alias: components["parameters"]["Alias"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Nothing has the alias. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    join_alias: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The alias without its `#`, percent-encoded. */
                alias: components["parameters"]["Alias"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Numbered"];
            };
        };
        responses: {
            /** @description Done or requested. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JoinedGroup"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    sync: {
        parameters: {
            query?: {
                /** @description Where the device is; from now on if absent. */
                since?: components["schemas"]["Cursor"];
                /** @description How many milliseconds to wait for something. */
                timeout?: number;
                /** @description The most events. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Events and notices. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Sync"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    show_openapi: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OpenAPI 3.1. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    show_asyncapi: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description AsyncAPI 3.0. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    list_blocks: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Blocked accounts, by label. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Blocks"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    block: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The account, percent-encoded. */
                account: components["parameters"]["Account"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Numbered"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    unblock: {
        parameters: {
            query?: {
                /** @description The nonce, which may be left out. */
                nonce?: components["parameters"]["Nonce"];
            };
            header?: never;
            path: {
                /** @description The account, percent-encoded. */
                account: components["parameters"]["Account"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    mute: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The channel. */
                id: components["parameters"]["Channel"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Numbered"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    unmute: {
        parameters: {
            query?: {
                /** @description The nonce, which may be left out. */
                nonce?: components["parameters"]["Nonce"];
            };
            header?: never;
            path: {
                /** @description The channel. */
                id: components["parameters"]["Channel"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    set_channel_level: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The channel. */
                id: components["parameters"]["Channel"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewLevel"];
            };
        };
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Refused"];
        };
    };
    unset_channel_level: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The channel. */
                id: components["parameters"]["Channel"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Refused"];
        };
    };
    report: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewReport"];
            };
        };
        responses: {
            /** @description It is on the node's disk. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reported"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    admin_show_status: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description How it does. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminStatus"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    admin_show_figures: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The figures of the moment. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminFigures"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    admin_list_settings: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All settings. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminSettings"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    admin_list_users: {
        parameters: {
            query?: {
                /** @description How their names begin. */
                prefix?: string;
                /** @description The last name that was seen. */
                after?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A part of the list. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminUsers"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    admin_add_user: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AdminNewUser"];
            };
        };
        responses: {
            /** @description It is made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminNewAccount"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    admin_change_user: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The account, without the domain. */
                name: components["parameters"]["AdminName"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AdminUserChange"];
            };
        };
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Refused"];
        };
    };
    admin_list_invites: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The invites. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminInvites"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    admin_add_invite: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AdminNewInvite"];
            };
        };
        responses: {
            /** @description It is made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminMadeInvite"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    admin_revoke_invite: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The invite's id, or its token. */
                id: components["parameters"]["AdminInvite"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Refused"];
        };
    };
    admin_list_groups: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The groups. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminGroups"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    admin_confirm_group: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The channel. */
                id: components["parameters"]["Channel"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Refused"];
        };
    };
    admin_reopen_group: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The channel. */
                id: components["parameters"]["Channel"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AdminReopen"];
            };
        };
        responses: {
            /** @description What is void, or would be. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminReopening"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    admin_list_voided: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The channel. */
                id: components["parameters"]["Channel"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The records. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminVoided"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    admin_list_reports: {
        parameters: {
            query?: {
                /** @description Whether those that are closed are listed too. */
                all?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The reports. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminReports"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    admin_show_report: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The report's number. */
                number: components["parameters"]["AdminReport"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The report. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminReportDetail"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    admin_close_report: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The report's number. */
                number: components["parameters"]["AdminReport"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Refused"];
        };
    };
    admin_list_forks: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The logs. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminForks"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    admin_show_proof: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The fork, as the list names it. */
                id: components["parameters"]["AdminFork"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The proof. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminProof"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    admin_list_peers: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The organisations. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminPeers"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    admin_retry_peer: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The organisation's domain. */
                domain: components["parameters"]["AdminDomain"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Whether it is. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminRetried"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    admin_accept_key: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The organisation's domain. */
                domain: components["parameters"]["AdminDomain"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AdminKey"];
            };
        };
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Refused"];
        };
    };
    admin_show_policy: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All of it. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminPolicy"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    admin_set_rule: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The organisation's domain. */
                domain: components["parameters"]["AdminDomain"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AdminRule"];
            };
        };
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Refused"];
        };
    };
    admin_forget_rule: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The organisation's domain. */
                domain: components["parameters"]["AdminDomain"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Refused"];
        };
    };
    admin_share_group: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The organisation's domain. */
                domain: components["parameters"]["AdminDomain"];
                /** @description The channel. */
                id: components["parameters"]["Channel"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Refused"];
        };
    };
    admin_unshare_group: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The organisation's domain. */
                domain: components["parameters"]["AdminDomain"];
                /** @description The channel. */
                id: components["parameters"]["Channel"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Refused"];
        };
    };
    admin_examine: {
        parameters: {
            query?: {
                /** @description Another organisation's domain. */
                domain?: components["schemas"]["Domain"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What was found. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminFindings"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
}
