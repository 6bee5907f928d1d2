//! The REST calls that the screens make, one function each.

mod client;

pub(crate) use client::Failure;

use client::{change, delete, get, patch, post};
use hongbao_shared::{
    GroupId, Limits, MessageId, OrderNo, UserId,
    api::{
        Page,
        accounts::{
            Credentials, GuestRequest, Me, PasswordChange, ProfileChange, SessionInfo, SignedIn,
        },
        groups::{
            DemoRequest, Group, GroupSummary, Invitation, InvitationPreview, JoinRequest, Language,
            Message, MuteRequest, NewGroup, NewMessage, ReadRequest,
        },
        lists::{ListPage, ReceivedItem, SentItem},
        packets::{
            Claim, Grabbed, Landing, OpenRequest, Opened, PacketDetails, PayRequest, PreOrder,
            PreOrderRequest,
        },
        wallet::{Entry, TopUp, TopUpRequest, Wallet},
    },
};

pub(crate) type Answer<T> = Result<T, Failure>;

fn paged(path: String, cursor: Option<&str>) -> String {
    match cursor {
        Some(cursor) => format!("{path}?cursor={}", js_sys::encode_uri_component(cursor)),
        None => path,
    }
}

pub(crate) async fn limits() -> Answer<Limits> {
    get("/limits").await
}

pub(crate) async fn me() -> Answer<Me> {
    get("/me").await
}

pub(crate) async fn sign_in_as_guest(name: String) -> Answer<SignedIn> {
    post("/session/guest", &GuestRequest { name }).await
}

pub(crate) async fn sign_in(credentials: &Credentials) -> Answer<SignedIn> {
    post("/session", credentials).await
}

pub(crate) async fn create_account(credentials: &Credentials) -> Answer<SignedIn> {
    post("/accounts", credentials).await
}

pub(crate) async fn sign_out() -> Answer<()> {
    delete("/session").await
}

/// A guest becomes an account and keeps everything.
pub(crate) async fn make_account(credentials: &Credentials) -> Answer<Me> {
    post("/me/account", credentials).await
}

pub(crate) async fn change_profile(profile: &ProfileChange) -> Answer<Me> {
    patch("/me", profile).await
}

pub(crate) async fn change_password(password: &PasswordChange) -> Answer<()> {
    change("PUT", "/me/password", password).await
}

pub(crate) async fn sessions() -> Answer<Vec<SessionInfo>> {
    get("/me/sessions").await
}

pub(crate) async fn end_session(id: &str) -> Answer<()> {
    delete(&format!("/me/sessions/{}", js_sys::encode_uri_component(id))).await
}

/// All but the one that this browser uses.
pub(crate) async fn end_other_sessions() -> Answer<()> {
    delete("/me/sessions").await
}

/// All of them at once: `groups_per_user_max` bounds the list.
pub(crate) async fn groups() -> Answer<Vec<GroupSummary>> {
    get("/groups").await
}

pub(crate) async fn create_group(name: String) -> Answer<Group> {
    post("/groups", &NewGroup { name }).await
}

pub(crate) async fn group(id: GroupId) -> Answer<Group> {
    get(&format!("/groups/{id}")).await
}

pub(crate) async fn invite(id: GroupId) -> Answer<Invitation> {
    post(&format!("/groups/{id}/invitations"), &serde_json::json!({})).await
}

pub(crate) async fn join(code: String) -> Answer<Group> {
    post("/groups/join", &JoinRequest { code }).await
}

pub(crate) async fn invitation(code: &str) -> Answer<InvitationPreview> {
    get(&format!("/invitations/{code}")).await
}

/// A group with demo members, the same one again for as long as one is in it.
pub(crate) async fn demo(language: Language) -> Answer<Group> {
    post("/groups/demo", &DemoRequest { language }).await
}

pub(crate) async fn mute(id: GroupId, muted: bool) -> Answer<()> {
    change("PUT", &format!("/groups/{id}/mute"), &MuteRequest { muted }).await
}

pub(crate) async fn mark_read(id: GroupId, message_id: MessageId) -> Answer<()> {
    change("PUT", &format!("/groups/{id}/read"), &ReadRequest { message_id }).await
}

/// Oneself leaves; somebody else is removed, by the owner.
pub(crate) async fn remove_member(id: GroupId, member: UserId) -> Answer<()> {
    delete(&format!("/groups/{id}/members/{member}")).await
}

pub(crate) async fn messages(id: GroupId, cursor: Option<&str>) -> Answer<Page<Message>> {
    get(&paged(format!("/groups/{id}/messages"), cursor)).await
}

pub(crate) async fn say(id: GroupId, message: &NewMessage) -> Answer<Message> {
    post(&format!("/groups/{id}/messages"), message).await
}

pub(crate) async fn pre_order(order: &PreOrderRequest) -> Answer<PreOrder> {
    post("/packets", order).await
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
pub(crate) async fn pay(order_no: OrderNo, client_seed: String) -> Answer<Paid> {
    let body = PayRequest { client_seed: Some(client_seed) };
    let (status, text) = client::send_json("POST", &pay_path(order_no), &body).await?;
    if status == 202 {
        client::read::<Landing>(&text).map(|_| Paid::Landing)
    } else {
        client::read::<PacketDetails>(&text).map(|_| Paid::Landed)
    }
}

fn pay_path(order_no: OrderNo) -> String {
    format!("/packets/{order_no}/pay")
}

pub(crate) async fn grab(order_no: OrderNo) -> Answer<Grabbed> {
    post(&format!("/packets/{order_no}/grab"), &serde_json::json!({})).await
}

pub(crate) async fn open(order_no: OrderNo, ticket: String) -> Answer<Opened> {
    post(&format!("/packets/{order_no}/open"), &OpenRequest { ticket }).await
}

pub(crate) async fn packet(order_no: OrderNo) -> Answer<PacketDetails> {
    get(&format!("/packets/{order_no}")).await
}

pub(crate) async fn claims(order_no: OrderNo, cursor: &str) -> Answer<Page<Claim>> {
    get(&paged(format!("/packets/{order_no}/claims"), Some(cursor))).await
}

pub(crate) async fn wallet() -> Answer<Wallet> {
    get("/wallet").await
}

pub(crate) async fn entries(cursor: Option<&str>) -> Answer<Page<Entry>> {
    get(&paged("/wallet/entries".to_owned(), cursor)).await
}

pub(crate) async fn top_up(request: &TopUpRequest) -> Answer<TopUp> {
    post("/wallet/top-ups", request).await
}

pub(crate) async fn sent(year: Option<i16>, cursor: Option<&str>) -> Answer<ListPage<SentItem>> {
    get(&list("sent", year, cursor)).await
}

pub(crate) async fn received(
    year: Option<i16>,
    cursor: Option<&str>,
) -> Answer<ListPage<ReceivedItem>> {
    get(&list("received", year, cursor)).await
}

fn list(name: &str, year: Option<i16>, cursor: Option<&str>) -> String {
    let year = year.map(|year| format!("year={year}"));
    let cursor = cursor.map(|cursor| format!("cursor={}", js_sys::encode_uri_component(cursor)));
    let query: Vec<String> = year.into_iter().chain(cursor).collect();
    format!("/lists/{name}?{}", query.join("&"))
}
