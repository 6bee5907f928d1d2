//! The newest two screens of a list, which the shared cache notes (R-LIST-2).

use super::{
    Lists,
    part::{Line, TWO_SCREENS, Wanted},
};
use hongbao_domain::{
    Refusal,
    cache::Note,
    store::lists::{List, Totals},
};
use hongbao_shared::UserId;
use serde::{Deserialize, Serialize};

/// One more than is shown tells whether there is more.
const LINES: u32 = TWO_SCREENS + 1;

/// The beginning of a person's year.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Head<T> {
    year: i16,
    lines: Vec<T>,
    pub(super) sums: Sums,
}

/// What is said of a year beside its lines.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Sums {
    pub(super) months: Vec<(u8, Totals)>,
    pub(super) years: Vec<i16>,
}

impl<T: Line> Head<T> {
    /// The rows of a part, if all of them are here.
    fn part(&self, wanted: &Wanted) -> Option<Vec<T>> {
        if self.year != wanted.year {
            return None;
        }
        let from = match wanted.from() {
            Some(_) => self.lines.iter().position(|line| wanted.is_after(line)),
            None => Some(0),
        };
        let from = from.unwrap_or(self.lines.len());
        let rows = usize::try_from(wanted.rows()).unwrap_or(usize::MAX);
        let rest = self.lines.get(from..).unwrap_or_default();
        // A list that ends within its head is whole.
        let whole = self.lines.len() < usize::try_from(LINES).unwrap_or(usize::MAX);
        (whole || rest.len() >= rows).then(|| rest.iter().take(rows).cloned().collect())
    }
}

impl Lists {
    /// A part's rows and its year's sums: from what is noted, or else from the database,
    /// and then the head is noted.
    pub(super) async fn rows<T: Line>(
        &self,
        user: UserId,
        wanted: &Wanted,
    ) -> Result<(Vec<T>, Sums), Refusal> {
        let note = note_of(T::LIST);
        let found = self.notes.read::<Head<T>>(note, &[user]).await.pop();
        let (known, era) = found.map_or((None, None), |found| (found.value, found.era));
        if let Some(head) = known
            && let Some(rows) = head.part(wanted)
        {
            return Ok((rows, head.sums));
        }
        // Only the beginning of the present year is worth a note.
        if era.is_none() || wanted.after.is_some() || wanted.year != wanted.this_year {
            let rows = T::read(&*self.store, user, wanted, wanted.rows()).await?;
            return Ok((rows, self.sums::<T>(user, wanted).await?));
        }
        let lines = T::read(&*self.store, user, wanted, LINES.max(wanted.rows())).await?;
        let rows = usize::try_from(wanted.rows()).unwrap_or(usize::MAX);
        let shown: Vec<T> = lines.iter().take(rows).cloned().collect();
        let lines = lines.into_iter().take(usize::try_from(LINES).unwrap_or(usize::MAX)).collect();
        let head = Head { year: wanted.year, lines, sums: self.sums::<T>(user, wanted).await? };
        self.notes.write(note, user, era, &head).await;
        Ok((shown, head.sums))
    }

    async fn sums<T: Line>(&self, user: UserId, wanted: &Wanted) -> Result<Sums, Refusal> {
        let years = self.store.years(user, T::LIST).await?;
        Ok(Sums { months: self.store.months(user, wanted.year).await?, years })
    }
}

fn note_of(list: List) -> Note {
    match list {
        List::Sent => Note::Sent,
        List::Received => Note::Received,
    }
}
