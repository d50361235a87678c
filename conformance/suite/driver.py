"""All clients of one organisation, in one process that runs inside the organisation's host.

Reads one JSON object a line from standard input, the plan first and then steps, and answers each
with one line. What its clients see goes to a transcript. It must not decide when a step comes,
nor judge what was seen.
"""

from __future__ import annotations

import asyncio
import json
import sys
import traceback
from functools import partial
from pathlib import Path
from typing import Any, Awaitable, Callable
from urllib.parse import quote

from client import Device, Http, Json, PollDevice, SocketDevice
from transcript import Transcript

_SETUP_S_MAX = 40.0
_WAIT_S = 0.2
_HISTORIES_AT_ONCE = 4


class Driver:
    """The clients of one organisation and the steps that they go through."""

    def __init__(self, plan: Json) -> None:
        self._plan = plan
        self._transcript = Transcript(Path(plan["transcript"]))
        self._devices: dict[str, Device] = {}
        self._by_account: dict[str, list[Device]] = {}
        self._channels: dict[str, str] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._said_count = 0
        self._expected: dict[str, set[str]] = {}
        self._failure: str | None = None

    async def sign_up(self, _: Json) -> Json:
        """Waits for the node, makes the accounts, logs all devices in and connects them."""
        http = Http(self._plan["base_url"])
        await http.patiently("GET", "/v1/health")
        known = await http.patiently("GET", "/.well-known/comity")
        if known["domain"] != self._plan["domain"] or not known["endpoints"]:
            raise AssertionError(f"the well-known document is not this organisation's: {known}")
        await http.close()
        for account in self._plan["accounts"]:
            for key, transport in account["devices"].items():
                await self._log_in(account, key, transport)
        for device in self._devices.values():
            self._watch(asyncio.create_task(device.run()))
        await self._until("all devices are connected", self._all_connected)
        return {}

    async def open(self, _: Json) -> Json:
        """Opens the channels that this organisation's people open, and invites the others."""
        opened = {}
        for channel in self._plan["channels"]:
            if channel["members"][0] in self._by_account:
                opened[channel["key"]] = await self._open_channel(channel)
        return {"channels": opened}

    async def join(self, step: Json) -> Json:
        """Accepts the invitations, and waits until everybody is in every channel."""
        self._channels = step["channels"]
        for channel in self._plan["channels"]:
            if channel["kind"] == "group":
                for member in self._mine(channel["members"][1:]):
                    await self._accept(channel["key"], member)
        for channel in self._plan["channels"]:
            await self._settled(channel["key"], channel["members"], {})
            for member in self._mine(channel["members"]):
                self._note_member(channel["key"], member, late=False)
        return {}

    async def settle(self, step: Json) -> Json:
        """Waits until everybody here who is in a channel sees it in a state."""
        await self._settled(step["channel"], step["members"], step["state"])
        return {}

    async def command(self, step: Json) -> Json:
        """Lets somebody change a channel."""
        device = self._by_account[step["account"]][0]
        channel = self._channels[step["channel"]]
        self._transcript.write(
            "command", device=device.key, do=step["command"], channel=channel, **step["fields"]
        )
        await device.command(step["command"], channel=channel, **step["fields"]).answer
        return {}

    async def write(self, step: Json) -> Json:
        """Lets people write beside the load, and waits for the answers, whatever they are."""
        answers = [
            self._devices[message["device"]].send(
                self._channels[message["channel"]], message["text"], "late"
            ).answer
            for message in step["messages"]
        ]
        await asyncio.gather(*answers, return_exceptions=True)
        return {}

    async def join_late(self, step: Json) -> Json:
        """Accepts invitations to a group that was there before, and reads what was said in it."""
        for account in step["accounts"]:
            await self._accept(step["channel"], account)
        await self._settled(step["channel"], step["members"], {})
        for account in step["accounts"]:
            self._note_member(step["channel"], account, late=True)
        await asyncio.gather(
            *(
                device.reread(self._channels[step["channel"]])
                for account in step["accounts"]
                for device in self._by_account[account]
            )
        )
        return {}

    async def load(self, _: Json) -> Json:
        """Lets everybody start to send, at the plan's pace."""
        for key in self._devices:
            self._transcript.write("ready", device=key)
        self._watch(asyncio.create_task(self._send_all()))
        return {}

    async def progress(self, _: Json) -> Json:
        """How far everybody is."""
        self._transcript.flush()
        devices = self._devices.values()
        return {
            "failure": self._failure,
            "to_say": len(self._plan["messages"]) - self._said_count,
            "stored": sum(device.stored_count for device in devices),
            "unanswered": sum(device.unanswered_count for device in devices),
            "seen": sum(len(device.seen) for device in devices),
            "missing": sum(len(ids - self._devices[d].seen) for d, ids in self._expected.items()),
            "connected": [d.key for d in devices if d.connected.is_set()],
        }

    async def last_words(self, step: Json) -> Json:
        """In each channel one of its members here says a last word."""
        asked = {}
        for key, members in step["members"].items():
            for member in self._mine(members)[:1]:
                text = f"{key}: the last word of {member}"
                sender = self._by_account[member][0]
                asked[key] = sender.send(self._channels[key], text, "load").answer
        answers = await asyncio.gather(*asked.values())
        return {"words": {key: [answer["id"]] for key, answer in zip(asked, answers)}}

    async def expect(self, step: Json) -> Json:
        """Names the messages that `progress` counts as missing until they are seen."""
        for key, members in step["members"].items():
            for member in self._mine(members):
                for device in self._by_account[member]:
                    self._expected.setdefault(device.key, set()).update(step["words"][key])
        return {}

    async def history(self, step: Json) -> Json:
        """Every device reads all its channels, some from the end, some from the beginning."""
        gate = asyncio.Semaphore(_HISTORIES_AT_ONCE)

        async def read(device: Device, channel: str, way: str) -> None:
            async with gate:
                await device.history(channel, way)
                await device.detail(channel)

        ways = ("before", "after")
        reads = [
            read(device, self._channels[key], ways[number % 2])
            for key, members in step["members"].items()
            for member in self._mine(members)
            for number, device in enumerate(self._by_account[member])
        ]
        await asyncio.gather(*reads)
        return {}

    async def finish(self, _: Json) -> Json:
        """Ends all clients."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for device in self._devices.values():
            await device.http.close()
        self._transcript.close()
        return {}

    async def _log_in(self, account: Json, key: str, transport: str) -> None:
        """The first device comes with the account, the others log in, by name and by label in
        turn."""
        local = self._plan["local_addresses"].get(key)
        http = Http(self._plan["base_url"], local)
        first = account["label"] not in self._by_account
        path = "/v1/accounts" if first else "/v1/sessions"
        name = account["name"] if first else account["label"]
        body = {"name": name, "password": account["password"], "device_name": key}
        answer = await http.patiently("POST", path, body)
        if answer["account"] != account["label"]:
            raise AssertionError(f"{account['label']} was answered as {answer['account']}")
        http.token = answer["token"]
        device: Device
        if transport == "poll":
            device = PollDevice(key, http, self._transcript)
        else:
            device = SocketDevice(key, http, self._transcript, local)
        device.account = account["label"]
        self._devices[key] = device
        self._by_account.setdefault(account["label"], []).append(device)

    async def _open_channel(self, channel: Json) -> str:
        opener = self._by_account[channel["members"][0]][0]
        others = channel["members"][1:]
        socket = channel["over"] == "socket"
        if channel["kind"] == "direct":
            if socket:
                done = await opener.command("open_direct", **{"with": others[0]}).answer
                found = done["channel"]
            else:
                body = {"kind": "direct", "with": others[0]}
                found = (await opener.http.patiently("POST", "/v1/channels", body))["channel"]["id"]
            # Whoever opens a direct channel says the first word, by which the other learns of it.
            await opener.send(found, f"{channel['key']}: {opener.account}", "setup").answer
            return str(found)
        if socket:
            fields = {"name": channel["key"], "topic": "한국어, 日本語, русский"}
            found = (await opener.command("create_group", **fields).answer)["channel"]
        else:
            body = {"kind": "group", "name": channel["key"], "topic": ""}
            found = (await opener.http.patiently("POST", "/v1/channels", body))["channel"]["id"]
        for other in others:
            if socket:
                await opener.command("invite", channel=found, account=other).answer
            else:
                path = f"/v1/channels/{quote(found)}/invites"
                await opener.http.patiently("POST", path, {"account": other})
        return str(found)

    async def _accept(self, key: str, member: str) -> None:
        found = self._channels[key]
        device = self._by_account[member][-1]
        await self._until(
            f"{member} is invited to {key}", partial(self._stands, device, found, "invited")
        )
        if isinstance(device, SocketDevice):
            await device.command("accept", channel=found).answer
        else:
            await device.http.patiently("POST", f"/v1/channels/{quote(found)}/accept", {})

    async def _stands(self, device: Device, channel: str, standing: str) -> bool:
        listed = await device.http.patiently("GET", "/v1/channels")
        standings = {entry["id"]: entry["standing"] for entry in listed["channels"]}
        return standings.get(channel) == standing

    async def _settled(self, key: str, members: list[str], state: Json) -> None:
        for member in self._mine(members):
            await self._until(
                f"{member} sees {key} with {members}, {state}",
                partial(self._sees, member, self._channels[key], set(members), state),
            )

    async def _sees(self, member: str, channel: str, members: set[str], state: Json) -> bool:
        """Whether a member is in, sees exactly the others as in, and the channel as wanted."""
        device = self._by_account[member][0]
        if not await self._stands(device, channel, "joined"):
            return False  # Until then a node may not hold the group at all.
        detail = await device.http.patiently("GET", f"/v1/channels/{quote(channel)}")
        present = {m["account"] for m in detail["members"] if not m.get("invited")}
        is_so = all(detail.get(name) == value for name, value in state.items())
        return is_so and present == members

    def _note_member(self, key: str, member: str, late: bool) -> None:
        for device in self._by_account[member]:
            self._transcript.write(
                "member", device=device.key, account=member, name=key, late=late,
                organisation=self._plan["domain"], channel=self._channels[key],
            )

    async def _all_connected(self) -> bool:
        return all(device.connected.is_set() for device in self._devices.values())

    async def _send_all(self) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        for number, message in enumerate(self._plan["messages"]):
            await asyncio.sleep(began + number / self._plan["per_second"] - loop.time())
            self._devices[message["device"]].send(
                self._channels[message["channel"]], message["text"], "load", message["repeated"]
            )
            self._said_count += 1

    async def _until(self, what: str, holds: Callable[[], Awaitable[bool]]) -> None:
        deadline = asyncio.get_running_loop().time() + _SETUP_S_MAX
        while not await holds():
            if self._failure:
                raise AssertionError(self._failure)
            if asyncio.get_running_loop().time() > deadline:
                raise AssertionError(f"not within {_SETUP_S_MAX:.0f} s: {what}")
            await asyncio.sleep(_WAIT_S)

    def _mine(self, members: list[str]) -> list[str]:
        return [member for member in members if member in self._by_account]

    def _watch(self, task: asyncio.Task[None]) -> None:
        def ended(done: asyncio.Task[None]) -> None:
            if not done.cancelled() and done.exception() is not None:
                traceback.print_exception(done.exception())
                self._failure = f"a client failed: {done.exception()!r}"

        task.add_done_callback(ended)
        self._tasks.append(task)


async def main() -> None:
    """Serves steps until the input ends."""
    loop = asyncio.get_running_loop()

    async def next_line() -> Any:
        line = await loop.run_in_executor(None, sys.stdin.buffer.readline)
        return json.loads(line) if line else None

    driver = Driver(await next_line())
    while (step := await next_line()) is not None:
        try:
            answer = await getattr(driver, step["do"])(step)
        except Exception as error:  # Whatever it is, the scenario must hear of it.
            traceback.print_exc()
            answer = {"failed": f"{step['do']}: {error}"}
        print(json.dumps(answer, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
