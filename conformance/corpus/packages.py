"""The packages of Debian that the corpus is made from, and how they come: by the client that every
Debian has, from whatever archive it is set up for.

`download` needs lists of packages that are up to date (`apt-get update`), but no right to install
anything; nothing is installed.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Iterable


@dataclass(frozen=True)
class Archive:
    """A package as it lies on disk."""

    path: Path
    name: str
    version: str

    @classmethod
    def at(cls, path: Path) -> "Archive":
        """Reads what a file says of itself."""
        fields = _output("dpkg-deb", "--show", "--showformat=${Package} ${Version}", str(path))
        name, version = fields.split()
        return cls(path, name, version)

    def unpack(self, folder: Path) -> None:
        """Puts the package's files below a folder, without running anything of the package."""
        subprocess.run(["dpkg-deb", "--extract", str(self.path), str(folder)], check=True)


def language(name: str) -> str:
    """The language of what a package says without naming a language."""
    return next((tag for tag, names in LANGUAGES.items() if name in names.split()), "en")


def names() -> list[str]:
    """All packages, those in English first: what has been left untranslated in others is known as
    English then."""
    return [name for listed in LANGUAGES.values() for name in listed.split()]


def known(wanted: Iterable[str]) -> list[str]:
    """Those that the release has, in the same order."""
    wanted = list(wanted)
    have = set(_output("apt-cache", "pkgnames").split())
    return [name for name in wanted if name in have]


def download(wanted: Iterable[str], folder: Path) -> list[Archive]:
    """The packages of a release, in the given order; those in the folder already stay."""
    wanted = list(wanted)
    there = found(folder)
    absent = [name for name in wanted if name not in there]
    if absent:
        subprocess.run(["apt-get", "--quiet=2", "download", *absent], cwd=folder, check=True)
    there = found(folder)
    return [there[name] for name in wanted]


def found(folder: Path) -> dict[str, Archive]:
    """The packages in a folder by their names."""
    archives = map(Archive.at, sorted(folder.glob("*.deb")))
    return {archive.name: archive for archive in archives}


def _output(*words: str) -> str:
    return subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout


LANGUAGES = {
    "en": """
        libreoffice-help-en-us apache2-doc manpages manpages-dev linux-doc-6.1 python3.11-doc
        postgresql-doc-15 git-doc debian-reference-en debian-handbook debmake-doc
        debian-policy developers-reference aptitude-doc-en apt-doc vim-runtime zsh-doc
        gnome-user-docs installation-guide-amd64 dpkg-dev dpkg apt debhelper devscripts git-man
        fortunes wordpress-l10n krita-l10n kdevelop-l10n kile-l10n kate5-data gnupg-l10n
        libc-l10n gcc-12-locales libvirt-l10n e2fsprogs-l10n util-linux-locales libgphoto2-l10n
        evolution-common gnumeric-common gnucash-common gimp-data audacity-data
        gnome-control-center-data nautilus-data cinnamon-l10n k3b-i18n vlc-l10n rpm-i18n
        digikam-data
    """,
    "de": """
        libreoffice-help-de libreoffice-l10n-de manpages-de manpages-de-dev debian-reference-de
        developers-reference-de debian-faq-de maint-guide-de fortunes-de
    """,
    "fr": """
        libreoffice-help-fr libreoffice-l10n-fr manpages-fr manpages-fr-dev debian-reference-fr
        developers-reference-fr debian-faq-fr maint-guide-fr aptitude-doc-fr
    """,
    "es": """
        libreoffice-help-es libreoffice-l10n-es manpages-es manpages-es-dev debian-reference-es
        aptitude-doc-es maint-guide-es fortunes-es
    """,
    "ru": """
        libreoffice-help-ru libreoffice-l10n-ru manpages-ru manpages-ru-dev developers-reference-ru
        debian-faq-ru maint-guide-ru aptitude-doc-ru fortunes-ru
    """,
    "ko": "libreoffice-help-ko libreoffice-l10n-ko debian-faq-ko",
    "ja": """
        libreoffice-help-ja libreoffice-l10n-ja manpages-ja manpages-ja-dev debian-reference-ja
        developers-reference-ja debian-policy-ja debian-faq-ja maint-guide-ja aptitude-doc-ja
        lilypond-doc-html-ja
    """,
    "zh-Hans": """
        libreoffice-help-zh-cn libreoffice-l10n-zh-cn manpages-zh debian-reference-zh-cn
        debian-faq-zh-cn maint-guide-zh-cn fortunes-zh
    """,
    "zh-Hant": "libreoffice-help-zh-tw libreoffice-l10n-zh-tw debian-reference-zh-tw",
    "el": "libreoffice-help-el",
    "tr": "libreoffice-help-tr manpages-tr",
    "vi": "libreoffice-help-vi manpages-vi",
    "hi": "libreoffice-help-hi",
    "ar": "libreoffice-l10n-ar",
    "th": "libreoffice-l10n-th",
}
"""The packages by the language of what they say without naming one."""

ONLY = {"linux-doc-6.1": "/translations/"}
"""Of what a package has, the folder that is read: there is more than enough in English."""
