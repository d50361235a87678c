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
        // What came before the first connection, or while the feed had a gap, is in the list alone.
        if let Event::Connected { .. } = event {
            let channels = client.http().channels().await?.into_iter();
            for channel in channels.filter(|channel| channel.standing == "invited") {
                accept(&client, channel.id).await;
            }
        }
        let Event::Channel(event) = event else { continue };
        match &event.content {
            Content::Invited { account, .. } if *account == login.account => {
                accept(&client, event.channel).await;
            }
            Content::Message { text: Some(text) } if event.sender != login.account => {
                client.sender().start_answer(&event, &**text).await.queued().await?;
            }
            _ => {}
        }
    }
    Err("the node takes this bot no more".into())
}

/// An invitation that was taken back, or accepted already, is no reason to end.
async fn accept(client: &Client, channel: String) {
    let _ = client.sender().command(Command::Accept { channel }).await;
}
