//! A server on data with a past, from the start through crashes to the last check.

use crate::{
    common::server::TestServer,
    databases,
    past::{self, Past, copy_folder},
    traffic::{Cast, call},
};
use futures::{StreamExt, stream};
use hongbao_shared::{OrderNo, api::packets::GrabState};
use reqwest::StatusCode;
use serde_json::json;
use std::{process::ExitStatus, time::Duration};
use tempfile::TempDir;

const AT_ONCE: usize = 16;
/// How often, and how many times at most, to ask for what comes by itself.
const ASK_EVERY: Duration = Duration::from_millis(50);
const ASK_MAX: u32 = 1_200;

pub(crate) struct Stage {
    pub(crate) server: TestServer,
    pub(crate) cast: Cast,
}

impl Stage {
    /// On a copy of the past; not started yet.
    pub(crate) async fn of(past: &Past, settings: &[(&str, &str)]) -> Self {
        let (folder, cast) = past.copy().await;
        Self { server: server(folder, settings), cast }
    }

    /// On an empty folder; not started yet, and without people.
    pub(crate) fn empty() -> TestServer {
        server(tempfile::tempdir().unwrap(), &[])
    }

    /// Starts the server; `false` if it was aborted before it served.
    pub(crate) fn try_start(&mut self, once: &[(&str, &str)]) -> bool {
        let serves = self.server.try_start(once);
        self.cast = self.cast.at(&self.server);
        serves
    }

    pub(crate) fn restart(&mut self) {
        assert!(self.try_start(&[]), "it starts again");
    }

    /// What the server that is gone left on disk, to be audited while it is up again.
    pub(crate) async fn copy(&self) -> TestServer {
        let folder = tempfile::tempdir().unwrap();
        copy_folder(self.server.folder.path(), folder.path());
        databases::copy(self.server.folder.path(), folder.path()).await;
        server(folder, &[])
    }

    /// What the server that is gone had taken in hand is free.
    pub(crate) async fn leases_end(&self) {
        databases::end_leases(self.server.folder.path()).await;
    }

    /// How the server ended.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        self.server.wait()
    }

    /// What was answered stands; what was cut off is asked again under the same keys, as
    /// clients do. `survives` says whether an unpaid pre-order can still be paid.
    pub(crate) async fn stand_by_it(&self, survives: bool) {
        let facts = self.cast.told.facts().clone();
        for (order_no, sent) in facts.in_doubt {
            let sender = &self.cast.people[sent.sender];
            let path = format!("/packets/{order_no}/pay");
            let (status, answer) = call(sender, &path, &json!({})).await.unwrap();
            if status.is_success() {
                self.cast.told.paid(order_no);
            } else {
                assert!(!survives, "{order_no}: {answer}");
                assert_eq!(answer["code"], "preorder_expired", "{order_no}");
                self.cast.told.never_paid(order_no);
            }
        }
        for ((person, key), top_up) in facts.top_ups {
            if !top_up.answered {
                self.cast.top_up(person, &key, top_up.amount_fen).await.unwrap();
            }
        }
        let paid = self.cast.told.facts().paid.clone();
        let landed = || paid.iter().filter(|(_, sent)| !sent.stuck);
        each(landed().map(|(order_no, sent)| self.until_landed(*order_no, sent.sender))).await;
        // Whoever was cut off goes on opening what is still open.
        let cut_off = landed().flat_map(|(order_no, sent)| {
            let openers = (0..self.cast.people.len()).filter(|who| sent.is_for(*who));
            openers.map(move |who| (*order_no, who))
        });
        let cut_off = cut_off.filter(|share| !facts.opened.contains_key(share));
        for open in each(cut_off.map(|(order_no, who)| self.cast.open(order_no, who))).await {
            open.expect("the server is there");
        }
        let opened = facts.opened.iter();
        each(opened.map(|((order_no, who), opened)| async move {
            let grabbed = self.cast.people[*who].grab(*order_no).await;
            let state = serde_json::from_value(grabbed["state"].clone()).unwrap();
            assert_eq!(GrabState::Opened, state, "{order_no} {who}");
            assert_eq!(grabbed["amount_fen"], opened.amount_fen.get(), "{order_no} {who}");
        }))
        .await;
    }

    /// Every packet has landed and ended, or was given up.
    pub(crate) async fn until_all_is_over(&self) {
        let paid = self.cast.told.facts().paid.clone();
        each(paid.iter().map(|(order_no, sent)| async move {
            if sent.stuck {
                self.until_given_up(*order_no, sent.sender).await;
            } else {
                self.until_ended(*order_no, sent.sender).await;
            }
        }))
        .await;
    }

    /// A graceful end drains lanes and outboxes; then every law holds at rest.
    pub(crate) fn end_and_audit(&mut self) {
        assert_eq!(self.server.terminate(), Some(0));
        self.audit(&["--at-rest"]);
    }

    /// Every law holds of what is on disk.
    pub(crate) fn audit(&self, more: &[&str]) {
        audit(&self.server, more);
    }

    /// Landing goes on by itself.
    async fn until_landed(&self, order_no: OrderNo, sender: usize) {
        self.until(order_no, "lands", async || {
            let answer = self.cast.people[sender].get(&format!("/packets/{order_no}")).await;
            if answer.status != StatusCode::OK {
                assert_eq!(answer.refused().1, "packet_not_found", "{order_no}");
            }
            answer.status == StatusCode::OK
        })
        .await;
    }

    async fn until_ended(&self, order_no: OrderNo, sender: usize) {
        self.until(order_no, "ends", async || {
            let answer = self.cast.people[sender].get(&format!("/packets/{order_no}")).await;
            answer.status == StatusCode::OK && answer.json()["state"] != "open"
        })
        .await;
    }

    async fn until_given_up(&self, order_no: OrderNo, sender: usize) {
        self.until(order_no, "is given up", async || {
            let path = format!("/packets/{order_no}/pay");
            let answer = self.cast.people[sender].post(&path, &json!({})).await;
            if answer.status != StatusCode::ACCEPTED {
                assert_eq!(answer.refused().1, "packet_given_up", "{order_no}");
            }
            answer.status != StatusCode::ACCEPTED
        })
        .await;
    }

    async fn until(&self, order_no: OrderNo, what: &str, is_so: impl AsyncFn() -> bool) {
        for _ in 0..ASK_MAX {
            if is_so().await {
                return;
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
        panic!("{order_no} never {what}");
    }
}

fn server(folder: TempDir, settings: &[(&str, &str)]) -> TestServer {
    let variables = past::variables();
    let mut all: Vec<_> =
        variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    all.extend(settings);
    let file = databases::file_of(folder.path()).map(|file| file.to_str().unwrap().to_owned());
    all.extend(file.as_deref().map(|file| ("HONGBAO_CONFIG", file)));
    TestServer::in_folder(folder, &all)
}

/// Runs all of these, some at once.
pub(crate) async fn each<T>(work: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    stream::iter(work).buffered(AT_ONCE).collect().await
}

/// `hongbao audit` finds nothing wrong with what a server left on disk.
pub(crate) fn audit(server: &TestServer, more: &[&str]) {
    let audit = server.command("audit").args(more).output().unwrap();
    let report = String::from_utf8_lossy(&audit.stdout);
    assert!(audit.status.success(), "{report}{}", String::from_utf8_lossy(&audit.stderr));
}
