// A small choice of emoji, with the words that find them.
import { computed } from "@preact/signals";
import { t } from "../i18n/index.js";

type Named = [emoji: string, names: string];

/** Each with its names in English, which find it in every language. */
const ENGLISH = parse(`
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
`);

const LETTERS_ALONE = /(?<=.)[\u3131-\u318e]+$/;

/** Each with its names in the language that is shown. */
export const emojis = computed<Named[]>(() => {
  const own = new Map(parse(t("emoji.names")));
  return ENGLISH.map(([emoji, names]) => [emoji, own.get(emoji) ?? names]);
});

/** Those of whose names one begins so, in the order of all. */
export function findEmoji(text: string, most: number): Named[] {
  // Of a syllable that is being typed its first letters count for nothing yet.
  const word = text.toLowerCase().trim().replace(LETTERS_ALONE, "");
  const fits = (names: string) =>
    names.split(" ").some((name) => name.startsWith(word)) || names.startsWith(word);
  return emojis.value.filter(([, names], at) => fits(names) || fits(ENGLISH[at]?.[1] ?? ""))
    .slice(0, most);
}

function parse(text: string): Named[] {
  return text.trim().split(/[|\n]/).map((entry) => {
    const at = entry.indexOf(" ");
    return [entry.slice(0, at), entry.slice(at + 1)];
  });
}
