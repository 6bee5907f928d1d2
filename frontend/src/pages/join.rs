//! `/join/{code}`: into a group by invitation, in one go also for newcomers.

use hongbao_shared::api::groups::InvitationPreview;
use leptos::prelude::*;

use crate::{
    api::{self, Failure},
    art::Scene,
    components::{
        Avatar, Empty, Fault, GroupFace, Link, Name, Switches, Waiting, effect, live, memo, press,
        words,
    },
    i18n::{Lang, lang, tr},
    pages::GuestForm,
    route::{self, Route},
    state::{
        groups,
        session::{self, Session},
    },
    tasks::Scope,
};

/// Shows who invites and into what. Nobody joins by looking; a newcomer who gives a
/// name does.
#[component]
pub(crate) fn JoinPage(code: String) -> impl IntoView {
    let scope = Scope::new();
    let failure = RwSignal::new(None::<Failure>);
    let preview = RwSignal::new(None::<InvitationPreview>);
    let joining = RwSignal::new(false);
    let code = StoredValue::new(code);
    let here = memo(|| match session::session() {
        Session::SignedIn(_) => Some(true),
        Session::SignedOut { .. } => Some(false),
        Session::Unknown | Session::Failed(_) => None,
    });
    let look = move || {
        failure.set(None);
        scope.spawn(async move {
            match api::invitation(&code.get_value()).await {
                Ok(InvitationPreview { group_id: Some(id), .. }) => {
                    route::go_instead(Route::Chat(id));
                }
                Ok(answer) => preview.set(Some(answer)),
                Err(problem) => failure.set(Some(problem)),
            }
        });
    };
    let join = move || {
        failure.set(None);
        joining.set(true);
        scope.spawn(async move {
            match api::join(code.get_value()).await {
                Ok(group) => {
                    groups::news();
                    route::go_instead(Route::Chat(group.id));
                }
                Err(problem) => {
                    failure.set(Some(problem));
                    joining.set(false);
                }
            }
        });
    };
    Effect::new(move |before: Option<Option<bool>>| {
        let now = here.get();
        match (before.flatten(), now) {
            // Came in on this very page: that is a yes.
            (Some(false), Some(true)) => join(),
            (_, Some(_)) => look(),
            _ => {}
        }
        now
    });
    effect(move || {
        if let Session::Failed(problem) = session::session() {
            failure.set(Some(problem));
        }
    });
    let retry = Callback::new(move |()| match session::session() {
        Session::SignedIn(_) | Session::SignedOut { .. } => look(),
        _ => session::retry(),
    });
    view! {
        <main class="welcome">
            <div class="welcome-switches"><Switches/></div>
            {live(move || Some(match (preview.get(), failure.get()) {
                (_, Some(problem)) => view! { <Refused failure=problem retry/> }.into_any(),
                (Some(preview), None) => view! {
                    <section class="welcome-card" data-testid="invitation">
                        <Invited preview/>
                        {live(move || Some(match (here.get(), joining.get()) {
                            (Some(false), false) => view! {
                                <p class="muted center">{tr!(invited_lead)}</p>
                                <GuestForm newcomer=false/>
                            }.into_any(),
                            (_, joining) => view! {
                                <button
                                    type="button"
                                    class="button primary large"
                                    data-testid="invitation-join"
                                    disabled=joining
                                    on:click=press(move |_| join())
                                >
                                    {words(move || if joining { lang().joining() } else { lang().join_now() })}
                                </button>
                                <span class="button-link"><Link to=Route::Home>{tr!(not_now)}</Link></span>
                            }.into_any(),
                        }))}
                    </section>
                }.into_any(),
                (None, None) => view! { <Waiting/> }.into_any(),
            }))}
        </main>
    }
}

/// The group, its faces, and who invites.
#[component]
fn Invited(preview: InvitationPreview) -> impl IntoView {
    let InvitationPreview { group_name, member_count, faces, inviter, expires_at, .. } = preview;
    let count = usize::try_from(member_count).unwrap_or_default();
    let by = inviter.name.clone();
    let names = faces.clone();
    view! {
        <p class="invited-by">
            <Avatar name=inviter.avatar/>
            <span>{words(move || lang().invited_by(&by))}</span>
        </p>
        <div class="invited-group">
            <GroupFace faces/>
            <h1 class="welcome-title">{group_name}</h1>
            <p class="muted">{words(move || lang().members(count))}</p>
        </div>
        <ul class="invited-faces">
            {names.into_iter().map(|face| view! { <li><Name of=face/></li> }).collect_view()}
        </ul>
        <p class="muted small center">{words(move || lang().invitation_until(&lang().day_and_clock(expires_at)))}</p>
    }
}

#[component]
fn Refused(failure: Failure, retry: Callback<()>) -> impl IntoView {
    let passing = failure.is_passing();
    let failure = RwSignal::new(Some(failure));
    view! {
        <section class="welcome-card">
            <h1 class="sr-only">{tr!(join_failed)}</h1>
            <Empty scene=Scene::Lost title=Lang::join_failed>
                <Fault failure=failure/>
                {passing.then(|| view! {
                    <button class="button primary" on:click=press(move |_| retry.run(()))>{tr!(retry)}</button>
                })}
                <span class="button-link"><Link to=Route::Home>{tr!(to_groups)}</Link></span>
            </Empty>
        </section>
    }
}
