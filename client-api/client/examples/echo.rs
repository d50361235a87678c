//! A bot that accepts invitations and says what it hears: `echo SERVER NAME FOLDER`, with its
//! password in COMITY_PASSWORD. What it hears it answers once, also when it is ended and started.

use std::error::Error;
use std::path::Path;

use comity_client::{Client, ClientSettings, Command, Content, Event, Http, Keep};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let [server, name, folder] = &std::env::args().skip(1).collect::<Vec<_>>()[..] else {
        return Err("echo SERVER NAME FOLDER".into());
    };
    run(server, name, &std::env::var("COMITY_PASSWORD")?, Path::new(folder)).await
}

/// Runs the bot until its server ends it.
pub async fn run(
    server: &str,
    name: &str,
    password: &str,
    folder: &Path,
) -> Result<(), Box<dyn Error>> {
    let http = Http::at(server)?;
    let login = http.log_in_kept(&folder.join("login"), name, || password, "echo").await?;
    let keep = Keep::open(&folder.join("outbox"), &login.device.id)?;
    let http = http.with_token(&login.token);
    let mut client = Client::connect_kept(http, ClientSettings::patient(), keep);
    while let Some(event) = client.next().await {
        let Event::Channel(event) = event else { continue };
        match &event.content {
            Content::Invited { account, .. } if *account == login.account => {
                let accept = Command::Accept { channel: event.channel };
                client.sender().command(accept).await?;
            }
            Content::Message { text: Some(text) } if event.sender != login.account => {
                client.sender().start_answer(&event, &**text).await.queued().await?;
            }
            _ => {}
        }
    }
    Err("the node takes this bot no more".into())
}
