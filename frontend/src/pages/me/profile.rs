//! A new name, a new picture.

use hongbao_shared::{ErrorCode, api::accounts::ProfileChange};
use leptos::prelude::*;

use crate::{
    api::{self, Failure},
    art,
    attempt::Attempt,
    components::{Fault, Sheet, field_fault, flag, spoken, submits},
    i18n::{Lang, lang, lang_now, tr},
    pages::welcome::name_fault,
    state::{session, toast},
};

#[component]
pub(super) fn ProfileForm(on_close: Callback<()>) -> impl IntoView {
    let attempt = Attempt::new();
    let before = untrack(session::me).map(|me| me.user);
    let (name, avatar) = before.map(|user| (user.name, user.avatar)).unwrap_or_default();
    let before = StoredValue::new((name.clone(), avatar.clone()));
    let name = RwSignal::new(name);
    let avatar = RwSignal::new(avatar);
    let fault = move || name_fault(&name.get());
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if untrack(fault).is_some() {
            return;
        }
        let (old_name, old_avatar) = before.get_value();
        let name = name.get_untracked().trim().to_owned();
        if name.is_empty() {
            let code = ErrorCode::NameInvalid;
            attempt.failure.set(Some(Failure::Refused { code, retry_after_s: None }));
            return;
        }
        let change = ProfileChange {
            name: (name != old_name).then_some(name),
            avatar: Some(avatar.get_untracked()).filter(|avatar| *avatar != old_avatar),
        };
        if change == ProfileChange::default() {
            on_close.run(());
            return;
        }
        attempt.run(async move {
            session::set_me(api::change_profile(&change).await?);
            toast::show(lang_now().saved());
            on_close.run(());
            Ok(())
        });
    };
    view! {
        <Sheet title=Lang::profile_edit on_close>
            <form class="form" on:submit=submits(submit)>
                <label class="field">
                    <span class="field-label">{tr!(your_name)}</span>
                    <span class="field-box">
                        <input autocomplete="nickname" data-testid="profile-name" bind:value=name/>
                    </span>
                </label>
                {field_fault("error-sentence", fault)}
                <div class="avatars" role="radiogroup" aria-label=tr!(avatar)>
                    {(0..art::AVATARS).map(|number| view! { <Choice number avatar/> }).collect_view()}
                </div>
                <Fault failure=attempt.failure/>
                <button class="button primary large" data-testid="profile-save" disabled=attempt.busy>
                    {tr!(save)}
                </button>
            </form>
        </Sheet>
    }
}

#[component]
fn Choice(number: usize, avatar: RwSignal<String>) -> impl IntoView {
    let name = format!("a{number:02}");
    let (value, checked, chosen) = (name.clone(), name.clone(), name.clone());
    view! {
        <label class="avatar-option" data-testid="avatar-option" data-avatar=name.clone()>
            <input
                type="radio"
                name="avatar"
                value=value
                aria-label=spoken(move || lang().avatar_name(number))
                prop:checked=flag(move || avatar.with(|avatar| *avatar == checked))
                on:change=move |_| avatar.set(chosen.clone())
            />
            <span class="avatar" inner_html=art::avatar(&name)></span>
        </label>
    }
}
