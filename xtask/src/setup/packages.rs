//! The system packages that the tests need: by Debian's names, why, and by what their presence
//! is known. Presence is judged by what a test will use, not by what dpkg believes, so that a
//! machine with its own Knot or without dpkg is fine too.

use std::path::Path;

use super::has_python_module;
use crate::process;

/// Everything that tests need from the system.
pub(super) const PACKAGES: [Package; 17] = [
    Package::new("iproute2", "network namespaces for the organisations", Sign::Program("ip")),
    Package::new("iptables", "cutting a link between two nodes", Sign::Program("iptables")),
    Package::new("chromium", "a browser for the web client", Sign::Program("chromium")),
    Package::new(
        "fonts-noto-cjk",
        "Korean letters in its pages",
        Sign::File("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"),
    ),
    Package::new("knot", "a DNS server with signed zones", Sign::Program("knotd")),
    Package::new("knot-dnsutils", "kdig, which asks it", Sign::Program("kdig")),
    Package::new("nodejs", "a WebSocket client that is not ours", Sign::Program("node")),
    Package::new("npm", "what brings it", Sign::Program("npm")),
    Package::new("python3", "the suite's language", Sign::File(super::PYTHON)),
    Package::new("python3-aiohttp", "the suite's HTTP client", Sign::PythonModule("aiohttp")),
    Package::new(
        "python3-websockets",
        "the suite's WebSocket client",
        Sign::PythonModule("websockets"),
    ),
    Package::new("python3-venv", "modules of its own", Sign::PythonModule("ensurepip")),
    Package::new("fortunes", "English text", Sign::File("/usr/share/games/fortunes/wisdom")),
    Package::new("fortunes-ru", "Russian text", Sign::File("/usr/share/games/fortunes/ru/work")),
    Package::new("fortunes-zh", "Chinese text", Sign::File("/usr/share/games/fortunes/tang300")),
    Package::new("manpages-ja", "Japanese text", Sign::File("/usr/share/man/ja/man1/users.1.gz"))
        .with_folder("/usr/share/man/ja"),
    Package::new(
        "installation-guide-amd64",
        "long text, Korean among it",
        Sign::File("/usr/share/doc/installation-guide-amd64/ko/apa.html"),
    )
    .with_folder("/usr/share/doc/installation-guide-amd64"),
];

/// A package of Debian.
#[derive(Clone, Copy, Debug)]
pub(super) struct Package {
    /// Its name.
    pub(super) name: &'static str,
    /// What it is needed for.
    pub(super) why: &'static str,
    /// What shows that it is there.
    pub(super) sign: Sign,
    /// Where its files are, if slim images leave them out.
    pub(super) folder: Option<&'static str>,
}

/// What shows that a package is there.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sign {
    /// A file.
    File(&'static str),
    /// A program on the path or where Debian keeps those of administrators.
    Program(&'static str),
    /// A module that the system's Python can import.
    PythonModule(&'static str),
}

impl Package {
    const fn new(name: &'static str, why: &'static str, sign: Sign) -> Self {
        Self { name, why, sign, folder: None }
    }

    const fn with_folder(self, folder: &'static str) -> Self {
        Self { folder: Some(folder), ..self }
    }

    /// Whether it is there.
    pub(super) fn is_present(&self) -> bool {
        match self.sign {
            Sign::File(path) => Path::new(path).exists(),
            Sign::Program(program) => process::find(program).is_some(),
            Sign::PythonModule(module) => has_python_module(module),
        }
    }
}
