//! The command `comity`: what an admin types. Each subcommand is a file; what they share stands
//! here. Results go to standard output, everything else to standard error; the exit status says
//! whether it was done.

mod chat;
pub(crate) mod demo;
mod dns;
pub(crate) mod doctor;
mod group;
mod keys;
mod launch;
mod peers;
mod policy;
mod proof;
mod reports;
mod serve;
mod status;
mod user;

use std::error::Error;
use std::fmt::Display;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use comity_identity::NodeKeyFile;
use tokio::runtime::{Builder, Runtime};

use crate::config::Settings;
use crate::keys::{NODE_KEY_FILE, open_or_create};

/// A federated chat homeserver: your organisation's own node, chatting with every other one.
#[derive(Debug, Parser)]
#[command(name = "comity", version, max_term_width = 100, subcommand_required = true)]
struct Arguments {
    /// The settings file [default: comity.toml here, else /etc/comity/comity.toml, if there is
    /// one]
    #[arg(long, global = true, value_name = "FILE", env = "COMITY_CONFIG")]
    config: Option<PathBuf>,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Chat in the terminal, or from a script
    ///
    /// Each line that you type is sent to the open channel; a line that begins with / is a command
    /// (/help lists them, // sends a line that begins with a slash). Works in a pipe: lines in,
    /// arrivals out.
    Chat(chat::Options),
    /// Try it: two organisations on this machine, chatting
    ///
    /// Starts two nodes for two domains, with a DNS of their own whose signatures the nodes
    /// validate, makes three users, shows a message crossing, and prints how to chat as each of
    /// them. Nothing is kept and nothing leaves this machine.
    Demo(demo::Options),
    /// Print the DNS records to publish for this node
    ///
    /// The output is lines of a zone file. Where the zone is not signed (DNSSEC), partners prove
    /// the node's key by the document under your domain's web certificate, or pin it by hand.
    /// Makes the node's keys if there are none yet.
    Dns(dns::Options),
    /// Find out what is wrong between this node and others, and what to do
    ///
    /// Looks at this node's own domain, or at a partner's: DNS records and their signatures,
    /// whether the UDP port is reached from outside, keys, clocks, versions, and how long a test
    /// message takes to a partner's disk and back. A line for each finding, ok, look or bad, with
    /// what to do and the record to publish. The exit status is 0 only where nothing is bad. Asks
    /// the running node; without one it says what can be seen all the same.
    Doctor(doctor::Options),
    /// A group's control log, after a start or a loss
    #[command(subcommand)]
    Group(group::Command),
    /// The node's keys
    #[command(subcommand)]
    Keys(keys::Command),
    /// Print how the links with other organisations are
    ///
    /// A line for each organisation that is linked or is to be, those first that are not: its link
    /// (up, dialling or down), when a frame came from it last, how many records it has not taken
    /// yet (1000+ where there are more, ? where it was not linked since this node started), and
    /// what went wrong last while it is not up. Asks the running node.
    Peers(peers::Options),
    /// Proofs that an organisation contradicted itself
    #[command(subcommand)]
    Proof(proof::Command),
    /// What was reported as abuse, by users of this node and by other organisations
    ///
    /// A line for each report that is open, the newest first: who wrote what is reported, why, and
    /// from where the report comes. Asks the running node.
    Reports(reports::Options),
    /// Run the node until Ctrl-C or SIGTERM
    Serve,
    /// Print how this node does among others
    ///
    /// Whether the machine's clock is in doubt, and a line for each organisation that is linked or
    /// did something wrong since the node started; then those that dialled it and of which it was
    /// never known who they are. Asks the running node.
    Status(status::Options),
    /// Accounts of this node, which has to be running
    #[command(subcommand)]
    User(user::Command),
}

/// What any subcommand may end with; its text is all that the admin sees.
type Failure = Box<dyn Error + Send + Sync>;

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_closed_pipe(&*error) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to be told when standard error is closed too.
            let _ = writeln!(io::stderr(), "comity: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<(), Failure> {
    let config = arguments.config.as_deref();
    match arguments.command {
        Command::Chat(options) => one_thread()?.block_on(chat::run(options)),
        Command::Demo(options) => all_threads()?.block_on(demo::run(options)),
        Command::Dns(options) => dns::run(&settings(config)?, options),
        Command::Doctor(options) => {
            all_threads()?.block_on(doctor::run(&settings(config)?, options))
        }
        Command::Group(command) => one_thread()?.block_on(group::run(&settings(config)?, command)),
        Command::Keys(command) => one_thread()?.block_on(keys::run(&settings(config)?, command)),
        Command::Peers(options) => one_thread()?.block_on(peers::run(&settings(config)?, options)),
        Command::Proof(command) => one_thread()?.block_on(proof::run(command, || settings(config))),
        Command::Reports(options) => {
            one_thread()?.block_on(reports::run(&settings(config)?, options))
        }
        Command::Serve => all_threads()?.block_on(serve::run(settings(config)?)),
        Command::Status(options) => {
            one_thread()?.block_on(status::run(&settings(config)?, &options))
        }
        Command::User(command) => one_thread()?.block_on(user::run(&settings(config)?, command)),
    }
}

/// The settings of the file that is named, or of the first usual one that exists, with the
/// environment.
fn settings(named: Option<&Path>) -> Result<Settings, Failure> {
    let usual = || USUAL_SETTINGS_FILES.iter().map(Path::new).find(|path| path.exists());
    Ok(Settings::load(named.or_else(usual), std::env::vars())?)
}

/// The node's keys, made if there are none.
fn node_keys(settings: &Settings) -> Result<NodeKeyFile, Failure> {
    let year = jiff::Zoned::now().year();
    Ok(open_or_create(&settings.data_dir, &settings.domain, year)?)
}

/// The same for who wants to see them; says where they were made just now.
fn shown_keys(settings: &Settings) -> Result<NodeKeyFile, Failure> {
    let Settings { data_dir, domain, .. } = settings;
    let is_first = !data_dir.join(NODE_KEY_FILE).exists();
    let keys = node_keys(settings)?;
    if is_first {
        // Whoever mistyped data_dir would take these for his node's.
        let path = data_dir.display();
        let _ = writeln!(
            io::stderr(),
            "comity: made new keys for {domain} in {path}; if your node has keys already, \
             data_dir is not what you mean: delete that directory and set data_dir"
        );
    }
    Ok(keys)
}

/// Writes a result to standard output.
fn say(text: impl Display) -> io::Result<()> {
    let mut out = io::stdout().lock();
    write!(out, "{text}")?;
    out.flush()
}

fn is_closed_pipe(error: &(dyn Error + Send + Sync + 'static)) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
}

fn one_thread() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

fn all_threads() -> io::Result<Runtime> {
    Builder::new_multi_thread().enable_all().build()
}

const USUAL_SETTINGS_FILES: &[&str] = &["comity.toml", "/etc/comity/comity.toml"];

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
