"""Paragraphs of HTML, XHTML, DocBook and Mallard: the text between the tags of blocks.

Not a parser: it looks for tags from the left to the right, so that a page which is not quite
well-formed gives what can be read of it.
"""

from __future__ import annotations

import html
import re
from typing import Iterator

_CHARSET = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?([\w-]+)""", re.IGNORECASE)
_CHARSET_BYTES = 2048

_UNREAD = re.compile(
    r"<!--.*?-->|<!DOCTYPE[^\[>]*(?:\[.*?\])?[^>]*>|<\?.*?\?>"
    # What is not prose, from its opening tag to its closing one.
    r"|<(?P<tag>head|script|style|pre|nav|header|footer|aside|button|select|svg|math"
    r"|programlisting|screen|synopsis|cmdsynopsis|funcsynopsis|literallayout|indexterm|remark"
    r"|info|bookinfo|articleinfo|screeninfo|refmeta|refentryinfo|authorgroup|credit"
    r")\b(?:\s[^>]*?)?(?:(?<=/)>|(?<!/)>.*?</(?P=tag)\s*>)",
    re.DOTALL | re.IGNORECASE,
)
_CODE_BLOCK = re.compile(r"<code\s[^>]*mime=.*?</code>", re.DOTALL)
_KEYS = re.compile(r"</(?:key|keycap|keysym)>\s*<(?:key|keycap|keysym)\b[^>]*>")
_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_CHOICE = re.compile(
    r"</(gui|guimenu|guimenuitem|guisubmenu|guilabel|guibutton)>\s*<(?:gui\w*|shortcut)\b[^>]*>"
)
_BLOCK = re.compile(
    r"</?(?:\w+:)?(?:abstract|address|anchor|article|answer|blockquote|body|book|br|caption|caution"
    r"|center|chapter|colspec|comment|dd|desc|details|dir|div|dl|dt|emphasisblock|entry|example"
    r"|fieldset|figcaption|figure|footnote|form|formalpara|glossdef|glossentry|glossterm|h[1-6]|hr"
    r"|html|imageobject|important|informaltable|item|itemizedlist|label|li|link\s[^>]*/|list"
    r"|listitem|main|media|mediaobject|menu|note|ol|option|orderedlist|p|page|para|part|phrase"
    r"|preface|procedure|qandaentry|question|refentry|refname|refnamediv|refpurpose|refsect\d"
    r"|refsection|refsynopsisdiv|row|sect\d|section|seg|segmentedlist|seglistitem|sidebar|simpara"
    r"|simplelist|simplesect|step|steps|substeps|subtitle|summary|table|tbody|td|term|terms"
    r"|textarea|textobject|tfoot|tgroup|th|thead|tip|title|titleabbrev|toc|tr|tree|ul|variablelist"
    r"|varlistentry|video|warning)(?:\s[^>]*)?/?>",
    re.IGNORECASE,
)
_TAG = re.compile(r"<[!/?a-zA-Z][^<>]*>")
_GAP = re.compile(r"\x00[\s\x00]*")


def decoded(data: bytes) -> str:
    """The text of a page in the encoding that it names; UTF-8 if it names none that exists."""
    named = _CHARSET.search(data[:_CHARSET_BYTES])
    encoding = named[1].decode("ascii") if named else "utf-8"
    try:
        return data.decode(encoding, "replace")
    except LookupError:
        return data.decode("utf-8", "replace")


def paragraphs(text: str) -> Iterator[str]:
    """What stands in the blocks of a page, with the line breaks of the page."""
    text = _CODE_BLOCK.sub("\0", _UNREAD.sub("\0", text))
    text = _CDATA.sub(lambda found: html.escape(found[1]), text)
    text = _BLOCK.sub("\0", _KEYS.sub("+", _CHOICE.sub(" ▸ ", text)))
    for part in _GAP.split(without_tags(text)):
        if part:
            yield html.unescape(part)


def without_tags(text: str) -> str:
    """The text with nothing in place of tags that stand within a sentence."""
    return _TAG.sub("", text)
