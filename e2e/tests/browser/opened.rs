//! One line for all who opened a packet, which grows (R-PEOPLE-2, R-WEB-1).

use crate::{
    logs::{follows_to_the_end, shows_all},
    steps::enter,
};
use anyhow::{Result, ensure};
use futures::future;
use hongbao_e2e::{Browser, Form, Person, Sent, Stage, play, wait_for};

/// More than a page of the log holds.
const CROWD: usize = 58;

/// The lines of openings, as they read.
async fn lines(browser: &Browser) -> Result<Vec<String>> {
    let script =
        "return [...document.querySelectorAll('[data-testid=system-line][data-type=opened]')]
        .map((line) => line.innerText)";
    Ok(serde_json::from_value(browser.script(script).await?)?)
}

async fn reads(browser: &Browser, wanted: &[&str]) -> Result<()> {
    wait_for(&format!("{wanted:?}"), async || {
        let lines = lines(browser).await?;
        ensure!(lines == wanted, "the chat says {lines:?}");
        Ok(Some(()))
    })
    .await
}

#[test]
fn a_packet_that_a_crowd_opens_is_one_line() -> Result<()> {
    play("opened", async |stage: &Stage| {
        let mei = stage.guest("Mei").await?;
        let names: Vec<String> = (1..CROWD).map(|number| format!("Guest {number}")).collect();
        let crowd: Vec<Person> =
            future::try_join_all(names.iter().map(|name| stage.guest(name))).await?;
        mei.top_up(100_000).await?;
        let group = mei.make_group("Crowd", &crowd.iter().collect::<Vec<_>>()).await?;
        let chat = format!("/g/{group}");
        let at_mei = enter(stage, Form::Phone, &mei, &chat).await?;
        at_mei.find("log").await?;
        let sent = |shares| Sent {
            kind: "lucky",
            total_fen: 10_000,
            shares,
            greeting: "",
            recipient: None,
        };
        // One more than there are people, so that it stays open.
        let order_no = mei.send(&group, sent(i64::try_from(CROWD)? + 1)).await?;
        mei.open(&order_no).await?;
        reads(&at_mei, &["You opened your own packet"]).await?;
        crowd[0].open(&order_no).await?;
        reads(&at_mei, &["Guest 1 and one more opened your packet, you first"]).await?;
        let other = mei.send(&group, sent(2)).await?;
        crowd[0].open(&other).await?;
        for person in &crowd[1..] {
            person.open(&order_no).await?;
        }
        let all =
            format!("{} and {} others opened your packet, you first", names[CROWD - 2], CROWD - 1);
        let wanted = ["Guest 1 opened your packet", &all];
        reads(&at_mei, &wanted).await?;

        // The newest page holds nothing but openings, and still there is a screen to look at.
        at_mei.goto(&chat).await?;
        reads(&at_mei, &wanted).await?;
        at_mei.count("packet-card", 2).await?;
        let log = follows_to_the_end(&at_mei, &mei, &group).await?;
        shows_all(&at_mei, &log).await?;
        stage.picture(&at_mei, "opened-by-a-crowd").await?;

        // To everybody else it is their own opening alone.
        let at_one = enter(stage, Form::Phone, &crowd[1], &chat).await?;
        reads(&at_one, &["You opened Mei's packet"]).await
    })
}
