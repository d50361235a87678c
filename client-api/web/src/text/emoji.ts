// A small choice of emoji, with the words that find them.

/** Each with its names. */
export const EMOJI: [emoji: string, names: string][] = `
👍 thumbs up yes like|👎 thumbs down no|❤️ heart love|😂 joy laugh tears|🎉 tada party
😮 wow open mouth|😢 cry sad|🙏 pray thanks please|👀 eyes look|✅ check done|🔥 fire|🚀 rocket ship
💯 hundred perfect|👏 clap|🙌 raised hands|💪 muscle strong|😀 grin smile|😄 happy smile
😅 sweat smile|🤣 rofl laugh|🙂 slight smile|😉 wink|😊 blush|😍 heart eyes|😘 kiss|😜 tongue wink
🤔 thinking|🤨 eyebrow|😐 neutral|🙄 roll eyes|😏 smirk|😴 sleep|😎 cool sunglasses|🤓 nerd
🥳 party face|😇 innocent|🤗 hug|🤭 giggle|🫡 salute|🤷 shrug|🤦 facepalm|😱 scream|😳 flushed
🥺 pleading|😭 sob cry|😤 huff|😡 angry|🤯 mind blown|😬 grimace|🥲 smile tear|😷 mask ill|🤒 sick fever
👋 wave hello bye|✋ hand stop|👌 ok|✌️ peace victory|🤞 fingers crossed|🤝 handshake deal
👉 point right|👆 point up|🫶 heart hands|💔 broken heart|💙 blue heart|💚 green heart|💛 yellow heart
💜 purple heart|🖤 black heart|✨ sparkles|⭐ star|🌟 glowing star|⚡ zap lightning|💡 idea bulb
❗ exclamation|❓ question|⚠️ warning|🚫 forbidden|❌ cross no|➕ plus|🐛 bug|🔧 wrench fix|🛠️ tools
🔒 lock|🔑 key|🔍 search magnifier|📌 pin|📎 paperclip|📝 memo note|📅 calendar date|📈 chart up
📉 chart down|💻 laptop computer|📱 phone|☎️ telephone call|📧 mail|📦 package box|🎁 gift
🏆 trophy win|🥇 gold medal|🎯 target|🎵 music note|☕ coffee|🍵 tea|🍺 beer|🍻 cheers|🍷 wine|🍕 pizza
🍔 burger|🍜 noodles ramen|🍚 rice|🍣 sushi|🌶️ chili spicy|🍎 apple|🍰 cake|🎂 birthday cake|🍪 cookie
🌞 sun|🌙 moon|☀️ sunny|☁️ cloud|🌧️ rain|❄️ snow|🌈 rainbow|🌱 seedling plant|🌸 blossom flower
🌹 rose|🌳 tree|🐶 dog|🐱 cat|🦊 fox|🐻 bear|🐼 panda|🐧 penguin|🦄 unicorn|🐢 turtle|🐙 octopus
🦋 butterfly|🏠 home house|🏢 office|🚗 car|🚲 bike|✈️ plane flight|🚆 train|⏰ alarm clock
⏳ hourglass wait|🕐 clock|💤 zzz sleep|💬 speech chat|🗳️ vote|🌍 earth world|🇰🇷 korea|🎮 game
⚽ football|🏃 run|🧘 calm yoga|💸 money|🧹 clean broom|🪄 magic|👻 ghost|🤖 robot|👾 alien monster
💀 skull dead|💩 poop
`.trim().split(/[|\n]/).map((entry) => {
  const at = entry.indexOf(" ");
  return [entry.slice(0, at), entry.slice(at + 1)];
});

/** Those of whose names one begins so, the names' own order. */
export function findEmoji(text: string, most: number): typeof EMOJI {
  const word = text.toLowerCase().trim();
  const fits = ([, names]: [string, string]) =>
    names.split(" ").some((name) => name.startsWith(word)) || names.startsWith(word);
  return EMOJI.filter(fits).slice(0, most);
}
