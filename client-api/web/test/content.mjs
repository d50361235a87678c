// A week of an office's talk, so that the views have something to show.

const PLAN = [
  ["alice", "Morning! Where do we stand with the **release notes**?\n\n- changelog is done\n"
    + "- upgrade guide: ~~tomorrow~~ today\n- screenshots: https://comity.example/shots"],
  ["bob", "I take the upgrade guide, @alice@acme.test. Draft by noon.",
    { mentions: ["alice@acme.test"] }],
  ["carol", "여기 스크린샷을 올렸어요. 한국어 번역도 확인해 주세요 🙏"],
  ["carol", "```rust\nfn main() -> Result<(), Error> {\n"
    + "    let node = Node::open(\"comity.toml\")?;\n    node.serve(Listen::default())\n}\n```"],
  ["bob", "> keep every organisation on its own node\n\nExactly. `comity demo` shows it."],
  ["carol", "| Step | Who | Until |\n| --- | --- | ---: |\n| Notes | alice | 24 Nov |\n"
    + "| 업그레이드 안내 | **bob** | 25 Nov |"],
  ["alice", "🎉🎉"],
  ["alice", "Does the plan hold for Thursday?"],
];

/** Fills the demo's two organisations; ids of what is there then. */
export async function fill(world) {
  const people = {};
  for (const name of ["alice", "bob", "carol"]) {
    people[name] = await Person.logIn(name === "bob" ? world.globex : world.acme, name);
  }
  const { alice, bob, carol } = people;
  await alice.ask("PUT", "/v1/me/display_name", { name: "Alice Liddell" });
  await bob.ask("PUT", "/v1/me/display_name", { name: "Bob Kim" });
  await carol.ask("PUT", "/v1/me/display_name", { name: "Carol 박" });
  const topic = "Everything for the release of Comity 1.0";
  const channel = await alice.group("Launch plan", topic);
  for (const each of [bob, carol]) await alice.bring(each, channel);
  await alice.group("Design");
  const invitation = await bob.group("Chess club", "Sundays");
  await bob.ask("POST", `/v1/channels/${invitation}/invites`, { account: alice.account });
  const said = [];
  for (const [name, text, more] of PLAN) said.push(await people[name].say(channel, text, more));
  const [root] = said;
  await bob.hasMessage(channel, root);
  await bob.say(channel, "See my draft in the thread.", { thread: root, reply_to: root });
  const last = said.at(-1);
  await bob.hasMessage(channel, last);
  for (const [each, reaction] of [[bob, "👍"], [carol, "👍"], [alice, "🚀"]]) {
    const path = `/v1/channels/${channel}/messages/${last}/reactions/${reaction}`;
    await each.ask("PUT", encodeURI(path));
  }
  await alice.ask("PUT", `/v1/channels/${channel}/pins/${root}`);
  await alice.ask("PUT", "/v1/aliases/launch%40acme.test", { channel });
  await carol.ask("PUT", `/v1/contacts/${encodeURIComponent(alice.account)}`);
  await alice.ask("PUT", `/v1/contacts/${encodeURIComponent(carol.account)}`);
  await alice.ask("PUT", `/v1/contacts/${encodeURIComponent(bob.account)}`);
  const direct = { kind: "direct", with: carol.account };
  const { channel: { id } } = await alice.ask("POST", "/v1/channels", direct);
  await carol.say(id, "Lunch at the Thai?");
  await alice.hasChannel(invitation, "invited");
  return { channel, root, last, invitation, direct: id };
}

/** Somebody who uses the API. */
export class Person {
  /** Makes an account by an invite, and logs in. */
  static async join(node, site, name, password) {
    await site.ask("POST", "/v1/accounts", { name, password, invite: await node.invite() });
    return Person.logIn(site, name, password);
  }

  static async logIn(site, name, password = `${name}-tries-comity`) {
    const body = { name, password, device_name: "test" };
    const { account, token } = await site.ask("POST", "/v1/sessions", body);
    return Object.assign(new Person(), { site, account, token, nonce: 0 });
  }

  ask(method, path, body) {
    return this.site.ask(method, path, body, this.token);
  }

  async group(name, topic) {
    const body = { kind: "group", name, ...(topic ? { topic } : {}) };
    return (await this.ask("POST", "/v1/channels", body)).channel.id;
  }

  async say(channel, text, more = {}) {
    const body = { text, format: "markdown", nonce: String(this.nonce += 1), ...more };
    return (await this.ask("POST", `/v1/channels/${channel}/messages`, body)).id;
  }

  /** Brings somebody into a channel. */
  async bring(other, channel) {
    await this.ask("POST", `/v1/channels/${channel}/invites`, { account: other.account });
    await other.hasChannel(channel, "invited");
    await other.ask("POST", `/v1/channels/${channel}/accept`);
    await other.hasChannel(channel, "joined");
  }

  /** Waits until a channel stands so. */
  async hasChannel(channel, standing) {
    await this.until(async () => {
      const { channels } = await this.ask("GET", "/v1/channels");
      return channels.some((each) => each.id === channel && each.standing === standing);
    });
  }

  async hasMessage(channel, id) {
    await this.until(() => this.ask("GET", `/v1/channels/${channel}/messages/${id}`)
      .then(() => true, () => false));
  }

  /** Asks until it is so, anew after each thing that comes. */
  async until(holds) {
    let { cursor } = await this.ask("GET", "/v1/sync");
    while (!await holds()) {
      ({ cursor } = await this.ask("GET", `/v1/sync?since=${cursor}&timeout=1000`));
    }
  }
}
