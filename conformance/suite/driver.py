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
        self._seen_before: dict[str, int] = {}
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
                await self._accept(channel)
        for channel in self._plan["channels"]:
            for member in self._mine(channel):
                await self._until(
                    f"{member} and all others are in {channel['key']}",
                    partial(self._complete, channel, member),
                )
                for device in self._by_account[member]:
                    self._transcript.write(
                        "member", device=device.key, account=member, name=channel["key"],
                        organisation=self._plan["domain"],
                        channel=self._channels[channel["key"]],
                    )
        return {}

    async def load(self, _: Json) -> Json:
        """Lets everybody start to send, at the plan's pace."""
        for key, device in self._devices.items():
            self._seen_before[key] = len(device.seen)
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
            "seen": {d.key: len(d.seen) - self._seen_before.get(d.key, 0) for d in devices},
            "connected": [d.key for d in devices if d.connected.is_set()],
        }

    async def history(self, _: Json) -> Json:
        """Every device reads all its channels from history, some from the end, some from the
        beginning."""
        gate = asyncio.Semaphore(_HISTORIES_AT_ONCE)

        async def read(device: Device, channel: str, way: str) -> None:
            async with gate:
                await device.history(channel, way)

        ways = ("before", "after")
        reads = [
            read(device, self._channels[channel["key"]], ways[number % 2])
            for channel in self._plan["channels"]
            for member in self._mine(channel)
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

    async def _accept(self, channel: Json) -> None:
        found = self._channels[channel["key"]]
        for member in self._mine(channel):
            if member == channel["members"][0]:
                continue
            device = self._by_account[member][-1]
            await self._until(
                f"{member} is invited to {channel['key']}",
                partial(self._standing, device, found),
            )
            if isinstance(device, SocketDevice):
                await device.command("accept", channel=found).answer
            else:
                await device.http.patiently("POST", f"/v1/channels/{quote(found)}/accept", {})

    async def _standing(self, device: Device, channel: str) -> bool:
        listed = await device.http.patiently("GET", "/v1/channels")
        return any(entry["id"] == channel for entry in listed["channels"])

    async def _complete(self, channel: Json, member: str) -> bool:
        """Whether the member is in, and sees everybody else as in."""
        device = self._by_account[member][0]
        found = self._channels[channel["key"]]
        if not await self._standing(device, found):
            return False
        detail = await device.http.patiently("GET", f"/v1/channels/{quote(found)}")
        present = {m["account"] for m in detail["members"] if not m.get("invited")}
        return detail["standing"] == "joined" and present == set(channel["members"])

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

    def _mine(self, channel: Json) -> list[str]:
        return [member for member in channel["members"] if member in self._by_account]

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
