//! `/g/{id}/info`: who is in a group, and what one can do about it.

mod members;

use hongbao_shared::{
    GroupId, UserId,
    api::{accounts::Profile, groups::Group},
};
use leptos::prelude::*;

use crate::{
    api::{self, Failure},
    art::Icon,
    attempt::Attempt,
    components::{Fault, Link, Pic, Sheet, Waiting, live, memo, press, words},
    i18n::{Lang, lang, lang_now, text, tr},
    pages::{chat::Gone, invite},
    route::{self, Route},
    state::{groups, toast},
    tasks::Scope,
    who,
};

use members::Members;

/// What is asked before it is done.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Over {
    Nothing,
    Invite,
    Leave,
    Remove(Profile),
}

#[component]
pub(crate) fn GroupPage(id: GroupId) -> impl IntoView {
    let scope = Scope::new();
    let group = RwSignal::new(None::<Group>);
    let refused = RwSignal::new(None::<Failure>);
    let failure = RwSignal::new(None::<Failure>);
    let over = RwSignal::new(Over::Nothing);
    let load = Callback::new(move |()| {
        scope.spawn(async move {
            let note = move |problem| failure.set(Some(problem));
            match api::persist(move || api::group(id), note).await {
                Ok(answer) => {
                    refused.set(None);
                    group.set(Some(answer));
                }
                Err(problem) => refused.set(Some(problem)),
            }
        });
    });
    load.run(());
    // Somebody who comes or goes changes the number.
    let count = memo(move || groups::summary(id).map(|group| group.member_count));
    Effect::new(move |before: Option<Option<u32>>| {
        let count = count.get();
        if before.is_some_and(|before| before != count) {
            load.run(());
        }
        count
    });
    let close = Callback::new(move |()| over.set(Over::Nothing));
    live(move || {
        Some(match (group.get(), refused.get()) {
        (Some(group), _) => view! {
            <div class="page" data-testid="group-page">
                <header class="bar">
                    <span class="icon-button page-back">
                        <Link to=Route::Chat(id)><Pic icon=Icon::Back/><span class="sr-only">{tr!(back)}</span></Link>
                    </span>
                    <h1 class="bar-title clip">{group.name.clone()}</h1>
                </header>
                <div class="page-body">
                    {group.is_demo.then(|| view! { <p class="notice">{tr!(demo_note)}</p> })}
                    <Members group=group.clone() over/>
                    <section class="panel">
                        <Choice id choice=Own::Pinned is=group.pinned/>
                        <hr/>
                        <Choice id choice=Own::Muted is=group.muted/>
                    </section>
                    <button
                        type="button"
                        class="button danger"
                        data-testid="group-leave"
                        on:click=press(move |_| over.set(Over::Leave))
                    >
                        {tr!(group_leave)}
                    </button>
                </div>
            </div>
            {live(move || Some(match over.get() {
                Over::Nothing => ().into_any(),
                Over::Invite => invite::sheet(id, close),
                Over::Leave => view! { <Question id member=None on_close=close on_done=load/> }.into_any(),
                Over::Remove(member) => {
                    view! { <Question id member=Some(member) on_close=close on_done=load/> }.into_any()
                }
            }))}
        }
        .into_any(),
        (None, Some(failure)) => view! { <Gone failure/> }.into_any(),
        (None, None) => view! { <Waiting failure/> }.into_any(),
    })
    })
}

/// What a member decides about a group for themself alone.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Own {
    Pinned,
    Muted,
}

type Words = fn(Lang) -> &'static str;

#[component]
fn Choice(id: GroupId, choice: Own, is: bool) -> impl IntoView {
    let attempt = Attempt::new();
    let pins = choice == Own::Pinned;
    // The list beside it, and other screens, change it too.
    let told = RwSignal::new(is);
    let is = memo(move || {
        let listed = groups::summary(id);
        listed.map_or_else(|| told.get(), |group| if pins { group.pinned } else { group.muted })
    });
    let change = move |_| {
        let wanted = !is.get_untracked();
        attempt.run(async move {
            if pins {
                api::pin(id, wanted).await?;
                groups::set_pinned(id, wanted);
            } else {
                api::mute(id, wanted).await?;
                groups::set_muted(id, wanted);
            }
            told.set(wanted);
            Ok(())
        });
    };
    let (label, lead, test_id): (Words, Words, _) = if pins {
        (Lang::group_pin, Lang::group_pin_lead, "group-pin")
    } else {
        (Lang::group_mute, Lang::group_mute_lead, "group-mute")
    };
    view! {
        <button
            type="button"
            class="setting"
            role="switch"
            aria-checked=move || if is.get() { "true" } else { "false" }
            data-testid=test_id
            on:click=press(change)
        >
            <span>{text(label)}</span>
            <span class="switch" aria-hidden="true"></span>
        </button>
        <p class="muted small">{text(lead)}</p>
        <Fault failure=attempt.failure/>
    }
}

/// Leaving, or removing somebody: asked first, for neither can be taken back.
#[component]
fn Question(
    id: GroupId,
    member: Option<Profile>,
    on_close: Callback<()>,
    on_done: Callback<()>,
) -> impl IntoView {
    let attempt = Attempt::new();
    let leaves = member.is_none();
    let who: Option<UserId> = member.as_ref().map(|member| member.id).or_else(who::id);
    let act = move |_| {
        let Some(who) = who else { return };
        attempt.run(async move {
            api::remove_member(id, who).await?;
            if leaves {
                groups::remove(id);
                toast::show(lang_now().group_left());
                route::go_instead(Route::Home);
            } else {
                toast::show(lang_now().member_removed());
                on_done.run(());
                on_close.run(());
            }
            Ok(())
        });
    };
    let title = if leaves { Lang::group_leave } else { Lang::member_remove };
    let name = member.map(|member| member.name).unwrap_or_default();
    let sentence = move || {
        if leaves { lang().group_leave_sure().to_owned() } else { lang().member_remove_sure(&name) }
    };
    view! {
        <Sheet title=title on_close>
            <p>{words(sentence)}</p>
            <Fault failure=attempt.failure/>
            <button
                type="button"
                class="button danger"
                data-testid="question-yes"
                disabled=attempt.busy
                on:click=press(act)
            >
                {text(title)}
            </button>
            <button type="button" class="button" data-testid="question-no" on:click=press(move |_| on_close.run(()))>
                {tr!(cancel)}
            </button>
        </Sheet>
    }
}
