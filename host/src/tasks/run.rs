use wasmtime::Result;
use wasmtime::component::Resource;
use wasmtime_wasi::p2::{DynPollable, subscribe};

use super::calls::Purpose;
use super::held::HeldRun;
use super::log::TaskView;
use super::onlooker::OwnRun;
use super::watch::StopWatch;
use crate::bindings::tasks::{Change, Error, HostRun, Placement};
use crate::dispatch::Place;

/// The resource `run` of an instance. It ends with the instance at the latest.
#[derive(Debug)]
pub struct Run(
    pub(super) HeldRun,
    #[expect(dead_code, reason = "it counts for as long as it is there")] pub(super) OwnRun,
);

impl HostRun for TaskView<'_> {
    async fn append(&mut self, run: Resource<Run>, change: Change) -> Result<Result<u64, Error>> {
        let change = attache_task_store::Change::from(change);
        let purpose = if change.state.ends_run() {
            Purpose::Closing
        } else {
            Purpose::Work
        };
        if let Err(refused) = self.tasks.calls.count(purpose) {
            return Ok(Err(refused));
        }
        let run = self.table.get_mut(&run)?;
        Ok(run.0.append(change).await.map_err(Into::into))
    }

    fn stopping(&mut self, run: Resource<Run>) -> Result<bool> {
        Ok(self.table.get(&run)?.0.should_stop())
    }

    fn watch(&mut self, run: Resource<Run>) -> Result<Resource<DynPollable>> {
        let standing = self.table.get(&run)?.0.standing();
        let watch = self.table.push(StopWatch(standing))?;
        subscribe(self.table, watch)
    }

    async fn dispatch(
        &mut self,
        run: Resource<Run>,
        checkpoint: Option<Vec<u8>>,
    ) -> Result<Result<Placement, Error>> {
        if let Err(refused) = self.tasks.calls.count(Purpose::Work) {
            return Ok(Err(refused));
        }
        let run = self.table.get_mut(&run)?;
        Ok(
            match self.tasks.dispatcher.place(&mut run.0, checkpoint).await {
                Ok(Place::Here) => Ok(Placement::Here),
                Ok(Place::Elsewhere) => Ok(Placement::Elsewhere),
                Err(error) => Err(error.into()),
            },
        )
    }

    async fn drop(&mut self, run: Resource<Run>) -> Result<()> {
        self.table.delete(run)?;
        Ok(())
    }
}
