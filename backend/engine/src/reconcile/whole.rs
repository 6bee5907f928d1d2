//! Everything there is. All tables are read side by side, a page of each at a time, as an audit
//! does it: what is at rest there, to the last line of a list, needs no look of its own. Whatever
//! is not is looked at by itself.

use super::{PAGE, Run};
use crate::audit::{Audited, Checked, Law, Named, Subject, Visit, Walk};
use async_trait::async_trait;
use hongbao_domain::store::{
    StoreError,
    orders::{PacketRow, StoredState},
};
use hongbao_shared::OrderNo;

struct Through<'r, 'a>(&'r mut Run<'a>);

impl Run<'_> {
    /// Every packet, every payment, and every line of a list. A shard that cannot be read does
    /// not keep the others from being reconciled, nor do the lists.
    pub(super) async fn everything(&mut self) -> Result<(), StoreError> {
        let stores = &self.of.stores;
        let audited = Audited { at_rest: true, lists: Some(&*stores.lists), ..self.audited };
        let mut walk = Walk::begin(audited, PAGE, true, Through(self)).await?;
        for (site, shard) in stores.orders.keys() {
            if let Err(error) = walk.shard(*site, *shard).await {
                walk.visit().0.unread(&format!("order shard {site}{shard}"), error);
                walk.pass_shard(*site, *shard).await?;
            }
        }
        for (table, what) in walk.end().await? {
            if table.starts_with("ledger") {
                let place = Subject::Place(table.to_owned());
                self.report.leave(Law::StoredDataIsReadable.name(), place, what);
            } else if !self.report.lists_are_unread {
                self.unread(table, StoreError::Corrupt(what));
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Visit for Through<'_, '_> {
    async fn packet(
        &mut self,
        packet: PacketRow,
        judged: Option<Checked>,
    ) -> Result<(), StoreError> {
        let run = &mut *self.0;
        if let Some(rests) = judged.filter(|checked| checked.violations.is_empty()) {
            run.report.packets = run.report.packets.saturating_add(1);
            run.report.claims = run.report.claims.saturating_add(rests.claims);
            return Ok(());
        }
        let place = (packet.order_no.site(), packet.order_no.shard());
        let Some(store) = run.of.stores.orders.get(&place) else { return Ok(()) };
        run.packet(&**store, packet.order_no).await
    }

    async fn stray(&mut self, order_no: OrderNo, named: Named) -> Result<(), StoreError> {
        let run = &mut *self.0;
        if named.paid {
            run.paid(order_no).await?;
            // It may be there by now: it has landed, or was made again.
            let place = (order_no.site(), order_no.shard());
            let store = run.of.stores.orders.get(&place);
            if let Some(store) = store.filter(|_| run.may_mend()) {
                match store.packet(order_no).await {
                    // Said where its row was read.
                    Ok(None) | Err(StoreError::Corrupt(_)) => {}
                    Ok(Some(packet)) if packet.progress.state == StoredState::GivenUp => {}
                    Ok(Some(_)) => return run.packet(&**store, order_no).await,
                    Err(error) => return Err(error),
                }
            }
        }
        if named.listed {
            run.strange_lines(order_no).await;
        }
        Ok(())
    }

    fn note(&mut self, law: Law, subject: Subject, what: String) {
        self.0.report.leave(law.name(), subject, what);
    }

    fn passed(&mut self, payments: u64, _: u64) {
        self.0.report.payments = self.0.report.payments.saturating_add(payments);
    }
}
