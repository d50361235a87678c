"""Tests of the readers: a small sample of each format, and the sentences that it must give."""

from __future__ import annotations

import struct
import unittest
from collections import Counter
from pathlib import PurePosixPath

import catalogue
import check_queries
import formats
import language
from build import shuffled
from check_queries import Query
from relevance import folded, relevant
from sentences import cut, normalised, sentences


class ReaderTestCase(unittest.TestCase):
    """`assert_read` wants exactly these sentences out of a file."""

    def assert_read(self, path: str, data: bytes | str, *wanted: str) -> None:
        read = formats.reader(PurePosixPath(path))
        assert read is not None, path
        raw = data if isinstance(data, bytes) else data.encode()
        self.assertEqual([s for part in read(raw) for s in sentences(part)], list(wanted))


class MarkupTest(ReaderTestCase):
    """HTML, DocBook and Mallard."""

    def test_html_gives_its_paragraphs(self) -> None:
        page = """<!DOCTYPE html><html><head><title>Not this title, surely</title></head><body>
            <script>var notThis = "a sentence in a script.";</script><h1>Opening a file</h1>
            <p>Choose <span class="menuitem">File &ndash; Open</span>, then
            <em>click</em> it.</p><ul><li>The first item of a list</li><li>And the second
            one</li></ul><pre>not this listing either</pre></body></html>"""
        self.assert_read(
            "/a/b.html", page, "Opening a file", "Choose File – Open, then click it.",
            "The first item of a list", "And the second one",
        )

    def test_html_is_read_in_the_encoding_that_it_names(self) -> None:
        page = '<meta charset="euc-kr"><p>한국어 문서를 읽을 수 있습니다.</p>'.encode("euc-kr")
        self.assert_read("/a/b.html", page, "한국어 문서를 읽을 수 있습니다.")

    def test_docbook_gives_its_paragraphs(self) -> None:
        page = """<?xml version="1.0"?><!DOCTYPE book SYSTEM "a.dtd" [<!ENTITY x "y">]><book>
            <bookinfo><title>Not this title</title></bookinfo><para>Press
            <keycombo><keycap>Ctrl</keycap><keycap>Z</keycap></keycombo> to undo.</para>
            <screen>$ not this screen</screen><para>What &unknown; is, nobody can tell.</para>
            <listitem><para>Choose <guimenu>File</guimenu><guimenuitem>Save</guimenuitem>
            now.</para></listitem></book>"""
        self.assert_read(
            "/a/index.docbook", page, "Press Ctrl+Z to undo.", "Choose File ▸ Save now."
        )

    def test_mallard_gives_its_paragraphs(self) -> None:
        page = """<page xmlns="http://projectmallard.org/1.0/"><info><desc>Nicht dies hier
            </desc></info><title>Die Uhr stellen</title><steps><item><p>Öffnen Sie
            <gui>Einstellungen</gui>.</p></item></steps></page>"""
        self.assert_read("/a/b.page", page, "Die Uhr stellen", "Öffnen Sie Einstellungen.")


class ManualTest(ReaderTestCase):
    """Manual pages."""

    PATH = "/usr/share/man/man1/tar.1"

    def test_a_page_gives_its_paragraphs(self) -> None:
        page = r"""
.\" A comment is not read.
.TH TAR 1
.SH NAME
tar \- an archiving utility
.PP
The \fBtar\fP program
.BR gzip (1)
calls, if \fI\-z\fR is given.
.nf
not this listing
.fi
.TP
\-\-not\-this
A term has an explanation.
"""
        self.assert_read(
            self.PATH, page, "tar - an archiving utility",
            "The tar program gzip(1) calls, if -z is given.", "A term has an explanation.",
        )

    def test_letters_with_accents_are_put_together(self) -> None:
        page = ".PP\nLa versi\\('on que Sie ben\\[:o]tigen, \\(lqd\\[u00E9]j\\[u00E0]\\(rq.\n"
        self.assert_read(self.PATH, page, "La versión que Sie benötigen, “déjà”.")

    def test_pages_in_mdoc_are_left_out(self) -> None:
        self.assert_read(self.PATH, ".Dd May 1, 2020\n.Sh NAME\nA sentence in mdoc.\n")

    def test_broken_lines_of_japanese_are_joined(self) -> None:
        page = ".PP\nカーネルにより再実装するほど成\n熟したものではない。これがその次の文です。\n"
        self.assert_read(
            self.PATH, page, "カーネルにより再実装するほど成熟したものではない。", "これがその次の文です。"
        )


class CatalogueTest(ReaderTestCase):
    """Translations."""

    def test_a_text_catalogue_gives_what_is_translated(self) -> None:
        text = '''msgid ""
msgstr "Language: de\\n"

msgid "The file is gone."
msgstr ""
"Die Datei "
"ist <b>fort</b>."

#, fuzzy
msgid "Not this one, it is fuzzy."
msgstr "Nicht dieser, er ist unscharf."

msgid "LibreOffice Writer"
msgstr "LibreOffice Writer"

msgid "Save _As New Copy"
msgstr "Als neue _Kopie speichern"

msgctxt "list"
msgid "a file"
msgid_plural "many files"
msgstr[0] "nur eine Datei"
msgstr[1] "viele Dateien"
'''
        self.assert_read(
            "/a/de.po", text, "Die Datei ist fort.", "nur eine Datei", "viele Dateien"
        )

    def test_a_compiled_catalogue_gives_what_is_translated(self) -> None:
        pairs = [("", "Language: ko\n"), ("menu\x04Open the file", "파일을 여는 중입니다.")]
        for order in "<>":
            self.assert_read("/a/ko.mo", compiled(pairs, order), "파일을 여는 중입니다.")

    def test_what_is_no_catalogue_is_refused(self) -> None:
        with self.assertRaises(catalogue.Malformed):
            list(catalogue.compiled(b"something else"))


def compiled(pairs: list[tuple[str, str]], order: str) -> bytes:
    """A .mo file, in either order of bytes."""
    texts = [text.encode() for column in zip(*pairs) for text in column]
    head, place = 28, 28 + 8 * len(texts)
    table = b""
    for text in texts:
        table += struct.pack(order + "2I", len(text), place)
        place += len(text) + 1
    fields = (0x950412DE, 0, len(pairs), head, head + 8 * len(pairs), 0, 0)
    return struct.pack(order + "7I", *fields) + table + b"".join(text + b"\0" for text in texts)


class PlainTest(ReaderTestCase):
    """Plain text."""

    def test_text_gives_its_paragraphs(self) -> None:
        text = "A paragraph on\ntwo lines.\n\nName      Number\n\n- One item of a list\n- Another\n"
        self.assert_read(
            "/a/b.txt", text, "A paragraph on two lines.", "- One item of a list"
        )

    def test_fortunes_are_parted_by_their_mark(self) -> None:
        text = "Жизнь прекрасна и удивительна.\n%\n\x1b[32m兰叶春葳蕤，桂华秋皎洁。\x1b[m\n%\n"
        self.assert_read(
            "/usr/share/games/fortunes/ru/life", text, "Жизнь прекрасна и удивительна.",
            "兰叶春葳蕤，桂华秋皎洁。",
        )


class SentencesTest(unittest.TestCase):
    """Where a paragraph is cut, and what is no sentence."""

    def test_a_stop_ends_a_sentence(self) -> None:
        for text in ("One is here. Two is there.", "첫 문장입니다. 둘째 문장입니다.",
                     "Первое тут! Второе там.", "一つ目です。二つ目です。", "第一句话！第二句话。"):
            self.assertEqual(len(list(cut(text))), 2, text)

    def test_not_every_stop_ends_one(self) -> None:
        for text in ("See e.g. Figure 2. 5 are left.", "Am 3. Mai kam Dr. Meier.",
                     "It is in libreoffice.org or foo.py.", "彼は「はい。」と言った。"):
            self.assertEqual(len(list(cut(text))), 1, text)

    def test_space_is_single_and_letters_are_composed(self) -> None:
        self.assertEqual(normalised(" a\u0301 \n\t b\u00a0c\u200b "), "á b c")

    def test_what_is_no_sentence_is_dropped(self) -> None:
        for text in ("Too short", "x" * 1001, "|---|---|---| a", "12 34 56 78 90",
                     "An &entity; here", "A broken \ufffd letter", "Cannot open %s now"):
            self.assertEqual(list(sentences(text)), [], text)


class LanguageTest(unittest.TestCase):
    """The language of paths and of sentences."""

    def test_a_path_names_its_language(self) -> None:
        for path, wanted in {
            "/usr/share/man/ja/man1/ls.1": "ja", "/usr/share/man/man1/ls.1": "en",
            "/usr/share/locale/zh_TW/LC_MESSAGES/a.mo": "zh-Hant",
            "/usr/share/debian-reference/ch01.zh-cn.html": "zh-Hans",
            "/usr/share/doc/installation-guide-amd64/nl/ch01.html": language.OTHER,
            "/usr/share/doc/debian-handbook/html/vi-VN/a.html": "vi",
            "/usr/share/help/en_GB/a/b.page": language.OTHER,
            "/usr/share/wordpress/wp-content/languages/admin-ko_KR.mo": "ko",
            "/usr/share/doc/git/html/git-am.html": "en",
        }.items():
            self.assertEqual(language.of_path(PurePosixPath(path), "en"), wanted, path)

    def test_a_sentence_looks_like_its_language(self) -> None:
        for tag, sentence in {
            "de": "Die Datei ist nicht da.", "en": "The file is not there.", "ja": "ファイルがない。",
            "ko": "LibreOffice 도움말을 여십시오.", "ru": "Файла нет.", "zh-Hans": "文件不存在。",
        }.items():
            self.assertTrue(language.looks_like(tag, sentence), tag)

    def test_what_nobody_translated_is_seen(self) -> None:
        for tag in ("de", "fr", "ja", "ko", "ru", "vi", "zh-Hans"):
            self.assertFalse(language.looks_like(tag, "The file is not in the folder."), tag)
        self.assertFalse(language.looks_like("ja", "文件不存在。"))
        self.assertFalse(language.looks_like("zh-Hans", "ファイルがない。"))


class OrderTest(unittest.TestCase):
    """The order of the corpus."""

    def test_it_depends_on_the_sentences_alone(self) -> None:
        some = [f"sentence {number}" for number in range(100)]
        self.assertEqual(shuffled(some), shuffled(reversed(some)))
        self.assertNotEqual(shuffled(some), some)


class RelevanceTest(unittest.TestCase):
    """What counts as found."""

    def test_accents_and_case_do_not_count(self) -> None:
        self.assertTrue(relevant("Wählen Sie das MENÜ.", r"\bmenu\b"))
        self.assertTrue(relevant("Le fichier a été créé.", r"\bété\b"))

    def test_a_word_is_whole(self) -> None:
        self.assertFalse(relevant("the menus", r"\bmenu\b"))

    def test_hangul_and_kana_stay_whole(self) -> None:
        self.assertTrue(relevant("문서를 엽니다.", "문서"))
        self.assertFalse(relevant("ファイル", "ハ"))
        self.assertEqual(folded("ﾊﾞｸﾞ ①Ａ é й 가"), "バグ 1a e и 가")


class QueriesTest(unittest.TestCase):
    """The queries, and what counts them."""

    QUERY = Query("fr", "ETE", r"\bété\b")

    def test_each_query_would_find_itself(self) -> None:
        for query in check_queries.read():
            self.assertTrue(relevant(query.text, query.pattern), query)

    def test_there_are_enough_and_none_twice(self) -> None:
        queries = check_queries.read()
        enough = Counter(dict.fromkeys(queries, check_queries.RELEVANT_MIN))
        self.assertEqual(list(check_queries.complaints(queries, enough, enough)), [])

    def test_sentences_are_counted_by_language(self) -> None:
        corpus = [("fr", "Il a été là."), ("es", "Été"), ("fr", "L'étéen")]
        everywhere, at_home = check_queries.count([self.QUERY], corpus)
        self.assertEqual((everywhere[self.QUERY], at_home[self.QUERY]), (2, 1))

    def test_too_few_and_too_many_are_named(self) -> None:
        found = check_queries.complaints([self.QUERY], Counter({self.QUERY: 5001}), Counter())
        self.assertEqual(sum("fr ETE has" in one for one in found), 2)


if __name__ == "__main__":
    unittest.main()
