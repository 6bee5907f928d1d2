//! Two fields and a button: for whatever a name and a password, or two passwords, are
//! asked. One form for all of it.

use futures::future::FutureExt as _;
use hongbao_shared::{
    ErrorCode,
    api::accounts::{Credentials, PasswordChange},
};
use leptos::prelude::*;

use crate::{
    api::{self, Failure},
    attempt::Attempt,
    components::{live, spoken, submits, words},
    i18n::{Lang, lang, lang_now, text},
    lazy::{loaded, page, parts},
    state::{session, toast},
};

parts! {
    account: load, fn fetched(purpose: Purpose) {
        view! { <CredentialsForm purpose on_done=Callback::new(|()| ())/> }
    }
}

/// The form for whoever has asked for it on the first screen, which does without its code.
pub(super) fn fetched_form(purpose: Purpose) -> AnyView {
    page(|| loaded(load()), move || fetched(purpose).boxed_local())
}

/// What they are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    SignIn,
    /// A new account.
    Create,
    /// A guest becomes an account, and keeps everything (R-PEOPLE-1).
    Upgrade,
    /// A new password for the old one.
    ChangePassword,
}

/// What one of the fields is.
#[derive(Clone, Copy)]
struct Field {
    label: fn(Lang) -> &'static str,
    kind: &'static str,
    autocomplete: &'static str,
    test_id: &'static str,
}

const NAME: Field = Field {
    label: Lang::account_name,
    kind: "text",
    autocomplete: "username",
    test_id: "account-name",
};
const OLD: Field = Field {
    label: Lang::password_now,
    kind: "password",
    autocomplete: "current-password",
    test_id: "password-current",
};
const NEW: Field = Field {
    label: Lang::password_new,
    kind: "password",
    autocomplete: "new-password",
    test_id: "password-new",
};

impl Purpose {
    const fn first(self) -> Field {
        match self {
            Self::ChangePassword => OLD,
            Self::SignIn | Self::Create | Self::Upgrade => NAME,
        }
    }

    const fn second(self) -> Field {
        let known = matches!(self, Self::SignIn);
        match self {
            Self::ChangePassword => NEW,
            Self::SignIn | Self::Create | Self::Upgrade => Field {
                label: Lang::password,
                kind: "password",
                autocomplete: if known { "current-password" } else { "new-password" },
                test_id: "account-password",
            },
        }
    }

    const fn button(self) -> (fn(Lang) -> &'static str, &'static str) {
        match self {
            Self::SignIn => (Lang::sign_in, "account-submit"),
            Self::Create => (Lang::create_account, "account-submit"),
            Self::Upgrade => (Lang::make_account, "account-submit"),
            Self::ChangePassword => (Lang::change_password, "password-submit"),
        }
    }

    async fn carry_out(self, first: String, second: String) -> Result<(), Failure> {
        let credentials = |first: String, password| {
            // Names are trimmed; of passwords the server decides.
            Credentials { name: first.trim().to_owned(), password }
        };
        match self {
            Self::SignIn => {
                let signed_in = api::sign_in(&credentials(first, second)).await?;
                session::begin(signed_in, false).await;
            }
            Self::Create => {
                let signed_in = api::create_account(&credentials(first, second)).await?;
                session::begin(signed_in, false).await;
            }
            Self::Upgrade => {
                session::set_me(api::make_account(&credentials(first, second)).await?);
                toast::show(lang_now().account_made());
            }
            Self::ChangePassword => {
                let change = PasswordChange { current: first, new: second };
                api::change_password(&change).await?;
                toast::show(lang_now().password_changed());
            }
        }
        Ok(())
    }
}

#[component]
pub(crate) fn CredentialsForm(purpose: Purpose, on_done: Callback<()>) -> impl IntoView {
    let attempt = Attempt::new();
    let my_name = untrack(session::me).map(|me| me.login_name.unwrap_or(me.user.name));
    let my_name = my_name.unwrap_or_default();
    let is_change = purpose == Purpose::ChangePassword;
    let known = if purpose == Purpose::Upgrade { my_name.clone() } else { String::new() };
    let first = RwSignal::new(known);
    let second = RwSignal::new(String::new());
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        attempt.run(async move {
            purpose.carry_out(first.get_untracked(), second.get_untracked()).await?;
            on_done.run(());
            Ok(())
        });
    };
    let hint = move || match purpose {
        Purpose::SignIn => String::new(),
        _ => lang().password_hint(session::limits().password_chars_min),
    };
    let (label, test_id) = purpose.button();
    view! {
        <form class="form" on:submit=submits(submit)>
            // For password managers, which ask whose password it is.
            {is_change.then(|| view! {
                <input type="text" autocomplete="username" hidden readonly prop:value=my_name/>
            })}
            {field(purpose.first(), first, None)}
            {field(purpose.second(), second, Some(spoken(hint)))}
            {live(move || attempt.failure.get().map(|problem| {
                let is_wrong = is_change && problem.code() == Some(ErrorCode::WrongCredentials);
                let sentence = move || if is_wrong {
                    lang().password_wrong().to_owned()
                } else {
                    lang().failure(&problem, &session::limits())
                };
                view! { <p class="fault" role="alert" data-testid="error-sentence">{words(sentence)}</p> }.into_any()
            }))}
            <button class="button primary large" data-testid=test_id disabled=attempt.busy>
                {text(label)}
            </button>
        </form>
    }
}

fn field(
    field: Field,
    value: RwSignal<String>,
    hint: Option<Box<dyn Fn() -> String + Send>>,
) -> AnyView {
    view! {
        <label class="field">
            <span class="field-label">{text(field.label)}</span>
            <span class="field-box">
                <input
                    type=field.kind
                    autocomplete=field.autocomplete
                    placeholder=hint
                    data-testid=field.test_id
                    bind:value=value
                />
            </span>
        </label>
    }
    .into_any()
}
