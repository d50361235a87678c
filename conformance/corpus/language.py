"""Which language a file and a sentence are in.

A file's language stands in its path; a sentence must then look like it, because translations are
full of what nobody has translated yet.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

TAGS = {
    "ar": "ar", "de": "de", "el": "el", "en": "en", "en_us": "en", "es": "es", "fr": "fr",
    "hi": "hi", "ja": "ja", "ko": "ko", "ru": "ru", "th": "th", "tr": "tr", "vi": "vi",
    "zh": "zh-Hans", "zh_cn": "zh-Hans", "zh_hans": "zh-Hans", "zh_hk": "zh-Hant",
    "zh_hant": "zh-Hant", "zh_tw": "zh-Hant",
}
"""Names of languages in paths, in small letters and with low lines, and the corpus's own."""

OTHER = "other"
"""A language that the corpus does not have."""

_FOLDER = re.compile(r"/([A-Za-z]{2,3}(?:[_-][A-Za-z]{2,4})?)(?:[.@][\w-]+)?(?=/)")
_SUFFIX = re.compile(
    r"\.([a-z]{2,3}(?:[_-][A-Za-z]{2,4})?)\.(?:x?html?|txt|svg|docbook)$"
    r"|(?:^|-)([a-z]{2,3}(?:_[A-Z]{2})?)\.[mp]o$"
)

_HAN = "\u3400-\u9fff\uf900-\ufaff"
_LETTERS = re.compile(r"[^\W\d_]")
_SCRIPTS = {
    "ar": re.compile("[\u0600-\u06ff]"),
    "el": re.compile("[\u0370-\u03ff\u1f00-\u1fff]"),
    "hi": re.compile("[\u0900-\u097f]"),
    "ja": re.compile(f"[\u3040-\u30ff{_HAN}]"),
    "ko": re.compile("[\uac00-\ud7a3]"),
    "ru": re.compile("[\u0400-\u04ff]"),
    "th": re.compile("[\u0e00-\u0e7f]"),
    "zh-Hans": re.compile(f"[{_HAN}]"),
    "zh-Hant": re.compile(f"[{_HAN}]"),
}
_SCRIPT_SHARE_MIN = 0.3
_ASCII_LETTER = re.compile("[A-Za-z]")
_ASCII_SHARE_MIN = 0.95
_KANA = re.compile("[\u3041-\u3096\u30a1-\u30fa]")
_HANGUL = _SCRIPTS["ko"]

_WORDS = {
    name: frozenset(words.split())
    for name, words in {
        "de": "aber als an auch auf aus bei beim das dass dem den der des die durch ein eine "
              "einem einen einer eines es für haben hat im in ist kann können mit nach nicht nur "
              "oder sich sie sind um und von vom vor welche wenn werden wird zu zum zur über sein",
        "en": "a all an and any are as at be by can do for from has have if in is it its may more "
              "must no not of on only or same should such that the their then there these this to "
              "use used was when which will with you your",
        "es": "al como con cuando de del desde el ella en entre es esta este está están estas "
              "estos la las lo los más no o para pero por puede que se ser si sin sobre son su "
              "sus todos un una y ha hay",
        "fr": "au aux avec ce cette ces comme dans de des du elle en est et être il la le les "
              "leur mais ne ou par pas peut plus pour que qui sans se si son sont sur un une vous "
              "votre c'est d'un d'une l'on n'est",
        "tr": "bir bu da daha de değil gibi göre her için ile ise kadar olan olarak olduğunu olur "
              "sonra tüm ve veya ya yeni çok en ne şu var yok kullanılır belirtir",
        "vi": "bạn bằng bị bởi các cho có của cách để đã đó được hay hoặc không khi là mà một "
              "những này nếu nó ra sẽ sử tập thể tin trong trên từ và vào về với tạo dùng dụng "
              "lệnh",
    }.items()
}
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")


def of_path(path: PurePosixPath, otherwise: str) -> str:
    """The language of a file, or that of its package where its path names none."""
    if (found := _SUFFIX.search(path.name)) is not None:
        if (language := _named(found[1] or found[2])) is not None:
            return language
    for name in reversed(_FOLDER.findall(str(path))):
        if (language := _named(name)) is not None:
            return language
    return otherwise


def looks_like(language: str, sentence: str) -> bool:
    """Whether a sentence is in the script of a language, or has some of its small words and no
    more of those of English."""
    if (script := _SCRIPTS.get(language)) is not None:
        return _is_in(script, language, sentence)
    words = [word.replace("’", "'") for word in _WORD.findall(sentence.lower())]
    own = sum(word in _WORDS[language] for word in words)
    english = sum(word in _WORDS["en"] for word in words)
    if language == "en":
        return own >= 1 and len(_ASCII_LETTER.findall(sentence)) >= _ASCII_SHARE_MIN * len(
            _LETTERS.findall(sentence)
        )
    return own >= 1 and own >= english


def _is_in(script: re.Pattern[str], language: str, sentence: str) -> bool:
    letters = len(_LETTERS.findall(sentence))
    if len(script.findall(sentence)) < max(1.0, _SCRIPT_SHARE_MIN * letters):
        return False
    if language == "ja":
        return _KANA.search(sentence) is not None
    if language.startswith("zh"):
        return not (_KANA.search(sentence) or _HANGUL.search(sentence))
    return True


def _named(name: str) -> str | None:
    """The language of a name in the corpus, `OTHER` for one that the corpus does not have, or
    nothing where the name is none of a language."""
    name = name.lower().replace("-", "_")
    base = name.split("_")[0]
    if base not in _OTHERS:
        return TAGS.get(name) or TAGS.get(base)
    return TAGS.get(name, OTHER)


_OTHERS = frozenset(
    "af am an as ast az be bg bn br bs ca cs csb cy da dz eo et eu fa fi fo fur fy ga gd gl gu "
    "he hr hsb hu hy ia id ie is it ka kk km kn ku ky la lb lg lt lv mai mg mk ml mn mr ms my "
    "nb nds ne nl nn no nso oc om or pa pl ps pt ro rw si sk sl so sq sr sv sw ta te tg tk tl "
    "tt ug uk ur uz wa wo xh yi zu".split()
) | {"en", "zh"}
"""Languages that the corpus does not have, and those of which it has not all kinds."""
