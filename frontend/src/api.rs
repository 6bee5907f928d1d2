//! The REST calls that the screens make, one function each.

mod client;
mod exchange;
pub(crate) mod version;

pub(crate) use client::{Coming, Failure};

use crate::tasks;
use client::{delete, get, patch, post, put};
use hongbao_shared::{
    GroupId, Limits, MessageId, OrderNo, Unit, UserId,
    api::{
        Page,
        accounts::{
            Credentials, GuestRequest, Me, PasswordChange, ProfileChange, SessionInfo, SignedIn,
        },
        control::{ChangeSwitches, ControlState, DeadLetters, Reconciliation, Retried},
        groups::{
            DemoRequest, Group, GroupSummary, Invitation, InvitationPreview, JoinRequest, Language,
            Message, MuteRequest, NewGroup, NewMessage, PinRequest, ReadRequest,
        },
        history::{History, HistoryWindow},
        lists::{ListPage, ReceivedItem, SentItem},
        packets::{
            Claim, Grabbed, Landing, OpenRequest, Opened, PacketDetails, PayRequest, PreOrder,
            PreOrderRequest,
        },
        wallet::{Entry, TopUp, TopUpRequest, Wallet},
    },
};

/// How long until what failed in passing is asked for again.
const AGAIN_MS: u32 = 2_000;

/// Asks until there is an answer or a refusal that no waiting helps; `note` hears of everything
/// else.
pub(crate) async fn persist<A>(
    ask: impl Fn() -> Coming<A>,
    note: impl Fn(Failure),
) -> Result<A, Failure> {
    loop {
        match ask().await {
            Err(failure) if failure.is_passing() => note(failure),
            answer => return answer,
        }
        tasks::sleep_ms(AGAIN_MS).await;
    }
}

/// The body of a call that says nothing.
#[derive(serde::Serialize)]
struct Nothing {}

fn paged(path: String, cursor: Option<&str>) -> String {
    match cursor {
        Some(cursor) => format!("{path}?cursor={}", js_sys::encode_uri_component(cursor)),
        None => path,
    }
}

pub(crate) fn unit() -> Coming<Unit> {
    get("/unit".to_owned())
}

pub(crate) fn limits() -> Coming<Limits> {
    get("/limits".to_owned())
}

/// Who is signed in; that it is nobody is no failure.
pub(crate) fn me() -> Coming<Option<Me>> {
    get("/session".to_owned())
}

pub(crate) fn sign_in_as_guest(name: String) -> Coming<SignedIn> {
    post("/session/guest".to_owned(), &GuestRequest { name })
}

pub(crate) fn sign_in(credentials: &Credentials) -> Coming<SignedIn> {
    post("/session".to_owned(), credentials)
}

pub(crate) fn create_account(credentials: &Credentials) -> Coming<SignedIn> {
    post("/accounts".to_owned(), credentials)
}

pub(crate) fn sign_out() -> Coming<()> {
    delete("/session".to_owned())
}

/// A guest becomes an account and keeps everything.
pub(crate) fn make_account(credentials: &Credentials) -> Coming<Me> {
    post("/me/account".to_owned(), credentials)
}

pub(crate) fn change_profile(profile: &ProfileChange) -> Coming<Me> {
    patch("/me".to_owned(), profile)
}

pub(crate) fn change_password(password: &PasswordChange) -> Coming<()> {
    put("/me/password".to_owned(), password)
}

pub(crate) fn sessions() -> Coming<Vec<SessionInfo>> {
    get("/me/sessions".to_owned())
}

pub(crate) fn end_session(id: &str) -> Coming<()> {
    delete(format!("/me/sessions/{}", js_sys::encode_uri_component(id)))
}

/// All but the one that this browser uses.
pub(crate) fn end_other_sessions() -> Coming<()> {
    delete("/me/sessions".to_owned())
}

/// All of them at once: `groups_per_user_max` bounds the list.
pub(crate) fn groups() -> Coming<Vec<GroupSummary>> {
    get("/groups".to_owned())
}

pub(crate) fn create_group(name: String) -> Coming<Group> {
    post("/groups".to_owned(), &NewGroup { name })
}

pub(crate) fn group(id: GroupId) -> Coming<Group> {
    get(format!("/groups/{id}"))
}

pub(crate) fn invite(id: GroupId) -> Coming<Invitation> {
    post(format!("/groups/{id}/invitations"), &Nothing {})
}

pub(crate) fn join(code: String) -> Coming<Group> {
    post("/groups/join".to_owned(), &JoinRequest { code })
}

pub(crate) fn invitation(code: &str) -> Coming<InvitationPreview> {
    get(format!("/invitations/{code}"))
}

/// A group with demo members, the same one again for as long as one is in it.
pub(crate) fn demo(language: Language) -> Coming<Group> {
    post("/groups/demo".to_owned(), &DemoRequest { language })
}

pub(crate) fn mute(id: GroupId, muted: bool) -> Coming<()> {
    put(format!("/groups/{id}/mute"), &MuteRequest { muted })
}

pub(crate) fn pin(id: GroupId, pinned: bool) -> Coming<()> {
    put(format!("/groups/{id}/pin"), &PinRequest { pinned })
}

pub(crate) fn mark_read(id: GroupId, message_id: MessageId) -> Coming<()> {
    put(format!("/groups/{id}/read"), &ReadRequest { message_id })
}

/// Oneself leaves; somebody else is removed, by the owner.
pub(crate) fn remove_member(id: GroupId, member: UserId) -> Coming<()> {
    delete(format!("/groups/{id}/members/{member}"))
}

pub(crate) fn messages(id: GroupId, cursor: Option<&str>) -> Coming<Page<Message>> {
    get(paged(format!("/groups/{id}/messages"), cursor))
}

pub(crate) fn say(id: GroupId, message: &NewMessage) -> Coming<Message> {
    post(format!("/groups/{id}/messages"), message)
}

pub(crate) fn pre_order(order: &PreOrderRequest) -> Coming<PreOrder> {
    post("/packets".to_owned(), order)
}

/// What paying answers.
#[derive(Debug)]
pub(crate) enum Paid {
    /// The packet is in the group.
    Landed,
    /// It is paid and on its way.
    Landing,
}

/// Repeating this with the same seed answers the same (R-SEND-2).
pub(crate) fn pay(order_no: OrderNo, client_seed: String) -> Coming<Paid> {
    let body = client::json(&PayRequest { client_seed: Some(client_seed) });
    let answer = client::send("POST", format!("/packets/{order_no}/pay"), body);
    Box::pin(async move {
        let (status, text) = answer.await?;
        if status == 202 {
            client::read::<Landing>(&text).map(|_| Paid::Landing)
        } else {
            client::read::<PacketDetails>(&text).map(|_| Paid::Landed)
        }
    })
}

pub(crate) fn grab(order_no: OrderNo) -> Coming<Grabbed> {
    post(format!("/packets/{order_no}/grab"), &Nothing {})
}

pub(crate) fn open(order_no: OrderNo, ticket: String) -> Coming<Opened> {
    post(format!("/packets/{order_no}/open"), &OpenRequest { ticket })
}

pub(crate) fn packet(order_no: OrderNo) -> Coming<PacketDetails> {
    get(format!("/packets/{order_no}"))
}

pub(crate) fn claims(order_no: OrderNo, cursor: &str) -> Coming<Page<Claim>> {
    get(paged(format!("/packets/{order_no}/claims"), Some(cursor)))
}

pub(crate) fn wallet() -> Coming<Wallet> {
    get("/wallet".to_owned())
}

pub(crate) fn entries(cursor: Option<&str>) -> Coming<Page<Entry>> {
    get(paged("/wallet/entries".to_owned(), cursor))
}

pub(crate) fn top_up(request: &TopUpRequest) -> Coming<TopUp> {
    post("/wallet/top-ups".to_owned(), request)
}

pub(crate) fn sent(year: Option<i16>, cursor: Option<&str>) -> Coming<ListPage<SentItem>> {
    get(list("sent", year, cursor))
}

pub(crate) fn received(year: Option<i16>, cursor: Option<&str>) -> Coming<ListPage<ReceivedItem>> {
    get(list("received", year, cursor))
}

/// The switches and the board, for administrators like all that follow.
pub(crate) fn control() -> Coming<ControlState> {
    get("/control".to_owned())
}

pub(crate) fn turn(change: &ChangeSwitches) -> Coming<ControlState> {
    let answer = client::send("PUT", "/control".to_owned(), client::json(change));
    Box::pin(async move { client::read(&answer.await?.1) })
}

pub(crate) fn history(window: HistoryWindow) -> Coming<History> {
    let window = match window {
        HistoryWindow::Quarter => "quarter",
        HistoryWindow::Day => "day",
        HistoryWindow::Week => "week",
    };
    get(format!("/control/history?window={window}"))
}

pub(crate) fn dead_letters() -> Coming<DeadLetters> {
    get("/control/dead-letters".to_owned())
}

pub(crate) fn retry_letter(id: &str) -> Coming<Retried> {
    let id = js_sys::encode_uri_component(id);
    post(format!("/control/dead-letters/{id}/retry"), &Nothing {})
}

pub(crate) fn reconciliation() -> Coming<Reconciliation> {
    get("/control/reconciliation".to_owned())
}

pub(crate) fn reconcile() -> Coming<Reconciliation> {
    post("/control/reconciliation".to_owned(), &Nothing {})
}

fn list(name: &str, year: Option<i16>, cursor: Option<&str>) -> String {
    let year = year.map(|year| format!("year={year}"));
    let cursor = cursor.map(|cursor| format!("cursor={}", js_sys::encode_uri_component(cursor)));
    let query: Vec<String> = year.into_iter().chain(cursor).collect();
    format!("/lists/{name}?{}", query.join("&"))
}
